/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Takes an export out of its gzip file, line by line; exactly one member, nothing before and nothing after. */
#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zlib.h>

#include "base/file.h"
#include "journal/hex.h"
#include "reader/export_check.h"

#define INPUT_BYTES 65536
#define GZIP_ONLY (MAX_WBITS + 16)

struct unpacker {
	int fd;
	z_stream stream;
	unsigned char input[INPUT_BYTES];
	char line[NA_EXPORT_LINE_BYTES + 1];
	size_t used;		/* of `line`: from its beginning to what was unpacked so far */
};

int na_export_recognise(const char *path)
{
	unsigned char magic[2];
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	ssize_t got;

	if (fd < 0)
		return -errno;
	got = read(fd, magic, sizeof(magic));
	got = got < 0 ? -errno : got == 2 && magic[0] == 0x1f && magic[1] == 0x8b;
	close(fd);
	return got == -EISDIR ? 0 : (int)got;
}

/* Gives the checker every whole line there is, and keeps the rest. */
static int take_lines(struct unpacker *unpacker, struct na_export_check *check)
{
	char *at = unpacker->line, *end = unpacker->line + unpacker->used, *newline;

	while ((newline = memchr(at, '\n', (size_t)(end - at)))) {
		int verdict = na_export_check_line(check, at, (size_t)(newline - at));

		if (verdict)
			return verdict;
		at = newline + 1;
	}
	unpacker->used = (size_t)(end - at);
	memmove(unpacker->line, at, unpacker->used);
	if (unpacker->used < sizeof(unpacker->line))
		return 0;
	return na_export_bad(check->result, NA_VERIFY_TAMPERED, "a line is too long");
}

/* Unpacks what was read. Returns 0, -1 at the end of the gzip member, or a verdict. */
static int unpack(struct unpacker *unpacker, struct na_export_check *check)
{
	z_stream *stream = &unpacker->stream;

	do {
		size_t room = sizeof(unpacker->line) - unpacker->used;
		int code, verdict;

		stream->next_out = (unsigned char *)unpacker->line + unpacker->used;
		stream->avail_out = (unsigned int)room;
		code = inflate(stream, Z_NO_FLUSH);
		if (code != Z_OK && code != Z_STREAM_END && code != Z_BUF_ERROR)
			return na_export_bad(check->result, NA_VERIFY_TAMPERED, "the packed file is damaged");
		unpacker->used += room - stream->avail_out;
		verdict = take_lines(unpacker, check);
		if (verdict || code == Z_STREAM_END)
			return verdict ? verdict : -1;
	} while (stream->avail_in || stream->avail_out == 0);
	return 0;
}

static int unpack_all(struct unpacker *unpacker, struct na_export_check *check)
{
	int verdict = 0;

	while (verdict == 0) {
		ssize_t got = read(unpacker->fd, unpacker->input, sizeof(unpacker->input));

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return na_export_bad(check->result, NA_VERIFY_UNREADABLE, "cannot read: %s", strerror(errno));
		if (got == 0)
			return na_export_bad(check->result, NA_VERIFY_TAMPERED, "it ends before its end: something was cut off");
		unpacker->stream.next_in = unpacker->input;
		unpacker->stream.avail_in = (unsigned int)got;
		verdict = unpack(unpacker, check);
	}
	if (verdict > 0)
		return verdict;
	if (unpacker->used || unpacker->stream.avail_in || read(unpacker->fd, unpacker->input, 1) > 0)
		return na_export_bad(check->result, NA_VERIFY_TAMPERED, "something follows its end");
	return na_export_check_end(check);
}

static int run(struct na_export_check *check)
{
	struct unpacker *unpacker = calloc(1, sizeof(*unpacker));
	int verdict;

	if (!unpacker || inflateInit2(&unpacker->stream, GZIP_ONLY) != Z_OK) {
		free(unpacker);
		return na_export_bad(check->result, NA_VERIFY_UNREADABLE, "no memory");
	}
	unpacker->fd = open(check->options->path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	if (unpacker->fd < 0)
		verdict = na_export_bad(check->result, NA_VERIFY_UNREADABLE, "cannot open %.150s: %s", check->options->path,
					strerror(errno));
	else
		verdict = unpack_all(unpacker, check);
	if (unpacker->fd >= 0)
		close(unpacker->fd);
	inflateEnd(&unpacker->stream);
	free(unpacker);
	return verdict;
}

static int read_expected(const struct na_export_options *options, struct na_export_result *result, struct na_note *note)
{
	char *text = NULL;
	size_t bytes = 0;
	int error = na_read_file(AT_FDCWD, options->expected_head, NA_NOTE_BYTES, &text, &bytes);

	if (!error)
		error = na_note_read_kept(note, text, bytes);
	free(text);
	return error ? na_export_bad(result, NA_VERIFY_USAGE, "%.100s is not a signed head", options->expected_head) : 0;
}

static bool is_fingerprint(const char *text)
{
	uint8_t bytes[NA_HASH_BYTES];

	return strlen(text) == NA_FINGERPRINT_TEXT_BYTES && na_hex_decode(bytes, text, sizeof(bytes)) == 0;
}

enum na_verify_verdict na_export_verify(const struct na_export_options *options, struct na_export_result *result)
{
	struct na_export_check check = { .options = options, .result = result };
	struct na_note expected;
	int verdict = 0;

	memset(result, 0, sizeof(*result));
	if (options->fingerprint && !is_fingerprint(options->fingerprint))
		return (enum na_verify_verdict)na_export_bad(result, NA_VERIFY_USAGE, "a fingerprint is %d lower-case hex digits",
							     NA_FINGERPRINT_TEXT_BYTES);
	if (options->expected_head) {
		verdict = read_expected(options, result, &expected);
		check.expected = &expected;
	}
	if (verdict == 0 && sodium_init() < 0)
		verdict = na_export_bad(result, NA_VERIFY_UNREADABLE, "the cryptographic libraries do not start");
	if (verdict == 0)
		verdict = na_export_check_begin(&check);
	if (verdict == 0)
		verdict = run(&check);
	na_export_check_close(&check);
	if (verdict == 0 && (!result->fingerprint_given || result->gaps || result->losses || result->unclean_starts))
		result->verdict = NA_VERIFY_NOTED;
	return result->verdict;
}
