/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Settings: what is accepted, what is refused and where the message points, and that the man pages are complete. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/log.h"
#include "base/network.h"
#include "daemon/config.h"
#include "daemon/digest.h"
#include "daemon/exit_codes.h"

/* A folder with netaudit.conf and conf.d, made anew for each test. */
struct folder {
	char path[64];
	char file[96];
};

static int make_folder(void **state)
{
	struct folder *folder = calloc(1, sizeof(*folder));
	char fragments[96];

	assert_non_null(folder);
	strcpy(folder->path, "/tmp/netaudit-test-XXXXXX");
	assert_non_null(mkdtemp(folder->path));
	(void)snprintf(folder->file, sizeof(folder->file), "%s/netaudit.conf", folder->path);
	(void)snprintf(fragments, sizeof(fragments), "%s/conf.d", folder->path);
	assert_int_equal(mkdir(fragments, 0755), 0);
	*state = folder;
	return 0;
}

static int remove_folder(void **state)
{
	struct folder *folder = *state;
	const char *const names[] = { "netaudit.conf", "conf.d/10-one.conf", "conf.d/20-two.conf", "conf.d/ignored" };
	char path[160];

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		(void)snprintf(path, sizeof(path), "%s/%s", folder->path, names[i]);
		(void)unlink(path);
	}
	(void)snprintf(path, sizeof(path), "%s/conf.d", folder->path);
	(void)rmdir(path);
	(void)rmdir(folder->path);
	free(folder);
	return 0;
}

static void put_bytes(const struct folder *folder, const char *name, const void *content, size_t bytes)
{
	char path[160];

	(void)snprintf(path, sizeof(path), "%s/%s", folder->path, name);
	assert_int_equal(na_replace_file(AT_FDCWD, path, content, bytes, 0644), 0);
}

static void put(const struct folder *folder, const char *name, const char *content)
{
	put_bytes(folder, name, content, strlen(content));
}

static int read_config(const struct folder *folder, struct na_config *config, struct na_error *error)
{
	assert_int_equal(na_config_defaults(config, error), 0);
	return na_config_read(config, folder->file, 1, error);
}

static void test_defaults_need_no_file(void **state)
{
	struct na_config config;
	struct na_error error = { 0 };

	(void)state;
	assert_int_equal(na_config_defaults(&config, &error), 0);
	assert_int_equal(na_config_read(&config, "/nonexistent/netaudit.conf", 0, &error), 0);
	assert_int_equal(na_config_check(&config, &error), 0);
	assert_string_equal(config.state_dir, "/var/lib/netaudit");
	assert_int_equal(config.backend, NA_BACKEND_AUTO);
	assert_int_equal(config.scope, NA_CONFIG_SCOPE_ODOO);
	assert_int_equal(config.probes, NA_CONFIG_PROBES_PYTHON | NA_CONFIG_PROBES_TLS);
	assert_int_equal(config.progress_seconds, 300);
	assert_int_equal(config.log_level, NA_LOG_INFO);
	assert_int_equal(strncmp(config.origin, "netaudit/", 9), 0);
}

static void test_a_file_that_was_asked_for_must_exist(void **state)
{
	struct na_config config;
	struct na_error error = { 0 };

	(void)state;
	assert_int_equal(na_config_defaults(&config, &error), 0);
	assert_int_equal(na_config_read(&config, "/nonexistent/netaudit.conf", 1, &error), -ENOENT);
	assert_string_equal(error.text, "/nonexistent/netaudit.conf: No such file or directory");
}

static void test_fragments_override_in_order(void **state)
{
	struct folder *folder = *state;
	struct na_config config;
	struct na_error error = { 0 };

	put(folder, "netaudit.conf", "# comment\n[capture]\nbackend = kprobe ; why\nscope: host\n  ring_kib = 8\n"
	    "[journal]\ncommit_ms=300\n");
	put(folder, "conf.d/20-two.conf", "[journal]\ncommit_ms = 500\n");
	put(folder, "conf.d/10-one.conf", "[journal]\ncommit_ms = 400\nhead_seconds = 5\n");
	put(folder, "conf.d/ignored", "nonsense");
	assert_int_equal(read_config(folder, &config, &error), 0);
	assert_int_equal(config.backend, NA_BACKEND_KPROBE);
	assert_int_equal(config.scope, NA_CONFIG_SCOPE_HOST);
	assert_int_equal(config.ring_kib, 8);
	assert_int_equal(config.commit_ms, 500);
	assert_int_equal(config.head_seconds, 5);
}

/* Content, and the message after "FILE". */
static const struct {
	const char *content;
	const char *message;
} refused[] = {
	{ "[capture]\nbackend = magic\n",
	  ":2:11: backend: \"magic\" is not one of auto, fentry, kprobe, tracepoint" },
	{ "[capture]\nring_kib = 100\n", ":2:12: ring_kib: \"100\" is not a power of two from 4 to 1048576 (KiB)" },
	{ "[journal]\ncommit_ms = 0\n", ":2:13: commit_ms: \"0\" is not a whole number from 1 to 10000 (ms)" },
	{ "[journal]\ncommit_ms = 10001\n", ":2:13: commit_ms: \"10001\" is not a whole number from 1 to 10000 (ms)" },
	{ "[journal]\ncommit_ms = -1\n", ":2:13: commit_ms: \"-1\" is not a whole number from 1 to 10000 (ms)" },
	{ "[journal]\ncommit_ms = 4294967496\n",
	  ":2:13: commit_ms: \"4294967496\" is not a whole number from 1 to 10000 (ms)" },
	{ "[journal]\ncommit_ms = 5 s\n", ":2:13: commit_ms: \"5 s\" is not a whole number from 1 to 10000 (ms)" },
	{ "[journal]\ncommit_ms =\n", ":2:12: commit_ms: \"\" is not a whole number from 1 to 10000 (ms)" },
	{ "[daemon]\nstate_dir = relative\n",
	  ":2:13: state_dir: \"relative\" is not an absolute path without \"..\", shorter than 192 bytes" },
	{ "[daemon]\nstate_dir = /var/../etc\n",
	  ":2:13: state_dir: \"/var/../etc\" is not an absolute path without \"..\", shorter than 192 bytes" },
	{ "[daemon]\nuser = a b\n", ":2:8: user: \"a b\" is not a user name of letters, digits, \"-\" and \"_\"" },
	{ "[daemon]\norigin = a+b\n",
	  ":2:10: origin: \"a+b\" is not printable ASCII without spaces and \"+\", shorter than 64 bytes" },
	{ "[journal]\n\n commit_mss = 5\n",
	  ":3:2: no setting \"commit_mss\" in [journal]; it has queue_mib, commit_records, commit_ms, head_seconds, "
	  "head_records" },
	{ "[journals]\nx = 5\n", ":2:1: no section [journals]; there are daemon, capture, journal, retention, catalogue" },
	{ "commit_ms = 5\n", ":1:1: a setting before any [section]; sections are daemon, capture, journal, retention, catalogue" },
	{ "[journal]\ncommit_ms = 5\ncommit_ms = 6\n", ":3:1: commit_ms is already set in line 2" },
	{ "[journal]\ncommit_ms = 5\n  6\n", ":3:1: neither \"[section]\", \"name = value\" nor a comment" },
	{ "[journal\n", ":1:1: neither \"[section]\", \"name = value\" nor a comment" },
	{ "[daemon]\nuser = \x1b[2Jx\n",
	  ":2:8: user: \"\\x1b[2Jx\" is not a user name of letters, digits, \"-\" and \"_\"" },
};

static void test_errors_name_place_and_remedy(void **state)
{
	struct folder *folder = *state;

	for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++) {
		struct na_config config;
		struct na_error error = { 0 };
		char expected[NA_ERROR_TEXT_BYTES];

		put(folder, "netaudit.conf", refused[i].content);
		assert_int_equal(read_config(folder, &config, &error), -EINVAL);
		(void)snprintf(expected, sizeof(expected), "%s%s", folder->file, refused[i].message);
		assert_string_equal(error.text, expected);
	}
}

static void test_what_the_parser_would_forgive_is_refused(void **state)
{
	struct folder *folder = *state;
	struct na_config config;
	struct na_error error = { 0 };
	char line[600], *large;

	put_bytes(folder, "netaudit.conf", "[journal]\0\ncommit_ms = 5\n", 25);
	assert_int_equal(read_config(folder, &config, &error), -EINVAL);
	assert_non_null(strstr(error.text, "not a text file"));
	put(folder, "netaudit.conf", "[journal] # \xff\n");
	assert_int_equal(read_config(folder, &config, &error), -EINVAL);
	/* libinih would take the tail of an overlong line for a line of its own. */
	(void)snprintf(line, sizeof(line), "[journal]\n# %*scommit_ms = 7\n", 400, "");
	put(folder, "netaudit.conf", line);
	assert_int_equal(read_config(folder, &config, &error), -EINVAL);
	assert_non_null(strstr(error.text, ":2:190: the line is longer than 190 bytes"));
	large = malloc(70000);
	assert_non_null(large);
	memset(large, '\n', 70000);
	put_bytes(folder, "netaudit.conf", large, 70000);
	free(large);
	assert_int_equal(read_config(folder, &config, &error), -EFBIG);
}

static void test_a_file_others_may_write_is_refused(void **state)
{
	struct folder *folder = *state;
	struct na_config config;
	struct na_error error = { 0 };

	put(folder, "netaudit.conf", "[journal]\n");
	assert_int_equal(chmod(folder->file, 0666), 0);
	assert_int_equal(read_config(folder, &config, &error), -EINVAL);
	assert_non_null(strstr(error.text, "must belong to root and be writable by nobody else"));
}

static void test_an_error_in_a_fragment_names_the_fragment(void **state)
{
	struct folder *folder = *state;
	struct na_config config;
	struct na_error error = { 0 };

	put(folder, "netaudit.conf", "[journal]\n");
	put(folder, "conf.d/10-one.conf", "[journal]\ncommit_ms = x\n");
	assert_int_equal(read_config(folder, &config, &error), -EINVAL);
	assert_non_null(strstr(error.text, "/conf.d/10-one.conf:2:13: commit_ms"));
}

static void test_users_must_differ(void **state)
{
	struct na_config config;
	struct na_error error = { 0 };

	(void)state;
	assert_int_equal(na_config_defaults(&config, &error), 0);
	strcpy(config.sign_user, config.user);
	assert_int_equal(na_config_check(&config, &error), -EINVAL);
	strcpy(config.sign_user, "root");
	assert_int_equal(na_config_check(&config, &error), -EINVAL);
}

/* Every setting, changed or not, comes back from the dumped file as it was. */
static void test_a_dumped_file_reads_back_the_same(void **state)
{
	struct folder *folder = *state;
	struct na_config config, again;
	struct na_error error = { 0 };
	char before[NA_CONFIG_TEXT_BYTES], after[NA_CONFIG_TEXT_BYTES], *dump = NULL;
	size_t bytes = 0;
	FILE *out;

	for (int changed = 0; changed < 2; changed++) {
		assert_int_equal(na_config_defaults(&config, &error), 0);
		if (changed) {
			config.backend = NA_BACKEND_TRACEPOINT;
			config.scope = NA_CONFIG_SCOPE_HOST;
			config.log_level = NA_LOG_DEBUG;
			config.bulk_ring_kib = 64;
			config.commit_ms = 7;
			strcpy(config.origin, "example.org/odoo");
			strcpy(config.state_dir, "/srv/with space");
		}
		out = open_memstream(&dump, &bytes);
		na_config_dump(&config, out);
		assert_int_equal(fclose(out), 0);
		put_bytes(folder, "netaudit.conf", dump, bytes);
		assert_int_equal(strstr(dump, "\n#backend = auto\n") != NULL, !changed);
		free(dump);
		assert_int_equal(read_config(folder, &again, &error), 0);
		(void)na_config_text(&config, before, sizeof(before));
		(void)na_config_text(&again, after, sizeof(after));
		assert_string_equal(before, after);
	}
}

static void test_each_setting_changes_the_text_that_is_hashed(void **state)
{
	struct na_config config;
	struct na_error error = { 0 };
	char text[NA_CONFIG_TEXT_BYTES], line[128];
	size_t bytes;

	(void)state;
	assert_int_equal(na_config_defaults(&config, &error), 0);
	bytes = na_config_text(&config, text, sizeof(text));
	assert_int_equal(bytes, strlen(text));
	for (size_t i = 0; i < na_settings_count; i++) {
		(void)snprintf(line, sizeof(line), "%s.%s = ", na_settings[i].section, na_settings[i].name);
		assert_non_null(strstr(text, line));
	}
	assert_ptr_equal(na_setting_find_option("state-dir"), na_setting_find("daemon", "state_dir"));
	assert_null(na_setting_find_option("state_dir"));
	assert_null(na_setting_find("journal", "state_dir"));
}

static void test_the_longest_settings_fit_the_text(void **state)
{
	struct na_config config;
	struct na_error error = { 0 };
	char text[NA_CONFIG_TEXT_BYTES];

	(void)state;
	assert_int_equal(na_config_defaults(&config, &error), 0);
	for (size_t i = 0; i < na_settings_count; i++) {
		char *field = (char *)&config + na_settings[i].offset;

		if (na_settings[i].type == NA_SETTING_PATH) {
			memset(field, 'x', NA_CONFIG_PATH_BYTES - 1);
			field[0] = '/';
		} else if (na_settings[i].type == NA_SETTING_USER || na_settings[i].type == NA_SETTING_ORIGIN) {
			memset(field, 'x', NA_CONFIG_NAME_BYTES - 1);
		}
	}
	(void)na_config_text(&config, text, sizeof(text));
	assert_non_null(strstr(text, "\njournal.head_records = "));
}

/* SHA-256 of "abc": FIPS 180-2, appendix B.1. */
static void test_digest_is_sha256(void **state)
{
	char hex[NA_DIGEST_HEX_BYTES], of_file[NA_DIGEST_HEX_BYTES];
	struct folder *folder = *state;

	assert_int_equal(na_digest_hex("abc", 3, hex), 0);
	assert_string_equal(hex, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
	put(folder, "netaudit.conf", "abc");
	assert_int_equal(na_digest_file_hex(folder->file, of_file), 0);
	assert_string_equal(of_file, hex);
	assert_int_equal(na_digest_file_hex("/nonexistent", of_file), -ENOENT);
}

static void test_the_man_page_has_every_setting_and_default(void **state)
{
	char *page = NULL, wanted[256];
	size_t bytes;

	(void)state;
	assert_int_equal(na_read_file(AT_FDCWD, "docs/man/netaudit.conf.5", 1 << 20, &page, &bytes), 0);
	for (size_t i = 0; i < na_settings_count; i++) {
		const char *entry;

		(void)snprintf(wanted, sizeof(wanted), ".It Ic %s\n", na_settings[i].name);
		entry = strstr(page, wanted);
		if (!entry)
			fail_msg("netaudit.conf.5 has no entry for %s", na_settings[i].name);
		(void)snprintf(wanted, sizeof(wanted), "Default: %s",
			       na_settings[i].standard ? na_settings[i].standard : "derived");
		entry = strstr(entry, "Default: ");
		if (!entry || strncmp(entry, wanted, strlen(wanted)) != 0)
			fail_msg("netaudit.conf.5 says another default for %s", na_settings[i].name);
	}
	free(page);
}

static void test_the_man_page_has_every_exit_code(void **state)
{
	static const struct {
		int code;
		const char *text;
	} codes[] = {
#define X(symbol, number, words) { number, words },
		NA_EXIT_CODES(X)
#undef X
	};
	char *page = NULL, wanted[256];
	size_t bytes;

	(void)state;
	assert_int_equal(na_read_file(AT_FDCWD, "docs/man/netaudit-bpf.8", 1 << 20, &page, &bytes), 0);
	for (size_t i = 0; i < sizeof(codes) / sizeof(codes[0]); i++) {
		(void)snprintf(wanted, sizeof(wanted), ".It %d\n%s", codes[i].code, codes[i].text);
		if (!strstr(page, wanted))
			fail_msg("netaudit-bpf.8 does not explain exit code %d as \"%s\"", codes[i].code, codes[i].text);
	}
	free(page);
}

#define IN_FOLDER(test) cmocka_unit_test_setup_teardown(test, make_folder, remove_folder)

static void test_words_are_a_set(void **state)
{
	static const char *const bad[] = { "", "dns,", ",dns", "dns dns", "dns,dns", "dns,none", "dn", "dnss", "tcp" };
	const struct na_setting *setting = na_setting_find("capture", "disabled_channels");
	struct na_error error = { 0 };
	struct na_config config;
	char value[NA_CONFIG_PATH_BYTES];

	(void)state;
	assert_int_equal(na_config_defaults(&config, &error), 0);
	assert_int_equal(config.disabled_channels, 0);
	assert_int_equal(na_setting_parse(setting, "unix ,\tdns", &config, &error), 0);
	assert_int_equal(config.disabled_channels, NA_DISABLED_UNIX | NA_DISABLED_DNS);
	na_setting_value(setting, &config, value, sizeof(value));
	assert_string_equal(value, "dns,unix");
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_not_equal(na_setting_parse(setting, bad[i], &config, &error), 0);
	assert_int_equal(config.disabled_channels, NA_DISABLED_UNIX | NA_DISABLED_DNS);
	config.enabled = 0;
	config.redaction = NA_CONFIG_REDACTION_STRICT;
	assert_true(na_config_switches(&config).off && na_config_switches(&config).strict);
	assert_int_equal(na_config_switches(&config).disabled, config.disabled_channels);
}

/* In which of the eight an address is, as the kernel compares it; -1: in none. */
static int in_which(const struct na_config *config, const char *text)
{
	struct na_switches switches = na_config_switches(config);
	uint64_t address[2];

	assert_int_equal(na_address_parse((uint8_t *)address, text), 0);
	for (int i = 0; i < NA_TRUSTED_MOST; i++) {
		const struct na_trusted *one = &switches.proxies[i];

		if ((address[0] & one->mask[0]) == one->low[0] && (address[1] & one->mask[1]) == one->low[1])
			return i;
	}
	return -1;
}

static void test_trusted_proxies_are_networks(void **state)
{
	static const char *const bad[] = { "", ",", "127.0.0.1,", "localhost", "127.0.0.1/33", "127.0.0.1/8", "::/129", "none,::1",
					   "127.0.0.1 127.0.0.2,", "::1,::2,::3,::4,::5,::6,::7,::8,::9", "10.0.0.0/", "/8" };
	const struct na_setting *setting = na_setting_find("capture", "trusted_proxies");
	struct na_error error = { 0 };
	struct na_config config;
	char value[NA_CONFIG_PATH_BYTES];

	(void)state;
	assert_int_equal(na_config_defaults(&config, &error), 0);
	assert_int_equal(in_which(&config, "0.0.0.0"), -1);
	assert_int_equal(in_which(&config, "::"), -1);
	assert_int_equal(na_setting_parse(setting, " 127.0.0.1 ,\t10.16.0.0/12, 2001:db8::/33", &config, &error), 0);
	na_setting_value(setting, &config, value, sizeof(value));
	assert_string_equal(value, "127.0.0.1,10.16.0.0/12,2001:db8::/33");
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_not_equal(na_setting_parse(setting, bad[i], &config, &error), 0);
	assert_int_equal(in_which(&config, "127.0.0.1"), 0);
	assert_int_equal(in_which(&config, "127.0.0.2"), -1);
	assert_int_equal(in_which(&config, "10.31.255.255"), 1);
	assert_int_equal(in_which(&config, "10.32.0.0"), -1);
	assert_int_equal(in_which(&config, "10.15.255.255"), -1);
	assert_int_equal(in_which(&config, "2001:db8:7fff::1"), 2);
	assert_int_equal(in_which(&config, "2001:db8:8000::"), -1);
	assert_int_equal(na_setting_parse(setting, "0.0.0.0/0,::1,::2,::3,::4,::5,::6,::7", &config, &error), 0);
	assert_int_equal(in_which(&config, "255.1.2.3"), 0);
	assert_int_equal(in_which(&config, "::7"), 7);
	assert_int_equal(in_which(&config, "::8"), -1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_defaults_need_no_file),
		cmocka_unit_test(test_a_file_that_was_asked_for_must_exist),
		cmocka_unit_test(test_words_are_a_set),
		cmocka_unit_test(test_trusted_proxies_are_networks),
		IN_FOLDER(test_fragments_override_in_order),
		IN_FOLDER(test_errors_name_place_and_remedy),
		IN_FOLDER(test_what_the_parser_would_forgive_is_refused),
		IN_FOLDER(test_a_file_others_may_write_is_refused),
		IN_FOLDER(test_an_error_in_a_fragment_names_the_fragment),
		cmocka_unit_test(test_users_must_differ),
		IN_FOLDER(test_a_dumped_file_reads_back_the_same),
		cmocka_unit_test(test_each_setting_changes_the_text_that_is_hashed),
		cmocka_unit_test(test_the_longest_settings_fit_the_text),
		IN_FOLDER(test_digest_is_sha256),
		cmocka_unit_test(test_the_man_page_has_every_setting_and_default),
		cmocka_unit_test(test_the_man_page_has_every_exit_code),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
