/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What an operator asked to be recorded: files that root left in STATE_DIR/requests, each one record. Who left it is
 * the file's owner. A file goes only after its record is queued: at worst the same thing is recorded twice.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
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
#include "journal/request.h"

#define REQUESTS_AT_ONCE 64

static void put_text(struct na_canonical *c, const json_t *request, const char *key)
{
	const char *text = json_string_value(json_object_get(request, key));

	if (text)
		na_canonical_string(c, key, text);
}

/* Members of both kinds, in the order the canonical form asks for; a request has those of its own. */
static ssize_t compose(void *record, const json_t *request, const char *kind, uid_t uid,
		       const struct na_catalogue_news *news, const struct na_clock_pair *now)
{
	struct na_canonical c;

	na_canonical_begin(&c, record, NA_COMPOSE_BYTES);
	put_text(&c, request, "action");
	put_text(&c, request, "bucket");
	na_canonical_string(&c, "catalogue", news ? news->hash : NULL);
	na_observer_put_catalogue_notes(&c, "changed", news);
	put_text(&c, request, "component");
	put_text(&c, request, "entry");
	na_canonical_string(&c, "error", news && news->error.text[0] ? news->error.text : NULL);
	if (json_is_integer(json_object_get(request, "expires")))
		na_canonical_integer(&c, "expires", json_integer_value(json_object_get(request, "expires")));
	na_canonical_string(&c, "kind", kind);
	na_canonical_nonce(&c);
	na_canonical_string(&c, "previous_catalogue", news && news->previous[0] ? news->previous : NULL);
	put_text(&c, request, "reason");
	put_text(&c, request, "rule");
	put_text(&c, request, "subject");
	na_canonical_integer(&c, "t", now->wall_us);
	na_canonical_integer(&c, "tb", (int64_t)(now->boottime_ns / NA_NS_PER_US));
	na_canonical_integer(&c, "uid", uid);
	na_observer_put_catalogue_notes(&c, "weaker", news);
	return na_canonical_end(&c);
}

/* False: it is no request. */
static bool record_request(struct na_observer *observer, const char *content, size_t bytes, uid_t uid)
{
	json_t *request = json_loadb(content, bytes, 0, NULL);
	const char *kind = json_string_value(json_object_get(request, "kind"));
	struct na_clock_pair now = na_clock_read();
	static struct na_catalogue_news news;
	uint8_t record[NA_COMPOSE_BYTES];
	bool is_catalogue = kind && !strcmp(kind, "catalogue"), known = is_catalogue || (kind && !strcmp(kind, "ack"));

	if (is_catalogue)
		na_observer_read_catalogue(observer, &news);
	if (known)
		na_observer_queue(observer, record, compose(record, request, kind, uid, is_catalogue ? &news : NULL, &now));
	json_decref(request);
	return known;
}

static void take_file(struct na_observer *observer, int folder, const char *name)
{
	struct stat status;
	char *content = NULL;
	size_t bytes;

	/* a name with a dot in front is still being written */
	if (name[0] == '.' || fstatat(folder, name, &status, AT_SYMLINK_NOFOLLOW) < 0)
		return;
	if (S_ISREG(status.st_mode) && status.st_uid == 0 && !(status.st_mode & (S_IWGRP | S_IWOTH)) &&
	    na_read_file(folder, name, NA_REQUEST_BYTES, &content, &bytes) == 0 &&
	    !record_request(observer, content, bytes, status.st_uid))
		na_log_error("a file in " NA_REQUEST_FOLDER " of the state folder is no request, and was taken away");
	free(content);
	(void)unlinkat(folder, name, 0);
}

void na_observer_take_requests(struct na_observer *observer)
{
	char path[PATH_MAX];
	const struct dirent *entry;
	struct stat status;
	int fd;
	DIR *folder;

	(void)snprintf(path, sizeof(path), "%s/" NA_REQUEST_FOLDER, observer->context->config->state_dir);
	fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return;
	if (fstat(fd, &status) < 0 || status.st_uid != 0 || status.st_mode & (S_IWGRP | S_IWOTH)) {
		(void)close(fd);
		return;
	}
	folder = fdopendir(fd);
	if (!folder) {
		(void)close(fd);
		return;
	}
	for (int i = 0; i < REQUESTS_AT_ONCE && (entry = readdir(folder)) != NULL; i++)
		take_file(observer, fd, entry->d_name);
	(void)closedir(folder);
}
