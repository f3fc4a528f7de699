/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The settings: one table says all there is to say about each, and everything else follows from it
 * (parsing, options, --help, --dump-config, the check that the man page is complete).
 *
 * Order of precedence: the table's default, the configuration file, the files of the `conf.d`
 * folder beside it (FILE's folder, names ending in .conf, in byte order), options. What is loaded
 * is whole: after any error the struct must not be used.
 */
#ifndef NETAUDIT_DAEMON_CONFIG_H
#define NETAUDIT_DAEMON_CONFIG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <netaudit/control.h>

#include "base/error.h"
#include "capture/capture.h"

#define NA_CONFIG_FILE "/etc/netaudit/netaudit.conf"
#define NA_CONFIG_PATH_BYTES 192	/* leaves room for names below it in any PATH_MAX buffer */
#define NA_CONFIG_NAME_BYTES 64
#define NA_SETTINGS_MAX 64
#define NA_CONFIG_TEXT_BYTES NA_SETTINGS_BYTES	/* of na_config_text(), always enough */

/* Which programs' files may get probes; bits. */
enum na_config_probes { NA_CONFIG_PROBES_NONE = 0, NA_CONFIG_PROBES_PYTHON = 1, NA_CONFIG_PROBES_TLS = 2 };
enum na_config_redaction { NA_CONFIG_REDACTION_NORMAL, NA_CONFIG_REDACTION_STRICT };
enum na_config_scope { NA_CONFIG_SCOPE_ODOO, NA_CONFIG_SCOPE_HOST };

/* Who set a value. */
enum na_config_from { NA_FROM_DEFAULT, NA_FROM_FILE, NA_FROM_OPTION };

struct na_config_source {
	enum na_config_from from;
	int line;			/* of `file`; NA_FROM_FILE only */
	char file[NA_CONFIG_PATH_BYTES];	/* cut where it is longer */
};

/* Owns everything in it; copy freely. Names of values are the settings' names. */
struct na_config {
	char state_dir[NA_CONFIG_PATH_BYTES];
	char run_dir[NA_CONFIG_PATH_BYTES];
	char user[NA_CONFIG_NAME_BYTES];
	char sign_user[NA_CONFIG_NAME_BYTES];
	char origin[NA_CONFIG_NAME_BYTES];
	uint32_t log_level;		/* enum na_log_level */
	uint32_t heartbeat_seconds;

	uint32_t enabled;		/* 0 or 1 */
	uint32_t redaction;		/* enum na_config_redaction */
	uint32_t disabled_channels;	/* NA_DISABLED_… of switches.h */
	char trusted_proxies[NA_CONFIG_PATH_BYTES];	/* networks, separated by commas; or "none" */
	uint32_t scope;			/* enum na_config_scope */
	uint32_t backend;		/* enum na_backend */
	uint32_t probes;		/* enum na_config_probes */
	uint32_t ring_kib;
	uint32_t bulk_ring_kib;
	uint32_t max_sockets;
	uint32_t max_peers;
	uint32_t max_processes;
	uint32_t canary_seconds;	/* 0: none */
	uint32_t progress_seconds;
	uint32_t datagram_seconds;

	uint32_t queue_mib;
	uint32_t commit_records;
	uint32_t commit_ms;
	uint32_t head_seconds;
	uint32_t head_records;

	uint32_t days;
	uint32_t max_mib;

	char shipped_dir[NA_CONFIG_PATH_BYTES];
	char site_dir[NA_CONFIG_PATH_BYTES];

	char file[NA_CONFIG_PATH_BYTES];	/* that was read, or is when it is there; cut where it is longer */
	struct na_config_source source[NA_SETTINGS_MAX];	/* by number of the setting */
};

enum na_setting_type {
	NA_SETTING_NUMBER,	/* uint32_t between minimum and maximum */
	NA_SETTING_POWER,	/* the same, and a power of two (the kernel wants it so) */
	NA_SETTING_CHOICE,	/* uint32_t: the value beside the word */
	NA_SETTING_WORDS,	/* uint32_t: the values beside any of the words, separated by commas, together; "none" is 0 */
	NA_SETTING_PATH,	/* absolute, no "..", printable */
	NA_SETTING_USER,	/* user name */
	NA_SETTING_NETWORKS,	/* "none", or up to NA_TRUSTED_MOST networks, separated by commas; kept without blanks */
	NA_SETTING_ORIGIN,	/* C2SP origin: printable ASCII without spaces and "+" */
};

struct na_setting_choice {
	const char *word;
	uint32_t value;
};

struct na_setting {
	const char *section;
	const char *name;
	const char *standard;	/* default value as text; NULL: derived from the machine */
	const char *unit;	/* NULL: none */
	const char *text;	/* one line: what it does */
	const struct na_setting_choice *choices;	/* ends with a NULL word */
	size_t offset;		/* in struct na_config */
	uint32_t minimum, maximum;
	enum na_setting_type type;
	bool live;		/* may change while the daemon runs (SIGHUP) */
};

extern const struct na_setting na_settings[];
extern const size_t na_settings_count;

/* NULL: no such setting. The first form finds it by the file's section and name, the second by the option's name. */
const struct na_setting *na_setting_find(const char *section, const char *name);
const struct na_setting *na_setting_find_option(const char *option);

/* "state_dir" -> "state-dir". `out` holds NA_CONFIG_NAME_BYTES. */
void na_setting_option(const struct na_setting *setting, char *out);

/* What values are allowed, as one phrase: "a whole number from 1 to 60 (s)". */
void na_setting_allowed(const struct na_setting *setting, char *out, size_t out_bytes);

/* The value in force, as text that parses back to it. */
void na_setting_value(const struct na_setting *setting, const struct na_config *config, char *out, size_t out_bytes);

/* Parses one value. Returns 0 or -EINVAL with a text that says what is allowed (without the place). */
int na_setting_parse(const struct na_setting *setting, const char *value, struct na_config *config,
		     struct na_error *error);

/* Fills in every default. Returns 0 or negative errno. */
int na_config_defaults(struct na_config *config, struct na_error *error);

/*
 * Reads FILE and its conf.d over what `config` holds. A missing FILE is an error when `required`.
 * Errors say FILE:LINE:COLUMN and what is allowed. Returns 0 or negative errno.
 */
int na_config_read(struct na_config *config, const char *file, int required, struct na_error *error);

/* What no single setting can see by itself (two users that must differ). Returns 0 or -EINVAL. */
int na_config_check(const struct na_config *config, struct na_error *error);

/*
 * The settings in force, one "section.name = value" line each, in table order: what the journal
 * records and what the configuration hash covers. Returns the length; NA_CONFIG_TEXT_BYTES suffice.
 */
size_t na_config_text(const struct na_config *config, char *out, size_t out_bytes);

/* "none" or networks separated by commas, without blanks, as the kernel compares them. Returns 0 or -EINVAL. */
int na_config_trusted(const char *value, struct na_trusted trusted[NA_TRUSTED_MOST]);

/* What these settings mean to the programs in the kernel. */
struct na_switches na_config_switches(const struct na_config *config);

/* A commented configuration file: settings at their default are commented out. */
void na_config_dump(const struct na_config *config, FILE *out);

#endif
