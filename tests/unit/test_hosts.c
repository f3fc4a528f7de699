// SPDX-License-Identifier: GPL-2.0-or-later
/* What an address is called: since when, for how long, where, and that nothing grows without bound. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "flow/hosts.h"

#define HERE 1

static const uint8_t address[16] = { [10] = 0xff, 0xff, 192, 0, 2, 1 };

static struct na_hosts *begin(void)
{
	struct na_hosts *hosts = NULL;

	assert_int_equal(na_hosts_create(&hosts), 0);
	return hosts;
}

static void answer(struct na_hosts *hosts, const char *name, uint32_t ttl_s, uint64_t time_ns)
{
	struct na_dns dns = { .ttl_s = ttl_s, .address_count = 1 };

	memcpy(dns.addresses[0], address, sizeof(address));
	(void)snprintf(dns.name, sizeof(dns.name), "%s", name);
	na_hosts_answer(hosts, HERE, &dns, time_ns);
}

static void test_a_name_holds_from_its_answer_on(void **state)
{
	struct na_hosts *hosts = begin();
	const struct na_host_names *names;
	uint64_t ttl_ns = 1000 * NA_NS_PER_SECOND;

	(void)state;
	answer(hosts, "a.example", 1000, 10);
	assert_null(na_hosts_of(hosts, HERE, address, 9));
	names = na_hosts_of(hosts, HERE, address, 10);
	assert_non_null(names);
	assert_int_equal(names->count, 1);
	assert_string_equal(names->name[0], "a.example");
	assert_null(na_hosts_of(hosts, HERE + 1, address, 10));
	assert_non_null(na_hosts_of(hosts, HERE, address, 9 + ttl_ns));
	assert_null(na_hosts_of(hosts, HERE, address, 10 + ttl_ns));
	/* again before it is over: it held all the time */
	answer(hosts, "a.example", 1000, 20);
	assert_non_null(na_hosts_of(hosts, HERE, address, 11));
	na_hosts_destroy(hosts);
}

static void test_how_long_is_bounded(void **state)
{
	struct na_hosts *hosts = begin();

	(void)state;
	answer(hosts, "a", 0, 0);
	assert_non_null(na_hosts_of(hosts, HERE, address, NA_HOST_LEAST_NS - 1));
	assert_null(na_hosts_of(hosts, HERE, address, NA_HOST_LEAST_NS));
	answer(hosts, "b", UINT32_MAX, 0);
	assert_non_null(na_hosts_of(hosts, HERE, address, NA_HOST_LONGEST_NS - 1));
	assert_null(na_hosts_of(hosts, HERE, address, NA_HOST_LONGEST_NS));
	na_hosts_destroy(hosts);
}

static void test_the_newest_names_are_kept(void **state)
{
	static const char *const all[] = { "a", "b", "c", "d", "e", "c" };
	struct na_hosts *hosts = begin();
	const struct na_host_names *names;

	(void)state;
	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
		answer(hosts, all[i], 60, i);
	names = na_hosts_of(hosts, HERE, address, 10);
	assert_int_equal(names->count, NA_HOST_NAMES);
	assert_string_equal(names->name[0], "c");
	assert_string_equal(names->name[1], "e");
	assert_string_equal(names->name[3], "b");
	assert_int_equal(na_hosts_evicted(hosts), 1);
	na_hosts_destroy(hosts);
}

static void test_the_oldest_address_makes_room(void **state)
{
	struct na_hosts *hosts = begin();
	struct na_dns dns = { .address_count = 1, .name = "x" };

	(void)state;
	answer(hosts, "a", 60, 0);
	for (uint32_t i = 0; i < NA_HOSTS_MOST; i++) {
		memcpy(dns.addresses[0], &i, sizeof(i));
		na_hosts_answer(hosts, HERE, &dns, 1);
	}
	assert_null(na_hosts_of(hosts, HERE, address, 2));
	assert_int_equal(na_hosts_evicted(hosts), 1);
	na_hosts_destroy(hosts);
}

static void test_only_a_single_word_gets_a_domain(void **state)
{
	const struct na_host_names names = { { "db.corp.example" }, 1 };

	(void)state;
	assert_true(na_host_is_named(&names, "db.corp.example"));
	assert_true(na_host_is_named(&names, "DB.Corp.example."));
	assert_true(na_host_is_named(&names, "db"));
	assert_false(na_host_is_named(&names, "db.corp"));
	assert_false(na_host_is_named(&names, "d"));
	assert_false(na_host_is_named(&names, "db.corp.example.org"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_name_holds_from_its_answer_on),
		cmocka_unit_test(test_how_long_is_bounded),
		cmocka_unit_test(test_the_newest_names_are_kept),
		cmocka_unit_test(test_the_oldest_address_makes_room),
		cmocka_unit_test(test_only_a_single_word_gets_a_domain),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
