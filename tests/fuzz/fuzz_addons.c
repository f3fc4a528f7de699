/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Fuzzes what is read to find a server's add-ons: command line, environment, configuration file, release.py.
 *
 * The first byte chooses the parser; the rest is its input, in a buffer of exactly its size. Slices lie inside of the
 * input, texts are terminated, and a list of paths has no empty one.
 */
#include <errno.h>

#include "target/addons_config.h"
#include "target/addons_facts.h"

#include "fuzz.h"

static void require_inside(struct na_slice found, const char *text, size_t length)
{
	REQUIRE(found.length == 0 || (found.bytes >= text && found.bytes + found.length <= text + length));
}

static void require_paths(struct na_slice paths, char separator)
{
	struct na_slice rest = paths, path;
	size_t count = 0;

	while (na_next_path(&rest, separator, &path)) {
		require_inside(path, paths.bytes, paths.length);
		REQUIRE(path.length > 0 && !memchr(path.bytes, separator, path.length));
		REQUIRE(++count <= paths.length);
	}
}

static void fuzz_options(const char *text, size_t length)
{
	struct na_server_options options = na_read_server_options(text, length);

	require_inside(options.config, text, length);
	require_inside(options.addons_path, text, length);
	require_inside(options.data_dir, text, length);
	require_inside(options.script, text, length);
	REQUIRE(!options.module || options.script.length == 0);
	require_paths(options.addons_path, ',');
}

static void fuzz_environment(const char *text, size_t length)
{
	require_inside(na_environment_value(text, length, "HOME"), text, length);
	require_paths(na_environment_value(text, length, "PYTHONPATH"), ':');
}

static void fuzz_config(const char *text, size_t length)
{
	static struct na_odoo_config config;
	struct na_slice paths = { config.addons_path, 0 };

	memset(&config, 0xff, sizeof(config));
	na_read_odoo_config(&config, text, length);
	paths.length = strnlen(config.addons_path, sizeof(config.addons_path));
	REQUIRE(paths.length < sizeof(config.addons_path) && paths.length <= length);
	REQUIRE(strnlen(config.data_dir, sizeof(config.data_dir)) < sizeof(config.data_dir));
	require_paths(paths, ',');
}

static void fuzz_series(const char *text, size_t length)
{
	char series[16];

	memset(series, 0xff, sizeof(series));
	if (na_odoo_series(text, length, series, sizeof(series)) == 0)
		REQUIRE(strnlen(series, sizeof(series)) < sizeof(series) && !strchr(series, '/'));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static void (*const parsers[])(const char *text, size_t length) = {
		fuzz_options, fuzz_environment, fuzz_config, fuzz_series,
	};
	char *exact;

	if (size == 0)
		return 0;
	exact = fuzz_exact(data + 1, size - 1);
	parsers[data[0] % (sizeof(parsers) / sizeof(parsers[0]))](exact, size - 1);
	free(exact);
	return 0;
}
