/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * netaudit verify: runs the verifier and words its result.
 */
#include <errno.h>
#include <inttypes.h>
#include <jansson.h>
#include <string.h>
#include <unistd.h>

#include "base/escape.h"
#include "cli/cli.h"
#include "cli/json_line.h"
#include "cli/verify_export.h"
#include "cli/verifying.h"
#include "reader/verify.h"

const struct na_option na_verify_options[] = {
	{ "key", 'k', "FINGERPRINT", "the fingerprint you wrote down: 64 hex digits" },
	{ "head", 'H', "FILE", "a signed head kept elsewhere, which must be one of this journal's" },
	{ "anchors", 'A', "FILE", "the file of signed heads (default: anchors.log beside the journal)" },
	{ "witness", 0, "KEY", "of an export: a witness's public key; a head must be cosigned with it" },
	{ "since", 'S', "FILE", "a signed head that was verified before: check only what came after it" },
	{ "deep", 'd', NULL, "check also the file's structure, and that searching finds every record" },
	{ NULL, 0, NULL, NULL }
};

static const struct {
	unsigned int note;
	const char *word;	/* in JSON */
	const char *text;
} notes[] = {
	{ NA_VERIFY_NO_HEAD, "no-head", "nothing is signed yet" },
	{ NA_VERIFY_UNSIGNED_TAIL, "unsigned-tail", "the newest records are under no signed head" },
	{ NA_VERIFY_GAPS, "gaps", "there are gaps: spans in which something may have been missed" },
	{ NA_VERIFY_LOSSES, "losses", "events were lost, counted and recorded as such" },
	{ NA_VERIFY_UNCLEAN, "unclean-stop", "the daemon was not always stopped cleanly" },
	{ NA_VERIFY_NO_ANCHORS, "no-anchors", "there is no anchors.log to compare the heads with" },
	{ NA_VERIFY_LATE_ANCHORS, "late-anchors", "anchors.log begins after the first head" },
	{ NA_VERIFY_PRUNING, "pruning", "pruning goes on or was interrupted: the body of the oldest record cannot be checked" },
	{ NA_VERIFY_INDEX, "index", "index.db says something else than the records: searches may miss some. Stop the daemon, delete "
	  "index.db, start it again" },
	{ NA_VERIFY_ANCHOR_ONLY, "anchor-only", "the newest head is in anchors.log and has no row in the journal: the daemon was killed as it "
	  "signed, or somebody deleted the row; its next start puts it back" },
};
#define NOTES (sizeof(notes) / sizeof(*notes))

static const char *const verdicts[] = {
	[NA_VERIFY_OK] = "ok",		     [NA_VERIFY_TAMPERED] = "tampered", [NA_VERIFY_USAGE] = "usage",
	[NA_VERIFY_UNREADABLE] = "unreadable", [NA_VERIFY_NOTED] = "remarks",
};

struct work {
	struct na_verify_options options;
	const char *witness;	/* for an export */
	struct na_verify_result result;
};

static int take(void *context, const char *name, const char *value)
{
	struct na_verify_options *options = &((struct work *)context)->options;

	if (!strcmp(name, "witness"))
		((struct work *)context)->witness = value;
	else if (!strcmp(name, "key"))
		options->fingerprint = value;
	else if (!strcmp(name, "head"))
		options->expected_head = value;
	else if (!strcmp(name, "since"))
		options->since = value;
	else if (!strcmp(name, "deep"))
		options->deep = true;
	else
		options->anchors = value;
	return 0;
}

static void print_head(const struct na_verify_result *result)
{
	char records[NA_HUMAN_BYTES], head[NA_HUMAN_BYTES], time[NA_HUMAN_BYTES];

	printf(": %s records", na_human_count(records, (int64_t)result->records));
	if (result->first_seq > 1)
		printf(" from record %s on (older ones were pruned; their heads were checked)",
		       na_human_count(head, (int64_t)result->first_seq));
	if (result->checked_from > result->first_seq)
		printf(", checked from record %s on", na_human_count(head, (int64_t)result->checked_from));
	if (result->head_size)
		printf(", signed to record %s at %s", na_human_count(head, (int64_t)result->head_size),
		       na_local_time(time, result->head_t));
	printf(", key %s\n", result->fingerprint);
	if (!result->fingerprint_given)
		printf("The key is the journal's own: compare it with the fingerprint you wrote down, or give that with --key.\n");
}

static void print_notes(const struct na_verify_result *result)
{
	char count[NA_HUMAN_BYTES];

	for (size_t i = 0; i < NOTES; i++)
		if (result->notes & notes[i].note)
			printf("Remark: %s.\n", notes[i].text);
	if (result->unsigned_records)
		printf("%s records follow the newest signed head; the next head will cover them.\n",
		       na_human_count(count, (int64_t)result->unsigned_records));
}

static void print_text(const struct na_cli *cli, const struct na_verify_result *result)
{
	char why[NA_ESCAPED_BYTES(NA_VERIFY_WHY_BYTES)];

	na_escape(why, sizeof(why), result->why, strnlen(result->why, sizeof(result->why)));
	switch (result->verdict) {
	case NA_VERIFY_OK:
		printf("%sAudit chain verified OK%s", na_colour(cli, NA_GREEN), na_colour(cli, NA_PLAIN));
		print_head(result);
		print_notes(result);
		break;
	case NA_VERIFY_NOTED:
		printf("%sAudit chain verified with remarks%s", na_colour(cli, NA_YELLOW), na_colour(cli, NA_PLAIN));
		print_head(result);
		print_notes(result);
		break;
	case NA_VERIFY_TAMPERED:
		printf("%sAudit chain BROKEN%s", na_colour(cli, NA_RED), na_colour(cli, NA_PLAIN));
		if (result->first_bad_seq)
			printf(" at record %" PRIu64, result->first_bad_seq);
		printf(": %s\n", why);
		break;
	case NA_VERIFY_USAGE:
		na_cli_usage(cli, "%s", result->why);
		break;
	case NA_VERIFY_UNREADABLE:
		na_cli_error(cli, "nothing can be said: %s", result->why);
		break;
	}
}

static void print_json(const struct na_verify_result *result)
{
	char why[NA_ESCAPED_BYTES(NA_VERIFY_WHY_BYTES)];
	json_t *words = json_array(), *out;

	na_escape(why, sizeof(why), result->why, strnlen(result->why, sizeof(result->why)));
	for (size_t i = 0; i < NOTES; i++)
		if (result->notes & notes[i].note)
			json_array_append_new(words, json_string(notes[i].word));
	out = json_pack("{s:s, s:s, s:I, s:o, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:s, s:s, s:b}",
			"verdict", verdicts[result->verdict], "why", why,
			"first_bad_seq", (json_int_t)result->first_bad_seq, "remarks", words,
			"first_seq", (json_int_t)result->first_seq, "checked_from", (json_int_t)result->checked_from,
			"records", (json_int_t)result->records, "heads", (json_int_t)result->heads,
			"head_size", (json_int_t)result->head_size, "head_t", (json_int_t)result->head_t,
			"last_t", (json_int_t)result->last_t, "unsigned_records", (json_int_t)result->unsigned_records,
			"gaps", (json_int_t)result->gaps, "losses", (json_int_t)result->losses,
			"unclean_starts", (json_int_t)result->unclean_starts, "origin", result->origin,
			"fingerprint", result->fingerprint, "fingerprint_given", (int)result->fingerprint_given);
	na_json_dump(stdout, out, JSON_INDENT(2));
	printf("\n");
	json_decref(out);
}

static int verify_export(const struct na_cli *cli, const struct work *job)
{
	struct na_export_options export = { cli->argument[0], job->options.fingerprint, job->options.expected_head, NULL };
	struct na_witness witness;
	struct na_hash hash;
	int error = 0;

	if (job->options.anchors || job->options.since || job->options.deep)
		return na_cli_usage(cli, "an export has its heads in it: --anchors, --since and --deep are for a journal");
	if (job->witness) {
		error = na_hash_open(&hash);
		if (!error)
			error = na_witness_read(&witness, &hash, job->witness);
		na_hash_close(&hash);
		export.witness = &witness;
	}
	return error ? na_cli_usage(cli, "the witness's key is not of the form NAME+KEYID+BASE64, of a key for cosignatures") :
		       na_verify_export(cli, &export);
}

int na_command_verify(struct na_cli *cli, int argc, char **argv)
{
	struct work job = { .options = { .path = NULL } };
	int code = na_cli_parse(cli, argc, argv, take, &job);

	if (code >= 0)
		return code;
	if (cli->arguments && na_export_recognise(cli->argument[0]) == 1)
		return verify_export(cli, &job);
	if (job.witness)
		return na_cli_usage(cli, "--witness is for an export: make one");
	job.options.path = na_cli_journal(cli, cli->arguments ? cli->argument[0] : cli->state_dir);
	(void)na_verify_shown(&job.options, &job.result);
	if (cli->json)
		print_json(&job.result);
	else
		print_text(cli, &job.result);
	return (int)job.result.verdict;
}
