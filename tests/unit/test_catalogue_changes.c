/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Two catalogues: what changed, and what of it makes the audit weaker. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "classify/catalogue_changes.h"

#define VENDOR "[acme]\nbucket = vendor\ndomain = acme.com\naddress = 198.51.100.0/24\nlicence_addon = lock\nlicence_call_bytes = 100\n"
#define LAN "[lan]\nbucket = internal\naddress = 10.0.0.0/24\naddress = 10.255.255.0/24\n"

static char folder[] = "/tmp/netaudit-changes-XXXXXX";

static struct na_catalogue *load(const char *text)
{
	const char *const folders[] = { folder };
	struct na_catalogue *catalogue = NULL;
	struct na_error error = { 0 };
	char path[64];
	FILE *file;

	(void)snprintf(path, sizeof(path), "%s/site.ini", folder);
	file = fopen(path, "we");
	assert_non_null(file);
	assert_true(fputs(text, file) >= 0);
	assert_int_equal(fclose(file), 0);
	if (na_catalogue_load(&catalogue, folders, 1, &error) != 0)
		fail_msg("%s", error.text);
	return catalogue;
}

/* `weaker` is the one thing that is weaker, or NULL: nothing is. */
static void expect(const char *before, const char *after, const char *changed, const char *weaker)
{
	struct na_catalogue *old = load(before), *fresh = load(after);
	static struct na_catalogue_changes changes;

	na_catalogue_compare(old, fresh, &changes);
	if (changed)
		assert_string_equal(changes.changed.text[0], changed);
	if (weaker)
		assert_string_equal(changes.weaker.text[0], weaker);
	assert_int_equal(changes.weaker.count, weaker ? 1 : 0);
	na_catalogue_destroy(old);
	na_catalogue_destroy(fresh);
}

static void test_the_same_is_no_change(void **state)
{
	(void)state;
	expect(VENDOR LAN, VENDOR LAN, NULL, NULL);
	expect(VENDOR, "[acme]\nname = Another Name\nsource = x\n" VENDOR, NULL, NULL);
}

static void test_a_vendor_that_is_relabelled_is_weaker_and_back_is_not(void **state)
{
	static const char provider[] = "[acme]\nbucket = third-party\ndomain = acme.com\n";
	static const char vendor[] = "[acme]\nbucket = vendor\ndomain = acme.com\n";

	(void)state;
	expect(vendor, provider, "[acme]: bucket vendor -> third-party", "acme.com: vendor (acme) -> third-party (acme)");
	expect(provider, vendor, "[acme]: bucket third-party -> vendor", NULL);
	expect(vendor, "", "[acme]: taken away", "acme.com: vendor (acme) -> unknown (nobody)");
	expect("", vendor, "[acme]: added as vendor with 1 destinations", NULL);
}

static void test_a_vendors_name_given_to_somebody_else_is_weaker(void **state)
{
	(void)state;
	expect(VENDOR, VENDOR "[cdn]\nbucket = third-party\nhost = files.acme.com\n", "[cdn]: added as third-party with 1 destinations",
	       "files.acme.com: vendor (acme) -> third-party (cdn)");
	expect(VENDOR, VENDOR "[cdn]\nbucket = third-party\nhost = *.up.acme.com\n", NULL,
	       "*.up.acme.com: vendor (acme) -> third-party (cdn)");
	expect(VENDOR, VENDOR "[cdn]\nbucket = third-party\naddress = 198.51.100.7\n", NULL,
	       "198.51.100.7: vendor (acme) -> third-party (cdn)");
	expect(VENDOR, VENDOR "[cdn]\nbucket = third-party\nhost = files.other.com\n", NULL, NULL);
}

static void test_a_port_that_is_left_out_is_weaker(void **state)
{
	(void)state;
	expect("[acme]\nbucket = vendor\ndomain = acme.com\n", "[acme]\nbucket = vendor\ndomain = acme.com\nport = 8443\n",
	       "[acme]: other ports", "acme.com: vendor (acme) -> unknown (nobody)");
	expect("[lan]\nbucket = internal\naddress = 10.0.0.1\nport = 5432\n", "[lan]\nbucket = internal\naddress = 10.0.0.1\n",
	       "[lan]: other ports", "10.0.0.1: unknown (nobody) -> internal (lan)");
}

static void test_internal_networks_that_are_wider_are_weaker(void **state)
{
	(void)state;
	expect(LAN, LAN "address = 10.0.1.0/24\n", "[lan]: 1 destinations added, 0 taken away",
	       "10.0.1.0/24: unknown (nobody) -> internal (lan)");
	expect(LAN, LAN "address = 10.0.0.0/8\n", NULL, "10.0.0.0/8: all of it is internal (lan)");
	expect(LAN, LAN "address = 10.0.0.0/25\n", NULL, NULL);
	expect(LAN "address = 10.0.1.0/24\n", LAN, "[lan]: 0 destinations added, 1 taken away", NULL);
}

static void test_a_licence_that_allows_more_is_weaker(void **state)
{
	(void)state;
	expect(VENDOR, VENDOR "licence_call_bytes = 101\n", "[acme]: other licence", "acme: licence_call_bytes 100 -> 101");
	expect(VENDOR, VENDOR "licence_call_bytes = 99\n", "[acme]: other licence", NULL);
	expect(VENDOR, VENDOR "licence_day_bytes = 5\n", NULL, "acme: licence_day_bytes 0 -> 5");
	expect(VENDOR, VENDOR "licence_addon = sale\n", NULL, "acme: licence_addon sale");
	expect("[acme]\nbucket = vendor\n", VENDOR, NULL, NULL);	/* confirmed, with its first destination */
}

static void test_what_is_dismissed_is_weaker(void **state)
{
	(void)state;
	expect("", "[dismissed]\nhost = acme.com\n", NULL, "acme.com: dismissed");
	expect("[dismissed]\nhost = acme.com\n", "", NULL, NULL);
}

static void test_many_are_counted(void **state)
{
	static struct na_catalogue_changes changes;
	struct na_catalogue *old = load(""), *fresh;
	char text[4096] = "[lan]\nbucket = internal\n";
	size_t used = strlen(text);

	(void)state;
	for (int i = 0; i < 100; i++)
		used += (size_t)snprintf(text + used, sizeof(text) - used, "address = 10.0.%d.0/24\n", i);
	fresh = load(text);
	na_catalogue_compare(old, fresh, &changes);
	assert_int_equal(changes.weaker.count, 100);
	assert_string_equal(changes.weaker.text[NA_CATALOGUE_CHANGES_KEPT - 1], "10.0.15.0/24: unknown (nobody) -> internal (lan)");
	na_catalogue_destroy(old);
	na_catalogue_destroy(fresh);
}

static void test_what_is_written_is_read_as_the_same(void **state)
{
	struct na_catalogue *catalogue = load(VENDOR LAN "[empty]\nbucket = vendor\n[odd]\nhost = *.x.example.net\nport = 1\nport = 65535\n"
						  "licence_day_bytes = 0\n");
	struct na_catalogue *again;
	char *text = NULL;
	size_t bytes = 0;
	FILE *out = open_memstream(&text, &bytes);

	(void)state;
	assert_non_null(out);
	na_catalogue_write(catalogue, out);
	assert_int_equal(fclose(out), 0);
	again = load(text);
	assert_string_equal(na_catalogue_hash(again), na_catalogue_hash(catalogue));
	free(text);
	na_catalogue_destroy(catalogue);
	na_catalogue_destroy(again);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_the_same_is_no_change),
		cmocka_unit_test(test_a_vendor_that_is_relabelled_is_weaker_and_back_is_not),
		cmocka_unit_test(test_a_vendors_name_given_to_somebody_else_is_weaker),
		cmocka_unit_test(test_a_port_that_is_left_out_is_weaker),
		cmocka_unit_test(test_internal_networks_that_are_wider_are_weaker),
		cmocka_unit_test(test_a_licence_that_allows_more_is_weaker),
		cmocka_unit_test(test_what_is_dismissed_is_weaker),
		cmocka_unit_test(test_many_are_counted),
		cmocka_unit_test(test_what_is_written_is_read_as_the_same),
	};
	char path[64];
	int failed;

	if (!mkdtemp(folder))
		return 1;
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	(void)snprintf(path, sizeof(path), "%s/site.ini", folder);
	(void)unlink(path);
	(void)rmdir(folder);
	return failed;
}
