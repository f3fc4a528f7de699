// SPDX-License-Identifier: GPL-2.0-or-later
/* Each `config` record has all settings: from the newest to the oldest, a setting changed where two of them differ. */
#include "cli/config_changes.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/escape.h"
#include "cli/fields.h"
#include "daemon/config.h"
#include "reader/query.h"

struct search {
	struct na_setting_change *changes;
	char *newer;		/* settings of the record met before; NULL: none yet */
	int64_t newer_seq, newer_t;
};

/* The line of a setting in "section.name = value\n...", and its length; NULL: it has none. */
static const char *value_of(const char *settings, const struct na_setting *setting, size_t *length)
{
	char line[2 * NA_CONFIG_NAME_BYTES + 8];
	const char *found;

	(void)snprintf(line, sizeof(line), "%s.%s = ", setting->section, setting->name);
	for (found = strstr(settings, line); found && found > settings && found[-1] != '\n'; found = strstr(found + 1, line))
		;
	if (!found)
		return NULL;
	found += strlen(line);
	*length = strcspn(found, "\n");
	return found;
}

static void compare(struct search *search, const char *older)
{
	for (size_t i = 0; i < na_settings_count; i++) {
		struct na_setting_change *change = &search->changes[i];
		size_t old_length = 0, new_length = 0;
		const char *old = value_of(older, &na_settings[i], &old_length);
		const char *new = value_of(search->newer, &na_settings[i], &new_length);

		if (change->seq || !old || !new || (old_length == new_length && !memcmp(old, new, old_length)))
			continue;
		change->seq = search->newer_seq;
		change->t = search->newer_t;
		na_escape(change->before, sizeof(change->before), old, old_length);
	}
}

static int take_record(void *context, const struct na_stored_row *row)
{
	struct search *search = context;
	json_t *body = na_parse_body(row->body, row->body_bytes);
	const char *settings = json_string_value(json_object_get(body, "settings"));

	if (settings && search->newer)
		compare(search, settings);
	if (settings) {
		free(search->newer);
		search->newer = strdup(settings);
		search->newer_seq = row->seq;
		search->newer_t = na_field_integer(body, "t", 0);
	}
	json_decref(body);
	return settings && !search->newer ? -ENOMEM : 0;
}

int na_config_changes(struct na_cli *cli, struct na_setting_change *changes)
{
	struct na_filter filter = NA_FILTER_ALL;
	struct search search = { .changes = changes };
	struct na_query *query = NULL;
	int err = na_query_open(&query, na_cli_journal(cli, cli->state_dir));

	if (!err)
		err = na_filter_text(&filter, NA_INDEX_KIND, NA_IS_ANY_OF, "config");
	if (!err)
		err = na_query_run(query, &filter, NA_NEWEST_FIRST, 0, take_record, &search);
	free(search.newer);
	na_query_close(query);
	return err;
}
