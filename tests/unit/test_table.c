/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Lines of `log`, words of `show` and JSON lines: readable, and never a channel for somebody else's
 * text to act on the terminal.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

/* The command is a program, not a library: its parts are tested as they are. */
#include "cli/describe.c"
#include "cli/explain.c"
#include "cli/fields.c"
#include "cli/json_line.c"
#include "cli/output.c"
#include "cli/table.c"

#include <time.h>
#include <unistd.h>

#include "journal/canonical.h"

enum { TERMINAL, PIPE };

static struct na_cli views[] = {
	[TERMINAL] = { .terminal = true, .colour = false, .utf8 = true },
	[PIPE] = { .terminal = false },
};

/* Not inlined: gcc 12 takes what open_memstream() allocates for the local pointer to it (-Wdangling-pointer). */
static __attribute__((noinline)) char *
print_bytes(const struct na_cli *cli, void (*print)(const struct na_cli *, FILE *, const struct na_stored_row *),
			 const char *body, size_t body_bytes)
{
	struct na_stored_row row = { .seq = 7, .body = body, .body_bytes = body_bytes };
	char *text = NULL;
	size_t bytes = 0;
	FILE *out = open_memstream(&text, &bytes);

	assert_non_null(out);
	print(cli, out, &row);
	assert_int_equal(fclose(out), 0);
	assert_non_null(text);
	return text;
}

static void assert_line(int view, const char *body, const char *expected)
{
	char *line = print_bytes(&views[view], na_table_row, body, strlen(body));

	assert_string_equal(line, expected);
	free(line);
}

static void test_a_flow_reads_well_in_a_pipe(void **state)
{
	(void)state;
	assert_line(PIPE,
		    "{\"bytes_in\":3400,\"bytes_out\":120,\"channel\":\"https\",\"comm\":\"odoo\",\"direction\":\"outbound\","
		    "\"dport\":443,\"dst\":\"203.0.113.7\",\"duration_us\":12345,\"kind\":\"close\",\"pid\":71,"
		    "\"result\":\"closed\",\"sport\":4000,\"src\":\"10.0.0.5\",\"t\":1700000000123456,\"worker\":\"http\"}",
		    "7\t2023-11-14 22:13:20.123\tclose\t->\thttps\todoo[71]\thttp\t\t10.0.0.5:4000 > 203.0.113.7:443\tclosed\t"
		    "120/3.4k\t12ms\n");
	assert_line(PIPE,
		    "{\"comm\":\"curl\",\"direction\":\"inbound\",\"dport\":8069,\"dst\":\"::1\",\"kind\":\"open\",\"pid\":9,"
		    "\"result\":\"refused\",\"sport\":5,\"src\":\"fe80::1\",\"t\":0}",
		    "7\t1970-01-01 00:00:00.000\topen\t<-\t\tcurl[9]\t\t\t[fe80::1]:5 > [::1]:8069\trefused\n");
	assert_line(PIPE, "{\"abstract\":true,\"kind\":\"open\",\"path\":\"bus\",\"t\":0}",
		    "7\t1970-01-01 00:00:00.000\topen\t\t\t\t\t\tunix:@bus\n");
	assert_line(PIPE, "{\"channel\":\"unix\",\"kind\":\"open\",\"path\":\"\",\"t\":0}",
		    "7\t1970-01-01 00:00:00.000\topen\t\tunix\t\t\t\tunix:?\n");
	assert_line(PIPE, "{\"comm\":\"psql\",\"direction\":\"outbound\",\"kind\":\"open\",\"path\":\"/run/x\",\"t\":0}",
		    "7\t1970-01-01 00:00:00.000\topen\t->\t\tpsql\t\t\tunix:/run/x\n");
	assert_line(PIPE, "{\"addon\":\"sync\",\"author\":\"addon\",\"kind\":\"open\",\"path\":\"/run/x\",\"t\":0}",
		    "7\t1970-01-01 00:00:00.000\topen\t\t\t\t\tsync\tunix:/run/x\n");
	assert_line(PIPE, "{\"author\":\"unknown\",\"kind\":\"open\",\"path\":\"/run/x\",\"t\":0}",
		    "7\t1970-01-01 00:00:00.000\topen\t\t\t\t\t(unknown)\tunix:/run/x\n");
}

static void test_columns_line_up_on_a_terminal(void **state)
{
	static const char *const bodies[] = {
		"{\"channel\":\"https\",\"comm\":\"odoo\",\"kind\":\"close\",\"pid\":71,\"result\":\"closed\",\"t\":5}",
		"{\"channel\":\"dns\",\"comm\":\"caf\xc3\xa9\",\"kind\":\"open\",\"pid\":712345,\"result\":\"closed\",\"t\":5}",
	};
	size_t column[2];

	(void)state;
	for (int i = 0; i < 2; i++) {
		char *line = print_bytes(&views[TERMINAL], na_table_row, bodies[i], strlen(bodies[i]));
		char *result = strstr(line, "closed");

		assert_non_null(result);
		*result = '\0';
		column[i] = na_display_width(line);
		free(line);
	}
	assert_int_equal(column[0], column[1]);
}

static void test_colour_is_ended_on_the_line_it_starts_on(void **state)
{
	struct na_cli cli = { .terminal = true, .colour = true };
	static const char body[] = "{\"kind\":\"lost\",\"count\":3,\"t\":5}";
	char *line = print_bytes(&cli, na_table_row, body, strlen(body));

	(void)state;
	assert_int_equal(strncmp(line, "\033[31m", 5), 0);
	assert_string_equal(line + strlen(line) - 5, "\033[0m\n");
	free(line);
}

static void test_losses_and_gaps_are_sentences(void **state)
{
	(void)state;
	assert_line(PIPE,
		    "{\"count\":12,\"kind\":\"lost\",\"losses\":[{\"comm\":\"curl\",\"count\":12,\"dport\":53,\"dst\":\"192.0.2.1\","
		    "\"pid\":3,\"reason\":\"ring\",\"type\":\"open\"}],\"t\":0}",
		    "7\t1970-01-01 00:00:00.000\tlost\t\t\t12 events were not recorded: 12 by curl[3] to 192.0.2.1 port 53 (ring)\n");
	assert_line(PIPE,
		    "{\"cause\":\"killed by signal 9\",\"component\":\"observer\",\"from_t\":0,\"kind\":\"gap\","
		    "\"t\":1000000,\"uncommitted\":4}",
		    "7\t1970-01-01 00:00:01.000\tgap\t\t\tobserver: killed by signal 9; something may have been missed since "
		    "1970-01-01 00:00:00.000, events taken from the kernel but never committed: 4\n");
	assert_line(PIPE, "{\"kind\":\"clock\",\"step_us\":-1500000,\"t\":0}",
		    "7\t1970-01-01 00:00:00.000\tclock\t\t\tthe wall clock was stepped back by 1.5s\n");
}

static void test_kinds_and_members_of_a_newer_daemon_are_shown(void **state)
{
	(void)state;
	assert_line(PIPE, "{\"kind\":\"eclipse\",\"moon\":{\"a\":[1,true]},\"nonce\":\"00\",\"t\":0,\"tb\":1}",
		    "7\t1970-01-01 00:00:00.000\teclipse\t\t\tmoon={\"a\":[1,true]}\n");
}

static void test_bytes_that_are_not_a_record_are_named_so(void **state)
{
	(void)state;
	assert_line(PIPE, "\033]0;owned\007", "7\t\t\t\t\tnot a record: the stored bytes are not JSON; run 'netaudit verify'\n");
}

/* What may not reach a terminal: controls (but for our own newline and tab), overrides, broken UTF-8. */
static void assert_harmless(const char *text)
{
	static const char *const forbidden[] = { "\xe2\x80\xae", "\xe2\x81\xa6", "\xc2\x9b", "\xef\xbb\xbf", "\xe2\x80\x8b" };

	assert_true(na_utf8_valid(text, strlen(text)));
	for (size_t i = 0; i < sizeof(forbidden) / sizeof(*forbidden); i++)
		assert_null(strstr(text, forbidden[i]));
	for (const char *at = text; *at; at++)
		assert_true((unsigned char)*at >= ' ' || *at == '\n' || *at == '\t');
}

static const char *const hostile[] = {
	"\033[2J\033]0;owned\007", "line\nforged\trow\r", "\xe2\x80\xaegnp.exe", "\xc2\x9b" "31m", "\xff\xfe\x80",
	"\xe2\x81\xa6isolate", "\xef\xbb\xbf" "bom", "zero\xe2\x80\x8bwidth", "\x7f", "100%s%n%s", "\\x1b", "\"quoted\"",
};
#define HOSTILE (sizeof(hostile) / sizeof(*hostile))

/* Every text member of a record of this kind says the hostile thing; so does a member nobody knows. */
static size_t hostile_body(uint8_t *buffer, size_t size, const char *kind, const char *text)
{
	static const char *const keys[] = {
		"aaa",  "backend", "channel", "comm", "component", "direction", "dst",    "error", "event", "evidence",
		"exe",	"family",  "flow",    "host", "instance",  NULL,	"path",	  "reason", "result", "scope",
		"seen_by", "src",  "version", "via",  "worker",	   "zzz",
	};
	struct na_canonical c;
	ssize_t length;

	na_canonical_begin(&c, buffer, size);
	for (size_t i = 0; i < sizeof(keys) / sizeof(*keys); i++) {
		if (keys[i]) {
			na_canonical_text(&c, keys[i], text, strlen(text));
			continue;
		}
		na_canonical_string(&c, "kind", kind);
		na_canonical_array_begin(&c, "losses");
		na_canonical_object_begin(&c, NULL);
		na_canonical_text(&c, "comm", text, strlen(text));
		na_canonical_text(&c, "dst", text, strlen(text));
		na_canonical_object_end(&c);
		na_canonical_array_end(&c);
	}
	length = na_canonical_end(&c);
	assert_true(length > 0);
	return (size_t)length;
}

static void print_explanation(const struct na_cli *cli, FILE *out, const struct na_stored_row *row)
{
	json_t *body = na_parse_body(row->body, row->body_bytes);

	(void)cli;
	assert_non_null(body);
	na_explain(out, body);
	json_decref(body);
}

static void test_hostile_text_never_acts(void **state)
{
	static const char *const kind_names[] = { "open", "close", "process", "lost", "gap",
						  "start", "stop", "heartbeat", "new" };
	uint8_t buffer[16384];

	(void)state;
	for (size_t i = 0; i < HOSTILE; i++) {
		for (size_t j = 0; j < sizeof(kind_names) / sizeof(*kind_names); j++) {
			size_t length = hostile_body(buffer, sizeof(buffer), kind_names[j], hostile[i]);

			for (int view = TERMINAL; view <= PIPE; view++) {
				char *line = print_bytes(&views[view], na_table_row, (char *)buffer, length);
				char *words = print_bytes(&views[view], print_explanation, (char *)buffer, length);

				assert_harmless(line);
				assert_harmless(words);
				assert_ptr_equal(strchr(line, '\n'), line + strlen(line) - 1);
				free(line);
				free(words);
			}
		}
	}
}

static void test_json_is_ascii_on_a_terminal_and_exact_in_a_pipe(void **state)
{
	uint8_t buffer[16384];

	(void)state;
	for (size_t i = 0; i < HOSTILE; i++) {
		size_t length = hostile_body(buffer, sizeof(buffer) - 1, "open", hostile[i]);
		char *safe = print_bytes(&views[TERMINAL], na_json_line, (char *)buffer, length);
		char *exact = print_bytes(&views[PIPE], na_json_line, (char *)buffer, length);
		json_t *a = json_loads(safe, 0, NULL), *b = json_loads(exact, 0, NULL);

		buffer[length] = '\0';
		assert_harmless(safe);
		assert_non_null(strstr(exact, (char *)buffer));
		assert_true(a && json_equal(a, b));
		assert_int_equal(json_integer_value(json_object_get(a, "seq")), 7);
		json_decref(a);
		json_decref(b);
		free(safe);
		free(exact);
	}
}

static void test_json_of_stored_garbage_is_hex(void **state)
{
	char *line = print_bytes(&views[PIPE], na_json_line, "\033[2J", 4);

	(void)state;
	assert_non_null(strstr(line, "\"body_hex\":\"1b5b324a\"}\n"));
	free(line);
}

static void test_numbers_for_people(void **state)
{
	char text[NA_HUMAN_BYTES];

	(void)state;
	assert_string_equal(na_human_bytes(text, 999), "999");
	assert_string_equal(na_human_bytes(text, 1000), "1.0k");
	assert_string_equal(na_human_bytes(text, 999999), "1.0M");
	assert_string_equal(na_human_bytes(text, INT64_MAX), "9.2E");
	assert_string_equal(na_human_duration(text, 999), "999us");
	assert_string_equal(na_human_duration(text, 59999999), "59.9s");
	assert_string_equal(na_human_duration(text, INT64_C(7500) * 1000000), "2h05m");
	assert_string_equal(na_human_count(text, 1234567), "1,234,567");
	assert_string_equal(na_human_count(text, -123456), "-123,456");
	assert_string_equal(na_human_count(text, 123), "123");
	na_local_time(text, INT64_MAX);
	na_local_time(text, INT64_MIN + 1000000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_flow_reads_well_in_a_pipe),
		cmocka_unit_test(test_columns_line_up_on_a_terminal),
		cmocka_unit_test(test_colour_is_ended_on_the_line_it_starts_on),
		cmocka_unit_test(test_losses_and_gaps_are_sentences),
		cmocka_unit_test(test_kinds_and_members_of_a_newer_daemon_are_shown),
		cmocka_unit_test(test_bytes_that_are_not_a_record_are_named_so),
		cmocka_unit_test(test_hostile_text_never_acts),
		cmocka_unit_test(test_json_is_ascii_on_a_terminal_and_exact_in_a_pipe),
		cmocka_unit_test(test_json_of_stored_garbage_is_hex),
		cmocka_unit_test(test_numbers_for_people),
	};

	setenv("TZ", "UTC", 1);
	tzset();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
