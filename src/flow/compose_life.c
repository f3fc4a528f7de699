// SPDX-License-Identifier: GPL-2.0-or-later
/* The observer's records about itself: what was lost, clock steps, heartbeats. */
#include <string.h>
#include <sys/socket.h>

#include "classify/channel.h"
#include "flow/address.h"
#include "flow/compose.h"
#include "journal/canonical.h"

static const char *const reason_names[NA_LOSS_REASONS] = { [NA_LOSS_RING] = "ring", [NA_LOSS_MAP] = "map" };

static void put_now(struct na_canonical *c, const struct na_clock_pair *clock)
{
	na_canonical_integer(c, "t", clock->wall_us);
	na_canonical_integer(c, "tb", (int64_t)(clock->boottime_ns / NA_NS_PER_US));
}

static void put_destination(struct na_canonical *c, const struct na_loss_key *key, const struct na_loss_value *value)
{
	char text[NA_ADDRESS_TEXT_BYTES];
	int64_t port = na_address_text(text, key->family, key->remote, key->remote_port);

	na_canonical_object_begin(c, NULL);
	na_canonical_text(c, "comm", value->comm, strnlen(value->comm, sizeof(value->comm)));
	na_canonical_integer(c, "count", (int64_t)value->count);
	if (key->family == AF_INET || key->family == AF_INET6) {
		na_canonical_integer(c, "dport", port);
		na_canonical_string(c, "dst", text);
	}
	na_canonical_integer(c, "pid", key->pid);
	na_canonical_string(c, "reason", key->reason < NA_LOSS_REASONS ? reason_names[key->reason] : NULL);
	na_canonical_string(c, "type", na_event_type_name(key->type));
	na_canonical_object_end(c);
}

ssize_t na_compose_lost(void *out, const struct na_loss_report *report, const struct na_clock_pair *clock)
{
	struct na_canonical c;
	uint64_t total = 0;

	for (int type = 0; type < NA_EVENT_TYPES; type++)
		for (int reason = NA_LOSS_RING; reason < NA_LOSS_REASONS; reason++)
			total += report->counts[type][reason];
	na_canonical_begin(&c, out, NA_COMPOSE_BYTES);
	na_canonical_integer(&c, "count", (int64_t)total);
	if (report->dropped_events)
		na_canonical_integer(&c, "dropped_events", (int64_t)report->dropped_events);
	na_canonical_string(&c, "kind", "lost");
	na_canonical_array_begin(&c, "losses");
	for (int i = 0; i < report->destinations && i < NA_LOSS_DESTINATIONS; i++)
		put_destination(&c, &report->keys[i], &report->values[i]);
	na_canonical_array_end(&c);
	na_canonical_integer(&c, "missed_programs", (int64_t)report->missed_programs);
	na_canonical_nonce(&c);
	na_canonical_integer(&c, "refused_records", (int64_t)report->refused_records);
	put_now(&c, clock);
	na_canonical_array_begin(&c, "types");
	for (int type = 0; type < NA_EVENT_TYPES; type++) {
		for (int reason = NA_LOSS_RING; reason < NA_LOSS_REASONS; reason++) {
			if (!report->counts[type][reason])
				continue;
			na_canonical_object_begin(&c, NULL);
			na_canonical_integer(&c, "count", (int64_t)report->counts[type][reason]);
			na_canonical_string(&c, "reason", reason_names[reason]);
			na_canonical_string(&c, "type", na_event_type_name((unsigned int)type));
			na_canonical_object_end(&c);
		}
	}
	na_canonical_array_end(&c);
	if (report->uncounted_possible)
		na_canonical_bool(&c, "uncounted_possible", true);
	return na_canonical_end(&c);
}

ssize_t na_compose_clock(void *out, int64_t step_us, const struct na_clock_pair *clock)
{
	struct na_canonical c;

	na_canonical_begin(&c, out, NA_COMPOSE_BYTES);
	na_canonical_string(&c, "kind", "clock");
	na_canonical_nonce(&c);
	na_canonical_integer(&c, "step_us", step_us);
	put_now(&c, clock);
	return na_canonical_end(&c);
}

ssize_t na_compose_heartbeat(void *out, const struct na_heartbeat *heartbeat, const struct na_clock_pair *clock)
{
	struct na_canonical c;

	na_canonical_begin(&c, out, NA_COMPOSE_BYTES);
	na_canonical_string(&c, "backend", heartbeat->backend);
	na_canonical_integer(&c, "events", (int64_t)heartbeat->events);
	na_canonical_integer(&c, "flows_open", (int64_t)heartbeat->flows_open);
	na_canonical_integer(&c, "hooks", heartbeat->hooks);
	na_canonical_integer(&c, "hooks_detached", heartbeat->hooks_detached);
	na_canonical_string(&c, "kind", "heartbeat");
	na_canonical_integer(&c, "lost_map", (int64_t)heartbeat->lost_map);
	na_canonical_integer(&c, "lost_ring", (int64_t)heartbeat->lost_ring);
	na_canonical_integer(&c, "missed_programs", (int64_t)heartbeat->missed_programs);
	if (heartbeat->names_evicted)
		na_canonical_integer(&c, "names_evicted", (int64_t)heartbeat->names_evicted);
	na_canonical_nonce(&c);
	na_canonical_integer(&c, "probes", heartbeat->probes);
	na_canonical_integer(&c, "probes_failed", heartbeat->probes_failed);
	na_canonical_integer(&c, "processes_in_scope", (int64_t)heartbeat->processes_in_scope);
	na_canonical_integer(&c, "queue_used_bytes", (int64_t)heartbeat->queue_used_bytes);
	na_canonical_integer(&c, "refused_records", (int64_t)heartbeat->refused_records);
	put_now(&c, clock);
	return na_canonical_end(&c);
}

static void put_signs(struct na_canonical *c, const char *key, unsigned int signs)
{
	static const char *const names[] = { "connect", "accept", "client-close", "server-close", "datagram", "round" };

	na_canonical_array_begin(c, key);
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (signs & 1u << i)
			na_canonical_string(c, NULL, names[i]);
	na_canonical_array_end(c);
}

ssize_t na_compose_canary(void *out, uint64_t round, unsigned int seen, int error, const struct na_clock_pair *clock)
{
	struct na_canonical c;

	na_canonical_begin(&c, out, NA_COMPOSE_BYTES);
	if (error)
		na_canonical_integer(&c, "error", error);
	na_canonical_string(&c, "kind", "canary");
	put_signs(&c, "missing", NA_CANARY_ALL & ~seen);
	na_canonical_nonce(&c);
	na_canonical_integer(&c, "round", (int64_t)round);
	put_signs(&c, "seen", seen);
	put_now(&c, clock);
	return na_canonical_end(&c);
}
