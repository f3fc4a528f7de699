/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/* Which flow a connection of OpenSSL goes through: asked at every write on a socket, so it costs one look-up. */
#ifndef NETAUDIT_BPF_TLS_FLOW_H
#define NETAUDIT_BPF_TLS_FLOW_H

#include "tls_maps.h"

/* The current thread writes on a flow: when it does so within a call of OpenSSL, that is the connection's. */
static __noinline bool na_tls_met_flow(__u64 flow)
{
	__u64 thread = bpf_get_current_task();
	struct na_tls_call *call = bpf_map_lookup_elem(&tls_calls, &thread);

	if (!call)
		return false;
	if (call->flow && call->flow != flow)
		call->flows_differ = 1;
	call->flow = flow;
	return true;
}

#endif
