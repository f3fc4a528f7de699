// SPDX-License-Identifier: GPL-2.0-or-later
/* A small table: interpreters and libraries of a host are few. */
#include "daemon/observer_probes.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "daemon/config.h"
#include "daemon/probe_channel.h"

#define UNUSED_NS (30 * NA_NS_PER_SECOND)	/* programs come and go: attaching each time costs all that map the file */
#define ANSWER_NS (5 * NA_NS_PER_SECOND)	/* it takes milliseconds */

enum state { ASKED, ATTACHED, FAILED };

struct entry {
	struct na_probe probe;
	enum state state;
	uint32_t users;
	uint64_t since_ns;	/* asked, or without users */
};

struct na_probes {
	int end;
	uint32_t allowed;	/* enum na_config_probes */
	struct na_shared *shared;
	size_t count;
	struct entry entries[NA_PROBES];
};

int na_probes_create(struct na_probes **out, int end, uint32_t allowed, struct na_capture *capture,
		     struct na_shared *shared)
{
	struct na_probes *probes = calloc(1, sizeof(*probes));
	struct na_probe held[NA_PROBES];

	if (!probes)
		return -ENOMEM;
	probes->end = end;
	probes->allowed = allowed;
	probes->shared = shared;
	probes->count = na_capture_disown_probes(capture, held);
	for (size_t i = 0; i < probes->count; i++)
		probes->entries[i] = (struct entry){ held[i], ATTACHED, 0, na_boottime_ns() };
	*out = probes;
	return 0;
}

void na_probes_destroy(struct na_probes *probes)
{
	free(probes);
}

static struct entry *find(struct na_probes *probes, const struct na_probe *probe)
{
	for (size_t i = 0; i < probes->count; i++)
		if (!memcmp(&probes->entries[i].probe, probe, sizeof(*probe)))
			return &probes->entries[i];
	return NULL;
}

static void count_failed(struct na_probes *probes)
{
	uint64_t failed = 0;

	for (size_t i = 0; i < probes->count; i++)
		failed += probes->entries[i].state == FAILED;
	na_counter_set(&probes->shared->probes_failed, failed);
}

/* Said once for each, because what failed is not asked for again while somebody uses it. */
static void fail(struct na_probes *probes, struct entry *entry, int error)
{
	entry->state = FAILED;
	na_log_warning("probe %s of inode %llu cannot be attached: %s", na_probe_slot_name(entry->probe.slot),
		       (unsigned long long)entry->probe.inode, strerror(-error));
	count_failed(probes);
}

static void ask(struct na_probes *probes, struct entry *entry, na_probe_open_fn *open, void *context)
{
	int file = open(context), result;

	entry->since_ns = na_boottime_ns();
	if (file < 0) {
		fail(probes, entry, file);
		return;
	}
	entry->state = ASKED;
	result = na_probe_channel_ask(probes->end, NA_PROBE_ATTACH, &entry->probe, file);
	(void)close(file);
	if (result)
		fail(probes, entry, result);
}

static uint32_t kind_of(const struct na_probe *probe)
{
	return probe->slot == NA_PROBE_PYTHON_AUDIT ? NA_CONFIG_PROBES_PYTHON : NA_CONFIG_PROBES_TLS;
}

void na_probes_use(struct na_probes *probes, const struct na_probe *probe, na_probe_open_fn *open, void *context)
{
	struct entry *entry = find(probes, probe);

	if (!(probes->allowed & kind_of(probe)))
		return;
	if (!entry) {
		if (probes->count == NA_PROBES) {
			na_log_warning("more than %d probes: some are not attached", NA_PROBES);
			return;
		}
		entry = &probes->entries[probes->count++];
		*entry = (struct entry){ .probe = *probe };
		ask(probes, entry, open, context);
	}
	entry->users++;
}

/* The next of the slot and file from `*at` on; NULL: there is no more. */
static struct entry *next_of(struct na_probes *probes, size_t *at, uint64_t slot, uint64_t device, uint64_t inode)
{
	while (*at < probes->count) {
		struct entry *entry = &probes->entries[(*at)++];

		if (entry->probe.slot == slot && entry->probe.device == device && entry->probe.inode == inode)
			return entry;
	}
	return NULL;
}

void na_probes_share(struct na_probes *probes, uint64_t slot, uint64_t device, uint64_t inode)
{
	struct entry *entry;
	size_t at = 0;

	while ((entry = next_of(probes, &at, slot, device, inode)))
		entry->users++;
}

void na_probes_leave(struct na_probes *probes, uint64_t slot, uint64_t device, uint64_t inode)
{
	struct entry *entry;
	size_t at = 0;

	while ((entry = next_of(probes, &at, slot, device, inode)))
		if (entry->users && !--entry->users && entry->state != ASKED)
			entry->since_ns = na_boottime_ns();
}

void na_probes_hear(struct na_probes *probes)
{
	struct na_probe_message answer;

	while (!na_probe_channel_hear(probes->end, &answer)) {
		struct entry *entry = find(probes, &answer.probe);

		if (!entry || answer.request != NA_PROBE_ATTACH)
			continue;
		entry->since_ns = na_boottime_ns();
		if (answer.result)
			fail(probes, entry, answer.result);
		else
			entry->state = ATTACHED;
	}
	count_failed(probes);
}

void na_probes_tick(struct na_probes *probes, uint64_t now_ns)
{
	for (size_t i = probes->count; i-- > 0;) {
		struct entry *entry = &probes->entries[i];

		if (entry->state == ASKED && now_ns - entry->since_ns > ANSWER_NS)
			fail(probes, entry, -ETIMEDOUT);
		if (entry->users || now_ns - entry->since_ns < UNUSED_NS)
			continue;
		/* one that failed, or whose answer did not come, is not there: letting it go does no harm */
		if (na_probe_channel_ask(probes->end, NA_PROBE_RELEASE, &entry->probe, -1))
			continue;
		*entry = probes->entries[--probes->count];
	}
	count_failed(probes);
}
