/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The table of settings. Adding one is one row here, one field in config.h and one entry in netaudit.conf.5. */
#include "daemon/config.h"

#include <string.h>

#include "base/log.h"
#include "classify/catalogue.h"

static const struct na_setting_choice scopes[] = {
	{ "odoo", NA_CONFIG_SCOPE_ODOO },
	{ "host", NA_CONFIG_SCOPE_HOST },
	{ NULL, 0 },
};

static const struct na_setting_choice backends[] = {
	{ "auto", NA_BACKEND_AUTO },
	{ "fentry", NA_BACKEND_FENTRY },
	{ "kprobe", NA_BACKEND_KPROBE },
	{ "tracepoint", NA_BACKEND_TRACEPOINT },
	{ NULL, 0 },
};

static const struct na_setting_choice probes[] = {
	{ "all", NA_CONFIG_PROBES_PYTHON | NA_CONFIG_PROBES_TLS },
	{ "python", NA_CONFIG_PROBES_PYTHON },
	{ "tls", NA_CONFIG_PROBES_TLS },
	{ "none", NA_CONFIG_PROBES_NONE },
	{ NULL, 0 },
};

static const struct na_setting_choice yes_or_no[] = {
	{ "yes", 1 },
	{ "no", 0 },
	{ NULL, 0 },
};

static const struct na_setting_choice redactions[] = {
	{ "normal", NA_CONFIG_REDACTION_NORMAL },
	{ "strict", NA_CONFIG_REDACTION_STRICT },
	{ NULL, 0 },
};

static const struct na_setting_choice channels[] = {
	{ "dns", NA_DISABLED_DNS },
	{ "http", NA_DISABLED_MESSAGES(NA_PROTOCOL_HTTP1) | NA_DISABLED_MESSAGES(NA_PROTOCOL_HTTP2) },
	{ "smtp", NA_DISABLED_MESSAGES(NA_PROTOCOL_SMTP) },
	{ "imap", NA_DISABLED_MESSAGES(NA_PROTOCOL_IMAP) },
	{ "pop3", NA_DISABLED_MESSAGES(NA_PROTOCOL_POP3) },
	{ "ldap", NA_DISABLED_MESSAGES(NA_PROTOCOL_LDAP) },
	{ "postgresql", NA_DISABLED_MESSAGES(NA_PROTOCOL_POSTGRESQL) },
	{ "socks", NA_DISABLED_MESSAGES(NA_PROTOCOL_SOCKS) },
	{ "udp", NA_DISABLED_UDP },
	{ "icmp", NA_DISABLED_ICMP },
	{ "raw", NA_DISABLED_RAW },
	{ "unix", NA_DISABLED_UNIX },
	{ "vsock", NA_DISABLED_VSOCK },
	{ NULL, 0 },
};

static const struct na_setting_choice log_levels[] = {
	{ "error", NA_LOG_ERROR },
	{ "warning", NA_LOG_WARNING },
	{ "notice", NA_LOG_NOTICE },
	{ "info", NA_LOG_INFO },
	{ "debug", NA_LOG_DEBUG },
	{ NULL, 0 },
};

#define AT(field) .name = #field, .offset = offsetof(struct na_config, field)
#define PATH(where, value) .section = where, .standard = value, .type = NA_SETTING_PATH
#define USER(where, value) .section = where, .standard = value, .type = NA_SETTING_USER
#define CHOICE(where, value, words) .section = where, .standard = value, .type = NA_SETTING_CHOICE, .choices = words
#define WORDS(where, value, words) .section = where, .standard = value, .type = NA_SETTING_WORDS, .choices = words
#define NUMBER(where, value, least, most, of) \
	.section = where, .standard = value, .type = NA_SETTING_NUMBER, .minimum = least, .maximum = most, .unit = of
#define POWER(where, value, least, most, of) \
	.section = where, .standard = value, .type = NA_SETTING_POWER, .minimum = least, .maximum = most, .unit = of

const struct na_setting na_settings[] = {
	{ AT(state_dir), PATH("daemon", "/var/lib/netaudit"), .text = "folder of the journal and the keys" },
	{ AT(run_dir), PATH("daemon", "/run/netaudit"), .text = "folder of status.json" },
	{ AT(user), USER("daemon", "netaudit"), .text = "user who writes the journal" },
	{ AT(sign_user), USER("daemon", "netaudit-sign"), .text = "user who holds the keys and signs" },
	{ AT(origin), .section = "daemon", .type = NA_SETTING_ORIGIN,
	  .text = "name of this journal in its signed heads, fixed when the journal is made" },
	{ AT(log_level), CHOICE("daemon", "info", log_levels), .text = "least important lines still logged" },
	{ AT(heartbeat_seconds), NUMBER("daemon", "60", 1, 3600, "s"), .text = "time between heartbeat records" },

	{ AT(enabled), CHOICE("capture", "yes", yes_or_no), .live = true, .text = "whether anything is recorded at all" },
	{ AT(redaction), CHOICE("capture", "normal", redactions), .live = true,
	  .text = "strict: also no path, names of keys and fields, method, status or fingerprint" },
	{ AT(disabled_channels), WORDS("capture", "none", channels), .live = true, .text = "kinds of traffic not recorded" },
	{ AT(trusted_proxies), .section = "capture", .standard = "none", .type = NA_SETTING_NETWORKS, .live = true,
	  .text = "proxies in front of Odoo whose X-Forwarded-For is believed" },
	{ AT(scope), CHOICE("capture", "odoo", scopes), .text = "whose calls are recorded: Odoo's or everybody's" },
	{ AT(backend), CHOICE("capture", "auto", backends), .text = "kind of kernel hooks; auto takes the best that loads" },
	{ AT(probes), CHOICE("capture", "all", probes),
	  .text = "what gets probes: Python's announcements and OpenSSL (all), one of them, or none" },
	{ AT(ring_kib), POWER("capture", "4096", 4, 1048576, "KiB"), .text = "ring for opens, closes and processes" },
	{ AT(bulk_ring_kib), POWER("capture", "8192", 4, 1048576, "KiB"), .text = "ring for everything frequent" },
	{ AT(max_sockets), NUMBER("capture", "65536", 64, 16777216, "sockets"),
	  .text = "sockets followed at the same time" },
	{ AT(max_peers), NUMBER("capture", "65536", 64, 16777216, "peers"),
	  .text = "datagram peers followed at the same time" },
	{ AT(max_processes), NUMBER("capture", "65536", 64, 16777216, "processes"),
	  .text = "audited processes remembered at the same time" },
	{ AT(canary_seconds), NUMBER("capture", "300", 0, 3600, "s"),
	  .text = "time between calls of the canary, which show that capture works; 0: none" },
	{ AT(progress_seconds), NUMBER("capture", "300", 1, 300, "s"),
	  .text = "time between progress records of a long flow" },
	{ AT(datagram_seconds), NUMBER("capture", "30", 1, 3600, "s"), .text = "time one datagram record covers" },

	{ AT(queue_mib), NUMBER("journal", "64", 1, 4096, "MiB"), .text = "records that may wait for the disk" },
	{ AT(commit_records), NUMBER("journal", "1000", 1, 100000, "records"), .text = "most records in one commit" },
	{ AT(commit_ms), NUMBER("journal", "200", 1, 10000, "ms"), .text = "longest time a record waits for its commit" },
	{ AT(head_seconds), NUMBER("journal", "60", 1, 3600, "s"), .text = "time between signed heads, when there is news" },
	{ AT(head_records), NUMBER("journal", "10000", 1, 1000000, "records"), .text = "most records between signed heads" },

	{ AT(days), NUMBER("retention", "90", 0, 36500, "days"), .text = "how long records are kept; 0 keeps all" },
	{ AT(max_mib), NUMBER("retention", "0", 0, 1073741824, "MiB"),
	  .text = "room for records, beyond which the oldest go; 0: no cap" },

	{ AT(shipped_dir), PATH("catalogue", NA_CATALOGUE_SHIPPED), .text = "folder of the catalogue of destinations" },
	{ AT(site_dir), PATH("catalogue", NA_CATALOGUE_SITE), .text = "folder of this site's additions to it" },
};

const size_t na_settings_count = sizeof(na_settings) / sizeof(na_settings[0]);
_Static_assert(sizeof(na_settings) / sizeof(na_settings[0]) <= NA_SETTINGS_MAX, "raise NA_SETTINGS_MAX");

const struct na_setting *na_setting_find(const char *section, const char *name)
{
	for (size_t i = 0; i < na_settings_count; i++)
		if (strcmp(na_settings[i].section, section) == 0 && strcmp(na_settings[i].name, name) == 0)
			return &na_settings[i];
	return NULL;
}

void na_setting_option(const struct na_setting *setting, char *out)
{
	size_t at = 0;

	for (; at < NA_CONFIG_NAME_BYTES - 1 && setting->name[at]; at++)
		out[at] = (char)(setting->name[at] == '_' ? '-' : setting->name[at]);
	out[at] = '\0';
}

const struct na_setting *na_setting_find_option(const char *option)
{
	char name[NA_CONFIG_NAME_BYTES];

	for (size_t i = 0; i < na_settings_count; i++) {
		na_setting_option(&na_settings[i], name);
		if (strcmp(name, option) == 0)
			return &na_settings[i];
	}
	return NULL;
}
