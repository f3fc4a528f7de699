// SPDX-License-Identifier: GPL-2.0-or-later
/* The observer's side of relays: those that served somebody before the hooks were, and waits that nobody ends. */
#include <errno.h>
#include <netinet/in.h>
#include <string.h>

#include "capture/internal.h"

/* Longer than the search takes: what has not been found by then was taken by nobody who is still there. */
#define SEARCH_NS UINT64_C(60000000000)

int na_capture_expect_relay(struct na_capture *capture, const struct na_flow_event *event)
{
	struct na_relay_key key = {
		.client_port = event->local_port, .server_port = event->remote_port,
		.net_namespace = event->task.net_namespace, .protocol = IPPROTO_TCP,
	};
	struct na_relay_wait wait = { .forget_ns = event->header.time_ns + SEARCH_NS };

	memcpy(key.client, event->local, sizeof(key.client));
	memcpy(key.server, event->remote, sizeof(key.server));
	return bpf_map_update_elem(capture->relay_expected, &key, &wait, BPF_ANY) ? -errno : 0;
}

static void ignore_event(void *context, const struct na_event_header *event)
{
	(void)context;
	(void)event;
}

int na_capture_find_relays(struct na_capture *capture)
{
	return na_capture_read_iterator(capture->relays, ignore_event, NULL);
}

/* For either map: their values are the same. What the kernel prolongs meanwhile is begun again by the next datagram. */
static void forget_old(int map, void *key, void *next, uint64_t now_ns, size_t key_bytes)
{
	bool more = !bpf_map_get_next_key(map, NULL, next);
	struct na_relay_wait wait;

	while (more) {
		memcpy(key, next, key_bytes);
		/* before this key is gone: a walk that has lost its place starts again */
		more = !bpf_map_get_next_key(map, key, next);
		if (!bpf_map_lookup_elem(map, key, &wait) && wait.forget_ns < now_ns)
			bpf_map_delete_elem(map, key);
	}
}

void na_capture_forget_relays(struct na_capture *capture, uint64_t now_ns)
{
	struct na_relay_key key, next;
	uint64_t socket, next_socket;

	forget_old(capture->relay_expected, &key, &next, now_ns, sizeof(key));
	forget_old(capture->relay_sockets, &socket, &next_socket, now_ns, sizeof(socket));
}
