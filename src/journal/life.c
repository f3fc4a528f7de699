/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Writes the bodies of the journal's own records. */
#include "journal/life.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>

#include "base/clock.h"
#include "base/file.h"
#include "journal/canonical.h"

struct na_moment na_moment_now(void)
{
	struct na_clock_pair now = na_clock_read();

	return (struct na_moment){ now.wall_us, (int64_t)(now.boottime_ns / NA_NS_PER_US) };
}

static void put_moment(struct na_canonical *c)
{
	struct na_moment now = na_moment_now();

	na_canonical_integer(c, "t", now.t);
	na_canonical_integer(c, "tb", now.tb);
}

ssize_t na_life_start(void *buffer, size_t capacity, const struct na_life_start *start)
{
	struct na_canonical c;

	na_canonical_begin(&c, buffer, capacity);
	na_canonical_string(&c, "backend", start->backend);
	na_canonical_string(&c, "binary", start->binary);
	na_canonical_string(&c, "boot_id", start->boot_id);
	na_canonical_string(&c, "catalogue", start->catalogue);
	na_canonical_bool(&c, "clean", start->clean);
	na_canonical_string(&c, "config", start->config);
	na_canonical_string(&c, "hooks", start->hooks);
	na_canonical_string(&c, "kernel", start->kernel);
	na_canonical_string(&c, "kind", "start");
	na_canonical_nonce(&c);
	if (start->previous && start->previous->fingerprint[0])
		na_canonical_string(&c, "previous_fingerprint", start->previous->fingerprint);
	if (start->previous && start->previous->head_size) {
		na_canonical_integer(&c, "previous_head_size", (int64_t)start->previous->head_size);
		na_canonical_string(&c, "previous_note", start->previous->note);
	}
	put_moment(&c);
	na_canonical_string(&c, "version", start->version);
	return na_canonical_end(&c);
}

ssize_t na_life_stop(void *buffer, size_t capacity)
{
	struct na_canonical c;

	na_canonical_begin(&c, buffer, capacity);
	na_canonical_string(&c, "kind", "stop");
	na_canonical_nonce(&c);
	put_moment(&c);
	return na_canonical_end(&c);
}

ssize_t na_life_config(void *buffer, size_t capacity, const struct na_life_settings *settings)
{
	struct na_canonical c;

	na_canonical_begin(&c, buffer, capacity);
	na_canonical_string(&c, "catalogue", settings->catalogue);
	na_canonical_string(&c, "changed", settings->changed);
	na_canonical_string(&c, "config", settings->config);
	na_canonical_string(&c, "kind", "config");
	na_canonical_nonce(&c);
	na_canonical_string(&c, "previous_config", settings->previous);
	na_canonical_string(&c, "settings", settings->settings);
	put_moment(&c);
	return na_canonical_end(&c);
}

ssize_t na_life_gap(void *buffer, size_t capacity, const struct na_life_gap *gap)
{
	struct na_canonical c;

	na_canonical_begin(&c, buffer, capacity);
	na_canonical_string(&c, "cause", gap->cause);
	na_canonical_string(&c, "component", gap->component);
	if (gap->has_uncommitted)
		na_canonical_bool(&c, "exact", gap->exact);
	na_canonical_integer(&c, "from_t", gap->from.t);
	na_canonical_integer(&c, "from_tb", gap->from.tb);
	na_canonical_integer(&c, "generation", gap->generation);
	na_canonical_string(&c, "kind", "gap");
	na_canonical_nonce(&c);
	put_moment(&c);
	if (gap->has_uncommitted)
		na_canonical_integer(&c, "uncommitted", gap->uncommitted);
	return na_canonical_end(&c);
}

ssize_t na_life_refused(void *buffer, size_t capacity, uint64_t count, const char *cause)
{
	struct na_canonical c;

	na_canonical_begin(&c, buffer, capacity);
	na_canonical_string(&c, "cause", cause);
	na_canonical_string(&c, "component", "queue");
	na_canonical_string(&c, "kind", "gap");
	na_canonical_nonce(&c);
	na_canonical_integer(&c, "refused", (int64_t)count);
	put_moment(&c);
	return na_canonical_end(&c);
}

ssize_t na_life_rotate(void *buffer, size_t capacity, const struct na_life_rotate *rotate)
{
	struct na_canonical c;

	na_canonical_begin(&c, buffer, capacity);
	na_canonical_bytes(&c, "identity", rotate->identity, NA_PUBLIC_KEY_BYTES);
	na_canonical_string(&c, "kind", "rotate");
	na_canonical_nonce(&c);
	na_canonical_bytes(&c, "previous_identity", rotate->previous_identity, NA_PUBLIC_KEY_BYTES);
	put_moment(&c);
	return na_canonical_end(&c);
}

ssize_t na_life_head(void *buffer, size_t capacity, const struct na_life_head *head)
{
	struct na_canonical c;

	na_canonical_begin(&c, buffer, capacity);
	na_canonical_string(&c, "config", head->config);
	na_canonical_string(&c, "kind", "head");
	if (head->next_identity)
		na_canonical_bytes(&c, "next_identity", head->next_identity, NA_PUBLIC_KEY_BYTES);
	na_canonical_bytes(&c, "next_key", head->next_key, NA_PUBLIC_KEY_BYTES);
	na_canonical_nonce(&c);
	na_canonical_integer(&c, "number", (int64_t)head->number);
	na_canonical_bytes(&c, "previous_note", head->previous_note, NA_HASH_BYTES);
	put_moment(&c);
	return na_canonical_end(&c);
}

size_t na_life_frontier(uint8_t out[NA_FRONTIER_BYTES], const struct na_merkle *frontier)
{
	size_t used = 0;

	for (unsigned int level = NA_MERKLE_LEVELS; level-- > 0;)
		if (frontier->size >> level & 1) {
			memcpy(out + used, frontier->node[level], NA_HASH_BYTES);
			used += NA_HASH_BYTES;
		}
	return used;
}

ssize_t na_life_prune(void *buffer, size_t capacity, const struct na_life_prune *prune)
{
	uint8_t frontier[NA_FRONTIER_BYTES];
	size_t frontier_bytes = na_life_frontier(frontier, prune->frontier);
	struct na_canonical c;

	na_canonical_begin(&c, buffer, capacity);
	na_canonical_integer(&c, "carried", (int64_t)prune->carried);
	na_canonical_string(&c, "cause", prune->cause);
	na_canonical_integer(&c, "cut", (int64_t)prune->cut);
	na_canonical_bytes(&c, "frontier", frontier, frontier_bytes);
	na_canonical_integer(&c, "keep_s", (int64_t)prune->keep_seconds);
	na_canonical_string(&c, "kind", "prune");
	na_canonical_integer(&c, "max_bytes", (int64_t)prune->max_bytes);
	na_canonical_nonce(&c);
	na_canonical_bytes(&c, "row_hash", prune->row_hash, NA_HASH_BYTES);
	put_moment(&c);
	return na_canonical_end(&c);
}

ssize_t na_life_carried(void *buffer, size_t capacity, const struct na_life_carried *carried)
{
	struct na_canonical c;

	na_canonical_begin(&c, buffer, capacity);
	na_canonical_text(&c, "body", carried->body, carried->body_bytes);
	na_canonical_string(&c, "kind", "carried");
	na_canonical_nonce(&c);
	na_canonical_bytes(&c, "path", carried->path, NA_PATH_BYTES);
	na_canonical_bytes(&c, "previous", carried->previous, NA_HASH_BYTES);
	na_canonical_bytes(&c, "row_hash", carried->row_hash, NA_HASH_BYTES);
	na_canonical_integer(&c, "seq", (int64_t)carried->seq);
	put_moment(&c);
	return na_canonical_end(&c);
}

void na_life_system(struct na_life_start *start)
{
	struct utsname name;
	char *content = NULL;
	size_t bytes = 0;

	strcpy(start->boot_id, "unknown");
	if (na_read_file(AT_FDCWD, "/proc/sys/kernel/random/boot_id", 64, &content, &bytes) == 0) {
		if (bytes >= NA_BOOT_ID_BYTES) {
			memcpy(start->boot_id, content, NA_BOOT_ID_BYTES);
			start->boot_id[NA_BOOT_ID_BYTES] = 0;
		}
		free(content);
	}
	strcpy(start->kernel, "unknown");
	if (uname(&name) == 0) {
		memcpy(start->kernel, name.release, sizeof(start->kernel) - 1);
		start->kernel[sizeof(start->kernel) - 1] = 0;
	}
}
