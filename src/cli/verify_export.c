/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Words what an export turned out to be: what it proves, whose key says so, and what it does not prove. */
#include "cli/verify_export.h"

#include <inttypes.h>
#include <jansson.h>
#include <string.h>

#include "base/escape.h"
#include "cli/json_line.h"

static void print_proved(const struct na_export_result *result)
{
	char count[NA_HUMAN_BYTES], first[NA_HUMAN_BYTES], last[NA_HUMAN_BYTES], time[NA_HUMAN_BYTES];

	printf(" %s, journal %s, key %s\n", na_local_time(time, result->head_t), result->origin, result->fingerprint);
	na_human_count(first, (int64_t)result->first);
	na_human_count(last, (int64_t)result->last);
	if (result->complete)
		printf("It holds every record from %s to %s.\n", first, last);
	else
		printf("The %s records in it are genuine. It was filtered: it proves what is in it, not what is absent.\n",
		       na_human_count(count, (int64_t)result->records));
}

static void print_remarks(const struct na_export_result *result)
{
	char asked[NA_ESCAPED_BYTES(NA_EXPORT_ASKED_BYTES)], count[NA_HUMAN_BYTES], time[NA_HUMAN_BYTES];

	if (!result->fingerprint_given)
		printf("Remark: the key is the file's own, so this says only that the file agrees with itself: give the "
		       "fingerprint you wrote down with --key.\n");
	if (result->gaps)
		printf("Remark: there are gaps: spans in which something may have been missed.\n");
	if (result->losses)
		printf("Remark: events were lost, counted and recorded as such.\n");
	if (result->unclean_starts)
		printf("Remark: the daemon was not always stopped cleanly.\n");
	if (result->rotations)
		printf("The identity key was changed %" PRIu64 " times, each time signed with the key before.\n", result->rotations);
	if (result->witnesses)
		printf("%" PRIu64 " cosignatures of witnesses are in it%s.\n", result->witnesses,
		       result->witnessed_size ? "" : ", not checked: give a witness's key with --witness");
	if (result->witnessed_size)
		printf("The witness saw records 1 to %s at %s.\n", na_human_count(count, (int64_t)result->witnessed_size),
		       na_local_time(time, (int64_t)result->witnessed_time * 1000000));
	na_escape(asked, sizeof(asked), result->asked, strlen(result->asked));
	printf("It says it was asked for (not proved): %s\n", asked);
}

static void print_text(const struct na_cli *cli, const struct na_export_result *result)
{
	const char *plain = na_colour(cli, NA_PLAIN);
	char why[NA_ESCAPED_BYTES(NA_VERIFY_WHY_BYTES)];

	na_escape(why, sizeof(why), result->why, strnlen(result->why, sizeof(result->why)));
	switch (result->verdict) {
	case NA_VERIFY_OK:
		printf("%sExport verified OK%s: signed to", na_colour(cli, NA_GREEN), plain);
		break;
	case NA_VERIFY_NOTED:
		printf("%sExport %s%s: signed to", na_colour(cli, NA_YELLOW),
		       result->fingerprint_given ? "verified with remarks" : "agrees with its own key", plain);
		break;
	case NA_VERIFY_TAMPERED:
		printf("%sExport BROKEN%s", na_colour(cli, NA_RED), plain);
		if (result->line)
			printf(" at line %" PRIu64, result->line);
		printf(": %s\n", why);
		return;
	case NA_VERIFY_USAGE:
		na_cli_usage(cli, "%s", result->why);
		return;
	case NA_VERIFY_UNREADABLE:
		na_cli_error(cli, "nothing can be said: %s", result->why);
		return;
	}
	print_proved(result);
	print_remarks(result);
}

static void print_json(const struct na_export_result *result)
{
	static const char *const verdicts[] = {
		[NA_VERIFY_OK] = "ok",		       [NA_VERIFY_TAMPERED] = "tampered", [NA_VERIFY_USAGE] = "usage",
		[NA_VERIFY_UNREADABLE] = "unreadable", [NA_VERIFY_NOTED] = "remarks",
	};
	char why[NA_ESCAPED_BYTES(NA_VERIFY_WHY_BYTES)], asked[NA_ESCAPED_BYTES(NA_EXPORT_ASKED_BYTES)];
	json_t *out;

	na_escape(why, sizeof(why), result->why, strnlen(result->why, sizeof(result->why)));
	na_escape(asked, sizeof(asked), result->asked, strlen(result->asked));
	out = json_pack("{s:s, s:s, s:I, s:I, s:b, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:s, s:s, s:b, s:s}",
			"verdict", verdicts[result->verdict], "why", why, "line", (json_int_t)result->line,
			"first_bad_seq", (json_int_t)result->bad_seq, "complete", (int)result->complete,
			"first", (json_int_t)result->first, "last", (json_int_t)result->last,
			"records", (json_int_t)result->records, "heads", (json_int_t)result->heads,
			"head_size", (json_int_t)result->head_size, "head_t", (json_int_t)result->head_t,
			"gaps", (json_int_t)result->gaps, "losses", (json_int_t)result->losses,
			"unclean_starts", (json_int_t)result->unclean_starts, "rotations", (json_int_t)result->rotations,
			"witnesses", (json_int_t)result->witnesses,
			"witnessed_size", (json_int_t)result->witnessed_size, "origin", result->origin, "fingerprint", result->fingerprint,
			"fingerprint_given", (int)result->fingerprint_given, "asked", asked);
	na_json_dump(stdout, out, JSON_INDENT(2));
	printf("\n");
	json_decref(out);
}

int na_verify_export(const struct na_cli *cli, const struct na_export_options *options)
{
	struct na_export_result result;

	na_export_verify(options, &result);
	if (cli->json)
		print_json(&result);
	else
		print_text(cli, &result);
	return (int)result.verdict;
}
