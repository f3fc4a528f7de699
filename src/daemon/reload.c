// SPDX-License-Identifier: GPL-2.0-or-later
/* Compares the settings that are read with those in force, one by one. */
#include "daemon/reload.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>

#include "base/log.h"
#include "daemon/prepare.h"
#include "daemon/settings_file.h"

/* Takes over what may change; *changed lists it, and is "" when there is nothing. */
static void take_over(struct na_config *now, const struct na_config *wanted, char changed[NA_CHANGED_BYTES])
{
	char have[NA_CONFIG_PATH_BYTES], want[NA_CONFIG_PATH_BYTES];
	size_t used = 0;

	changed[0] = '\0';
	for (size_t i = 0; i < na_settings_count; i++) {
		const struct na_setting *setting = &na_settings[i];

		na_setting_value(setting, now, have, sizeof(have));
		na_setting_value(setting, wanted, want, sizeof(want));
		if (!strcmp(have, want)) {
			now->source[i] = wanted->source[i];
			continue;
		}
		if (!setting->live) {
			na_log_warning("%s.%s stays %s until the daemon is restarted", setting->section, setting->name, have);
			continue;
		}
		(void)na_setting_parse(setting, want, now, NULL);
		now->source[i] = wanted->source[i];
		(void)snprintf(changed + used, NA_CHANGED_BYTES - used, "%s%s.%s: %s -> %s", used ? "; " : "",
			       setting->section, setting->name, have, want);
		used = strlen(changed);
	}
}

/* For the journal: see struct na_settings_told. */
static void tell(const struct na_daemon *daemon, const char changed[NA_CHANGED_BYTES])
{
	struct na_shared *shared = daemon->shared;
	struct na_settings_told *told = &shared->settings[na_counter_get(&shared->settings_told) % NA_SETTINGS_TOLD];

	memcpy(told->hash, daemon->config_hash, sizeof(told->hash));
	(void)snprintf(told->catalogue, sizeof(told->catalogue), "%s", daemon->facts.catalogue_hash);
	memcpy(told->settings, daemon->settings, sizeof(told->settings));
	memcpy(told->changed, changed, sizeof(told->changed));
	atomic_fetch_add_explicit(&shared->settings_told, 1, memory_order_release);
}

/* For children that start from now on, and for people. */
static void put_in_force(struct na_daemon *daemon, const struct na_config *config)
{
	daemon->changed_config = *config;
	daemon->config = &daemon->changed_config;
	na_settings_write(daemon->startup.run_fd, daemon->config);
}

static bool has_room_to_tell(struct na_shared *shared)
{
	return na_counter_get(&shared->settings_told) -
	       atomic_load_explicit(&shared->settings_taken, memory_order_acquire) < NA_SETTINGS_TOLD;
}

void na_reload_catalogue(struct na_daemon *daemon)
{
	struct na_catalogue *fresh;
	struct na_error error = { 0 };

	if (na_prepare_catalogue(&fresh, daemon->config, &error) != 0) {
		na_log_warning("a process that is started again will have the catalogue of before: %s", error.text);
		return;
	}
	na_catalogue_destroy(daemon->catalogue);
	daemon->catalogue = fresh;
	daemon->facts.catalogue_hash = na_catalogue_hash(fresh);
}

void na_reload(struct na_daemon *daemon, const struct na_settings_source *source)
{
	struct na_config wanted, now = *daemon->config;
	char changed[NA_CHANGED_BYTES] = { 0 };
	struct na_switches switches;
	size_t bytes;
	int err;

	if (!has_room_to_tell(daemon->shared)) {
		na_log_error("the settings stay as they are: the journal has not recorded the changes before; try again");
		return;
	}
	if (source->read(source->context, &wanted)) {
		na_log_error("the settings stay as they are");
		return;
	}
	take_over(&now, &wanted, changed);
	if (!changed[0]) {
		na_log_notice("SIGHUP: no setting changed");
		put_in_force(daemon, &now);	/* perhaps in another line of the file */
		return;
	}
	switches = na_config_switches(&now);
	if (!now.enabled)	/* the observer before the kernel: what it still holds is older */
		na_counter_set(&daemon->shared->capture_off, 1);
	err = na_capture_switch(daemon->capture, &switches);
	if (err) {
		na_counter_set(&daemon->shared->capture_off, !daemon->config->enabled);
		na_log_error("the settings stay as they are: the kernel does not take them: %s", strerror(-err));
		return;
	}
	na_counter_set(&daemon->shared->capture_off, !now.enabled);
	put_in_force(daemon, &now);
	memset(daemon->settings, 0, sizeof(daemon->settings));
	bytes = na_config_text(daemon->config, daemon->settings, sizeof(daemon->settings));
	err = na_digest_hex(daemon->settings, bytes, daemon->config_hash);
	if (err)
		na_log_error("cannot hash the settings: %s", strerror(-err));
	tell(daemon, changed);
	na_log_notice("the settings in force changed: %s", changed);
}
