/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The verdict: each rule flips it, and back when the cause is gone or acknowledged. Hostile text stays text. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "report/html.h"
#include "report/report.h"
#include "report/suggest.h"

#define HOUR_US INT64_C(3600000000)
#define NOW (INT64_C(1800000000) * 1000000)

static char folder[] = "/tmp/netaudit-report-XXXXXX";
static struct na_catalogue *catalogue;

/* One of each thing a rule looks at, in a report that is otherwise clear. */
struct scene {
	struct na_report report;
	struct na_report_call call;
	struct na_report_destination destination;
	struct na_vendor_day day;
	struct na_life_event life[6];
	struct na_report_opaque opaque;
	struct na_report_names names[3];
};

static struct na_life_event event(int64_t seq, int64_t t, const char *kind, const char *body)
{
	return (struct na_life_event){ seq, t, kind, json_loads(body, 0, NULL) };
}

static void set_call(struct scene *scene, enum na_bucket bucket, const char *component)
{
	scene->call.bucket = scene->destination.bucket = bucket;
	scene->call.component = scene->destination.component = component;
}

/* A licence check of the vendor's own add-on, as its rule allows. */
static void begin(struct scene *scene)
{
	memset(scene, 0, sizeof(*scene));
	scene->call = (struct na_report_call){
		.instance = "", .component = "acme", .destination = "licence.acme.example", .author = "addon",
		.addon = "acme_lock",
		.chain = "[\"acme_lock\"]", .bucket = NA_BUCKET_VENDOR, .sums = { 1, 0, 500, 100, NOW - 1, NOW - 1, 9 },
		.call_bytes = 500,
	};
	scene->destination = (struct na_report_destination){ "acme", "licence.acme.example", NA_BUCKET_VENDOR,
							     scene->call.sums };
	scene->day = (struct na_vendor_day){ "acme", NOW / HOUR_US / 24, 500, "acme_lock", 9 };
	scene->life[0] = event(1, NOW - 2 * HOUR_US, "start", "{\"clean\":true}");
	scene->life[1] = event(2, NOW - 2 * HOUR_US, "config", "{\"settings\":\"retention.days = 90\\ncapture.probes = all\\n\"}");
	scene->report = (struct na_report){
		.since = NOW - 24 * HOUR_US, .until = NOW, .now = NOW, .catalogue = catalogue, .verified_whole = true,
		.calls = &scene->call, .call_count = 1, .destinations = &scene->destination, .destination_count = 1,
		.days = &scene->day, .day_count = 1, .life = scene->life, .life_count = 2, .beats = 5, .last_beat = NOW - 60000000,
	};
}

static void end(struct scene *scene)
{
	struct na_report *report = &scene->report;

	report->calls = NULL;
	report->destinations = NULL;
	report->days = NULL;
	report->opaque = NULL;
	report->names = NULL;
	for (size_t i = 0; i < report->life_count; i++)
		json_decref(scene->life[i].body);
	report->life = NULL;
	report->life_count = 0;
	na_report_clear(report);
}

/* ---- what spoils it, by rule ---- */

static void tampered(struct scene *scene)
{
	scene->report.verified.verdict = NA_VERIFY_TAMPERED;
}

static void edited(struct scene *scene)
{
	scene->report.verified.notes = NA_VERIFY_INDEX;
}

static void self(struct scene *scene)
{
	set_call(scene, NA_BUCKET_SELF, "");
}

static void unknown_author(struct scene *scene)
{
	scene->call.author = "unknown";
	scene->call.addon = scene->call.chain = "";
}

static void other_addon(struct scene *scene)
{
	scene->call.addon = "mail";
	scene->call.chain = "[\"mail\",\"acme_lock\"]";
}

static void no_rule(struct scene *scene)
{
	set_call(scene, NA_BUCKET_VENDOR, "mit");
}

static void big_call(struct scene *scene)
{
	scene->call.call_bytes = 1001;
}

static void big_day(struct scene *scene)
{
	scene->day.bytes_out = 5001;
}

static void calls_in(struct scene *scene)
{
	scene->call.inbound = true;
}

static void detached(struct scene *scene)
{
	scene->report.detached = 1;
}

static void unattributed(struct scene *scene)
{
	set_call(scene, NA_BUCKET_THIRD_PARTY, "gmail");
	scene->call.author = "unknown";
}

static void uncatalogued(struct scene *scene)
{
	set_call(scene, NA_BUCKET_UNKNOWN, "");
}

static void suspected(struct scene *scene)
{
	set_call(scene, NA_BUCKET_SUSPECTED_VENDOR, "somebody");
}

static void add_life(struct scene *scene, const char *kind, const char *body);

static void named_by_manifest(struct scene *scene)
{
	set_call(scene, NA_BUCKET_UNKNOWN, "");
	scene->call.destination = scene->destination.destination = "telemetry.maker.co.uk";
	add_life(scene, "addon", "{\"addon\":\"sheets\",\"website\":\"https://WWW.maker.co.uk:443/odoo\"}");
}

static void disagree(struct scene *scene)
{
	scene->call.disagree = true;
}

static void add_life(struct scene *scene, const char *kind, const char *body)
{
	scene->life[scene->report.life_count] = event((int64_t)scene->report.life_count + 1, NOW - HOUR_US, kind, body);
	scene->report.life_count++;
}

static void gap(struct scene *scene)
{
	add_life(scene, "gap", "{\"component\":\"observer\",\"cause\":\"killed\"}");
}

static void lost(struct scene *scene)
{
	add_life(scene, "lost", "{\"count\":7}");
}

static void canary_missed(struct scene *scene)
{
	add_life(scene, "canary", "{\"missing\":[\"accept\",\"round\"]}");
}

static void silent(struct scene *scene)
{
	scene->report.last_beat = NOW - HOUR_US;
	scene->life[0].t = NOW - 3 * HOUR_US;
}

static void lags(struct scene *scene)
{
	scene->report.not_counted = 5;
}

static void no_canary(struct scene *scene)
{
	add_life(scene, "config", "{\"settings\":\"retention.days = 90\\ncapture.canary_seconds = 0\\n\"}");
}

static void unsigned_tail(struct scene *scene)
{
	scene->report.verified.verdict = NA_VERIFY_NOTED;
	scene->report.verified.notes = NA_VERIFY_UNSIGNED_TAIL;
}

static void not_checked(struct scene *scene)
{
	scene->report.verified_whole = false;
}

static void not_readable(struct scene *scene)
{
	scene->report.verified.verdict = NA_VERIFY_UNREADABLE;
}

static void shorter_retention(struct scene *scene)
{
	add_life(scene, "config", "{\"settings\":\"retention.days = 30\\ncapture.probes = all\\n\"}");
}

static void switched_off_long_ago(struct scene *scene)
{
	json_decref(scene->life[1].body);
	scene->life[1] = event(2, NOW - 900 * HOUR_US, "config", "{\"settings\":\"capture.enabled = no\\n\"}");
}

static void a_channel_was_off_for_an_hour(struct scene *scene)
{
	add_life(scene, "config", "{\"settings\":\"capture.disabled_channels = smtp\\n\"}");
	add_life(scene, "config", "{\"settings\":\"capture.disabled_channels = none\\n\"}");
}

static void fewer_probes(struct scene *scene)
{
	add_life(scene, "config", "{\"settings\":\"retention.days = 90\\ncapture.probes = none\\n\"}");
}

static void a_vendor_is_relabelled(struct scene *scene)
{
	add_life(scene, "catalogue", "{\"action\":\"read\",\"catalogue\":\"b\",\"previous_catalogue\":\"a\",\"weaker\":[\"x: y\",\"and 2 more\"]}");
}

static void a_suggestion_is_dismissed(struct scene *scene)
{
	add_life(scene, "catalogue", "{\"action\":\"dismiss\",\"catalogue\":\"b\",\"entry\":\"host = x\",\"reason\":\"asked\",\"weaker\":[\"x\"]}");
}

static void a_network_is_declared(struct scene *scene)
{
	add_life(scene, "catalogue", "{\"action\":\"add\",\"bucket\":\"internal\",\"catalogue\":\"b\",\"entry\":\"address = 10.0.0.0/8\","
				     "\"reason\":\"ours\",\"weaker\":[\"x\"]}");
}

static void the_catalogue_is_broken(struct scene *scene)
{
	add_life(scene, "catalogue", "{\"action\":\"refused\",\"error\":\"a.ini:1:1: x\"}");
}

static void the_catalogue_was_changed_unseen(struct scene *scene)
{
	add_life(scene, "start", "{\"catalogue\":\"a\",\"clean\":true}");
	add_life(scene, "start", "{\"catalogue\":\"b\",\"clean\":true}");
}

static void tls_of_a_vendor_is_opaque(struct scene *scene)
{
	scene->opaque = (struct na_report_opaque){ "acme", "licence.acme.example", "acme_lock", NA_BUCKET_VENDOR, scene->call.sums };
	scene->report.opaque = &scene->opaque;
	scene->report.opaque_count = 1;
}

static void names_carry_data(struct scene *scene)
{
	scene->names[0] = (struct na_report_names){ "x.tunnel.co.uk", "", 3, 100, NOW - 5, 5 };
	scene->names[1] = (struct na_report_names){ "other.example", "", 1, 60, NOW - 5, 5 };
	scene->names[2] = (struct na_report_names){ "y.tunnel.co.uk", "mail", 1, 28, NOW - 9, 7 };
	scene->report.names = scene->names;
	scene->report.names_count = 3;
}

static const struct {
	const char *rule;
	void (*spoil)(struct scene *scene);
	enum na_level level;
} spoilers[] = {
	{ "edited", edited, NA_ALARM },
	{ "tampered", tampered, NA_ALARM },	       { "self-egress", self, NA_ALARM },
	{ "vendor-author", unknown_author, NA_ALARM }, { "vendor-licence", other_addon, NA_ALARM },
	{ "vendor-licence", no_rule, NA_ALARM },       { "vendor-call", big_call, NA_ALARM },
	{ "vendor-day", big_day, NA_ALARM },	       { "vendor-inbound", calls_in, NA_ALARM },
	{ "detached", detached, NA_ALARM },	       { "unattributed", unattributed, NA_ATTENTION },
	{ "uncatalogued", uncatalogued, NA_ATTENTION }, { "suspected", suspected, NA_ATTENTION },
	{ "suspected", named_by_manifest, NA_ATTENTION }, { "names", disagree, NA_ATTENTION },	       { "gap", gap, NA_ATTENTION },
	{ "lost", lost, NA_ATTENTION },		       { "silent", silent, NA_ATTENTION },
	{ "unverified", not_checked, NA_ATTENTION },   { "unverified", not_readable, NA_ATTENTION },
	{ "canary", canary_missed, NA_ATTENTION },     { "unsigned", unsigned_tail, NA_ATTENTION },   { "weakened", shorter_retention, NA_ATTENTION },
	{ "weakened", fewer_probes, NA_ATTENTION },    { "weakened", switched_off_long_ago, NA_ATTENTION },
	{ "weakened", a_channel_was_off_for_an_hour, NA_ATTENTION }, { "weakened", no_canary, NA_ATTENTION },
	{ "uncounted", lags, NA_ATTENTION },
	{ "opaque", tls_of_a_vendor_is_opaque, NA_ATTENTION }, { "dns-content", names_carry_data, NA_ATTENTION },
	{ "relaxed", a_vendor_is_relabelled, NA_ATTENTION }, { "relaxed", a_suggestion_is_dismissed, NA_ATTENTION },
	{ "relaxed", a_network_is_declared, NA_ATTENTION }, { "relaxed", the_catalogue_is_broken, NA_ATTENTION },
	{ "relaxed", the_catalogue_was_changed_unseen, NA_ATTENTION },
};

static const struct na_finding *finding_of(const struct na_report *report, const char *rule)
{
	for (size_t i = 0; i < report->finding_count; i++)
		if (!strcmp(report->findings[i].rule->id, rule))
			return &report->findings[i];
	return NULL;
}

static void test_an_ordinary_day_is_all_clear(void **state)
{
	struct scene scene;

	(void)state;
	begin(&scene);
	assert_int_equal(na_report_judge(&scene.report), 0);
	if (scene.report.finding_count)
		fail_msg("%s: %s", scene.report.findings[0].rule->id, scene.report.findings[0].text);
	assert_int_equal(scene.report.verdict, NA_ALL_CLEAR);
	end(&scene);
}

static void test_what_need_not_be_seen_is_no_finding(void **state)
{
	static const enum na_bucket buckets[] = { NA_BUCKET_THIRD_PARTY, NA_BUCKET_ODOO, NA_BUCKET_INTERNAL };
	struct scene scene;

	(void)state;
	for (size_t i = 0; i < sizeof(buckets) / sizeof(buckets[0]); i++) {
		begin(&scene);
		tls_of_a_vendor_is_opaque(&scene);
		scene.opaque.bucket = buckets[i];
		assert_int_equal(na_report_judge(&scene.report), 0);
		assert_int_equal(scene.report.verdict, NA_ALL_CLEAR);
		end(&scene);
	}
	begin(&scene);
	names_carry_data(&scene);
	assert_int_equal(na_report_judge(&scene.report), 0);
	assert_int_equal(scene.report.finding_count, 1);
	assert_string_equal(scene.report.findings[0].subject, "tunnel.co.uk");
	assert_int_equal(scene.report.findings[0].seq, 7);
	scene.names[2].characters = 27;	/* too few, then too few names, then a provider's */
	free(scene.report.findings);
	scene.report.findings = NULL;
	assert_int_equal(na_report_judge(&scene.report), 0);
	assert_int_equal(scene.report.finding_count, 0);
	scene.names[0] = (struct na_report_names){ "x.tunnel.co.uk", "", 2, 1000, NOW - 5, 5 };
	assert_int_equal(na_report_judge(&scene.report), 0);
	assert_int_equal(scene.report.finding_count, 0);
	scene.names[0] = (struct na_report_names){ "cdn.provider.example", "", 50, 1000, NOW - 5, 5 };
	assert_int_equal(na_report_judge(&scene.report), 0);
	assert_int_equal(scene.report.finding_count, 0);
	end(&scene);
}

static void test_a_change_of_the_catalogue_that_weakens_nothing_is_none(void **state)
{
	static const char *const bodies[] = {
		"{\"action\":\"read\",\"catalogue\":\"b\",\"changed\":[\"x\"],\"previous_catalogue\":\"a\"}",
		("{\"action\":\"add\",\"bucket\":\"internal\",\"catalogue\":\"b\",\"entry\":\"address = 10.0.0.1\","
		 "\"reason\":\"the database\",\"weaker\":[\"10.0.0.1: unknown (nobody) -> internal (x)\"]}"),
	};

	(void)state;
	for (size_t i = 0; i < sizeof(bodies) / sizeof(bodies[0]); i++) {
		struct scene scene;

		begin(&scene);
		add_life(&scene, "start", "{\"catalogue\":\"a\",\"clean\":true}");
		add_life(&scene, "catalogue", "{\"action\":\"refused\",\"error\":\"read again since\"}");
		add_life(&scene, "start", "{\"catalogue\":\"b\",\"clean\":true}");
		add_life(&scene, "catalogue", bodies[i]);
		if (i)	/* the command's record does not say what the start found */
			json_object_set_new(scene.life[scene.report.life_count - 1].body, "previous_catalogue", json_string("a"));
		assert_int_equal(na_report_judge(&scene.report), 0);
		if (scene.report.finding_count)
			fail_msg("%s: %s", scene.report.findings[0].rule->id, scene.report.findings[0].text);
		end(&scene);
	}
}

static void test_each_cause_flips_the_verdict_and_an_acknowledgement_flips_it_back(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(spoilers) / sizeof(spoilers[0]); i++) {
		const struct na_finding *finding;
		struct scene scene;
		json_t *ack;

		begin(&scene);
		spoilers[i].spoil(&scene);
		assert_int_equal(na_report_judge(&scene.report), 0);
		finding = finding_of(&scene.report, spoilers[i].rule);
		if (!finding) {
			fail_msg("nothing found for %s, row %zu", spoilers[i].rule, i);
			return;
		}
		assert_int_equal(scene.report.verdict, spoilers[i].level);
		assert_int_equal(finding->rule->level, spoilers[i].level);
		assert_true(finding->command[0]);
		ack = json_pack("{s:s, s:s, s:I}", "rule", spoilers[i].rule, "subject", finding->subject, "expires",
				(json_int_t)(NOW + HOUR_US));
		scene.life[scene.report.life_count++] = (struct na_life_event){ 99, NOW - 1, "ack", ack };
		free(scene.report.findings);
		scene.report.findings = NULL;
		assert_int_equal(na_report_judge(&scene.report), 0);
		assert_non_null(finding_of(&scene.report, spoilers[i].rule)->ack);
		assert_true(scene.report.verdict == NA_ALL_CLEAR || scene.report.finding_count > 1);
		json_object_set_new(ack, "expires", json_integer(NOW));
		free(scene.report.findings);
		scene.report.findings = NULL;
		assert_int_equal(na_report_judge(&scene.report), 0);
		assert_null(finding_of(&scene.report, spoilers[i].rule)->ack);
		assert_int_equal(scene.report.verdict, spoilers[i].level);
		end(&scene);
	}
}

/* Requests pass through Odoo's own add-ons; an add-on that lies elsewhere hides behind the licensed one. */
static void test_odoos_own_addons_are_on_every_stack(void **state)
{
	static const struct {
		const char *base, *web;
		bool licensed;
	} rows[] = {
		{ "/usr/lib/odoo/addons/base", "/usr/lib/odoo/addons/web", true },
		{ "/opt/odoo/odoo/addons/base", "/opt/odoo/addons/web", true },
		{ "/usr/lib/odoo/addons/base", "/srv/addons/web", false },
		{ "/opt/odoo/odoo/addons/base", "/opt/odoo/addons/more/web", false },
		{ "/opt/odoo/odoo/addons/base", "/opt/odoo/addonsweb", false },
		{ "/opt/odoo/odoo/addons/base", "/addons/web", false },
		{ "/addons/base", "/web", false },
		{ "", "/web", false },
		{ "/base", "", false },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const char *const instances[] = { "", "another" };

		for (size_t other = 0; other < 2; other++) {	/* what another instance has proves nothing */
			bool licensed = rows[i].licensed && !other;
			struct scene scene;

			begin(&scene);
			scene.call.chain = "[\"acme_lock\",\"web\"]";
			scene.life[2] = (struct na_life_event){ 3, NOW - 9, "addon",
				json_pack("{s:s, s:s, s:b, s:s}", "addon", "base", "path", rows[i].base, "base", 1, "instance", instances[other]) };
			scene.life[3] = (struct na_life_event){ 4, NOW - 9, "addon",
				json_pack("{s:s, s:s, s:s}", "addon", "web", "path", rows[i].web, "instance", instances[other]) };
			scene.report.life_count = 4;
			assert_int_equal(na_report_judge(&scene.report), 0);
			if (licensed != !finding_of(&scene.report, "vendor-licence"))
				fail_msg("row %zu, instance \"%s\"", i, instances[other]);
			if (!licensed)
				assert_non_null(strstr(finding_of(&scene.report, "vendor-licence")->text, "through web,"));
			end(&scene);
		}
	}
}

static void test_an_addon_of_a_name_that_lay_elsewhere_too_is_not_odoos(void **state)
{
	struct scene scene;

	(void)state;
	begin(&scene);
	scene.call.chain = "[\"acme_lock\",\"web\"]";
	scene.life[2] = event(3, NOW - 9, "addon", "{\"addon\":\"base\",\"base\":true,\"path\":\"/o/addons/base\"}");
	scene.life[3] = event(4, NOW - 9, "addon", "{\"addon\":\"web\",\"path\":\"/o/addons/web\"}");
	scene.life[4] = event(5, NOW - 8, "addon", "{\"addon\":\"web\",\"path\":\"/srv/web\"}");
	scene.report.life_count = 5;
	assert_int_equal(na_report_judge(&scene.report), 0);
	assert_non_null(finding_of(&scene.report, "vendor-licence"));
	end(&scene);
}

static void test_every_rule_has_a_row_here_and_a_chip_names_only_rules(void **state)
{
	(void)state;
	for (size_t i = 0; i < na_rule_count; i++) {
		bool tested = false;

		for (size_t j = 0; j < sizeof(spoilers) / sizeof(spoilers[0]); j++)
			tested |= !strcmp(spoilers[j].rule, na_rules[i].id);
		if (!tested)
			fail_msg("no row for %s", na_rules[i].id);
	}
	for (size_t i = 0; i < na_chip_count; i++)
		for (size_t j = 0; na_chips[i].rules[j]; j++) {
			bool known = false;

			for (size_t k = 0; k < na_rule_count; k++)
				known |= !strcmp(na_rules[k].id, na_chips[i].rules[j]);
			assert_true(known);
		}
}

/* Whatever an add-on, a peer or a manifest calls itself. */
static void test_hostile_names_stay_text(void **state)
{
	static const char *const hostile[] = {
		"<script>alert(1)</script>", "\" onload=\"x", "' onclick='x", "</title><b>", "a&lt;b", "\x1b[2J\x07", "\xe2\x80\xaex",
		"\xff\xfe", "]]>", "%s%n",
	};
	static char longest[10001];

	(void)state;
	memset(longest, '<', sizeof(longest) - 1);
	for (size_t i = 0; i <= sizeof(hostile) / sizeof(hostile[0]); i++) {
		const char *name = i < sizeof(hostile) / sizeof(hostile[0]) ? hostile[i] : longest;
		struct scene scene;
		char *page = NULL;
		size_t bytes = 0;
		FILE *out = open_memstream(&page, &bytes);
		json_t *json;

		begin(&scene);
		uncatalogued(&scene);
		scene.call.addon = scene.call.destination = scene.destination.destination = name;
		assert_int_equal(na_report_judge(&scene.report), 0);
		na_report_html(out, &scene.report, NULL);
		assert_int_equal(fclose(out), 0);
		assert_null(strstr(page, "<script"));
		assert_null(strstr(page, "<b>\""));
		assert_null(strstr(page, "\" onload"));
		assert_null(strstr(page, "' onclick"));
		assert_null(strstr(page, "</title><b>"));
		assert_null(strstr(page, "<<"));
		assert_null(strchr(page, '\x1b'));
		assert_null(strstr(page, "\xe2\x80\xae"));
		assert_null(strstr(page, "\xff"));
		assert_true(bytes < 40000);
		json = na_report_json(&scene.report);
		assert_non_null(json_object_get(json, "findings"));
		free(page);
		json_decref(json);
		end(&scene);
	}
}

static int make_catalogue(void **state)
{
	const char *const folders[] = { "catalogue", folder };
	struct na_error error;
	char path[64];
	FILE *file;

	(void)state;
	if (!mkdtemp(folder))
		return -1;
	(void)snprintf(path, sizeof(path), "%s/acme.ini", folder);
	file = fopen(path, "we");
	if (!file || fputs("[acme]\nbucket = vendor\nhost = licence.acme.example\nlicence_addon = acme_lock\n"
			   "licence_call_bytes = 1000\nlicence_day_bytes = 5000\n"
			   "[provider]\nbucket = third-party\ndomain = provider.example\n", file) < 0 || fclose(file) != 0)
		return -1;
	if (na_catalogue_load(&catalogue, folders, 2, &error) != 0)
		return -1;
	return unlink(path) || rmdir(folder);
}

static int drop_catalogue(void **state)
{
	(void)state;
	na_catalogue_destroy(catalogue);
	return 0;
}

static void test_who_is_suggested_as_a_vendor(void **state)
{
	static const struct {
		const char *website, *domain;	/* NULL: nobody */
	} cases[] = {
		{ "https://www.maker.co.uk/shop", "maker.co.uk" }, { "maker.example", "maker.example" },
		{ "http://user@apps.maker.de:8069", "maker.de" },  { "https://www.odoo.com/app/crm", NULL },
		{ "https://github.com/OCA/web", NULL },		   { "https://somebody.github.io", "somebody.github.io" },
		{ "https://licence.acme.example", "acme.example" }, { "co.uk", NULL }, { "localhost", NULL },
		{ "https://192.0.2.1/", NULL }, { "", NULL }, { "https://<script>.example", NULL },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct na_life_event event = { 1, 1, "addon", json_pack("{s:s, s:s}", "addon", "a", "website", cases[i].website) };
		struct na_report report = { .life = &event, .life_count = 1, .catalogue = catalogue };
		struct na_suggestion *suggestions;
		size_t count;

		assert_int_equal(na_suggest(&report, &suggestions, &count), 0);
		if (count != (cases[i].domain != NULL) || (count && strcmp(suggestions[0].domain, cases[i].domain) != 0))
			fail_msg("%s: %s", cases[i].website, count ? suggestions[0].domain : "nobody");
		free(suggestions);
		json_decref(event.body);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_an_ordinary_day_is_all_clear),
		cmocka_unit_test(test_what_need_not_be_seen_is_no_finding),
		cmocka_unit_test(test_a_change_of_the_catalogue_that_weakens_nothing_is_none),
		cmocka_unit_test(test_each_cause_flips_the_verdict_and_an_acknowledgement_flips_it_back),
		cmocka_unit_test(test_odoos_own_addons_are_on_every_stack),
		cmocka_unit_test(test_an_addon_of_a_name_that_lay_elsewhere_too_is_not_odoos),
		cmocka_unit_test(test_every_rule_has_a_row_here_and_a_chip_names_only_rules),
		cmocka_unit_test(test_who_is_suggested_as_a_vendor),
		cmocka_unit_test(test_hostile_names_stay_text),
	};

	return cmocka_run_group_tests(tests, make_catalogue, drop_catalogue);
}
