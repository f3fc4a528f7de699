/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * netaudit catalogue: whose destinations are known, and whose a given one is.
 */
#include <errno.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "base/escape.h"
#include "base/network.h"
#include "cli/catalogue.h"
#include "cli/json_line.h"
#include "report/suggest.h"

const struct na_option na_catalogue_options[] = {
	NA_CATALOGUE_FOLDER_OPTIONS,
	{ "bucket", 'b', "BUCKET", "list: of this bucket only; add: the component's bucket" },
	{ "addon", 'A', "NAME", "add, confirm: an add-on that may call there (licence_addon)" },
	{ "reason", 'R', "TEXT", "add, confirm, dismiss: why; it is recorded" },
	{ "port", 'p', "NUMBER", "test: the destination's port" },
	{ NULL, 0, NULL, NULL }
};

bool na_catalogue_take_folder(const char *folders[2], const char *name, const char *value)
{
	bool site = !strcmp(name, "site");

	if (!site && strcmp(name, "shipped") != 0)
		return false;
	folders[site] = value;
	return true;
}

static int take(void *context, const char *name, const char *value)
{
	struct na_catalogue_request *request = context;
	int64_t port;

	if (na_catalogue_take_folder(request->folders, name, value))
		return 0;
	if (!strcmp(name, "addon"))
		request->addon = value;
	else if (!strcmp(name, "reason"))
		request->reason = value;
	else if (!strcmp(name, "bucket") && na_bucket_find(value) != NA_BUCKET_COUNT)
		request->bucket = na_bucket_find(value);
	else if (!strcmp(name, "port") && na_parse_count(value, 0, 65535, &port) == 0)
		request->port = (int)port;
	else
		return -EINVAL;
	return 0;
}

static const char *pattern_word(enum na_pattern_type type)
{
	static const char *const words[] = {
		[NA_PATTERN_HOST] = "host", [NA_PATTERN_DOMAIN] = "domain", [NA_PATTERN_ADDRESS] = "address",
	};

	return words[type];
}

static json_t *texts(char *const *list, size_t count)
{
	json_t *array = json_array();

	for (size_t i = 0; i < count; i++)
		json_array_append_new(array, json_string(list[i]));
	return array;
}

static json_t *component_json(const struct na_catalogue_entry *component)
{
	json_t *out = json_pack("{s:s, s:s}", "component", component->id, "bucket", na_bucket_name(component->bucket));
	json_t *patterns = json_array();

	if (component->name)
		json_object_set_new(out, "name", json_string(component->name));
	for (size_t i = 0; i < component->pattern_count; i++)
		json_array_append_new(patterns, json_pack("{s:s}", pattern_word(component->patterns[i].type),
							  component->patterns[i].text));
	json_object_set_new(out, "destinations", patterns);
	json_object_set_new(out, "sources", texts(component->sources, component->source_count));
	if (component->licence.given)
		json_object_set_new(out, "licence",
				    json_pack("{s:o, s:I, s:I}", "addons",
					      texts(component->licence.addons, component->licence.addon_count),
					      "call_bytes", (json_int_t)component->licence.call_bytes,
					      "day_bytes", (json_int_t)component->licence.day_bytes));
	return out;
}

static void print_json(json_t *value)
{
	na_json_dump(stdout, value, JSON_COMPACT | JSON_SORT_KEYS);
	putchar('\n');
	json_decref(value);
}

static void print_escaped(const char *text)
{
	char escaped[NA_ESCAPED_BYTES(256)];

	na_escape(escaped, sizeof(escaped), text, strlen(text));
	fputs(escaped, stdout);
}

static void print_component(const struct na_cli *cli, const struct na_catalogue_entry *component)
{
	if (!cli->terminal) {
		printf("%s\t%s\t", component->id, na_bucket_name(component->bucket));
		for (size_t i = 0; i < component->pattern_count; i++)
			printf("%s%s", i ? " " : "", component->patterns[i].text);
		putchar('\n');
		return;
	}
	printf("%s%-20s%s %-16s ", na_colour(cli, NA_BOLD), component->id, na_colour(cli, NA_PLAIN),
	       na_bucket_name(component->bucket));
	if (component->name)
		print_escaped(component->name);
	putchar('\n');
	for (size_t i = 0; i < component->pattern_count; i++)
		printf("    %s %s\n", pattern_word(component->patterns[i].type), component->patterns[i].text);
	if (!component->pattern_count)
		puts("    no destination is known yet");
}

static int run_list(struct na_catalogue_request *request)
{
	for (size_t i = 0; i < na_catalogue_count(request->catalogue); i++) {
		const struct na_catalogue_entry *component = na_catalogue_at(request->catalogue, i);

		if (request->bucket != NA_BUCKET_COUNT && component->bucket != request->bucket)
			continue;
		if (request->cli->json)
			print_json(component_json(component));
		else
			print_component(request->cli, component);
	}
	return NA_CLI_OK;
}

static int run_test(struct na_catalogue_request *request)
{
	const char *host = request->argument;
	struct na_destination destination = { .names = { host }, .port = request->port };
	struct na_match match;

	if (!host)
		return na_cli_usage(request->cli, "test needs a host name or an address");
	destination.has_address = na_address_parse(destination.address, host) == 0;
	na_catalogue_match(request->catalogue, &destination, &match);
	if (request->cli->json) {
		json_t *out = json_pack("{s:s, s:s, s:s}", "host", host, "bucket", na_bucket_name(match.bucket),
					"catalogue", na_catalogue_hash(request->catalogue));

		if (!out)
			return na_cli_usage(request->cli, "this is no host name");
		if (match.component) {
			json_object_set_new(out, "component", json_string(match.component->id));
			json_object_set_new(out, "by", json_string(match.pattern->text));
			json_object_set_new(out, "sources",
					    texts(match.component->sources, match.component->source_count));
		}
		print_json(out);
		return NA_CLI_OK;
	}
	print_escaped(host);
	if (!match.component) {
		puts(": unknown; no component has it");
		return NA_CLI_OK;
	}
	printf(": %s, %s (%s %s)\n", na_bucket_name(match.bucket), match.component->id, pattern_word(match.pattern->type),
	       match.pattern->text);
	for (size_t i = 0; i < match.component->source_count; i++) {
		fputs("    source: ", stdout);
		print_escaped(match.component->sources[i]);
		putchar('\n');
	}
	return NA_CLI_OK;
}

static void print_suggestion(const struct na_cli *cli, const struct na_suggestion *suggestion)
{
	if (cli->json) {
		print_json(json_pack("{s:s, s:s, s:I}", "domain", suggestion->domain, "addon", suggestion->addon, "addons",
				     (json_int_t)suggestion->addons));
		return;
	}
	printf("%s\t%zu\t", suggestion->domain, suggestion->addons);
	print_escaped(suggestion->addon);
	putchar('\n');
}

/* Domains that add-ons met so far name as their makers', and nobody has decided about. */
static int run_suggestions(struct na_catalogue_request *request)
{
	const struct na_report_request what = { .now = 1, .until = 1, .catalogue = request->catalogue };
	const char *directory = na_cli_journal(request->cli, request->cli->state_dir);
	struct na_suggestion *suggestions = NULL;
	struct na_report report = { 0 };
	struct na_query *query = NULL;
	size_t count = 0;
	int err = na_query_open(&query, directory);

	if (!err)
		err = na_report_gather(&report, query, &what);
	if (!err)
		err = na_suggest(&report, &suggestions, &count);
	for (size_t i = 0; i < count && !err; i++)
		print_suggestion(request->cli, &suggestions[i]);
	if (!err && !count && request->cli->terminal)
		puts("No add-on that was met names a maker nobody has decided about.");
	free(suggestions);
	na_report_clear(&report);
	na_query_close(query);
	return err ? na_cli_unreadable(request->cli, directory, err) : NA_CLI_OK;
}

static const struct {
	const char *name;
	int (*run)(struct na_catalogue_request *request);
} actions[] = {
	{ "list", run_list },
	{ "test", run_test },
	{ "suggestions", run_suggestions },
	{ "add", na_catalogue_add },
	{ "confirm", na_catalogue_confirm },
	{ "dismiss", na_catalogue_dismiss },
};

int na_catalogue_open(struct na_cli *cli, const char *const folders[2], struct na_catalogue **catalogue)
{
	struct na_error error = { 0 };

	if (na_catalogue_load(catalogue, folders, 2, &error) == 0)
		return -1;
	na_cli_error(cli, "%s", error.text);
	return NA_CLI_UNREADABLE;
}

int na_command_catalogue(struct na_cli *cli, int argc, char **argv)
{
	struct na_catalogue_request request = {
		.cli = cli, .folders = { NA_CATALOGUE_SHIPPED, NA_CATALOGUE_SITE }, .bucket = NA_BUCKET_COUNT, .port = -1,
	};
	int code = na_cli_parse(cli, argc, argv, take, &request);
	size_t i = 0;

	if (code >= 0)
		return code;
	while (i < sizeof(actions) / sizeof(actions[0]) && strcmp(actions[i].name, cli->argument[0]) != 0)
		i++;
	if (i == sizeof(actions) / sizeof(actions[0]))
		return na_cli_usage(cli, "there is no '%s'", cli->argument[0]);
	request.argument = cli->arguments > 1 ? cli->argument[1] : NULL;
	request.second = cli->arguments > 2 ? cli->argument[2] : NULL;
	code = na_catalogue_open(cli, request.folders, &request.catalogue);
	if (code >= 0)
		return code;
	code = actions[i].run(&request);
	na_catalogue_destroy(request.catalogue);
	return code;
}
