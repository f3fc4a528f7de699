/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Numbers of the kernel as the words of the journal: channel, protocol, family, result, how it was seen. */
#ifndef NETAUDIT_CLASSIFY_CHANNEL_H
#define NETAUDIT_CLASSIFY_CHANNEL_H

#include <netaudit/event.h>

/* "socket", "udp", "icmp", "raw", "vsock": what the kernel alone can tell of a flow. */
const char *na_channel_of_flow(const struct na_flow_event *event);

/* "tcp", "udp", …; NULL for a number without a name here. */
const char *na_protocol_name(unsigned int family, unsigned int protocol);

/* "inet", "inet6", "unix", "packet", "vsock"; NULL otherwise. */
const char *na_family_name(unsigned int family);

/* How a stream flow ended: "closed", "aborted", "reset", "refused", "timed-out", "unreachable", "failed". */
const char *na_result_of_close(const struct na_flow_event *event);

/* Of an error number of a connect; "connected" for 0. */
const char *na_result_of_connect(int error);

const char *na_seen_by_name(unsigned int seen_by);
const char *na_event_type_name(unsigned int type);

#endif
