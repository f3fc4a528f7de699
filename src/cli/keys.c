/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * netaudit keys: the fingerprint to write down, the keys behind it, and whether others could read the signer's files.
 */
#include "cli/keys.h"

#include <errno.h>
#include <inttypes.h>
#include <jansson.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "cli/json_line.h"
#include "journal/canonical.h"
#include "journal/hex.h"
#include "reader/query_private.h"

const struct na_option na_keys_options[] = {
	{ "previous", 'p', "FINGERPRINT", "renew: of the journal before, where that cannot be read any more" },
	{ NULL, 0, NULL, NULL }
};

static void to_text(char out[NA_KEY_TEXT_BYTES + 1], const uint8_t bytes[NA_HASH_BYTES])
{
	na_hex_encode(out, bytes, NA_HASH_BYTES);
	out[NA_KEY_TEXT_BYTES] = 0;
}

/* A head record: it may name the identity key of the heads after it. */
static int take_head(struct na_keys *keys, int64_t seq, const void *body, size_t bytes)
{
	uint8_t identity[NA_PUBLIC_KEY_BYTES];

	if (na_canonical_check(body, bytes, NULL))
		return -EBADMSG;
	if (na_canonical_find_hex(body, bytes, "next_identity", identity, sizeof(identity)))
		return 0;
	to_text(keys->identity, identity);
	keys->since = seq;
	keys->rotations++;
	return 0;
}

static int take_row(void *context, const struct na_stored_row *row)
{
	return take_head(context, row->seq, row->body, row->body_bytes);
}

/* Of pruned records the head records are kept; those that are kept early are still rows too. */
static int take_old_heads(struct na_query *query, struct na_keys *keys)
{
	sqlite3_stmt *heads = NULL;
	int error = na_index_errno(sqlite3_prepare_v2(query->journal, "SELECT size, body FROM old_head WHERE size < "
						      "(SELECT min(seq) FROM record) ORDER BY size", -1, &heads, NULL));

	while (!error && sqlite3_step(heads) == SQLITE_ROW)
		error = take_head(keys, sqlite3_column_int64(heads, 0), sqlite3_column_blob(heads, 1),
				  (size_t)sqlite3_column_bytes(heads, 1));
	sqlite3_finalize(heads);
	return error;
}

static int read_newest_head(struct na_query *query, struct na_hash *hash, struct na_keys *keys)
{
	sqlite3_stmt *statement = NULL;
	uint8_t digest[NA_HASH_BYTES];
	int rc = sqlite3_prepare_v2(query->journal, "SELECT size, note FROM checkpoint ORDER BY size DESC LIMIT 1", -1,
				    &statement, NULL);
	int error = na_index_errno(rc);

	if (!error && sqlite3_step(statement) == SQLITE_ROW) {
		const struct na_hash_part note = { sqlite3_column_blob(statement, 1), (size_t)sqlite3_column_bytes(statement, 1) };

		error = na_hash_parts(hash, digest, &note, 1);
		to_text(keys->note_hash, digest);
		keys->head_size = sqlite3_column_int64(statement, 0);
	}
	sqlite3_finalize(statement);
	return error;
}

int na_keys_read(const char *directory, struct na_keys *keys)
{
	struct na_filter heads = NA_FILTER_ALL;
	uint8_t fingerprint[NA_HASH_BYTES] = { 0 };
	struct na_query *query;
	struct na_hash hash = { NULL, NULL };
	int error = na_query_open(&query, directory);

	memset(keys, 0, sizeof(*keys));
	if (error)
		return error;
	error = na_query_whose(query, keys->origin, keys->first_identity, keys->first_once);
	if (!error)
		error = na_hash_open(&hash);
	if (!error)
		error = na_chain_fingerprint(&hash, fingerprint, keys->first_identity, keys->first_once);
	to_text(keys->fingerprint, fingerprint);
	to_text(keys->identity, keys->first_identity);
	if (!error)
		error = take_old_heads(query, keys);
	if (!error)
		error = na_filter_text(&heads, NA_INDEX_KIND, NA_IS_ANY_OF, "head");
	if (!error)
		error = na_query_run(query, &heads, NA_OLDEST_FIRST, 0, take_row, keys);
	if (!error)
		error = read_newest_head(query, &hash, keys);
	na_hash_close(&hash);
	na_query_close(query);
	return error;
}

/* Says what is wrong with one of the signer's files. Returns whether anything is. */
static bool complain(const struct na_cli *cli, const char *path, mode_t wanted)
{
	const struct passwd *owner;
	struct stat status;
	bool right;

	if (lstat(path, &status) < 0) {
		if (errno != ENOENT)
			na_cli_error(cli, "%s cannot be looked at: %s", path, strerror(errno));
		return errno != ENOENT;
	}
	right = (status.st_mode & S_IFMT) == (wanted & S_IFMT) && !(status.st_mode & 077) &&
		(S_ISDIR(wanted) || status.st_nlink == 1);
	if (right)
		return false;
	owner = getpwuid(status.st_uid);
	na_cli_error(cli, "%s has mode %04o, owner %s: others than the signer may have read it, and have signed with it. The daemon "
		     "refuses to start like this; 'netaudit keys renew' begins with new keys", path, status.st_mode & 07777,
		     owner ? owner->pw_name : "unknown");
	return true;
}

static bool check_files(const struct na_cli *cli)
{
	static const char *const files[] = { "identity.key", "identity.next", "state" };
	char path[4096];
	bool wrong;

	(void)snprintf(path, sizeof(path), "%s/signer", cli->state_dir);
	wrong = complain(cli, path, S_IFDIR);
	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
		(void)snprintf(path, sizeof(path), "%s/signer/%s", cli->state_dir, files[i]);
		wrong |= complain(cli, path, S_IFREG);
	}
	return wrong;
}

static void print_json(const struct na_keys *keys)
{
	char once[NA_KEY_TEXT_BYTES + 1], first[NA_KEY_TEXT_BYTES + 1];
	json_t *out;

	to_text(once, keys->first_once);
	to_text(first, keys->first_identity);
	out = json_pack("{s:s, s:s, s:s, s:s, s:s, s:I, s:I}", "origin", keys->origin, "fingerprint", keys->fingerprint,
			"first_identity", first, "first_once", once, "identity", keys->identity, "rotations",
			(json_int_t)keys->rotations, "head_size", (json_int_t)keys->head_size);
	na_json_dump(stdout, out, JSON_INDENT(2));
	printf("\n");
	json_decref(out);
}

static int show(struct na_cli *cli, bool only_fingerprint)
{
	const char *directory = na_cli_journal(cli, cli->state_dir);
	struct na_keys keys;
	int error = na_keys_read(directory, &keys);

	if (error)
		return na_cli_unreadable(cli, directory, error);
	if (only_fingerprint) {
		printf("%s\n", keys.fingerprint);
		return NA_CLI_OK;
	}
	if (cli->json) {
		print_json(&keys);
	} else {
		printf("%-20s %s\n%-20s %s\n%-20s %s\n", "journal", keys.origin, "fingerprint", keys.fingerprint, "identity key",
		       keys.identity);
		if (keys.since)
			printf("%-20s %" PRId64 " times, last in record %" PRId64 "; the fingerprint stays\n", "changed", keys.rotations,
			       keys.since);
		printf("%-20s every head has its own, certified by the head before\n", "one-time keys");
		printf("Write the fingerprint down, away from this machine: 'netaudit verify --key' compares with it.\n");
	}
	return check_files(cli) ? NA_CLI_REMARKS : NA_CLI_OK;
}

static int take(void *context, const char *name, const char *value)
{
	uint8_t bytes[NA_HASH_BYTES];

	(void)name;
	*(const char **)context = value;
	return strlen(value) == NA_KEY_TEXT_BYTES ? na_hex_decode(bytes, value, sizeof(bytes)) ? -EINVAL : 0 : -EINVAL;
}

int na_command_keys(struct na_cli *cli, int argc, char **argv)
{
	const char *previous = NULL, *what;
	int code = na_cli_parse(cli, argc, argv, take, &previous);

	if (code >= 0)
		return code;
	what = cli->argument[0];
	if (previous && strcmp(what, "renew"))
		return na_cli_usage(cli, "--previous goes with renew");
	if (!strcmp(what, "show") || !strcmp(what, "fingerprint"))
		return show(cli, *what == 'f');
	if (!strcmp(what, "rotate"))
		return na_keys_rotate(cli);
	if (!strcmp(what, "renew"))
		return na_keys_renew(cli, previous);
	return na_cli_usage(cli, "'%s' is none of show, fingerprint, rotate, renew", what);
}
