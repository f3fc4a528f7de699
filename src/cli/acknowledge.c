/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * netaudit acknowledge: an operator's word that a cause of the report is expected, as a record that expires.
 */
#include <errno.h>
#include <string.h>

#include "base/clock.h"
#include "base/escape.h"
#include "cli/request.h"
#include "report/report.h"

#define DAY_US INT64_C(86400000000)

const struct na_option na_acknowledge_options[] = {
	{ "reason", 'R', "TEXT", "why it is expected; it is recorded" },
	{ "days", 0, "COUNT", "how long it counts, 1 to 366 (default 30)" },
	{ NULL, 0, NULL, NULL }
};

struct acknowledgement {
	const char *reason;
	int64_t days;
};

static int take(void *context, const char *name, const char *value)
{
	struct acknowledgement *given = context;

	if (!strcmp(name, "days"))
		return na_parse_count(value, 1, 366, &given->days);
	if (strcmp(name, "reason") != 0 || !value[0] || strlen(value) > 1000 || !na_utf8_valid(value, strlen(value)))
		return -EINVAL;
	given->reason = value;
	return 0;
}

int na_command_acknowledge(struct na_cli *cli, int argc, char **argv)
{
	struct acknowledgement given = { .days = 30 };
	int code = na_cli_parse(cli, argc, argv, take, &given);
	const char *subject;
	json_int_t expires;
	size_t i = 0;
	json_t *request;

	if (code >= 0)
		return code;
	while (i < na_rule_count && strcmp(na_rules[i].id, cli->argument[0]) != 0)
		i++;
	if (i == na_rule_count)
		return na_cli_usage(cli, "the report has no rule '%s'", cli->argument[0]);
	if (!given.reason)
		return na_cli_usage(cli, "--reason is needed");
	subject = cli->arguments > 1 ? cli->argument[1] : "";
	expires = na_clock_read().wall_us + given.days * DAY_US;
	request = json_pack("{s:s, s:s, s:s, s:s, s:I}", "kind", "ack", "rule", na_rules[i].id, "subject", subject, "reason",
			    given.reason, "expires", expires);
	return request ? na_cli_request(cli, request) : na_cli_usage(cli, "the subject must be UTF-8");
}
