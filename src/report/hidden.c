// SPDX-License-Identifier: GPL-2.0-or-later
/* The rules about calls that may hide what they carry: TLS nobody could see into, and names that look like data. */
#include <errno.h>
#include <inttypes.h>
#include <libpsl.h>
#include <stdlib.h>
#include <string.h>

#include "report/report.h"
#include "report/rules.h"

/* Four names of 20 characters and more are no network's own; 128 characters are about 80 bytes in base32. */
#define NAMES_LEAST 4
#define CHARACTERS_LEAST 128

/* Where seeing inside would decide something. What a known provider is sent, it is sent anyway. */
static bool must_be_seen(enum na_bucket bucket)
{
	return bucket == NA_BUCKET_VENDOR || bucket == NA_BUCKET_SUSPECTED_VENDOR || bucket == NA_BUCKET_UNKNOWN;
}

void na_rule_opaque(struct na_report *report, const struct na_rule *rule)
{
	for (size_t i = 0; i < report->opaque_count; i++) {
		const struct na_report_opaque *opaque = &report->opaque[i];
		const char *where = opaque->destination[0] ? opaque->destination : opaque->component;
		struct na_finding *finding;

		if (!must_be_seen(opaque->bucket))
			continue;
		finding = na_report_find(report, rule, where, "Nobody could see into TLS to %s%s%s: %" PRId64 " calls ended, %" PRId64
					 " bytes sent", where, opaque->addon[0] ? ", add-on " : "", opaque->addon,
					 opaque->sums.calls, opaque->sums.bytes_out);
		na_rule_command(finding, "netaudit log --channel tls-opaque --bucket %s --since @%" PRId64,
				na_bucket_name(opaque->bucket), opaque->sums.first_t / 1000000);
		if (finding) {
			finding->since = opaque->sums.first_t;
			finding->seq = opaque->sums.last_seq;
		}
	}
}

/* What the catalogue calls a provider may have such names: content networks do. */
static bool is_provider(const struct na_report *report, const char *domain)
{
	const struct na_destination destination = { .names = { domain }, .port = 443 };
	struct na_match match;

	na_catalogue_match(report->catalogue, &destination, &match);
	return match.component && !must_be_seen(match.bucket);
}

static void add_names(struct na_report_names *to, const struct na_report_names *more)
{
	to->names += more->names;
	to->characters += more->characters;
	if (more->addon[0])
		to->addon = more->addon;
	if (more->first_t < to->first_t)
		to->first_t = more->first_t;
	if (more->last_seq > to->last_seq)
		to->last_seq = more->last_seq;
}

static int by_parent(const void *left, const void *right)
{
	return strcmp(((const struct na_report_names *)left)->parent, ((const struct na_report_names *)right)->parent);
}

/* Rows by what they are below of, those of one registrable domain together. NULL: out of memory. */
static struct na_report_names *by_domain(const struct na_report *report, const psl_ctx_t *suffixes)
{
	struct na_report_names *domains = reallocarray(NULL, report->names_count, sizeof(*domains));

	for (size_t i = 0; domains && i < report->names_count; i++) {
		const char *domain = suffixes ? psl_registrable_domain(suffixes, report->names[i].parent) : NULL;

		domains[i] = report->names[i];
		domains[i].parent = domain ? domain : report->names[i].parent;
	}
	if (domains)
		qsort(domains, report->names_count, sizeof(*domains), by_parent);
	return domains;
}

static void look_at(struct na_report *report, const struct na_rule *rule, const struct na_report_names *domain)
{
	struct na_finding *finding;

	if (domain->names < NAMES_LEAST || domain->characters < CHARACTERS_LEAST || is_provider(report, domain->parent))
		return;
	finding = na_report_find(report, rule, domain->parent, "Names below %s look as if they carried data%s%s: %" PRId64
				 " names, %" PRId64 " characters", domain->parent, domain->addon[0] ? ", add-on " : "",
				 domain->addon, domain->names, domain->characters);
	na_rule_command(finding, "netaudit log --kind dns,resolve%s%s --since @%" PRId64,
			na_rule_is_plain(domain->parent) ? " --destination " : "",
			na_rule_is_plain(domain->parent) ? domain->parent : "", domain->first_t / 1000000);
	if (finding) {
		finding->since = domain->first_t;
		finding->seq = domain->last_seq;
	}
}

void na_rule_dns_content(struct na_report *report, const struct na_rule *rule)
{
	psl_ctx_t *suffixes = report->names_count ? psl_latest(NULL) : NULL;
	struct na_report_names *domains = report->names_count ? by_domain(report, suffixes) : NULL;

	for (size_t i = 0, next; domains && i < report->names_count; i = next) {
		for (next = i + 1; next < report->names_count && !by_parent(&domains[i], &domains[next]); next++)
			add_names(&domains[i], &domains[next]);
		look_at(report, rule, &domains[i]);
	}
	free(domains);
	psl_free(suffixes);
}
