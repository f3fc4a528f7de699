// SPDX-License-Identifier: GPL-2.0-or-later
/* Notices from shared memory that settings changed, and writes what did. */
#include <string.h>

#include "journal/work.h"

static int write_change(struct na_journal *journal, const struct na_settings_told *told)
{
	uint8_t body[2 * (NA_SETTINGS_BYTES + NA_CHANGED_BYTES)];
	const struct na_life_settings settings = {
		.catalogue = told->catalogue, .changed = told->changed, .config = told->hash,
		.previous = journal->config_hash, .settings = told->settings,
	};
	int result = na_journal_write(journal, body, na_life_config(body, sizeof(body), &settings));

	if (result)
		return result;
	memcpy(journal->config_hash_told, told->hash, sizeof(journal->config_hash_told));
	journal->config_hash = journal->config_hash_told;
	return 0;
}

int na_journal_settings(struct na_journal *journal)
{
	struct na_shared *shared = journal->context->shared;
	uint64_t told = atomic_load_explicit(&shared->settings_told, memory_order_acquire);
	int result = 0;

	while (result == 0 && journal->settings_taken != told) {
		result = write_change(journal, &shared->settings[journal->settings_taken % NA_SETTINGS_TOLD]);
		if (result == 0)
			atomic_store_explicit(&shared->settings_taken, ++journal->settings_taken, memory_order_release);
	}
	return result;
}
