/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Fuzzes every parser of text a process controls: command line, title, environment, cgroup, stat and socket list.
 *
 * The first byte chooses the parser; the rest is its input, in a buffer of exactly its size. Besides what the
 * sanitizers see: results lie inside the input, and what is kept is terminated and short.
 */
#include "../../src/target/container_cgroup.c"
#include "../../src/target/instance.c"
#include "../../src/target/procfs.c"
#include "../../src/target/recognise.c"

#include "fuzz.h"

static void require_inside(struct na_slice found, const char *text, size_t length)
{
	REQUIRE(found.length == 0 || (found.bytes >= text && found.bytes + found.length <= text + length));
}

static void fuzz_command(const char *text, size_t length)
{
	static const char *const programs[] = { "python3.11", "uwsgi", "odoo", "" };

	for (size_t i = 0; i < COUNT(programs); i++) {
		struct na_recognition found = na_recognise_command(programs[i], text, length);

		require_inside(found.config, text, length);
		REQUIRE(found.odoo || (found.worker == NA_WORKER_NONE && found.config.length == 0 && !found.wsgi));
		REQUIRE(!found.odoo || found.worker != NA_WORKER_NONE);
	}
}

static void fuzz_title(const char *text, size_t length)
{
	enum na_worker worker = na_recognise_title(text, length, false);

	REQUIRE(worker == NA_WORKER_NONE || (length > 14 && (memcmp(text, "odoo: ", 6) == 0 ||
					      memcmp(text, "openerp: ", 9) == 0)));
	na_recognise_title(text, length, true);
}

static void fuzz_environment(const char *text, size_t length)
{
	char name[NA_INSTANCE_NAME_BYTES];
	struct na_slice found = na_config_in_environment(text, length);

	require_inside(found, text, length);
	na_instance_describe(-1, 1, found, name);
	REQUIRE(strnlen(name, sizeof(name)) > 0 && strnlen(name, sizeof(name)) < sizeof(name));
}

static void fuzz_cgroup(const char *text, size_t length)
{
	struct na_cgroup found = na_parse_cgroup(text, length);

	require_inside(found.container, text, length);
	require_inside(found.unit, text, length);
	require_inside(found.pod, text, length);
	require_inside(found.path, text, length);
	REQUIRE(found.pod.length == 0 || found.pod.length == 32 || found.pod.length == NA_POD_UID_CHARACTERS);
	REQUIRE(found.container.length == 0 || found.container.length == NA_CONTAINER_ID_DIGITS);
	REQUIRE(found.unit.length == 0 || !memchr(found.unit.bytes, '/', found.unit.length));
}

static void fuzz_stat(const char *text, size_t length)
{
	struct na_proc_stat stat;

	if (na_proc_parse_stat(text, length, &stat) == 0)
		REQUIRE(strnlen(stat.comm, sizeof(stat.comm)) < sizeof(stat.comm));
}

static void fuzz_socket(const char *text, size_t length)
{
	struct na_proc_socket socket;

	na_proc_parse_socket(text, length, &socket);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static void (*const parsers[])(const char *text, size_t length) = {
		fuzz_command, fuzz_title, fuzz_environment, fuzz_cgroup, fuzz_stat, fuzz_socket,
	};
	char *exact;

	if (size == 0)
		return 0;
	exact = fuzz_exact(data + 1, size - 1);
	parsers[data[0] % COUNT(parsers)](exact, size - 1);
	free(exact);
	return 0;
}
