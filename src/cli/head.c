/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * netaudit head: the newest signed head, to be kept where this machine cannot reach it: as text, or as a page with a
 * QR code.
 */
#include <errno.h>
#include <inttypes.h>
#include <qrencode.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/cli.h"
#include "cli/keys.h"
#include "reader/query_private.h"

#define QUIET_MODULES 4		/* margin the standard asks for, ISO/IEC 18004 */

const struct na_option na_head_options[] = {
	{ "qr", 'q', NULL, "as a page to print: the head with its identity signature, also as a QR code" },
	{ NULL, 0, NULL, NULL }
};

static int take(void *context, const char *name, const char *value)
{
	(void)name, (void)value;
	*(bool *)context = true;
	return 0;
}

static int read_note(const char *directory, char note[NA_NOTE_BYTES + 1])
{
	sqlite3_stmt *statement = NULL;
	struct na_query *query;
	int error = na_query_open(&query, directory);

	if (error)
		return error;
	error = na_index_errno(sqlite3_prepare_v2(query->journal, "SELECT note FROM checkpoint ORDER BY size DESC LIMIT 1", -1,
						  &statement, NULL));
	if (!error && sqlite3_step(statement) != SQLITE_ROW)
		error = -ENODATA;
	if (!error && (sqlite3_column_bytes(statement, 0) <= 0 || sqlite3_column_bytes(statement, 0) > NA_NOTE_BYTES))
		error = -EBADMSG;
	if (!error) {
		memcpy(note, sqlite3_column_blob(statement, 0), (size_t)sqlite3_column_bytes(statement, 0));
		note[sqlite3_column_bytes(statement, 0)] = 0;
	}
	sqlite3_finalize(statement);
	na_query_close(query);
	return error;
}

static bool is_dark(const QRcode *code, int x, int y)
{
	return x >= 0 && y >= 0 && x < code->width && y < code->width && code->data[y * code->width + x] & 1;
}

/* Two rows of modules in one line of text. A terminal is taken to be dark, paper white: what is printed differs. */
static void print_code(const QRcode *code, bool terminal)
{
	/* none, upper, lower, both */
	static const char *const blocks[] = { " ", "\xe2\x96\x80", "\xe2\x96\x84", "\xe2\x96\x88" };

	for (int y = -QUIET_MODULES; y < code->width + QUIET_MODULES; y += 2) {
		for (int x = -QUIET_MODULES; x < code->width + QUIET_MODULES; x++) {
			bool upper = is_dark(code, x, y) != terminal, lower = is_dark(code, x, y + 1) != terminal;

			fputs(blocks[upper + 2 * lower], stdout);
		}
		printf("\n");
	}
}

/* The note with the identity's signature only: what fits a small code, and all that is needed to compare. */
static size_t shorten(const char *note, char out[NA_NOTE_BYTES + 1])
{
	size_t bytes = strlen(note), lines = 0;

	for (size_t i = 0; i < bytes; i++)
		if (note[i] == '\n' && ++lines == NA_NOTE_LINES - 1)
			bytes = i + 1;
	memcpy(out, note, bytes);
	out[bytes] = 0;
	return bytes;
}

static int print_page(const struct na_cli *cli, const char *directory, const char *note)
{
	char text[NA_NOTE_BYTES + 1];
	struct na_keys keys;
	QRcode *code;
	int bytes = (int)shorten(note, text), error = na_keys_read(directory, &keys);

	if (error)
		return na_cli_unreadable(cli, directory, error);
	code = QRcode_encodeData(bytes, (const unsigned char *)text, 0, QR_ECLEVEL_M);
	if (!code) {
		na_cli_error(cli, "no QR code can be made: %s", strerror(errno));
		return NA_CLI_UNREADABLE;
	}
	printf("Signed head of the journal %s\nFingerprint %s\n\n%s\n", keys.origin, keys.fingerprint, text);
	print_code(code, cli->terminal);
	printf("\nKeep this page away from the machine. To compare: put the five lines (the code has the same) into a file,\n"
	       "and run netaudit verify --head FILE\n");
	QRcode_free(code);
	return NA_CLI_OK;
}

int na_command_head(struct na_cli *cli, int argc, char **argv)
{
	char note[NA_NOTE_BYTES + 1];
	const char *directory;
	bool page = false;
	int code = na_cli_parse(cli, argc, argv, take, &page), error;

	if (code >= 0)
		return code;
	directory = na_cli_journal(cli, cli->state_dir);
	error = read_note(directory, note);
	if (error == -ENODATA) {
		na_cli_error(cli, "nothing is signed yet");
		return NA_CLI_ABSENT;
	}
	if (error)
		return na_cli_unreadable(cli, directory, error);
	if (page)
		return print_page(cli, directory, note);
	fputs(note, stdout);
	return NA_CLI_OK;
}
