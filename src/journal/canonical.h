/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Canonical record bytes: a writer, a strict validator and a field lookup. No allocation.
 *
 * The format is the RFC 8785 (JCS) subset of docs/journal-format.md: keys are ASCII in ascending
 * order, values are strings, booleans, integers with |x| <= 2^53-1, arrays and objects of those.
 * What the writer produces the validator accepts, and nothing else has the same meaning twice:
 * the journal stores and hashes these bytes as they are.
 *
 *	struct na_canonical c;
 *	na_canonical_begin(&c, buffer, sizeof(buffer));
 *	na_canonical_text(&c, "comm", comm, strnlen(comm, sizeof(comm)));
 *	na_canonical_integer(&c, "t", now_us);
 *	length = na_canonical_end(&c);		// or negative errno
 */
#ifndef NETAUDIT_JOURNAL_CANONICAL_H
#define NETAUDIT_JOURNAL_CANONICAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#define NA_CANONICAL_DEPTH 8		/* objects and arrays inside one another, the record included */
#define NA_CANONICAL_KEY_BYTES 64	/* of one key, "_hex" included */

struct na_canonical_level {
	uint32_t key_offset;	/* of the last key, in `bytes` */
	uint8_t key_bytes;	/* 0: no key yet */
	bool key_is_text;	/* "KEY_hex" counts as taken too, whichever of the two was written */
	bool array;
	bool empty;
};

/*
 * One record being written. The caller owns `bytes`; `used` is its length so far. The first error
 * stays: later calls do nothing and na_canonical_end() returns it.
 */
struct na_canonical {
	uint8_t *bytes;
	size_t capacity;
	size_t used;
	int error;		/* 0 or negative errno */
	unsigned int depth;
	struct na_canonical_level level[NA_CANONICAL_DEPTH];
};

/* Opens the record's object. */
void na_canonical_begin(struct na_canonical *c, void *buffer, size_t capacity);

/*
 * Closes the record's object. Returns its length in bytes, or the first error: -ENOBUFS (buffer
 * full), -EINVAL (key out of order or not [a-z0-9_], object left open), -ERANGE (integer).
 */
ssize_t na_canonical_end(struct na_canonical *c);

/*
 * Members. Inside an object `key` must be above the previous one (byte order); inside an array it
 * must be NULL. After a text member "K" the next key must also be above "K_hex".
 */

/*
 * Text from outside. Not valid UTF-8, or with a NUL in it: written as lower-case hex under
 * "KEY_hex" (inside an array: as {"hex":"..."}).
 */
void na_canonical_text(struct na_canonical *c, const char *key, const void *bytes, size_t length);
/* The same for a NUL-terminated string; NULL writes nothing. */
void na_canonical_string(struct na_canonical *c, const char *key, const char *string);
void na_canonical_integer(struct na_canonical *c, const char *key, int64_t value);
/* As 16 lower-case hex digits. */
void na_canonical_id(struct na_canonical *c, const char *key, uint64_t value);
void na_canonical_bool(struct na_canonical *c, const char *key, bool value);
/* As lower-case hex; the key stays as it is. */
void na_canonical_bytes(struct na_canonical *c, const char *key, const void *bytes, size_t length);

void na_canonical_object_begin(struct na_canonical *c, const char *key);
void na_canonical_object_end(struct na_canonical *c);
void na_canonical_array_begin(struct na_canonical *c, const char *key);
void na_canonical_array_end(struct na_canonical *c);

/* "nonce": 16 fresh random bytes (base/nonce.h). Every record has one. */
void na_canonical_nonce(struct na_canonical *c);

/*
 * Whether `bytes` is exactly one canonical object and nothing else. Refuses whitespace, NUL,
 * invalid UTF-8, surrogates, unsorted or double keys, needless escapes, fractions, exponents, -0,
 * leading zeros, integers past 2^53-1, null, and nesting past NA_CANONICAL_DEPTH.
 * Returns 0 or -EBADMSG; `*offset`, when given, is where it stopped.
 */
int na_canonical_check(const void *bytes, size_t length, size_t *offset);

/*
 * A top-level member of bytes that na_canonical_check() accepted. Text is returned as it stands
 * between the quotes, escapes included, and points into `bytes`. Returns 0, -ENOENT (no such
 * key), -EBADMSG (another type).
 */
int na_canonical_find_text(const void *bytes, size_t length, const char *key,
			   const char **text, size_t *text_bytes);
/* Takes the escapes out of such text. `out` has room for `length` bytes. Returns how many it is without them. */
size_t na_canonical_plain(char *out, const char *text, size_t length);
int na_canonical_find_integer(const void *bytes, size_t length, const char *key, int64_t *value);
int na_canonical_find_bool(const void *bytes, size_t length, const char *key, bool *value);
/* A text member of exactly 2 * `out_bytes` lower-case hex digits. -EBADMSG also for another length. */
int na_canonical_find_hex(const void *bytes, size_t length, const char *key, void *out, size_t out_bytes);
/* The raw bytes of a member of any type, quotes and braces included. */
int na_canonical_find_raw(const void *bytes, size_t length, const char *key,
			  const char **raw, size_t *raw_bytes);

#endif
