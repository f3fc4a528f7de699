/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * netaudit witness: what to carry to a witness, and what it gave back. Nothing here opens a connection.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "cli/cli.h"
#include "reader/witness.h"

#define ANSWER_BYTES_MAX 65536

const struct na_option na_witness_options[] = {
	{ "old", 'o', "SIZE", "request: the tree size the witness saw last (default: of its newest cosignature, or 0)" },
	{ "witness", 'w', "KEY", "the witness's public key, from the witness: NAME+KEYID+BASE64" },
	{ NULL, 0, NULL, NULL }
};

struct request {
	int64_t old;	/* -1: not given */
	const char *key;
};

static int take(void *context, const char *name, const char *value)
{
	struct request *request = context;

	if (!strcmp(name, "old"))
		return na_parse_count(value, 0, INT64_MAX, &request->old);
	request->key = value;
	return 0;
}

/* What the witness of `key` cosigned last, as far as we know; with no key, nothing. */
static int find_old(const char *directory, const struct na_witness *witness, int64_t *old)
{
	struct na_kept_cosignatures all;
	int error = na_kept_read(&all, directory);

	*old = 0;
	for (size_t i = 0; !error && i < all.count; i++)
		if (na_cosignature_is_of(&all.kept[i].cosignature, witness))
			*old = (int64_t)all.kept[i].size;
	na_kept_free(&all);
	return error;
}

static int print_request(const struct na_cli *cli, const char *directory, int64_t old)
{
	char body[NA_REQUEST_BYTES];
	struct na_error error = { 0 };
	ssize_t bytes = na_witness_request(directory, (uint64_t)old, body, &error);

	if (bytes < 0) {
		na_cli_error(cli, "%s", error.text);
		return bytes == -ENODATA ? NA_CLI_ABSENT : bytes == -ERANGE ? NA_CLI_USAGE : NA_CLI_UNREADABLE;
	}
	fwrite(body, 1, (size_t)bytes, stdout);
	return NA_CLI_OK;
}

static int accept_answer(const struct na_cli *cli, const char *directory, const struct na_witness *witness)
{
	const char *path = strcmp(cli->argument[1], "-") ? cli->argument[1] : "/dev/stdin";
	struct na_error error = { 0 };
	char *text = NULL, count[NA_HUMAN_BYTES];
	size_t bytes = 0;
	uint64_t size = 0;
	int result = na_read_file(AT_FDCWD, path, ANSWER_BYTES_MAX, &text, &bytes);

	if (result)
		na_error_set(&error, result, "cannot read %s: %s", path, strerror(-result));
	else
		result = na_witness_accept(directory, witness, text, bytes, &size, &error);
	free(text);
	if (result < 0) {
		na_cli_error(cli, "%s", error.text);
		return result == -EBADMSG ? NA_CLI_TAMPERED : result == -ENOENT ? NA_CLI_ABSENT : NA_CLI_UNREADABLE;
	}
	printf("%s has cosigned records 1 to %s. The cosignature is kept in " NA_WITNESS_FILE " and goes into exports.\n",
	       witness->name, na_human_count(count, (int64_t)size));
	return NA_CLI_OK;
}

int na_command_witness(struct na_cli *cli, int argc, char **argv)
{
	struct request request = { .old = -1 };
	struct na_witness witness = { .name = "" };
	struct na_hash hash;
	const char *directory, *what;
	int code = na_cli_parse(cli, argc, argv, take, &request), error;

	if (code >= 0)
		return code;
	what = cli->argument[0];
	directory = na_cli_journal(cli, cli->state_dir);
	error = request.key ? na_hash_open(&hash) : 0;
	if (!error && request.key) {
		error = na_witness_read(&witness, &hash, request.key);
		na_hash_close(&hash);
	}
	if (error)
		return na_cli_usage(cli, "the witness's key is not of the form NAME+KEYID+BASE64, of a key for cosignatures");
	if (!strcmp(what, "request") && cli->arguments == 1) {
		if (request.old < 0 && find_old(directory, &witness, &request.old))
			return na_cli_usage(cli, NA_WITNESS_FILE " cannot be read: give --old");
		return print_request(cli, directory, request.old);
	}
	if (!strcmp(what, "accept") && cli->arguments == 2 && request.key)
		return accept_answer(cli, directory, &witness);
	return na_cli_usage(cli, "it is 'witness request' or 'witness accept FILE --witness KEY'");
}
