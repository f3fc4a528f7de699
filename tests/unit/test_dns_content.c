/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Names that look as if they carried data, and names that do not. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "journal/dns_content.h"

static void test_what_tunnels_write_is_content(void **state)
{
	static const struct {
		const char *name;
		size_t characters;
		const char *parent;
	} names[] = {
		{ "mzxw6ytboi4dsnrrgq3tkobzgeztmmrx.t.example.com", 32, "t.example.com" },
		{ "MZXW6YTBOI4DSNRRGQ3TKOBZGEZTMMRX.example.com.", 32, "example.com." },
		{ "0f3a9c27be416d85aa02f7c1.example.com", 24, "example.com" },
		{ "17.mzxw6ytboi4dsnrrgq3tkobz.ezrwgzltmvzsa4tfmnxw4zdj.example.com", 48, "example.com" },
		{ "mzxw-6ytb-oi4d-snrr-gq3t-kobz-gezt.example.com", 28, "example.com" },
		{ "zgvhzhvhzqbnrkjtcvxwlpqs.example.com", 24, "example.com" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		struct na_dns_content content;

		if (!na_dns_content(names[i].name, strlen(names[i].name), &content))
			fail_msg("%s is none", names[i].name);
		assert_int_equal(content.characters, names[i].characters);
		assert_string_equal(names[i].name + content.parent, names[i].parent);
	}
}

static void test_what_people_and_networks_write_is_none(void **state)
{
	static const char *const names[] = {
		"", ".", "localhost", "example.com", "www.example.com", "iap-services.odoo.com", "d111111abcdef8.cloudfront.net",
		"my-loadbalancer-1234567890.eu-west-1.elb.amazonaws.com", "ec2-203-0-113-25.compute-1.amazonaws.com",
		"this-is-a-very-long-host-name-of-somebody.example.com", "autodiscover.internationalisation-department.example.com",
		"25.113.0.203.in-addr.arpa", "b.a.9.8.7.6.5.0.4.0.0.0.3.0.0.0.2.0.0.0.1.0.0.0.0.0.0.0.1.2.3.4.ip6.arpa",
		"_acme-challenge.www.example.com", "20230601._domainkey.gmail.com", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa.example.com",
		"mzxw6ytboi4dsnrrgq3tkobzgeztmmrx.com",	/* that is a domain, not a name below one */
		"01234567890123456789012345678901.example.com", "..mzxw..",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		struct na_dns_content content;

		if (na_dns_content(names[i], strlen(names[i]), &content))
			fail_msg("%s is", names[i]);
		assert_int_equal(content.characters, 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_what_tunnels_write_is_content),
		cmocka_unit_test(test_what_people_and_networks_write_is_none),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
