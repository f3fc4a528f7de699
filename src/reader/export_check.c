/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What each line of an export must be after the lines before it; the order of things is in docs/export-format.md. */
#include "reader/export_check.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "journal/canonical.h"
#include "journal/hex.h"

int na_export_bad(struct na_export_result *result, enum na_verify_verdict verdict, const char *format, ...)
{
	va_list arguments;

	result->verdict = verdict;
	va_start(arguments, format);
	(void)vsnprintf(result->why, sizeof(result->why), format, arguments);
	va_end(arguments);
	return (int)verdict;
}

#define TAMPERED(check, ...) na_export_bad((check)->result, NA_VERIFY_TAMPERED, __VA_ARGS__)
#define UNHASHABLE(check) na_export_bad((check)->result, NA_VERIFY_UNREADABLE, "cannot hash")

static int on_start(struct na_export_check *check, const struct na_export_line *line)
{
	(void)check, (void)line;
	return 0;
}

static int on_origin(struct na_export_check *check, const struct na_export_line *line)
{
	char *origin = check->result->origin;

	if (line->text_bytes > NA_ORIGIN_BYTES)
		return TAMPERED(check, "the origin is too long");
	memcpy(origin, line->text, line->text_bytes);
	origin[line->text_bytes] = 0;
	return na_origin_is_valid(origin) ? 0 : TAMPERED(check, "the origin is not one word of visible ASCII");
}

static int on_identity(struct na_export_check *check, const struct na_export_line *line)
{
	memcpy(check->identity, line->hash, NA_PUBLIC_KEY_BYTES);
	memcpy(check->next_identity, line->hash, NA_PUBLIC_KEY_BYTES);
	return 0;
}

/* Both keys are known: whose file it is, before anything in it is believed. */
static int on_first_once(struct na_export_check *check, const struct na_export_line *line)
{
	struct na_export_result *result = check->result;
	uint8_t fingerprint[NA_HASH_BYTES];

	memcpy(check->once, line->hash, NA_PUBLIC_KEY_BYTES);
	if (na_chain_fingerprint(&check->hash, fingerprint, check->identity, check->once) ||
	    na_chain_genesis(&check->hash, check->row_hash, result->origin, check->identity, check->once))
		return UNHASHABLE(check);
	check->linked = true;
	na_hex_encode(result->fingerprint, fingerprint, NA_HASH_BYTES);
	result->fingerprint[NA_FINGERPRINT_TEXT_BYTES] = 0;
	result->fingerprint_given = check->options->fingerprint != NULL;
	if (result->fingerprint_given && strcmp(check->options->fingerprint, result->fingerprint))
		return TAMPERED(check, "its keys are not those of the given fingerprint: it is of another journal");
	return 0;
}

static int on_asked(struct na_export_check *check, const struct na_export_line *line)
{
	if (line->text_bytes > NA_EXPORT_ASKED_BYTES)
		return TAMPERED(check, "what was asked for is too long");
	memcpy(check->result->asked, line->text, line->text_bytes);
	check->result->asked[line->text_bytes] = 0;
	return 0;
}

static int on_scope(struct na_export_check *check, const struct na_export_line *line)
{
	check->result->complete = line->type == NA_EXPORT_COMPLETE;
	check->result->first = line->first;
	check->result->last = line->last;
	return line->first == 0 || line->first > line->last + 1 ? TAMPERED(check, "the span is none") : 0;
}

static int on_skip(struct na_export_check *check, const struct na_export_line *line)
{
	const struct na_export_result *result = check->result;
	uint64_t count = UINT64_C(1) << line->number, from = check->tree.size + 1, to = check->tree.size + count;

	if (check->head_due)
		return TAMPERED(check, "record %" PRIu64 ": its signed head is missing", check->tree.size);
	if (result->complete && from <= result->last && to >= result->first)
		return TAMPERED(check, "records %" PRIu64 " to %" PRIu64 " are left out of a span that is said to be complete", from,
				to);
	if (na_merkle_append_subtree(&check->hash, &check->tree, (unsigned int)line->number, line->hash, NULL))
		return TAMPERED(check, "no perfect tree of level %" PRIu64 " can follow record %" PRIu64, line->number,
				check->tree.size);
	check->linked = false;
	return 0;
}

/* A head record: the key of the next head is in it, and it names the head before. */
static int read_head_record(struct na_export_check *check, const char *body, size_t bytes)
{
	uint8_t previous_note[NA_HASH_BYTES];
	int64_t number;

	if (na_canonical_find_integer(body, bytes, "number", &number) || number < 0 ||
	    na_canonical_find_integer(body, bytes, "t", &check->head_t) ||
	    na_canonical_find_hex(body, bytes, "next_key", check->next_once, NA_PUBLIC_KEY_BYTES) ||
	    na_canonical_find_hex(body, bytes, "previous_note", previous_note, NA_HASH_BYTES))
		return TAMPERED(check, "record %" PRIu64 ": a head record without its members", check->tree.size);
	if (na_canonical_find_hex(body, bytes, "next_identity", check->next_identity, NA_PUBLIC_KEY_BYTES) == -EBADMSG)
		return TAMPERED(check, "record %" PRIu64 ": its next identity is no key", check->tree.size);
	if ((uint64_t)number != check->result->heads)
		return TAMPERED(check, "record %" PRIu64 ": head number %" PRId64 " where %" PRIu64 " was due", check->tree.size,
				number, check->result->heads);
	if (memcmp(previous_note, check->previous_note, NA_HASH_BYTES))
		return TAMPERED(check, "record %" PRIu64 ": names another head before it than the one in the file",
				check->tree.size);
	check->head_due = true;
	return 0;
}

static int look_at_kind(struct na_export_check *check, const char *body, size_t bytes)
{
	struct na_export_result *result = check->result;
	const char *kind;
	size_t length;
	bool clean = true;

	if (na_canonical_find_text(body, bytes, "kind", &kind, &length))
		return TAMPERED(check, "record %" PRIu64 ": without a kind", check->tree.size);
	if (length == 4 && !memcmp(kind, "head", 4))
		return read_head_record(check, body, bytes);
	if (length == 5 && !memcmp(kind, "start", 5))
		(void)na_canonical_find_bool(body, bytes, "clean", &clean);
	result->unclean_starts += !clean;
	result->gaps += length == 3 && !memcmp(kind, "gap", 3);
	result->losses += length == 4 && !memcmp(kind, "lost", 4);
	return 0;
}

static int on_record(struct na_export_check *check, const struct na_export_line *line)
{
	struct na_export_result *result = check->result;
	uint64_t seq = check->tree.size + 1;

	result->bad_seq = seq;
	if (check->head_due)
		return TAMPERED(check, "record %" PRIu64 ": its signed head is missing", check->tree.size);
	if (line->number != seq)
		return TAMPERED(check, "record %" PRIu64 " where record %" PRIu64 " was due", line->number, seq);
	if (line->linked == check->linked)
		return TAMPERED(check, "record %" PRIu64 ": the hash of the row before it must be given where that row is not in "
				"the file, and only there", seq);
	if (na_canonical_check(line->text, line->text_bytes, NULL))
		return TAMPERED(check, "record %" PRIu64 ": not canonical", seq);
	if (na_chain_row(&check->hash, check->row_hash, seq, line->linked ? line->hash : check->row_hash, line->text,
			 line->text_bytes) ||
	    na_merkle_append(&check->hash, &check->tree, check->row_hash, NULL))
		return UNHASHABLE(check);
	check->linked = true;
	result->records++;
	return look_at_kind(check, line->text, line->text_bytes);
}

static int on_head(struct na_export_check *check, const struct na_export_line *line)
{
	struct na_export_result *result = check->result;
	const struct na_hash_part whole = { line->note, line->note_bytes };
	uint8_t root[NA_HASH_BYTES];
	struct na_note note;

	if (!check->head_due || line->number != check->tree.size)
		return TAMPERED(check, "head at %" PRIu64 ": it does not follow its own record", line->number);
	if (na_note_read(&note, line->note, line->note_bytes))
		return TAMPERED(check, "head at %" PRIu64 ": malformed", line->number);
	if (na_merkle_root(&check->hash, &check->tree, root))
		return UNHASHABLE(check);
	if (memcmp(root, note.root, NA_HASH_BYTES))
		return TAMPERED(check, "records %" PRIu64 " to %" PRIu64 ": not those that were signed (the head at %" PRIu64
				" has another root)", result->head_size + 1, note.size, note.size);
	if (!na_note_signed_by(&check->hash, &note, line->note, NA_NOTE_IDENTITY, check->identity))
		return TAMPERED(check, "head at %" PRIu64 ": not signed by the identity key", note.size);
	if (!na_note_signed_by(&check->hash, &note, line->note, NA_NOTE_ONCE, check->once))
		return TAMPERED(check, "head at %" PRIu64 ": not signed by its one-time key", note.size);
	if (na_hash_parts(&check->hash, check->previous_note, &whole, 1))
		return UNHASHABLE(check);
	if (check->expected && check->expected->size == note.size) {
		check->expected_found = true;
		if (memcmp(check->expected->root, root, NA_HASH_BYTES) || strcmp(check->expected->origin, note.origin))
			return TAMPERED(check, "head at %" PRIu64 ": another one than the expected head: this is another history",
					note.size);
	}
	memcpy(check->note, line->note, line->note_bytes);
	check->note_signed_bytes = note.signed_bytes;
	memcpy(check->once, check->next_once, NA_PUBLIC_KEY_BYTES);
	result->rotations += memcmp(check->identity, check->next_identity, NA_PUBLIC_KEY_BYTES) != 0;
	memcpy(check->identity, check->next_identity, NA_PUBLIC_KEY_BYTES);
	check->head_due = false;
	result->heads++;
	result->head_size = note.size;
	result->head_t = check->head_t;
	return 0;
}

static int on_witness(struct na_export_check *check, const struct na_export_line *line)
{
	const struct na_witness *witness = check->options->witness;
	struct na_export_result *result = check->result;

	result->witnesses++;
	if (!witness || !na_cosignature_is_of(&line->cosignature, witness))
		return 0;
	if (!na_cosignature_check(&line->cosignature, witness, check->note, check->note_signed_bytes))
		return TAMPERED(check, "head at %" PRIu64 ": not cosigned by %s as it says", result->head_size, witness->name);
	result->witnessed_size = result->head_size;
	result->witnessed_time = na_cosignature_time(&line->cosignature);
	return 0;
}

static int on_end(struct na_export_check *check, const struct na_export_line *line)
{
	const struct na_export_result *result = check->result;

	if (line->first != result->records || line->last != result->heads)
		return TAMPERED(check, "there are %" PRIu64 " records and %" PRIu64 " heads in it where its end says %" PRIu64
				" and %" PRIu64, result->records, result->heads, line->first, line->last);
	return result->last <= result->head_size ? 0 : TAMPERED(check, "its span goes beyond its newest head");
}

/* One row per type: which types may stand before it (bits), and what it means. */
#define AFTER(type) (1U << (type))
#define WALK (AFTER(NA_EXPORT_COMPLETE) | AFTER(NA_EXPORT_FILTERED) | AFTER(NA_EXPORT_SKIP) | \
	      AFTER(NA_EXPORT_RECORD) | AFTER(NA_EXPORT_HEAD) | AFTER(NA_EXPORT_WITNESS))
static const struct {
	unsigned int after;
	int (*take)(struct na_export_check *check, const struct na_export_line *line);
} rules[NA_EXPORT_TYPES] = {
	[NA_EXPORT_START] = { AFTER(NA_EXPORT_TYPES), on_start },
	[NA_EXPORT_ORIGIN] = { AFTER(NA_EXPORT_START), on_origin },
	[NA_EXPORT_IDENTITY] = { AFTER(NA_EXPORT_ORIGIN), on_identity },
	[NA_EXPORT_FIRST_ONCE] = { AFTER(NA_EXPORT_IDENTITY), on_first_once },
	[NA_EXPORT_ASKED] = { AFTER(NA_EXPORT_FIRST_ONCE), on_asked },
	[NA_EXPORT_COMPLETE] = { AFTER(NA_EXPORT_ASKED), on_scope },
	[NA_EXPORT_FILTERED] = { AFTER(NA_EXPORT_ASKED), on_scope },
	[NA_EXPORT_SKIP] = { WALK, on_skip },
	[NA_EXPORT_RECORD] = { WALK, on_record },
	[NA_EXPORT_HEAD] = { AFTER(NA_EXPORT_RECORD), on_head },
	[NA_EXPORT_WITNESS] = { AFTER(NA_EXPORT_HEAD) | AFTER(NA_EXPORT_WITNESS), on_witness },
	[NA_EXPORT_END] = { AFTER(NA_EXPORT_HEAD) | AFTER(NA_EXPORT_WITNESS), on_end },
};

int na_export_check_begin(struct na_export_check *check)
{
	check->newest = NA_EXPORT_TYPES;
	return na_hash_open(&check->hash) ? UNHASHABLE(check) : 0;
}

int na_export_check_line(struct na_export_check *check, const char *text, size_t bytes)
{
	struct na_export_result *result = check->result;
	struct na_export_line line;
	int verdict;

	result->line++;
	if (na_export_line_read(&line, text, bytes, result->origin[0] ? result->origin : NULL))
		return TAMPERED(check, "not a line of an export");
	if (!(rules[line.type].after & AFTER(check->newest)))
		return TAMPERED(check, "'%s' has no place here", na_export_word(line.type));
	check->newest = line.type;
	verdict = rules[line.type].take(check, &line);
	result->bad_seq = verdict ? result->bad_seq : 0;
	return verdict;
}

int na_export_check_end(struct na_export_check *check)
{
	if (check->newest != NA_EXPORT_END)
		return TAMPERED(check, "it ends before its end: something was cut off");
	check->result->line = 0;
	if (check->options->witness && !check->result->witnessed_size)
		return TAMPERED(check, "no head in it is cosigned by %s", check->options->witness->name);
	if (check->expected && !check->expected_found)
		return TAMPERED(check, "the expected head, at %" PRIu64 ", is not in it", check->expected->size);
	return 0;
}

void na_export_check_close(struct na_export_check *check)
{
	na_hash_close(&check->hash);
}
