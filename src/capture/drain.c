// SPDX-License-Identifier: GPL-2.0-or-later
/* The observer's side of a capture: events, counters, losses and the scope map. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "capture/internal.h"

static const uint32_t event_sizes[NA_EVENT_TYPES] = {
	[NA_EVENT_OPEN] = sizeof(struct na_flow_event),
	[NA_EVENT_CLOSE] = sizeof(struct na_flow_event),
	[NA_EVENT_PROGRESS] = sizeof(struct na_flow_event),
	[NA_EVENT_DATAGRAM] = sizeof(struct na_flow_event),
	[NA_EVENT_SOCKET_GONE] = sizeof(struct na_flow_event),
	[NA_EVENT_UNIX] = sizeof(struct na_unix_event),
	[NA_EVENT_FORK] = sizeof(struct na_process_event),
	[NA_EVENT_EXEC] = sizeof(struct na_process_event),
	[NA_EVENT_EXIT] = sizeof(struct na_process_event),
	[NA_EVENT_STACK] = sizeof(struct na_stack_event),
	[NA_EVENT_CODE] = sizeof(struct na_code_event),
	[NA_EVENT_NATIVE] = sizeof(struct na_native_event),
	[NA_EVENT_MESSAGE] = sizeof(struct na_message_event),
	[NA_EVENT_DNS] = sizeof(struct na_dns_event),
	[NA_EVENT_NAME] = sizeof(struct na_name_event),
};

/* An error from here ends the look at this ring; libbpf counts the event as consumed all the same. */
#define ROOM_USED_UP (-ENOBUFS)

static int on_ring_event(void *context, void *data, size_t size)
{
	struct na_ring *ring = context;
	const struct na_event_header *header = data;

	/* our own programs write these; a wrong size means two builds that do not fit */
	if (size >= sizeof(*header) && header->type > NA_EVENT_NONE && header->type < NA_EVENT_TYPES &&
	    header->size == event_sizes[header->type] && size >= header->size) {
		ring->last_ns = header->time_ns;
		ring->capture->handle(ring->capture->context, header);
	}
	return --ring->room ? 0 : ROOM_USED_UP;
}

int na_capture_start_draining(struct na_capture *capture, na_event_fn *handle, void *context)
{
	static const char *const names[NA_RINGS] = { "ring_high", "ring_bulk", "ring_stacks" };

	capture->handle = handle;
	capture->context = context;
	for (int i = 0; i < NA_RINGS; i++) {
		struct na_ring *ring = &capture->rings[i];

		ring->capture = capture;
		ring->buffer = ring_buffer__new(bpf_object__find_map_fd_by_name(capture->object, names[i]), on_ring_event,
						ring, NULL);
		if (!ring->buffer)
			return -errno;
	}
	return 0;
}

int na_capture_drain(struct na_capture *capture, unsigned int most, uint64_t *complete_ns)
{
	int drained = 0;

	*complete_ns = na_boottime_ns();
	for (int i = 0; i < NA_RINGS; i++) {
		struct na_ring *ring = &capture->rings[i];
		int result;

		ring->room = most;
		result = ring_buffer__consume(ring->buffer);
		if (result < 0 && result != ROOM_USED_UP)
			return result;
		if (!ring->room && ring->last_ns < *complete_ns)
			*complete_ns = ring->last_ns;
		drained += (int)(most - ring->room);
	}
	return drained;
}

void na_capture_poll_fds(const struct na_capture *capture, int fds[NA_RINGS])
{
	for (int i = 0; i < NA_RINGS; i++)
		fds[i] = ring_buffer__epoll_fd(capture->rings[i].buffer);
}

/* Whole events, in any split the kernel chooses. */
int na_capture_read_iterator(struct bpf_link *link, na_event_fn *handle, void *context)
{
	struct na_flow_event event;
	size_t have = 0;
	int count = 0;
	int fd = bpf_iter_create(bpf_link__fd(link));
	ssize_t got;

	if (fd < 0)
		return -errno;
	while ((got = read(fd, (char *)&event + have, sizeof(event) - have)) != 0) {
		if (got < 0) {
			if (errno == EINTR || errno == EAGAIN)
				continue;
			count = -errno;
			break;
		}
		have += (size_t)got;
		if (have < sizeof(event))
			continue;
		handle(context, &event.header);
		count++;
		have = 0;
	}
	close(fd);
	return count;
}

int na_capture_existing(struct na_capture *capture, na_event_fn *handle, void *context)
{
	return na_capture_read_iterator(capture->existing, handle, context);
}

int na_capture_progress(struct na_capture *capture, na_event_fn *handle, void *context)
{
	return na_capture_read_iterator(capture->progress, handle, context);
}

enum na_scope na_capture_get_scope(struct na_capture *capture, uint32_t pid)
{
	uint32_t scope;

	if (capture->options.scope_host)
		return NA_SCOPE_HOST;
	return bpf_map_lookup_elem(capture->scopes, &pid, &scope) ? NA_SCOPE_NONE : (enum na_scope)scope;
}

int na_capture_set_scope(struct na_capture *capture, uint32_t pid, enum na_scope scope, bool only_known)
{
	uint32_t value = scope;

	if (capture->options.scope_host)
		return 0;
	if (scope == NA_SCOPE_NONE) {
		/* the kernel may have found a relay since, or a child of an Odoo may have the number by now */
		if (na_capture_get_scope(capture, pid) == NA_SCOPE_UNDECIDED)
			bpf_map_delete_elem(capture->scopes, &pid);
		return 0;
	}
	if (!bpf_map_update_elem(capture->scopes, &pid, &value, only_known ? BPF_EXIST : BPF_ANY))
		return 0;
	return only_known && errno == ENOENT ? 0 : -errno;
}

int na_capture_peer(struct na_capture *capture, const struct na_peer_key *key, struct na_peer_counters *counters,
		    bool forget)
{
	if (!forget)
		return bpf_map_lookup_elem(capture->peers, key, counters) ? -errno : 0;
	/* hash maps learned lookup-and-delete in 5.14 */
	if (!bpf_map_lookup_and_delete_elem(capture->peers, key, counters))
		return 0;
	if (errno == ENOENT)
		return -ENOENT;
	if (bpf_map_lookup_elem(capture->peers, key, counters))
		return -errno;
	return bpf_map_delete_elem(capture->peers, key) ? -errno : 0;
}

int na_capture_each_peer(struct na_capture *capture, na_peer_fn *visit, void *context)
{
	struct na_peer_key key, next;
	struct na_peer_counters counters;
	bool more = !bpf_map_get_next_key(capture->peers, NULL, &next);
	int count = 0;

	while (more) {
		key = next;
		/* before the visitor may forget this one: a walk that has lost its place starts again */
		more = !bpf_map_get_next_key(capture->peers, &key, &next);
		if (!bpf_map_lookup_elem(capture->peers, &key, &counters)) {
			visit(context, &key, &counters);
			count++;
		}
	}
	return count;
}

void na_capture_set_said(struct na_capture *capture, const struct na_peer_counters *counters)
{
	bpf_map_update_elem(capture->said, &counters->flow, counters, BPF_ANY);
}

bool na_capture_get_said(struct na_capture *capture, uint64_t flow, struct na_peer_counters *counters)
{
	return !bpf_map_lookup_elem(capture->said, &flow, counters);
}

void na_capture_forget_said(struct na_capture *capture, uint64_t flow)
{
	bpf_map_delete_elem(capture->said, &flow);
}

int na_capture_counts(struct na_capture *capture, uint64_t counts[NA_EVENT_TYPES][NA_LOSS_REASONS])
{
	int cpus = libbpf_num_possible_cpus();
	uint64_t *values = cpus > 0 ? calloc((size_t)cpus, sizeof(*values)) : NULL;

	if (!values)
		return cpus < 0 ? cpus : -ENOMEM;
	for (uint32_t key = 0; key < NA_EVENT_TYPES * NA_LOSS_REASONS; key++) {
		uint64_t sum = 0;

		if (!bpf_map_lookup_elem(capture->counts, &key, values))
			for (int cpu = 0; cpu < cpus; cpu++)
				sum += values[cpu];
		counts[key / NA_LOSS_REASONS][key % NA_LOSS_REASONS] = sum;
	}
	free(values);
	return 0;
}

int na_capture_take_losses(struct na_capture *capture, struct na_loss_key *keys, struct na_loss_value *values, int max)
{
	struct na_loss_key next;
	bool more = max > 0 && !bpf_map_get_next_key(capture->losses, NULL, &next);
	int taken = 0;

	while (taken < max && more) {
		keys[taken] = next;
		/* before this key is gone: a walk that has lost its place starts again from the first bucket */
		more = !bpf_map_get_next_key(capture->losses, &keys[taken], &next);
		if (bpf_map_lookup_and_delete_elem(capture->losses, &keys[taken], &values[taken])) {
			if (bpf_map_lookup_elem(capture->losses, &keys[taken], &values[taken]))
				break;
			bpf_map_delete_elem(capture->losses, &keys[taken]);
		}
		taken++;
	}
	return taken;
}

static uint64_t misses_of(const struct bpf_program *program)
{
	struct bpf_prog_info info = { 0 };
	uint32_t size = sizeof(info);

	return bpf_obj_get_info_by_fd(bpf_program__fd(program), &info, &size) ? 0 : info.recursion_misses;
}

/* An event of a program with a second copy is gone only when both were shut out. */
uint64_t na_capture_missed_programs(const struct na_capture *capture)
{
	struct bpf_program *program;
	uint64_t missed = 0;

	for (size_t i = 0; i < capture->attached_count; i++) {
		const char *name = bpf_program__name(capture->attached[i].program);
		uint64_t own = misses_of(capture->attached[i].program);

		if (strstr(name, "_again"))
			continue;
		for (size_t j = 0; j < capture->attached_count && own; j++) {
			const char *other = bpf_program__name(capture->attached[j].program);
			size_t length = strlen(name);

			if (!strncmp(other, name, length) && !strcmp(other + length, "_again")) {
				uint64_t again = misses_of(capture->attached[j].program);

				own = again < own ? again : own;
			}
		}
		missed += own;
	}
	bpf_object__for_each_program(program, capture->object)
		if (na_probe_is_program(bpf_program__name(program)))
			missed += misses_of(program);
	return missed;
}

int na_capture_hook_count(const struct na_capture *capture)
{
	return (int)capture->attached_count + (capture->stream_attached ? NA_STREAM_WAYS : 0);
}

/* Links to perf events (kprobe, classic tracepoint) have no info before 5.15: their descriptor is all there is. */
static bool is_gone(int link)
{
	struct bpf_link_info info = { 0 };
	uint32_t size = sizeof(info);

	return link < 0 || (bpf_obj_get_info_by_fd(link, &info, &size) && errno == EBADF);
}

int na_capture_detached(const struct na_capture *capture)
{
	int gone = 0;

	for (size_t i = 0; i < capture->attached_count; i++)
		gone += is_gone(bpf_link__fd(capture->attached[i].link));
	for (int i = 0; capture->stream_attached && i < NA_STREAM_WAYS; i++)
		gone += is_gone(capture->stream_links[i]);
	return gone;
}
