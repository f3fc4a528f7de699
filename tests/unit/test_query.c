/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Every query gives what a plain walk over the parsed records gives, with a full, lagging, damaged
 * or missing index.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <arpa/inet.h>
#include <jansson.h>
#include <strings.h>

#include "journal/chain.h"
#include "journal/index.h"
#include "journal/schema.h"
#include "reader/proof.h"
#include "reader/query.h"
#include "test_query_journal.h"

#define ROWS 6000
#define LIST_MAX (ROWS + 1000)

struct list {
	int64_t seq[LIST_MAX];
	size_t count;
};

static int add_to_list(void *context, const struct na_stored_row *row)
{
	struct list *list = context;

	assert_true(list->count < LIST_MAX);
	assert_int_equal(row->body[row->body_bytes], '\0');
	list->seq[list->count++] = row->seq;
	return 0;
}

/* One option of `netaudit log` as text, added to a filter and judged by hand. */
struct wish {
	const char *key;
	const char *value;
};

static const struct wish wishes[][3] = {
	{ { NULL, NULL } },
	{ { "channel", "smtp" } },
	{ { "channel", "smtp,dns" }, { "direction", "inbound" } },
	{ { "kind", "open" }, { "worker", "cron" } },
	{ { "not kind", "progress,heartbeat,head" } },
	{ { "comm", "\033[31mred" } },
	{ { "comm", "a\"b\\c" }, { "instance", "two" } },
	{ { "comm", "caf\xc3\xa9" } },
	{ { "pid", "103" } },
	{ { "flow", "f000000000000007" } },
	{ { "flow", "f000000000000007" }, { "kind", "close" } },
	{ { "destination", "10.0.1.7" } },
	{ { "destination", "10.0.1.7:25" } },
	{ { "destination", "10.0.0.0/16" }, { "channel", "https" } },
	{ { "destination", "192.168.1.64/26" } },
	{ { "destination", "2001:db8:1::15" } },
	{ { "destination", "2001:db8::/47" } },
	{ { "destination", "[2001:db8:2::19]:26" } },
	{ { "destination", ":27" }, { "direction", "outbound" } },
	{ { "destination", "example.com" } },
	{ { "destination", "api.example.com:25" } },
	{ { "since", "1000" }, { "until", "2000" } },
	{ { "since", "5990" } },
	{ { "until", "-3000" } },
	{ { "channel", "carrier-pigeon" } },
};
#define WISHES (sizeof(wishes) / sizeof(*wishes))

static int64_t wall_us(const char *seconds)
{
	return SYNTHETIC_START_US + atoll(seconds) * 1000000;
}

static void add_wish(struct na_filter *filter, const struct wish *wish)
{
	static const struct {
		const char *key;
		enum na_index_column column;
	} texts[] = {
		{ "channel", NA_INDEX_CHANNEL }, { "direction", NA_INDEX_DIRECTION }, { "kind", NA_INDEX_KIND },
		{ "worker", NA_INDEX_WORKER },	 { "comm", NA_INDEX_COMM },	      { "instance", NA_INDEX_INSTANCE },
	};
	int err = -EINVAL;

	for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++)
		if (!strcmp(texts[i].key, wish->key))
			err = na_filter_text(filter, texts[i].column, NA_IS_ANY_OF, wish->value);
	if (!strcmp(wish->key, "not kind"))
		err = na_filter_text(filter, NA_INDEX_KIND, NA_IS_NONE_OF, wish->value);
	else if (!strcmp(wish->key, "pid"))
		err = na_filter_between(filter, NA_INDEX_PID, atoi(wish->value), atoi(wish->value));
	else if (!strcmp(wish->key, "flow"))
		err = na_filter_hex(filter, NA_INDEX_FLOW, wish->value);
	else if (!strcmp(wish->key, "destination"))
		err = na_filter_destination(filter, wish->value);
	else if (!strcmp(wish->key, "since"))
		err = na_filter_between(filter, NA_INDEX_TIME, wall_us(wish->value), INT64_MAX);
	else if (!strcmp(wish->key, "until"))
		err = na_filter_between(filter, NA_INDEX_TIME, INT64_MIN, wall_us(wish->value));
	assert_int_equal(err, 0);
}

/* The hand-made judge: strings and inet_pton, bit by bit, sharing nothing with the code under test. */
static bool in_list(const char *choices, const char *value)
{
	char copy[128], *rest = NULL;

	snprintf(copy, sizeof(copy), "%s", choices);
	for (char *word = strtok_r(copy, ",", &rest); word; word = strtok_r(NULL, ",", &rest))
		if (value && !strcmp(word, value))
			return true;
	return false;
}

static bool in_network(const char *network, const char *address)
{
	char copy[64], *slash;
	unsigned char a[16], b[16];
	int family, bits;

	snprintf(copy, sizeof(copy), "%s", network);
	slash = strchr(copy, '/');
	if (slash)
		*slash++ = '\0';
	family = strchr(copy, ':') ? AF_INET6 : AF_INET;
	if (inet_pton(family, copy, a) != 1 || inet_pton(family, address, b) != 1)
		return false;
	bits = slash ? atoi(slash) : family == AF_INET ? 32 : 128;
	for (int i = 0; i < bits; i++)
		if ((a[i / 8] ^ b[i / 8]) & (0x80 >> i % 8))
			return false;
	return true;
}

static bool is_below(const char *domain, const char *host)
{
	size_t a = strlen(domain), b = host ? strlen(host) : 0;

	return b >= a && !strcasecmp(host + b - a, domain) && (a == b || host[b - a - 1] == '.');
}

static bool destination_holds(const char *wish, const json_t *body)
{
	char where[64];
	const char *port = NULL, *dst = json_string_value(json_object_get(body, "dst"));
	const char *host = json_string_value(json_object_get(body, "host"));

	snprintf(where, sizeof(where), "%s", wish);
	if (*where == '[') {
		memmove(where, where + 1, strlen(where));
		*strchr(where, ']') = '\0';
		port = strstr(wish, "]:") + 2;
	} else if (strchr(where, ':') && strchr(where, ':') == strrchr(where, ':')) {
		*strchr(where, ':') = '\0';
		port = strchr(wish, ':') + 1;
	}
	if (port && json_integer_value(json_object_get(body, "dport")) != atoi(port))
		return false;
	return !*where || in_network(where, dst) || (strchr(where, 'e') && strchr(where, 'm') && is_below(where, host));
}

static bool wish_holds(const struct wish *wish, const json_t *body)
{
	const json_t *value = json_object_get(body, wish->key);

	if (!strcmp(wish->key, "pid"))
		return json_integer_value(value) == atoi(wish->value);
	if (!strcmp(wish->key, "not kind"))
		return !in_list(wish->value, json_string_value(json_object_get(body, "kind")));
	if (!strcmp(wish->key, "destination"))
		return destination_holds(wish->value, body);
	if (!strcmp(wish->key, "since"))
		return json_integer_value(json_object_get(body, "t")) >= wall_us(wish->value);
	if (!strcmp(wish->key, "until"))
		return json_integer_value(json_object_get(body, "t")) <= wall_us(wish->value);
	return in_list(wish->value, json_string_value(value));
}

static void judge_all(const struct synthetic *journal, const struct wish *wish, struct list *list)
{
	sqlite3_stmt *read;

	list->count = 0;
	assert_int_equal(sqlite3_prepare_v2(journal->db, "SELECT seq, body FROM record ORDER BY seq", -1, &read, NULL), 0);
	while (sqlite3_step(read) == SQLITE_ROW) {
		json_t *body = json_loadb(sqlite3_column_blob(read, 1), (size_t)sqlite3_column_bytes(read, 1), 0, NULL);
		bool holds = true;

		assert_non_null(body);
		for (int i = 0; i < 3 && wish[i].key; i++)
			holds = holds && wish_holds(&wish[i], body);
		if (holds)
			list->seq[list->count++] = sqlite3_column_int64(read, 0);
		json_decref(body);
	}
	sqlite3_finalize(read);
}

static void check_order(struct na_query *query, const struct na_filter *filter, const struct list *expected,
			enum na_query_order order, uint64_t limit)
{
	static struct list found;
	size_t count = limit && limit < expected->count ? (size_t)limit : expected->count;
	size_t first = order == NA_OLDEST_FIRST ? 0 : expected->count - count;

	found.count = 0;
	assert_int_equal(na_query_run(query, filter, order, limit, add_to_list, &found), 0);
	assert_int_equal(found.count, count);
	for (size_t i = 0; i < count; i++)
		assert_int_equal(found.seq[i], expected->seq[order == NA_NEWEST_FIRST ? expected->count - 1 - i : first + i]);
}

static void check_all(const struct synthetic *journal, int64_t indexed)
{
	static struct list expected;
	struct na_query *query;

	assert_int_equal(na_query_open(&query, journal->directory), 0);
	assert_int_equal(na_query_indexed(query), indexed);
	for (size_t i = 0; i < WISHES; i++) {
		struct na_filter filter = NA_FILTER_ALL;

		for (int j = 0; j < 3 && wishes[i][j].key; j++)
			add_wish(&filter, &wishes[i][j]);
		judge_all(journal, wishes[i], &expected);
		if (wishes[i][0].key && strcmp(wishes[i][0].value, "carrier-pigeon"))
			assert_in_range(expected.count, 1, (size_t)journal->rows - 1);
		check_order(query, &filter, &expected, NA_OLDEST_FIRST, 0);
		check_order(query, &filter, &expected, NA_OLDEST_FIRST, 7);
		check_order(query, &filter, &expected, NA_NEWEST_FIRST, 0);
		check_order(query, &filter, &expected, NA_NEWEST_FIRST, 600);
		check_order(query, &filter, &expected, NA_NEWEST_ASCENDING, 1);
		check_order(query, &filter, &expected, NA_NEWEST_ASCENDING, 300);
	}
	na_query_close(query);
}

static void test_filters_agree_with_a_plain_walk_whatever_the_index_knows(void **state)
{
	struct synthetic journal;
	struct na_index *index;
	char path[128];
	int fd;

	(void)state;
	synthetic_open(&journal, 11);
	synthetic_fill(&journal, ROWS);
	check_all(&journal, 0);
	assert_int_equal(na_index_open(&index, journal.directory), 0);
	assert_int_equal(na_index_catch_up(index, 4500), 4500);
	check_all(&journal, 4500);
	assert_int_equal(na_index_catch_up(index, UINT64_MAX), ROWS - 4500);
	check_all(&journal, ROWS);
	na_index_close(index);
	snprintf(path, sizeof(path), "%s/index.db", journal.directory);
	fd = open(path, O_WRONLY);
	assert_true(fd >= 0);
	assert_int_equal(pwrite(fd, "not a database", 14, 0), 14);
	close(fd);
	check_all(&journal, 0);
	synthetic_close(&journal);
}

/* The index may be wrong in any way: a row is shown by what its body says. */
static void test_an_index_that_lies_never_invents_a_row(void **state)
{
	static struct list found;
	struct na_filter filter = NA_FILTER_ALL;
	struct synthetic journal;
	struct na_query *query;
	struct na_index *index;
	sqlite3 *db;
	char path[128];

	(void)state;
	synthetic_open(&journal, 12);
	synthetic_fill(&journal, 100);
	assert_int_equal(na_index_open(&index, journal.directory), 0);
	assert_int_equal(na_index_catch_up(index, UINT64_MAX), 100);
	na_index_close(index);
	snprintf(path, sizeof(path), "%s/index.db", journal.directory);
	assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
	assert_int_equal(sqlite3_exec(db, "UPDATE row SET channel = 'pigeon'; INSERT INTO row(seq, channel) VALUES(-5, 'pigeon')",
				      NULL, NULL, NULL), SQLITE_OK);
	sqlite3_close(db);
	assert_int_equal(na_query_open(&query, journal.directory), 0);
	assert_int_equal(na_filter_text(&filter, NA_INDEX_CHANNEL, NA_IS_ANY_OF, "pigeon"), 0);
	found.count = 0;
	assert_int_equal(na_query_run(query, &filter, NA_OLDEST_FIRST, 0, add_to_list, &found), 0);
	assert_int_equal(found.count, 0);
	na_query_close(query);
	synthetic_close(&journal);
}

/* While a row is handed out the writer can truncate its log: no snapshot is held. */
static int checkpoint(void *context, const struct na_stored_row *row)
{
	struct synthetic *journal = context;
	int log_frames = -1, done_frames = -1;

	(void)row;
	assert_int_equal(sqlite3_wal_checkpoint_v2(journal->db, NULL, SQLITE_CHECKPOINT_TRUNCATE, &log_frames, &done_frames),
			 SQLITE_OK);
	assert_int_equal(log_frames, 0);
	return 17;
}

static void test_no_snapshot_is_held_while_a_row_is_handed_out(void **state)
{
	struct na_filter filter = NA_FILTER_ALL;
	struct synthetic journal;
	struct na_query *query;

	(void)state;
	synthetic_open(&journal, 13);
	synthetic_fill(&journal, 1000);
	assert_int_equal(na_query_open(&query, journal.directory), 0);
	assert_int_equal(na_query_run(query, &filter, NA_OLDEST_FIRST, 0, checkpoint, &journal), 17);
	synthetic_fill(&journal, 10);
	assert_int_equal(na_query_row(query, 1001, checkpoint, &journal), 17);
	na_query_close(query);
	synthetic_close(&journal);
}

static void test_destinations_that_mean_nothing_are_refused(void **state)
{
	static const char *const bad[] = { "", ":", ":x", ":65536", "1.2.3.4/33", "1.2.3.4/", "1.2.3.4/-1", "::1/129",
					   "[::1", "[::1]x", "[::1]:", "host name", "a/b/c", "1.2.3.4:99999", "%", "a\033b" };

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		struct na_filter filter = NA_FILTER_ALL;

		assert_int_not_equal(na_filter_destination(&filter, bad[i]), 0);
	}
}

static int take_hash(void *context, const struct na_stored_row *row)
{
	memcpy(context, row->row_hash, NA_HASH_BYTES);
	return 0;
}

static void test_a_row_is_proved_against_the_one_before(void **state)
{
	static const char body[] = "{\"kind\":\"open\"}";
	struct synthetic journal;
	struct na_query *query;
	struct na_row_proof proof;
	struct na_hash hash;
	unsigned char previous[NA_HASH_BYTES], computed[NA_HASH_BYTES];

	(void)state;
	synthetic_open(&journal, 14);
	synthetic_execute(&journal, "CREATE TABLE checkpoint(size INTEGER PRIMARY KEY, note BLOB NOT NULL) STRICT;"
			  "INSERT INTO checkpoint VALUES(1, x'00'), (9, x'00'), (12, x'00')");
	synthetic_fill(&journal, 5);
	assert_int_equal(na_query_open(&query, journal.directory), 0);
	assert_int_equal(na_query_row(query, 4, take_hash, previous), 0);
	assert_int_equal(na_hash_open(&hash), 0);
	assert_int_equal(na_chain_row(&hash, computed, 5, previous, body, sizeof(body) - 1), 0);
	na_hash_close(&hash);
	assert_int_equal(na_row_proof(query, 5, body, sizeof(body) - 1, computed, &proof), 0);
	assert_true(proof.equal);
	assert_int_equal(proof.head_size, 9);
	computed[31] ^= 1;
	assert_int_equal(na_row_proof(query, 5, body, sizeof(body) - 1, computed, &proof), 0);
	assert_false(proof.equal);
	assert_int_equal(na_row_proof(query, 50, body, sizeof(body) - 1, computed, &proof), -ENOENT);
	na_query_close(query);
	synthetic_close(&journal);
}

static void test_what_is_not_a_journal_is_told_apart(void **state)
{
	struct na_query *query;
	char directory[] = "/tmp/netaudit-query-XXXXXX", path[128];
	int fd;

	(void)state;
	assert_int_equal(na_query_open(&query, "/nonexistent"), -ENOENT);
	assert_non_null(mkdtemp(directory));
	assert_int_equal(na_query_open(&query, directory), -ENOENT);
	snprintf(path, sizeof(path), "%s/journal.db", directory);
	fd = open(path, O_CREAT | O_WRONLY, 0600);
	assert_int_equal(write(fd, "this is a shopping list, not a database", 39), 39);
	close(fd);
	assert_int_equal(na_query_open(&query, directory), -EBADMSG);
	unlink(path);
	rmdir(directory);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_filters_agree_with_a_plain_walk_whatever_the_index_knows),
		cmocka_unit_test(test_an_index_that_lies_never_invents_a_row),
		cmocka_unit_test(test_no_snapshot_is_held_while_a_row_is_handed_out),
		cmocka_unit_test(test_destinations_that_mean_nothing_are_refused),
		cmocka_unit_test(test_a_row_is_proved_against_the_one_before),
		cmocka_unit_test(test_what_is_not_a_journal_is_told_apart),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
