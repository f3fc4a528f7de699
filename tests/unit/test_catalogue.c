/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The catalogue: what its files may say, and whose a destination is. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/network.h"
#include "classify/catalogue.h"

static char folder[] = "/tmp/netaudit-catalogue-XXXXXX";
static const char *const folders[] = { "catalogue", folder };

static void write_site(const char *text)
{
	char path[64];
	FILE *file;

	(void)snprintf(path, sizeof(path), "%s/site.ini", folder);
	file = fopen(path, "we");
	assert_non_null(file);
	assert_true(fputs(text, file) >= 0);
	assert_int_equal(fclose(file), 0);
}

static struct na_catalogue *load(const char *site)
{
	struct na_catalogue *catalogue = NULL;
	struct na_error error = { 0 };

	write_site(site);
	if (na_catalogue_load(&catalogue, folders, 2, &error) != 0)
		fail_msg("%s", error.text);
	return catalogue;
}

static struct na_match match(const struct na_catalogue *catalogue, const char *host, const char *server_name,
			     const char *address, int port)
{
	struct na_destination destination = { .names = { host, server_name }, .port = port };
	struct na_match match;

	if (address) {
		destination.has_address = true;
		assert_int_equal(na_address_parse(destination.address, address), 0);
	}
	na_catalogue_match(catalogue, &destination, &match);
	return match;
}

static void expect(const char *site, const char *host, const char *server_name, const char *address, const char *bucket,
		   const char *component)
{
	struct na_catalogue *catalogue = load(site);
	struct na_match found = match(catalogue, host, server_name, address, 443);

	assert_string_equal(na_bucket_name(found.bucket), bucket);
	assert_string_equal(found.component ? found.component->id : "", component);
	na_catalogue_destroy(catalogue);
}

static void test_every_shipped_component_says_where_it_is_from(void **state)
{
	struct na_catalogue *catalogue = load("");

	(void)state;
	assert_true(na_catalogue_count(catalogue) > 30);
	for (size_t i = 0; i < na_catalogue_count(catalogue); i++) {
		const struct na_catalogue_entry *component = na_catalogue_at(catalogue, i);

		assert_non_null(component->name);
		if (strcmp(component->id, "mit") == 0)
			assert_int_equal(component->pattern_count, 0);
		else
			assert_true(component->source_count > 0 && component->pattern_count > 0);
		for (size_t j = 0; j < component->source_count; j++)
			assert_int_equal(strncmp(component->sources[j], "https://", 8), 0);
	}
	na_catalogue_destroy(catalogue);
}

static void test_shipped_providers_are_known_by_name(void **state)
{
	(void)state;
	expect("", "smtp.gmail.com", NULL, NULL, "third-party", "gmail");
	expect("", "SMTP.Gmail.com.", NULL, NULL, "third-party", "gmail");
	expect("", "iap.odoo.com", NULL, NULL, "odoo", "odoo-iap");
	expect("", "api.stripe.com", "api.stripe.com", "203.0.113.1", "third-party", "stripe");
	expect("", "evil-smtp.gmail.com.example.net", NULL, NULL, "unknown", "");
	expect("", NULL, NULL, "127.3.2.1", "internal", "this-machine");
	expect("", NULL, NULL, "::1", "internal", "this-machine");
	expect("", NULL, NULL, "10.0.0.1", "unknown", "");
}

static void test_a_name_below_a_domain_is_its_owners(void **state)
{
	const char *site = "[acme]\nbucket = vendor\ndomain = acme.co.uk\n[acme-mail]\nbucket = third-party\nhost = mail.acme.co.uk\n";

	(void)state;
	expect(site, "acme.co.uk", NULL, NULL, "vendor", "acme");
	expect(site, "a.b.acme.co.uk", NULL, NULL, "vendor", "acme");
	expect(site, "notacme.co.uk", NULL, NULL, "unknown", "");
	expect(site, "mail.acme.co.uk", NULL, NULL, "third-party", "acme-mail");
	expect("[x]\nbucket = vendor\nhost = *.x.example.com\n", "a.x.example.com", NULL, NULL, "vendor", "x");
	expect("[x]\nbucket = vendor\nhost = *.x.example.com\n", "x.example.com", NULL, NULL, "unknown", "");
}

static void test_names_that_disagree_earn_no_credit(void **state)
{
	struct na_catalogue *catalogue = load("[acme]\nbucket = vendor\ndomain = acme.com\n");
	struct na_match found = match(catalogue, "smtp.gmail.com", "drop.example.net", NULL, 443);

	(void)state;
	assert_true(found.disagree);
	assert_int_equal(found.bucket, NA_BUCKET_UNKNOWN);
	found = match(catalogue, "drop.example.net", "smtp.gmail.com", NULL, 443);
	assert_true(found.disagree);
	assert_int_equal(found.bucket, NA_BUCKET_UNKNOWN);
	found = match(catalogue, "api.openai.com", "www.acme.com", NULL, 443);
	assert_true(found.disagree);
	assert_int_equal(found.bucket, NA_BUCKET_VENDOR);
	found = match(catalogue, "www.acme.com", "api.openai.com", NULL, 443);
	assert_int_equal(found.bucket, NA_BUCKET_VENDOR);
	na_catalogue_destroy(catalogue);
}

static void test_internal_is_what_was_reached_not_what_was_said(void **state)
{
	const char *site = "[database]\nbucket = internal\naddress = 10.1.0.0/16\nhost = db.example.net\nport = 443\n";
	struct na_catalogue *catalogue;

	(void)state;
	expect(site, "smtp.gmail.com", NULL, "10.1.2.3", "internal", "database");
	expect(site, "db.example.net", NULL, "203.0.113.9", "unknown", "");
	catalogue = load(site);
	assert_int_equal(match(catalogue, NULL, NULL, "10.1.2.3", 80).bucket, NA_BUCKET_UNKNOWN);
	na_catalogue_destroy(catalogue);
}

static void test_later_files_add_to_a_component_and_change_the_hash(void **state)
{
	struct na_catalogue *catalogue = load("");
	char before[NA_CATALOGUE_HASH_BYTES];

	(void)state;
	memcpy(before, na_catalogue_hash(catalogue), sizeof(before));
	na_catalogue_destroy(catalogue);
	catalogue = load("; nothing but a comment\n");
	assert_string_equal(na_catalogue_hash(catalogue), before);
	na_catalogue_destroy(catalogue);
	catalogue = load("[mit]\nhost = licence.example.com\n");
	assert_string_not_equal(na_catalogue_hash(catalogue), before);
	assert_int_equal(match(catalogue, "licence.example.com", NULL, NULL, 443).bucket, NA_BUCKET_VENDOR);
	na_catalogue_destroy(catalogue);
}

static void test_bad_files_are_refused_with_line_and_column(void **state)
{
	static const struct {
		const char *text, *error;
	} bad[] = {
		{ "[x]\nbucket = friend\n", "site.ini:2:10: a bucket is" },
		{ "[x]\n\ndomain = co.uk\n", "site.ini:3:10: a registrable domain is wanted" },
		{ "[x]\ndomain = a.example.com\n", "site.ini:2:10: a registrable domain is wanted: this is a name below" },
		{ "[x]\nhost = *.com\n", "site.ini:2:8: anybody may have a name below" },
		{ "[x]\nhost = a b\n", "site.ini:2:8: a host name" },
		{ "[x]\naddress = 10.0.0.1/8\n", "site.ini:2:11: bits are set behind the prefix" },
		{ "[x]\naddress = 10.0.0.0/33\n", "site.ini:2:11: an address" },
		{ "[x]\nport = 70000\n", "site.ini:2:8: a whole number" },
		{ "[x]\ncolour = red\n", "site.ini:2:1: a component has" },
		{ "host = a.example\n", "site.ini:1:1: a component's name" },
		{ "[X Y]\nhost = a.example\n", "site.ini:2:1: a component's name" },
		{ "[x]\nnonsense\n", "site.ini:2:1: neither" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct na_catalogue *catalogue;
		struct na_error error = { 0 };

		write_site(bad[i].text);
		assert_true(na_catalogue_load(&catalogue, folders, 2, &error) < 0);
		if (!strstr(error.text, bad[i].error))
			fail_msg("\"%s\" instead of \"%s\"", error.text, bad[i].error);
	}
}

static int make_folder(void **state)
{
	(void)state;
	return mkdtemp(folder) ? 0 : -1;
}

static int remove_folder(void **state)
{
	char path[64];

	(void)state;
	(void)snprintf(path, sizeof(path), "%s/site.ini", folder);
	return unlink(path) || rmdir(folder);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_shipped_component_says_where_it_is_from),
		cmocka_unit_test(test_shipped_providers_are_known_by_name),
		cmocka_unit_test(test_a_name_below_a_domain_is_its_owners),
		cmocka_unit_test(test_names_that_disagree_earn_no_credit),
		cmocka_unit_test(test_internal_is_what_was_reached_not_what_was_said),
		cmocka_unit_test(test_later_files_add_to_a_component_and_change_the_hash),
		cmocka_unit_test(test_bad_files_are_refused_with_line_and_column),
	};

	return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
