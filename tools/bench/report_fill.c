/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A journal as 90 days of an Odoo make it, with its index, for report.py. Usage: report_fill DIRECTORY RECORDS DAYS
 *
 * Calls of two records, open and close: nine of ten to the database, the others by 20 add-ons, each to ten names of its
 * own. Times are spread evenly and end now. No head is signed: what is measured here reads records and sums.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/clock.h"
#include "journal/canonical.h"
#include "journal/index.h"
#include "journal/store.h"

#define COMMIT_RECORDS 5000

static void die(const char *what, const char *why)
{
	fprintf(stderr, "report_fill: %s: %s\n", what, why);
	exit(1);
}

struct call {
	uint64_t number;
	bool internal;
	char addon[16], addons[24], host[40], component[16], dst[20];
};

static void make_call(struct call *call, uint64_t number)
{
	uint64_t mixed = number * UINT64_C(0x9e3779b97f4a7c15) >> 33, host;

	call->number = number;
	call->internal = mixed % 10 != 0;
	(void)snprintf(call->addon, sizeof(call->addon), "addon_%02" PRIu64, mixed / 10 % 20);
	(void)snprintf(call->addons, sizeof(call->addons), "[\"%s\"]", call->addon);
	host = mixed / 10 % 20 * 10 + mixed / 200 % 10;
	(void)snprintf(call->host, sizeof(call->host), "host%03" PRIu64 ".example", host);
	(void)snprintf(call->component, sizeof(call->component), "owner%02" PRIu64, host / 5);
	(void)snprintf(call->dst, sizeof(call->dst), "198.51.100.%" PRIu64, host);
}

static ssize_t compose(uint8_t *out, size_t capacity, const struct call *call, bool closes, int64_t t)
{
	struct na_canonical c;

	na_canonical_begin(&c, out, capacity);
	if (!call->internal)
		na_canonical_string(&c, "addon", call->addon);
	na_canonical_string(&c, "author", call->internal ? "odoo" : "addon");
	na_canonical_string(&c, "bucket", call->internal ? "internal" : "third-party");
	if (closes) {
		na_canonical_integer(&c, "bytes_in", (int64_t)(call->number * 37 % 100000));
		na_canonical_integer(&c, "bytes_out", (int64_t)(call->number * 11 % 100000));
	}
	na_canonical_string(&c, "channel", call->internal ? "postgres" : "https");
	na_canonical_string(&c, "comm", "odoo: WorkerHTT");
	na_canonical_string(&c, "component", call->internal ? "our-database" : call->component);
	na_canonical_string(&c, "direction", "outbound");
	na_canonical_integer(&c, "dport", call->internal ? 5432 : 443);
	na_canonical_string(&c, "dst", call->internal ? "192.0.2.7" : call->dst);
	na_canonical_id(&c, "flow", call->number);
	na_canonical_string(&c, "instance", "config:/etc/odoo/odoo.conf");
	na_canonical_string(&c, "kind", closes ? "close" : "open");
	na_canonical_nonce(&c);
	na_canonical_integer(&c, "pid", 4711 + (int64_t)(call->number % 8));
	if (!call->internal)
		na_canonical_string(&c, "resolved", call->host);
	na_canonical_integer(&c, "sport", 40000 + (int64_t)(call->number % 20000));
	na_canonical_string(&c, "src", "192.0.2.4");
	na_canonical_integer(&c, "t", t);
	na_canonical_integer(&c, "tb", t);
	na_canonical_string(&c, "worker", call->number % 8 ? "http" : "cron");
	return na_canonical_end(&c);
}

static void fill(struct na_store *store, uint64_t records, uint64_t days)
{
	int64_t now = na_clock_read().wall_us, step = (int64_t)(days * 86400 * 1000000 / records);
	struct na_error error = { 0 };
	struct call call;
	uint8_t body[1024];

	for (uint64_t i = 0; i < records; i++) {
		ssize_t bytes;

		make_call(&call, i / 2 + 1);
		bytes = compose(body, sizeof(body), &call, i % 2, now - step * (int64_t)(records - i));
		if (bytes < 0)
			die("record", strerror((int)-bytes));
		if ((i % COMMIT_RECORDS == 0 && na_store_begin(store, &error)) ||
		    na_store_append(store, body, (size_t)bytes, &error) ||
		    ((i % COMMIT_RECORDS == COMMIT_RECORDS - 1 || i == records - 1) && na_store_commit(store, &error)))
			die("append", error.text);
	}
}

int main(int argc, char **argv)
{
	static const uint8_t identity[NA_PUBLIC_KEY_BYTES] = { 1 }, first_once[NA_PUBLIC_KEY_BYTES] = { 2 };
	struct na_error error = { 0 };
	struct na_index *index;
	struct na_store store;
	int64_t rows;

	if (argc != 4 || (mkdir(argv[1], 0700) < 0))
		die("usage", "report_fill DIRECTORY RECORDS DAYS; the directory is made");
	if (na_store_open(&store, argv[1], &error) ||
	    na_store_create(&store, "example.org/bench", identity, first_once, &error))
		die(argv[1], error.text);
	na_store_keep_wal(&store, false);
	fill(&store, strtoull(argv[2], NULL, 10), strtoull(argv[3], NULL, 10));
	na_store_close(&store);
	if (na_index_open(&index, argv[1]))
		die(argv[1], "no index");
	while ((rows = na_index_catch_up(index, COMMIT_RECORDS)) > 0)
		;
	if (rows < 0)
		die("index", strerror((int)-rows));
	na_index_close(index);
	return 0;
}
