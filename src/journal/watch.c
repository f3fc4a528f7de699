/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Notices from shared memory that the observer or the signer was restarted, and writes the gap. */
#include <stdio.h>
#include <sys/wait.h>

#include "base/clock.h"
#include "journal/work.h"

/* Between the supervisor's two stores (time of death, generation) less than this passes. */
#define RACE_NS (10 * NA_NS_PER_MS)

static const struct {
	enum na_component component;
	const char *name;
} watched[] = {
	{ NA_OBSERVER, "observer" },
	{ NA_SIGNER, "signer" },
	{ NA_CANARY, "canary" },
};

const char *na_journal_cause(char *text, size_t text_bytes, uint64_t wait_status)
{
	int status = (int)wait_status;

	if (WIFSIGNALED(status))
		(void)snprintf(text, text_bytes, "killed by signal %d", WTERMSIG(status));
	else if (WIFEXITED(status))
		(void)snprintf(text, text_bytes, "exited with status %d", WEXITSTATUS(status));
	else
		(void)snprintf(text, text_bytes, "ended");
	return text;
}

/*
 * What was noticed before a restart of ours is in the journal already: every commit looks first.
 * So only a death after the last commit is news.
 */
void na_journal_watch_begin(struct na_journal *journal)
{
	struct na_shared *shared = journal->context->shared;

	journal->uncommitted_exact = journal->context->generation == 0;
	if (journal->context->generation == 0)
		return;		/* all generations are compared with zero */
	for (size_t i = 0; i < sizeof(watched) / sizeof(watched[0]); i++) {
		enum na_component component = watched[i].component;
		uint64_t generation = na_counter_get(&shared->component[component].generation);
		uint64_t ended_ns = na_counter_get(&shared->component[component].ended_boottime_ns);

		if (generation > 0 && ended_ns + RACE_NS >= na_counter_get(&shared->commit_boottime_ns))
			generation--;
		journal->known_generation[component] = generation;
	}
}

static int write_gap(struct na_journal *journal, enum na_component component, const char *name, uint64_t generation)
{
	struct na_shared *shared = journal->context->shared;
	struct na_clock_pair now = na_clock_read();
	uint64_t ended_ns = na_counter_get(&shared->component[component].ended_boottime_ns);
	char cause[48];
	uint8_t body[512];
	struct na_life_gap gap = {
		.component = name,
		.cause = na_journal_cause(cause, sizeof(cause), na_counter_get(&shared->component[component].wait_status)),
		.generation = (int64_t)generation,
	};

	if (component == NA_OBSERVER) {
		uint64_t total = na_counter_get(&shared->events_unsettled);
		uint64_t last_ns = na_counter_get(&shared->last_event_boottime_ns);

		gap.has_uncommitted = true;
		gap.uncommitted = total > journal->uncommitted_reported ? (int64_t)(total - journal->uncommitted_reported) : 0;
		gap.exact = journal->uncommitted_exact;
		journal->uncommitted_reported = total;
		if (last_ns && last_ns < ended_ns)
			ended_ns = last_ns;
	}
	gap.from.tb = (int64_t)(ended_ns / NA_NS_PER_US);
	gap.from.t = na_clock_wall_us(&now, ended_ns);
	return na_journal_write(journal, body, na_life_gap(body, sizeof(body), &gap));
}

int na_journal_watch(struct na_journal *journal)
{
	int result = 0;

	for (size_t i = 0; i < sizeof(watched) / sizeof(watched[0]) && result == 0; i++) {
		enum na_component component = watched[i].component;
		uint64_t generation = na_counter_get(&journal->context->shared->component[component].generation);

		if (generation == journal->known_generation[component])
			continue;
		journal->known_generation[component] = generation;
		result = write_gap(journal, component, watched[i].name, generation);
	}
	return result;
}
