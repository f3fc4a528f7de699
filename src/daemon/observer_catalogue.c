// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The catalogue in force: read again when SIGHUP or an operator's command asks for it, and a record of each change.
 *
 * What is in force is also kept in the state folder, so that a start can say what was changed since the last one.
 * Journals of an observer that ended go on from there, too.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/log.h"
#include "daemon/observer_internal.h"
#include "journal/canonical.h"

#define KEPT_FOLDER "catalogue"
#define KEPT_FILE "in-force.ini"

static void put_notes(struct na_canonical *c, const char *key, const struct na_catalogue_notes *notes)
{
	size_t kept = notes->count < NA_CATALOGUE_CHANGES_KEPT ? notes->count : NA_CATALOGUE_CHANGES_KEPT;
	char more[48];

	if (!notes->count)
		return;
	na_canonical_array_begin(c, key);
	for (size_t i = 0; i < kept; i++)
		na_canonical_string(c, NULL, notes->text[i]);
	if (kept < notes->count) {
		(void)snprintf(more, sizeof(more), "and %zu more", notes->count - kept);
		na_canonical_string(c, NULL, more);
	}
	na_canonical_array_end(c);
}

void na_observer_put_catalogue_notes(struct na_canonical *c, const char *key, const struct na_catalogue_news *news)
{
	if (news)
		put_notes(c, key, !strcmp(key, "weaker") ? &news->changes.weaker : &news->changes.changed);
}

/* What was not asked for by a command: files that are other ones now, or that cannot be read. */
static void record(struct na_observer *observer, const char *action, const struct na_catalogue_news *news)
{
	struct na_clock_pair now = na_clock_read();
	uint8_t body[NA_COMPOSE_BYTES];
	struct na_canonical c;

	na_canonical_begin(&c, body, sizeof(body));
	na_canonical_string(&c, "action", action);
	na_canonical_string(&c, "catalogue", news->hash);
	na_observer_put_catalogue_notes(&c, "changed", news);
	na_canonical_string(&c, "error", news->error.text[0] ? news->error.text : NULL);
	na_canonical_string(&c, "kind", "catalogue");
	na_canonical_nonce(&c);
	na_canonical_string(&c, "previous_catalogue", news->previous[0] ? news->previous : NULL);
	na_canonical_integer(&c, "t", now.wall_us);
	na_canonical_integer(&c, "tb", (int64_t)(now.boottime_ns / NA_NS_PER_US));
	na_observer_put_catalogue_notes(&c, "weaker", news);
	na_observer_queue(observer, body, na_canonical_end(&c));
}

static int open_kept(const struct na_observer *observer, bool make)
{
	char path[PATH_MAX];
	int fd;

	(void)snprintf(path, sizeof(path), "%s/" KEPT_FOLDER, observer->context->config->state_dir);
	if (make && mkdir(path, 0700) < 0 && errno != EEXIST)
		return -errno;
	fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

static void keep(const struct na_observer *observer)
{
	char *text = NULL;
	size_t bytes = 0;
	FILE *out = open_memstream(&text, &bytes);
	int folder = open_kept(observer, true), err = folder < 0 ? folder : -ENOMEM;

	if (out) {
		na_catalogue_write(observer->catalogue, out);
		if (fclose(out) == 0 && folder >= 0)
			err = na_replace_file(folder, KEPT_FILE, text, bytes, 0600);
		free(text);
	}
	if (err)
		na_log_warning("what the catalogue says is not kept: its changes until the next start will not be known: %s",
			       strerror(-err));
	if (folder >= 0)
		(void)close(folder);
}

static int load_kept(const struct na_observer *observer, struct na_catalogue **kept, struct na_error *error)
{
	char path[PATH_MAX];
	const char *folders[] = { path };

	(void)snprintf(path, sizeof(path), "%s/" KEPT_FOLDER, observer->context->config->state_dir);
	return na_catalogue_load(kept, folders, 1, error);
}

static void put_in_force(struct na_observer *observer, struct na_catalogue *fresh)
{
	na_catalogue_destroy(observer->own_catalogue);
	observer->own_catalogue = fresh;
	observer->catalogue = fresh;
	na_counter_add(&observer->context->shared->catalogue_changes, 1);
	keep(observer);
	na_log_notice("the catalogue was read again: %s", na_catalogue_hash(fresh));
}

void na_observer_read_catalogue(struct na_observer *observer, struct na_catalogue_news *news)
{
	const struct na_config *config = observer->context->config;
	const char *const folders[] = { config->shipped_dir, config->site_dir };
	struct na_catalogue *fresh;

	memset(news, 0, sizeof(*news));
	if (na_catalogue_load(&fresh, folders, 2, &news->error) != 0) {
		na_log_error("the catalogue stays as it was: %s", news->error.text);
		return;
	}
	memcpy(news->previous, na_catalogue_hash(observer->catalogue), sizeof(news->previous));
	na_catalogue_compare(observer->catalogue, fresh, &news->changes);
	if (strcmp(news->previous, na_catalogue_hash(fresh)) != 0)
		put_in_force(observer, fresh);
	else
		na_catalogue_destroy(fresh);
	news->hash = na_catalogue_hash(observer->catalogue);
}

static void read_again(struct na_observer *observer)
{
	static struct na_catalogue_news news;

	na_observer_read_catalogue(observer, &news);
	if (!news.hash)
		record(observer, "refused", &news);
	else if (strcmp(news.previous, news.hash) != 0)
		record(observer, "read", &news);
	else
		na_log_notice("SIGHUP: the catalogue did not change");
}

/* With what was in force when the daemon was last there; nothing is said when that is not known. */
static void compare_with_kept(struct na_observer *observer)
{
	static struct na_catalogue_news news;
	struct na_catalogue *kept = NULL;

	memset(&news, 0, sizeof(news));
	if (load_kept(observer, &kept, &news.error) == 0 && na_catalogue_count(kept)) {
		memcpy(news.previous, na_catalogue_hash(kept), sizeof(news.previous));
		news.hash = na_catalogue_hash(observer->catalogue);
		na_catalogue_compare(kept, observer->catalogue, &news.changes);
		if (strcmp(news.previous, news.hash) != 0)
			record(observer, "read", &news);
	} else if (news.error.text[0]) {
		na_log_warning("it is not known what the catalogue said before: %s", news.error.text);
	}
	na_catalogue_destroy(kept);
	keep(observer);
}

void na_observer_catalogue_tick(struct na_observer *observer)
{
	uint64_t wanted = na_counter_get(&observer->context->shared->catalogue_wanted);

	if (!observer->catalogue_begun) {
		observer->catalogue_begun = true;
		observer->catalogue_wanted = wanted;
		compare_with_kept(observer);
	}
	if (observer->catalogue_wanted == wanted)
		return;
	observer->catalogue_wanted = wanted;
	read_again(observer);
}
