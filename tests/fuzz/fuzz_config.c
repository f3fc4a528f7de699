/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Fuzzes the configuration file. It is refused with one printable line that names the place, or every setting in force
 * is a value that parses back to itself.
 */
#include <sys/mman.h>
#include <sys/stat.h>

#include "../../src/daemon/config.c"

#include "fuzz.h"

static void require_same(const struct na_config *config)
{
	struct na_config again = *config;
	char text[NA_CONFIG_TEXT_BYTES], value[NA_CONFIG_PATH_BYTES];
	struct na_error error = { 0 };

	for (size_t i = 0; i < na_settings_count; i++) {
		na_setting_value(&na_settings[i], config, value, sizeof(value));
		REQUIRE(na_setting_parse(&na_settings[i], value, &again, &error) == 0);
	}
	REQUIRE(na_config_text(config, text, sizeof(text)) < sizeof(text));
	(void)na_config_check(config, &error);
}

static void require_one_line(const char *text)
{
	REQUIRE(*text);
	for (; *text; text++)
		REQUIRE((unsigned char)*text >= 0x20 && *text != 0x7f);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct na_config defaults;
	int fd = memfd_create("config", MFD_CLOEXEC);
	struct na_error error = { 0 };
	struct na_config config;
	char path[64];

	if (!defaults.state_dir[0])
		REQUIRE(na_config_defaults(&defaults, &error) == 0);
	REQUIRE(fd >= 0 && fchmod(fd, 0600) == 0 && na_write_all(fd, data, size) == 0);
	(void)snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	config = defaults;
	if (read_one(&config, path, &error) == 0)
		require_same(&config);
	else
		require_one_line(error.text);
	close(fd);
	return 0;
}
