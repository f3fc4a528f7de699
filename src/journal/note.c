/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Writes, reads and checks signed heads; one spelling only, so that equal heads are equal bytes. */
#include "journal/note.h"

#include <errno.h>
#include <inttypes.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>

#define DASH "\xe2\x80\x94 "	/* U+2014 and a blank, as the format has it */
#define BASE64 sodium_base64_VARIANT_ORIGINAL
#define KEY_ID_BYTES 4
#define SIGNATURE_LINE_BYTES (KEY_ID_BYTES + NA_SIGNATURE_BYTES)

static const uint8_t algorithm_ed25519 = 0x01;
static const char *const name_suffix[NA_NOTE_SIGNERS] = { "", "/once" };

bool na_origin_is_valid(const char *origin)
{
	size_t length = strnlen(origin, NA_ORIGIN_BYTES + 1);

	if (length == 0 || length > NA_ORIGIN_BYTES)
		return false;
	for (size_t i = 0; i < length; i++)
		if (origin[i] <= ' ' || origin[i] > '~' || origin[i] == '+')
			return false;
	return true;
}

ssize_t na_note_body(char out[NA_NOTE_BYTES + 1], const char *origin, uint64_t size,
		     const uint8_t root[NA_HASH_BYTES])
{
	char root64[sodium_base64_ENCODED_LEN(NA_HASH_BYTES, BASE64)];
	int length;

	if (!na_origin_is_valid(origin) || size == 0 || size > INT64_MAX)	/* what na_note_read() takes */
		return -EINVAL;
	sodium_bin2base64(root64, sizeof(root64), root, NA_HASH_BYTES, BASE64);
	length = snprintf(out, NA_NOTE_BYTES + 1, "%s\n%" PRIu64 "\n%s\n", origin, size, root64);
	return length > 0 && length <= NA_NOTE_BYTES ? length : -EINVAL;
}

static int key_id(struct na_hash *hash, uint8_t out[KEY_ID_BYTES], const char *origin,
		  enum na_note_signer signer, const uint8_t public_key[NA_PUBLIC_KEY_BYTES])
{
	const struct na_hash_part parts[] = {
		{ origin, strlen(origin) },
		{ name_suffix[signer], strlen(name_suffix[signer]) },
		{ "\n", 1 },
		{ &algorithm_ed25519, 1 },
		{ public_key, NA_PUBLIC_KEY_BYTES },
	};
	uint8_t full[NA_HASH_BYTES];
	int error = na_hash_parts(hash, full, parts, 5);

	memcpy(out, full, KEY_ID_BYTES);
	return error;
}

/* Appends one signature line at `used`. Returns the new length or -EINVAL. */
static ssize_t put_signature(char *out, size_t used, const char *origin, enum na_note_signer signer,
			     const uint8_t id[KEY_ID_BYTES], const uint8_t signature[NA_SIGNATURE_BYTES])
{
	uint8_t line[SIGNATURE_LINE_BYTES];
	char line64[sodium_base64_ENCODED_LEN(SIGNATURE_LINE_BYTES, BASE64)];
	size_t room = NA_NOTE_BYTES + 1 - used;
	int length;

	memcpy(line, id, KEY_ID_BYTES);
	memcpy(line + KEY_ID_BYTES, signature, NA_SIGNATURE_BYTES);
	sodium_bin2base64(line64, sizeof(line64), line, sizeof(line), BASE64);
	length = snprintf(out + used, room, DASH "%s%s %s\n", origin, name_suffix[signer], line64);
	return length > 0 && (size_t)length < room ? (ssize_t)(used + (size_t)length) : -EINVAL;
}

ssize_t na_note_finish(struct na_hash *hash, char out[NA_NOTE_BYTES + 1], size_t body_bytes, const char *origin,
		       const uint8_t public_key[NA_NOTE_SIGNERS][NA_PUBLIC_KEY_BYTES],
		       const uint8_t signature[NA_NOTE_SIGNERS][NA_SIGNATURE_BYTES])
{
	ssize_t used = (ssize_t)body_bytes + 1;

	if (body_bytes >= NA_NOTE_BYTES)
		return -EINVAL;
	out[body_bytes] = '\n';
	for (int i = 0; i < NA_NOTE_SIGNERS && used > 0; i++) {
		uint8_t id[KEY_ID_BYTES];
		int error = key_id(hash, id, origin, i, public_key[i]);

		if (error)
			return error;
		used = put_signature(out, (size_t)used, origin, i, id, signature[i]);
	}
	return used;
}

/* The next line, without its newline, NUL-terminated in `line`. */
static bool take_line(const char **at, const char *end, char line[NA_NOTE_BYTES + 1])
{
	const char *newline = memchr(*at, '\n', (size_t)(end - *at));
	size_t length;

	if (!newline)
		return false;
	length = (size_t)(newline - *at);
	if (length > NA_NOTE_BYTES || memchr(*at, 0, length))
		return false;
	memcpy(line, *at, length);
	line[length] = 0;
	*at = newline + 1;
	return true;
}

/* A positive decimal below 2^63 without leading zero. */
static bool read_size(const char *line, uint64_t *size)
{
	uint64_t value = 0;

	if (line[0] < '1' || line[0] > '9' || strlen(line) > 19)
		return false;
	for (; *line; line++) {
		if (*line < '0' || *line > '9')
			return false;
		value = value * 10 + (uint64_t)(*line - '0');
	}
	*size = value;
	return value <= INT64_MAX;
}

static bool read_base64(uint8_t *out, size_t bytes, const char *text)
{
	size_t got;

	return sodium_base642bin(out, bytes, text, strlen(text), NULL, &got, NULL, BASE64) == 0 && got == bytes;
}

static bool read_signature(struct na_note *note, enum na_note_signer signer, const char *line)
{
	uint8_t decoded[SIGNATURE_LINE_BYTES];
	char prefix[sizeof(DASH) + NA_ORIGIN_BYTES + 8];
	int length = snprintf(prefix, sizeof(prefix), DASH "%s%s ", note->origin, name_suffix[signer]);

	if (length < 0 || (size_t)length >= sizeof(prefix) || strncmp(line, prefix, (size_t)length) ||
	    !read_base64(decoded, sizeof(decoded), line + length))
		return false;
	memcpy(note->key_id[signer], decoded, KEY_ID_BYTES);
	memcpy(note->signature[signer], decoded + KEY_ID_BYTES, NA_SIGNATURE_BYTES);
	return true;
}

/* Whether writing what was read gives the same bytes: base64 has spare bits that must be zero. */
static bool is_only_spelling(const struct na_note *note, const char *text, size_t length)
{
	char again[NA_NOTE_BYTES + 1];
	ssize_t used = na_note_body(again, note->origin, note->size, note->root);

	if (used < 0)
		return false;
	again[used++] = '\n';
	for (int i = 0; i < NA_NOTE_SIGNERS && used > 0; i++)
		used = put_signature(again, (size_t)used, note->origin, i, note->key_id[i], note->signature[i]);
	return used == (ssize_t)length && memcmp(again, text, length) == 0;
}

/* The three signed lines and the empty one. */
static bool read_body(struct na_note *note, const char *text, const char **at, const char *end)
{
	char line[NA_NOTE_BYTES + 1];

	memset(note, 0, sizeof(*note));
	if (!take_line(at, end, line) || !na_origin_is_valid(line))
		return false;
	memcpy(note->origin, line, strlen(line) + 1);
	if (!take_line(at, end, line) || !read_size(line, &note->size) ||
	    !take_line(at, end, line) || !read_base64(note->root, NA_HASH_BYTES, line))
		return false;
	note->signed_bytes = (size_t)(*at - text);
	return take_line(at, end, line) && !line[0];
}

int na_note_read_kept(struct na_note *note, const char *text, size_t length)
{
	char line[NA_NOTE_BYTES + 1];
	const char *at = text, *end = text + length;
	int signatures = 0;

	if (!read_body(note, text, &at, end))
		return -EBADMSG;
	for (; at < end; signatures++)
		if (!take_line(&at, end, line) || strncmp(line, DASH, sizeof(DASH) - 1) != 0)
			return -EBADMSG;
	return signatures ? 0 : -EBADMSG;
}

int na_note_read(struct na_note *note, const char *text, size_t length)
{
	char line[NA_NOTE_BYTES + 1];
	const char *at = text, *end = text + length;

	if (length > NA_NOTE_BYTES || !read_body(note, text, &at, end))
		return -EBADMSG;
	for (int i = 0; i < NA_NOTE_SIGNERS; i++)
		if (!take_line(&at, end, line) || !read_signature(note, i, line))
			return -EBADMSG;
	return at == end && is_only_spelling(note, text, length) ? 0 : -EBADMSG;
}

bool na_note_signed_by(struct na_hash *hash, const struct na_note *note, const char *text,
		       enum na_note_signer signer, const uint8_t public_key[NA_PUBLIC_KEY_BYTES])
{
	uint8_t id[KEY_ID_BYTES];

	if (key_id(hash, id, note->origin, signer, public_key) || memcmp(id, note->key_id[signer], KEY_ID_BYTES))
		return false;
	return crypto_sign_verify_detached(note->signature[signer], (const unsigned char *)text, note->signed_bytes,
					   public_key) == 0;
}
