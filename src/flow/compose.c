// SPDX-License-Identifier: GPL-2.0-or-later
/* Writes records, members in the ascending order the canonical form asks for. */
#include "flow/compose.h"

#include <arpa/inet.h>
#include <string.h>
#include <sys/wait.h>

#include "classify/channel.h"
#include "flow/address.h"
#include "flow/compose_author.h"
#include "journal/canonical.h"

static const char *const kind_names[NA_RECORD_KIND_COUNT] = {
#define X(symbol, name, writer, text) [NA_RECORD_##symbol] = name,
	NA_RECORD_KINDS(X)
#undef X
};

static int64_t us(uint64_t ns)
{
	return (int64_t)(ns / NA_NS_PER_US);
}

static void put_true(struct na_canonical *c, const char *key, bool value)
{
	if (value)
		na_canonical_bool(c, key, true);
}

static void put_time(struct na_canonical *c, const struct na_clock_pair *clock, uint64_t ns)
{
	na_canonical_integer(c, "t", na_clock_wall_us(clock, ns));
	na_canonical_integer(c, "tb", us(ns));
}

static void put_comm(struct na_canonical *c, const struct na_task *task)
{
	na_canonical_text(c, "comm", task->comm, strnlen(task->comm, sizeof(task->comm)));
}

/* "parent_pid": the other members of a task stand apart in the order of keys. */
static void put_pid(struct na_canonical *c, const struct na_task *task)
{
	na_canonical_integer(c, "pid", task->pid);
	na_canonical_integer(c, "pid_start", us(task->start_ns));
	na_canonical_integer(c, "pidns", task->pid_namespace);
}

static void put_known(struct na_canonical *c, const char *key, const char *text)
{
	if (text[0])
		na_canonical_string(c, key, text);
}

static void put_container(struct na_canonical *c, const struct na_container *container)
{
	if (container)
		put_known(c, "container", container->id);
}

static void put_image(struct na_canonical *c, const struct na_container *container)
{
	if (container)
		put_known(c, "image", container->image);
}

static void put_pod(struct na_canonical *c, const struct na_container *container)
{
	if (!container)
		return;
	put_known(c, "pod", container->pod);
	put_known(c, "pod_namespace", container->pod_namespace);
	put_known(c, "pod_uid", container->pod_uid);
}

struct ends {
	char source[NA_ADDRESS_TEXT_BYTES], destination[NA_ADDRESS_TEXT_BYTES];
	int64_t source_port, destination_port;	/* -1: this family has none */
};

static void name_ends(struct ends *ends, const struct na_flow_event *event)
{
	bool outbound = event->direction != NA_INBOUND;
	char *local = outbound ? ends->source : ends->destination, *remote = outbound ? ends->destination : ends->source;
	int64_t *local_port = outbound ? &ends->source_port : &ends->destination_port;
	int64_t *remote_port = outbound ? &ends->destination_port : &ends->source_port;

	*local_port = na_address_text(local, event->family, event->local, event->local_port);
	*remote_port = na_address_text(remote, event->family, event->remote, event->remote_port);
	if (event->family != AF_INET && event->family != AF_INET6) {
		local[0] = 0;
		*local_port = -1;
	}
}

static void put_port(struct na_canonical *c, const char *key, int64_t port)
{
	if (port >= 0)
		na_canonical_integer(c, key, port);
}

static void put_address(struct na_canonical *c, const char *key, const char *text)
{
	if (text[0])
		na_canonical_string(c, key, text);
}

static void put_dns_names(struct na_canonical *c, const struct na_context *context)
{
	if (!context->dns_names)
		return;
	put_true(c, "dns_disagrees", context->dns_disagrees);
	na_canonical_array_begin(c, "dns_names");
	for (size_t i = 0; i < context->dns_names->count; i++)
		na_canonical_string(c, NULL, context->dns_names->name[i]);
	na_canonical_array_end(c);
}

/* Which members a kind has beside those every flow record has. */
struct flow_members {
	const struct na_peer_counters *period;	/* datagram */
	bool stream_counters;			/* progress, close */
	bool result;				/* close */
	bool final;
};

static ssize_t compose_flow(void *out, enum na_record_kind kind, const struct na_flow_event *event, uint64_t time_ns,
			    const struct flow_members *members, const struct na_context *context)
{
	const struct na_task *task = &event->task;
	const struct na_peer_counters *period = members->period;
	/* what the stack said at the beginning is told once */
	const struct na_attribution *author = context->author, *frames = members->stream_counters ? NULL : author;
	struct na_canonical c;
	struct ends ends = { .source_port = -1, .destination_port = -1 };

	name_ends(&ends, event);
	na_canonical_begin(&c, out, NA_COMPOSE_BYTES);
	na_put_author(&c, author);
	na_canonical_string(&c, "bucket", context->bucket);
	if (period || members->stream_counters) {
		na_canonical_integer(&c, "bytes_in", (int64_t)(period ? period->bytes_in : event->bytes_in));
		na_canonical_integer(&c, "bytes_out", (int64_t)(period ? period->bytes_out : event->bytes_out));
	}
	na_canonical_id(&c, "cgroup", task->cgroup_id);
	na_canonical_string(&c, "channel", period && period->quic ? "quic" : na_channel_of_flow(event));
	put_comm(&c, task);
	na_canonical_string(&c, "component", context->component);
	put_container(&c, context->container);
	na_put_database(&c, context->author);
	na_canonical_string(&c, "direction", event->direction == NA_INBOUND ? "inbound" : "outbound");
	na_put_disagree(&c, author);
	if (!members->stream_counters)
		put_dns_names(&c, context);
	put_port(&c, "dport", ends.destination_port);
	put_address(&c, "dst", ends.destination);
	if (members->stream_counters)
		na_canonical_integer(&c, "duration_us", us(event->header.time_ns - event->opened_ns));
	if (members->result && event->error)
		na_canonical_integer(&c, "errno", event->error);
	if (members->stream_counters && event->established_ns && event->direction == NA_OUTBOUND &&
	    !(event->flags & NA_FLOW_PRE_EXISTING))
		na_canonical_integer(&c, "established_us", us(event->established_ns - event->opened_ns));
	na_put_evidence(&c, author);
	na_canonical_string(&c, "family", na_family_name(event->family));
	put_true(&c, "fast_open", event->flags & NA_FLOW_FAST_OPEN);
	put_true(&c, "final", members->final);
	na_canonical_id(&c, "flow", event->flow);
	na_put_frames(&c, frames);
	if (context->tunnel && context->tunnel->host[0])
		na_canonical_text(&c, "host", context->tunnel->host, strlen(context->tunnel->host));
	put_image(&c, context->container);
	na_canonical_string(&c, "instance", context->instance);
	put_true(&c, "kernel_worker", event->flags & NA_FLOW_KERNEL_WORKER);
	na_canonical_string(&c, "kind", kind_names[kind]);
	if (period) {
		na_canonical_integer(&c, "messages_in", (int64_t)period->messages_in);
		na_canonical_integer(&c, "messages_out", (int64_t)period->messages_out);
	}
	put_true(&c, "mptcp", event->flags & NA_FLOW_MPTCP);
	put_true(&c, "names_disagree", context->names_disagree);
	na_canonical_integer(&c, "netns", task->net_namespace);
	na_canonical_nonce(&c);
	if (kind != NA_RECORD_OPEN)
		na_canonical_integer(&c, "opened_tb", us(event->opened_ns));
	na_canonical_integer(&c, "parent_pid", task->parent_pid);
	put_pid(&c, task);
	put_pod(&c, context->container);
	put_true(&c, "pre_existing", event->flags & NA_FLOW_PRE_EXISTING);
	if (na_protocol_name(event->family, event->protocol))
		na_canonical_string(&c, "protocol", na_protocol_name(event->family, event->protocol));
	else
		na_canonical_integer(&c, "protocol_number", event->protocol);
	na_put_tunnel(&c, context->tunnel);
	na_put_witness(&c, frames);
	if (period && period->quic)
		na_canonical_integer(&c, "quic_version", (int64_t)period->quic);
	if (members->result) {
		na_canonical_string(&c, "result", na_result_of_close(event));
		na_canonical_integer(&c, "retransmits", event->retransmits);
		na_canonical_integer(&c, "rtt_us", event->smoothed_rtt_us);
	} else if (members->stream_counters) {
		na_canonical_integer(&c, "retransmits", event->retransmits);
		na_canonical_integer(&c, "rtt_us", event->smoothed_rtt_us);
	}
	na_canonical_string(&c, "seen_by", na_seen_by_name(event->seen_by));
	put_port(&c, "sport", ends.source_port);
	put_address(&c, "src", ends.source);
	na_put_stack(&c, frames);
	put_time(&c, context->clock, time_ns);
	put_true(&c, "text_lost", event->flags & NA_FLOW_TEXT_LOST);
	na_canonical_integer(&c, "tid", task->tid);
	na_put_client_hello(&c, context->hello);
	na_canonical_integer(&c, "uid", task->uid);
	put_true(&c, "v4_mapped", event->flags & NA_FLOW_V4_MAPPED);
	na_canonical_string(&c, "via", context->via);
	na_canonical_string(&c, "worker", context->worker);
	return na_canonical_end(&c);
}

ssize_t na_compose_open(void *out, const struct na_flow_event *event, const struct na_context *context)
{
	const struct flow_members members = { 0 };

	return compose_flow(out, NA_RECORD_OPEN, event, event->opened_ns, &members, context);
}

ssize_t na_compose_counters(void *out, enum na_record_kind kind, const struct na_flow_event *event,
			    const struct na_context *context)
{
	const struct flow_members members = { .stream_counters = true, .result = kind == NA_RECORD_CLOSE };

	return compose_flow(out, kind, event, event->header.time_ns, &members, context);
}

ssize_t na_compose_datagram(void *out, const struct na_flow_event *opened, const struct na_peer_counters *period,
			    bool final, const struct na_context *context)
{
	const struct flow_members members = { .period = period, .final = final };

	return compose_flow(out, NA_RECORD_DATAGRAM, opened, period->first_ns, &members, context);
}

ssize_t na_compose_unix(void *out, const struct na_unix_event *event, const struct na_context *context)
{
	const struct na_task *task = &event->task;
	size_t path_bytes = event->path_bytes < sizeof(event->path) ? event->path_bytes : sizeof(event->path);
	const char *path = event->path;
	struct na_canonical c;

	/* an abstract name starts with a NUL and may hold any byte; a path ends at its first NUL */
	if (event->abstract && path_bytes) {
		path++;
		path_bytes--;
	} else {
		path_bytes = strnlen(path, path_bytes);
	}
	na_canonical_begin(&c, out, NA_COMPOSE_BYTES);
	put_true(&c, "abstract", event->abstract);
	na_put_author(&c, context->author);
	na_canonical_string(&c, "bucket", context->bucket);
	na_canonical_id(&c, "cgroup", task->cgroup_id);
	na_canonical_string(&c, "channel", "unix");
	put_comm(&c, task);
	put_container(&c, context->container);
	na_put_database(&c, context->author);
	na_canonical_string(&c, "direction", "outbound");
	na_put_disagree(&c, context->author);
	if (event->error)
		na_canonical_integer(&c, "errno", event->error);
	na_put_evidence(&c, context->author);
	na_canonical_string(&c, "family", "unix");
	na_canonical_id(&c, "flow", event->flow);
	na_put_frames(&c, context->author);
	put_image(&c, context->container);
	na_canonical_string(&c, "instance", context->instance);
	na_canonical_string(&c, "kind", "open");
	na_canonical_integer(&c, "netns", task->net_namespace);
	na_canonical_nonce(&c);
	na_canonical_integer(&c, "parent_pid", task->parent_pid);
	na_canonical_text(&c, "path", path, path_bytes);
	if (event->peer_pid)
		na_canonical_integer(&c, "peer_pid", event->peer_pid);
	put_pid(&c, task);
	put_pod(&c, context->container);
	na_put_witness(&c, context->author);
	na_canonical_string(&c, "result", na_result_of_connect(event->error));
	na_canonical_string(&c, "seen_by", "connect");
	na_canonical_string(&c, "socket_type", event->socket_type == SOCK_SEQPACKET ? "seqpacket" : "stream");
	na_put_stack(&c, context->author);
	put_time(&c, context->clock, event->header.time_ns);
	na_canonical_integer(&c, "tid", task->tid);
	na_canonical_integer(&c, "uid", task->uid);
	na_canonical_string(&c, "via", context->via);
	na_canonical_string(&c, "worker", context->worker);
	return na_canonical_end(&c);
}

ssize_t na_compose_process(void *out, const struct na_process_event *event, const struct na_context *context)
{
	const struct na_task *task = &event->task;
	size_t exe_bytes = event->exe_bytes < sizeof(event->exe) ? event->exe_bytes : sizeof(event->exe);
	struct na_canonical c;

	na_canonical_begin(&c, out, NA_COMPOSE_BYTES);
	na_put_author(&c, context->author);
	na_canonical_id(&c, "cgroup", task->cgroup_id);
	put_comm(&c, task);
	put_container(&c, context->container);
	na_put_database(&c, context->author);
	na_put_disagree(&c, context->author);
	na_canonical_string(&c, "event", na_event_type_name(event->header.type));
	na_put_evidence(&c, context->author);
	if (event->header.type == NA_EVENT_EXEC)
		na_canonical_text(&c, "exe", event->exe, exe_bytes);
	if (event->header.type == NA_EVENT_EXIT && !WTERMSIG(event->exit_code))
		na_canonical_integer(&c, "exit_code", WEXITSTATUS(event->exit_code));
	put_image(&c, context->container);
	na_canonical_string(&c, "instance", context->instance);
	na_canonical_string(&c, "kind", "process");
	na_canonical_nonce(&c);
	na_canonical_integer(&c, "parent_pid", task->parent_pid);
	put_pid(&c, task);
	put_pod(&c, context->container);
	na_put_witness(&c, context->author);
	if (event->header.type == NA_EVENT_EXIT && WTERMSIG(event->exit_code))
		na_canonical_integer(&c, "signal", WTERMSIG(event->exit_code));
	put_time(&c, context->clock, event->header.time_ns);
	na_canonical_integer(&c, "uid", task->uid);
	na_canonical_string(&c, "via", context->via);
	na_canonical_string(&c, "worker", context->worker);
	return na_canonical_end(&c);
}

/* What a thread did by itself, of which its stack is the witness. */
struct deed {
	enum na_record_kind kind;
	const struct na_task *task;
	uint64_t time_ns;
	const __u64 *flow;		/* NULL: none */
	const char *host;		/* NULL: none */
};

static ssize_t compose_deed(void *out, const struct deed *deed, const struct na_context *context)
{
	const struct na_task *task = deed->task;
	struct na_canonical c;

	na_canonical_begin(&c, out, NA_COMPOSE_BYTES);
	na_put_author(&c, context->author);
	na_canonical_id(&c, "cgroup", task->cgroup_id);
	put_comm(&c, task);
	put_container(&c, context->container);
	na_put_database(&c, context->author);
	na_put_disagree(&c, context->author);
	na_put_evidence(&c, context->author);
	if (deed->flow)
		na_canonical_id(&c, "flow", *deed->flow);
	na_put_frames(&c, context->author);
	na_canonical_string(&c, "host", deed->host);
	put_image(&c, context->container);
	na_canonical_string(&c, "instance", context->instance);
	na_canonical_string(&c, "kind", kind_names[deed->kind]);
	if (task->net_namespace)
		na_canonical_integer(&c, "netns", task->net_namespace);
	na_canonical_nonce(&c);
	na_canonical_integer(&c, "parent_pid", task->parent_pid);
	put_pid(&c, task);
	put_pod(&c, context->container);
	na_put_witness(&c, context->author);
	na_put_stack(&c, context->author);
	put_time(&c, context->clock, deed->time_ns);
	na_canonical_integer(&c, "tid", task->tid);
	na_canonical_integer(&c, "uid", task->uid);
	na_canonical_string(&c, "via", context->via);
	na_canonical_string(&c, "worker", context->worker);
	return na_canonical_end(&c);
}

ssize_t na_compose_author(void *out, const struct na_stack_event *event, const struct na_context *context)
{
	const struct deed deed = { NA_RECORD_AUTHOR, &event->task, event->header.time_ns, &event->flow, NULL };

	return compose_deed(out, &deed, context);
}

ssize_t na_compose_resolve(void *out, const struct na_name_event *event, const char *host,
			   const struct na_context *context)
{
	const struct deed deed = { NA_RECORD_RESOLVE, &event->task, event->header.time_ns, NULL,
				   host[0] ? host : NULL };

	return compose_deed(out, &deed, context);
}
