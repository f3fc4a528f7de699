/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The Trust Report: what the rollup says of a period, the causes for attention or alarm in it, and the verdict.
 *
 * gather.c fills struct na_report by one pass over the rollup and the few records of the journal's own life;
 * verdict.c judges it by one table of rules; the views (terminal, JSON, HTML) print it and compute nothing. Times are
 * microseconds since 1970; periods are whole hours. All text in it is as it was recorded: untrusted, to be escaped by
 * the views.
 */
#ifndef NETAUDIT_REPORT_REPORT_H
#define NETAUDIT_REPORT_REPORT_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "classify/catalogue.h"
#include "reader/query.h"
#include "reader/verify.h"

enum na_level { NA_ALL_CLEAR, NA_ATTENTION, NA_ALARM };

struct na_sums {
	int64_t calls, exchanges, bytes_out, bytes_in;
	int64_t first_t, last_t, last_seq;
};

/* Calls that have everything but the hour in common. */
struct na_report_call {
	const char *instance, *component, *destination, *author, *addon;
	const char *chain;		/* JSON array of add-ons, innermost first; "" none */
	enum na_bucket bucket;
	bool inbound, disagree;
	struct na_sums sums;
	int64_t call_bytes;		/* the most that one call has sent */
};

/* A destination that an add-on had never reached before. */
struct na_report_first {
	const char *destination, *addon, *component;	/* addon "": none known */
	enum na_bucket bucket;
	int64_t t;
};

/* One outbound destination, all callers together. */
struct na_report_destination {
	const char *component, *destination;
	enum na_bucket bucket;
	struct na_sums sums;
};

struct na_report_hour {
	int64_t hour;			/* since 1970 */
	int64_t calls[NA_BUCKET_COUNT], bytes_out[NA_BUCKET_COUNT];
};

struct na_vendor_day {
	const char *component;
	int64_t day;			/* since 1970, UTC */
	int64_t bytes_out;
	const char *addons;		/* that sent them, with commas */
	int64_t last_seq;
};

/* TLS to one destination that nobody could see into. */
struct na_report_opaque {
	const char *component, *destination, *addon;
	enum na_bucket bucket;
	struct na_sums sums;
};

/* Names that look as if they carried data, below one name. */
struct na_report_names {
	const char *parent, *addon;	/* one add-on that asked for them; "" none known */
	int64_t names, characters;	/* different ones; of the labels that look like data */
	int64_t first_t, last_seq;
};

/* A record of the journal's own life. */
struct na_life_event {
	int64_t seq, t;
	const char *kind;
	json_t *body;			/* NULL: not JSON */
};

struct na_rule;

struct na_finding {
	const struct na_rule *rule;
	const char *subject;		/* what it is about, for acknowledge; "" nothing in particular */
	char text[512];
	char command[256];		/* shows the records behind it */
	int64_t since;			/* first seen; 0: not to be said */
	int64_t seq;			/* newest record of it; 0: none */
	const struct na_life_event *ack;	/* acknowledged by; NULL: not */
};

struct na_report {
	int64_t since, until, now;
	const struct na_catalogue *catalogue;
	struct na_verify_result verified;
	bool verified_whole;		/* false: the chain was not checked */
	int64_t not_counted;		/* records up to request.upto that the rollup does not have */

	struct na_report_call *calls;	/* most bytes sent first */
	size_t call_count;
	struct na_report_destination *destinations;	/* most bytes sent first */
	size_t destination_count;
	struct na_report_first *firsts;	/* the newest first, the first 200; none where all is new: first_record >= since */
	size_t first_count;
	struct na_report_hour *hours;	/* ascending, only those with calls */
	size_t hour_count;
	struct na_vendor_day *days;
	size_t day_count;
	struct na_report_opaque *opaque;	/* most bytes sent first */
	size_t opaque_count;
	struct na_report_names *names;	/* most characters first */
	size_t names_count;
	struct na_life_event *life;	/* ascending */
	size_t life_count;
	struct na_sums total[NA_BUCKET_COUNT], inbound;
	int64_t beats, detached, last_beat;
	int64_t first_record;		/* hour of the oldest call that is counted; 0: none */

	int64_t watched_us, stopped_us, doubted_us;	/* of the period: up, cleanly stopped, gap */

	struct na_finding *findings;	/* the worst first */
	size_t finding_count;
	enum na_level verdict;
	void *texts;			/* owner of every text */
};

/* What a rule looks for. It calls na_report_find() for each thing it finds. */
struct na_rule {
	const char *id;
	enum na_level level;
	const char *title;
	void (*test)(struct na_report *report, const struct na_rule *rule);
	const char *advice;		/* what to do about it */
};

extern const struct na_rule na_rules[];
extern const size_t na_rule_count;

/* A chip: one thing that must hold, and the rules that say when it does not. */
struct na_chip {
	const char *id, *title;
	const char *rules[8];		/* ends with NULL */
};

extern const struct na_chip na_chips[];
extern const size_t na_chip_count;

struct na_report_request {
	int64_t since, until, now;
	const char *instance;		/* NULL: all */
	const struct na_catalogue *catalogue;
	const char *directory;		/* of the journal; NULL: no chain is looked at */
	/* that checks its chain; NULL: na_verify() */
	enum na_verify_verdict (*verify)(const struct na_verify_options *options, struct na_verify_result *result);
	bool quick;			/* its chain is not checked, and the report says so */
	int64_t upto;			/* the newest record when the report was asked for */
};

/* Returns 0 or negative errno: -ENODATA when there is no usable index.db. na_report_clear() either way. */
int na_report_gather(struct na_report *report, struct na_query *query, const struct na_report_request *request);
void na_report_clear(struct na_report *report);

/* Fills findings and verdict. Returns 0 or -ENOMEM. */
int na_report_judge(struct na_report *report);

/* For rules. `text` is a printf format; subject is copied. */
struct na_finding *na_report_find(struct na_report *report, const struct na_rule *rule, const char *subject,
				  const char *format, ...) __attribute__((format(printf, 4, 5)));
/* Keeps a copy for as long as the report. NULL: out of memory. */
const char *na_report_keep(struct na_report *report, const char *text);

const char *na_level_name(enum na_level level);	/* all-clear, attention, alarm */
/* The worst level of a chip's rules that is not acknowledged. */
enum na_level na_chip_level(const struct na_report *report, const struct na_chip *chip);
/* Thousandths of the period that is proven to have been watched, of the time there was a journal for. */
int64_t na_report_coverage(const struct na_report *report);

json_t *na_report_json(const struct na_report *report);

#endif
