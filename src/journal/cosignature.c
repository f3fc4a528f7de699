/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Reads and checks cosignatures and the keys of those who make them. */
#include "journal/cosignature.h"

#include <errno.h>
#include <inttypes.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>

#include "journal/hex.h"

#define DASH "\xe2\x80\x94 "
#define DASH_BYTES (sizeof(DASH) - 1)
#define BASE64 sodium_base64_VARIANT_ORIGINAL
#define KEY_ID_BYTES 4
#define TIME_BYTES 8

static const uint8_t algorithm_cosignature = 0x04;

/* A name of visible ASCII without blank or '+', of `bytes` bytes. */
static bool take_name(char out[NA_WITNESS_NAME_BYTES + 1], const char *text, size_t bytes)
{
	if (bytes == 0 || bytes > NA_WITNESS_NAME_BYTES)
		return false;
	memcpy(out, text, bytes);
	out[bytes] = 0;
	return strlen(out) == bytes && na_origin_is_valid(out);
}

/* Decodes exactly `out_bytes`, whose encoding must be this very text. */
static bool take_base64(uint8_t *out, size_t out_bytes, const char *text, size_t bytes)
{
	char again[sodium_base64_ENCODED_LEN(NA_COSIGNATURE_BYTES, BASE64)];
	size_t got;

	return sodium_base642bin(out, out_bytes, text, bytes, NULL, &got, NULL, BASE64) == 0 && got == out_bytes &&
	       strlen(sodium_bin2base64(again, sizeof(again), out, out_bytes, BASE64)) == bytes && !memcmp(again, text, bytes);
}

int na_witness_read(struct na_witness *witness, struct na_hash *hash, const char *text)
{
	const char *plus = strchr(text, '+'), *second = plus ? strchr(plus + 1, '+') : NULL;
	uint8_t key[1 + NA_PUBLIC_KEY_BYTES], id[NA_HASH_BYTES];
	const struct na_hash_part parts[] = { { witness->name, 0 }, { "\n", 1 }, { key, sizeof(key) } };
	struct na_hash_part named[3];

	memset(witness, 0, sizeof(*witness));
	if (!second || second - plus != 2 * KEY_ID_BYTES + 1 || !take_name(witness->name, text, (size_t)(plus - text)) ||
	    na_hex_decode(witness->key_id, plus + 1, KEY_ID_BYTES) ||
	    !take_base64(key, sizeof(key), second + 1, strlen(second + 1)) || key[0] != algorithm_cosignature)
		return -EBADMSG;
	memcpy(named, parts, sizeof(named));
	named[0].length = strlen(witness->name);
	if (na_hash_parts(hash, id, named, 3) || memcmp(id, witness->key_id, KEY_ID_BYTES))
		return -EBADMSG;
	memcpy(witness->key, key + 1, NA_PUBLIC_KEY_BYTES);
	return 0;
}

int na_cosignature_read(struct na_cosignature *cosignature, const char *line, size_t bytes)
{
	const char *blank;

	memset(cosignature, 0, sizeof(*cosignature));
	if (bytes <= DASH_BYTES || bytes >= NA_COSIGNATURE_LINE_BYTES || memcmp(line, DASH, DASH_BYTES) != 0)
		return -EBADMSG;
	line += DASH_BYTES;
	bytes -= DASH_BYTES;
	blank = memchr(line, ' ', bytes);
	if (!blank || !take_name(cosignature->name, line, (size_t)(blank - line)) ||
	    !take_base64(cosignature->bytes, NA_COSIGNATURE_BYTES, blank + 1, bytes - (size_t)(blank + 1 - line)))
		return -EBADMSG;
	return 0;
}

void na_cosignature_write(char out[NA_COSIGNATURE_LINE_BYTES], const struct na_cosignature *cosignature)
{
	char text[sodium_base64_ENCODED_LEN(NA_COSIGNATURE_BYTES, BASE64)];

	sodium_bin2base64(text, sizeof(text), cosignature->bytes, NA_COSIGNATURE_BYTES, BASE64);
	(void)snprintf(out, NA_COSIGNATURE_LINE_BYTES, DASH "%s %s", cosignature->name, text);
}

uint64_t na_cosignature_time(const struct na_cosignature *cosignature)
{
	uint64_t time = 0;

	for (size_t i = 0; i < TIME_BYTES; i++)
		time = time << 8 | cosignature->bytes[KEY_ID_BYTES + i];
	return time;
}

bool na_cosignature_is_of(const struct na_cosignature *cosignature, const struct na_witness *witness)
{
	return strcmp(cosignature->name, witness->name) == 0 && !memcmp(cosignature->bytes, witness->key_id, KEY_ID_BYTES);
}

bool na_cosignature_check(const struct na_cosignature *cosignature, const struct na_witness *witness, const char *note,
			  size_t signed_bytes)
{
	char message[NA_NOTE_BYTES + 64];
	int head = snprintf(message, sizeof(message), "cosignature/v1\ntime %" PRIu64 "\n", na_cosignature_time(cosignature));

	if (!na_cosignature_is_of(cosignature, witness) || head < 0 || signed_bytes > NA_NOTE_BYTES)
		return false;
	memcpy(message + head, note, signed_bytes);
	return crypto_sign_verify_detached(cosignature->bytes + KEY_ID_BYTES + TIME_BYTES, (const unsigned char *)message,
					   (size_t)head + signed_bytes, witness->key) == 0;
}
