/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The restart rules, as a table of the components' exit statuses. */
#include "daemon/restart.h"

#include <signal.h>
#include <stddef.h>
#include <sys/wait.h>

#include "base/clock.h"
#include "daemon/exit_codes.h"
#include "journal/process.h"
#include "signer/signer.h"

enum rule {
	RULE_COUNT,	/* give up when it happens too often before being ready */
	RULE_PATIENT,	/* the same, but never once it has worked */
	RULE_FOLLOW,	/* another component's end is the reason: does not count */
	RULE_REFUSED,	/* starting again cannot help */
};

static const struct exit_rule {
	enum na_component component;
	int status;
	enum rule rule;
	enum na_exit_code exit_code;
} exit_rules[] = {
	{ NA_JOURNAL, NA_JOURNAL_EXIT_REFUSED, RULE_REFUSED, NA_EXIT_FOREIGN },
	{ NA_JOURNAL, NA_JOURNAL_EXIT_IO, RULE_PATIENT, NA_EXIT_IO },
	{ NA_JOURNAL, NA_JOURNAL_EXIT_SIGNER, RULE_FOLLOW, NA_EXIT_INTERNAL },
	{ NA_JOURNAL, NA_JOURNAL_EXIT_TAIL, RULE_COUNT, NA_EXIT_TAIL },
	{ NA_SIGNER, NA_SIGNER_EXIT_REFUSED, RULE_REFUSED, NA_EXIT_FOREIGN },
	{ NA_SIGNER, NA_SIGNER_EXIT_IO, RULE_PATIENT, NA_EXIT_IO },
};

static const struct exit_rule any_other_end = { .rule = RULE_COUNT, .exit_code = NA_EXIT_INTERNAL };

static const struct exit_rule *find_rule(enum na_component component, int wait_status)
{
	if (!WIFEXITED(wait_status))
		return &any_other_end;
	for (size_t i = 0; i < sizeof(exit_rules) / sizeof(exit_rules[0]); i++)
		if (exit_rules[i].component == component && exit_rules[i].status == WEXITSTATUS(wait_status))
			return &exit_rules[i];
	return &any_other_end;
}

static uint64_t delay_after(unsigned int unready_ends)
{
	static const uint64_t delays_ms[] = { 0, 0, 100, 400, 1600, 5000 };
	const unsigned int last = sizeof(delays_ms) / sizeof(delays_ms[0]) - 1;

	return delays_ms[unready_ends < last ? unready_ends : last] * NA_NS_PER_MS;
}

struct na_restart_decision na_restart_decide(struct na_restart_state *state, enum na_component component,
					     int wait_status, bool became_ready, uint64_t lived_ns)
{
	const struct exit_rule *rule = find_rule(component, wait_status);
	struct na_restart_decision decision = { .exit_code = (int)rule->exit_code };
	bool killed = WIFSIGNALED(wait_status) && WTERMSIG(wait_status) == SIGKILL;

	if (rule->rule == RULE_REFUSED) {
		decision.give_up = true;
		decision.explained = true;
		return decision;
	}
	if (became_ready) {
		state->was_ever_ready = true;
		state->unready_ends = 0;
		state->counted_ends = 0;
		decision.delay_ns = lived_ns < NA_NS_PER_SECOND ? 100 * NA_NS_PER_MS : 0;
		return decision;
	}
	state->unready_ends++;
	if (!killed && rule->rule != RULE_FOLLOW && !(rule->rule == RULE_PATIENT && state->was_ever_ready))
		state->counted_ends++;
	decision.give_up = state->counted_ends >= NA_RESTART_ATTEMPTS;
	decision.delay_ns = delay_after(state->unready_ends);
	return decision;
}
