/* SPDX-License-Identifier: GPL-2.0-or-later */
/* From the files to a catalogue: one table says what a section may hold. */
#include <dirent.h>
#include <errno.h>
#include <libpsl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/ini.h"
#include "base/network.h"
#include "classify/catalogue_private.h"
#include "daemon/digest.h"

#define COMPONENTS_MOST 4096
#define PATTERNS_MOST 1024	/* of one component */

struct reading {
	struct na_catalogue *catalogue;
	const psl_ctx_t *suffixes;
	struct na_catalogue_entry *component;	/* of the line */
	struct na_ini *ini;
};

void *na_catalogue_grow(void *array, size_t *count, size_t bytes)
{
	char *grown = reallocarray(array, *count + 1, bytes);

	if (grown)
		memset(grown + *count * bytes, 0, bytes);
	return grown;
}

static void refuse(struct reading *reading, const char *text)
{
	na_ini_fail_value(reading->ini, text);
}

static void out_of_memory(struct reading *reading)
{
	refuse(reading, "out of memory");
}

/* ---- values ---- */

static bool is_host_text(const char *text)
{
	size_t length = strlen(text);

	return length > 0 && length < 254 && strspn(text, "abcdefghijklmnopqrstuvwxyz0123456789.-_") == length &&
	       text[0] != '.' && text[0] != '-' && text[length - 1] != '.' && !strstr(text, "..");
}

static void take_name(struct reading *reading, const char *value)
{
	char *copy = strdup(value);

	if (!copy) {
		out_of_memory(reading);
		return;
	}
	free(reading->component->name);
	reading->component->name = copy;
}

static void take_bucket(struct reading *reading, const char *value)
{
	enum na_bucket bucket = na_bucket_find(value);

	if (bucket == NA_BUCKET_COUNT || bucket == NA_BUCKET_SELF)
		refuse(reading, "a bucket is vendor, suspected-vendor, odoo, third-party, internal or unknown");
	else
		reading->component->bucket = bucket;
}

static void add_text(struct reading *reading, char ***list, size_t *count, const char *value)
{
	char **grown = na_catalogue_grow(*list, count, sizeof(char *));

	if (grown)
		*list = grown;
	if (grown)
		grown[*count] = strdup(value);
	if (!grown || !grown[*count])
		out_of_memory(reading);
	else
		++*count;
}

static void take_source(struct reading *reading, const char *value)
{
	add_text(reading, &reading->component->sources, &reading->component->source_count, value);
}

static struct na_pattern *add_pattern(struct reading *reading, enum na_pattern_type type, const char *value)
{
	struct na_catalogue_entry *component = reading->component;
	struct na_pattern *grown;

	if (component->pattern_count == PATTERNS_MOST) {
		refuse(reading, "more than 1024 destinations in one component");
		return NULL;
	}
	grown = na_catalogue_grow(component->patterns, &component->pattern_count, sizeof(*grown));
	if (grown)
		component->patterns = grown;
	if (grown)
		grown[component->pattern_count].text = strdup(value);
	if (!grown || !grown[component->pattern_count].text) {
		out_of_memory(reading);
		return NULL;
	}
	grown[component->pattern_count].type = type;
	return &grown[component->pattern_count++];
}

static void lower(char *out, size_t out_bytes, const char *text)
{
	size_t at = 0;

	for (; text[at] && at + 1 < out_bytes; at++)
		out[at] = (char)(text[at] >= 'A' && text[at] <= 'Z' ? text[at] - 'A' + 'a' : text[at]);
	out[at] = '\0';
}

static void take_host(struct reading *reading, const char *value)
{
	char name[256];
	const char *fixed = name;

	lower(name, sizeof(name), value);
	if (strncmp(name, "*.", 2) == 0)
		fixed += 2;
	if (!is_host_text(fixed))
		refuse(reading, "a host name, or \"*.\" and a host name, is wanted");
	else if (fixed != name && psl_is_public_suffix(reading->suffixes, fixed))
		refuse(reading, "anybody may have a name below this one (it is a public suffix)");
	else
		(void)add_pattern(reading, NA_PATTERN_HOST, name);
}

static void take_domain(struct reading *reading, const char *value)
{
	const char *registrable;
	char name[256];

	lower(name, sizeof(name), value);
	registrable = is_host_text(name) ? psl_registrable_domain(reading->suffixes, name) : NULL;
	if (!registrable)
		refuse(reading, "a registrable domain is wanted: this is a public suffix, or no host name");
	else if (strcmp(registrable, name) != 0)
		refuse(reading, "a registrable domain is wanted: this is a name below one; use host");
	else
		(void)add_pattern(reading, NA_PATTERN_DOMAIN, name);
}

static void take_address(struct reading *reading, const char *value)
{
	struct na_network network;
	struct na_pattern *pattern;
	int err = na_network_parse(&network, value);

	if (err) {
		refuse(reading, err == -ERANGE ? "bits are set behind the prefix" : "an address, or ADDRESS/BITS, is wanted");
		return;
	}
	pattern = add_pattern(reading, NA_PATTERN_ADDRESS, value);
	if (!pattern)
		return;
	pattern->bits = network.bits;
	memcpy(pattern->low, network.low, sizeof(pattern->low));
	memcpy(pattern->high, network.high, sizeof(pattern->high));
}

static int64_t read_number(struct reading *reading, const char *value, int64_t most)
{
	char *end;
	long long number = strtoll(value, &end, 10);

	if (value[0] < '0' || value[0] > '9' || *end || number > most) {
		refuse(reading, "a whole number is wanted");
		return -1;
	}
	return number;
}

static void take_port(struct reading *reading, const char *value)
{
	struct na_catalogue_entry *component = reading->component;
	int64_t port = read_number(reading, value, 65535);

	if (port < 0)
		return;
	if (component->port_count == sizeof(component->ports) / sizeof(component->ports[0]))
		refuse(reading, "more than 8 ports in one component");
	else
		component->ports[component->port_count++] = (uint16_t)port;
}

static void take_licence_addon(struct reading *reading, const char *value)
{
	add_text(reading, &reading->component->licence.addons, &reading->component->licence.addon_count, value);
	reading->component->licence.given = true;
}

static void take_call_bytes(struct reading *reading, const char *value)
{
	reading->component->licence.call_bytes = read_number(reading, value, INT64_C(1) << 50);
	reading->component->licence.given = true;
}

static void take_day_bytes(struct reading *reading, const char *value)
{
	reading->component->licence.day_bytes = read_number(reading, value, INT64_C(1) << 50);
	reading->component->licence.given = true;
}

static const struct {
	const char *name;
	void (*take)(struct reading *reading, const char *value);
} members[] = {
	{ "name", take_name },
	{ "bucket", take_bucket },
	{ "source", take_source },
	{ "host", take_host },
	{ "domain", take_domain },
	{ "address", take_address },
	{ "port", take_port },
	{ "licence_addon", take_licence_addon },
	{ "licence_call_bytes", take_call_bytes },
	{ "licence_day_bytes", take_day_bytes },
};

/* ---- sections and files ---- */

static struct na_catalogue_entry *component_of(struct reading *reading, const char *id)
{
	struct na_catalogue *catalogue = reading->catalogue;
	struct na_catalogue_entry **grown, *component = NULL;

	for (size_t i = 0; i < catalogue->count; i++)
		if (strcmp(catalogue->components[i]->id, id) == 0)
			return catalogue->components[i];
	grown = na_catalogue_grow(catalogue->components, &catalogue->count, sizeof(struct na_catalogue_entry *));
	if (grown)
		catalogue->components = grown;
	if (grown && catalogue->count < COMPONENTS_MOST)
		component = calloc(1, sizeof(*component));
	if (!component)
		return NULL;
	(void)snprintf(component->id, sizeof(component->id), "%s", id);
	component->bucket = NA_BUCKET_UNKNOWN;
	grown[catalogue->count++] = component;
	return component;
}

static void handle(struct na_ini *ini, const char *section, const char *name, const char *value)
{
	struct reading *reading = ini->context;
	size_t i = 0, length = strlen(section);

	if (!length || length >= 49 || strspn(section, "abcdefghijklmnopqrstuvwxyz0123456789-") != length) {
		na_ini_fail(ini, section, "a component's name is 1 to 48 of a-z, 0-9 and \"-\", in [brackets]");
		return;
	}
	while (i < sizeof(members) / sizeof(members[0]) && strcmp(members[i].name, name) != 0)
		i++;
	if (i == sizeof(members) / sizeof(members[0])) {
		na_ini_fail(ini, name, "a component has name, bucket, source, host, domain, address, port, licence_addon, "
				       "licence_call_bytes and licence_day_bytes");
		return;
	}
	reading->ini = ini;
	reading->component = component_of(reading, section);
	if (!reading->component)
		na_ini_fail(ini, section, "too many components, or out of memory");
	else if (!value[0])
		refuse(reading, "a value is wanted");
	else
		members[i].take(reading, value);
}

static int is_catalogue(const struct dirent *entry)
{
	size_t length = strlen(entry->d_name);

	return entry->d_name[0] != '.' && length > 4 && strcmp(entry->d_name + length - 4, ".ini") == 0;
}

static int by_bytes(const struct dirent **one, const struct dirent **other)
{
	return strcmp((*one)->d_name, (*other)->d_name);
}

static int read_folder(struct reading *reading, const char *folder, struct na_error *error)
{
	struct dirent **entries;
	int count = scandir(folder, &entries, is_catalogue, by_bytes), result = 0;

	if (count < 0)
		return errno == ENOENT ? 0 : na_error_set(error, -errno, "%s: %s", folder, strerror(errno));
	for (int i = 0; i < count; i++) {
		char path[PATH_MAX];
		struct na_ini ini = { .file = path, .error = error, .context = reading, .handle = handle };

		if (!result && snprintf(path, sizeof(path), "%s/%s", folder, entries[i]->d_name) < (int)sizeof(path))
			result = na_ini_read(&ini);
		free(entries[i]);
	}
	free(entries);
	return result;
}

/* What the hash covers: everything that decides, in the order in which it decides. */
static int write_hash(struct na_catalogue *catalogue)
{
	char *text = NULL;
	size_t bytes = 0;
	FILE *out = open_memstream(&text, &bytes);
	int result;

	if (!out)
		return -ENOMEM;
	for (size_t i = 0; i < catalogue->count; i++) {
		const struct na_catalogue_entry *component = catalogue->components[i];
		const struct na_licence *licence = &component->licence;

		fprintf(out, "[%s]\n%s\n", component->id, na_bucket_name(component->bucket));
		for (size_t j = 0; j < component->pattern_count; j++)
			fprintf(out, "%d %s\n", (int)component->patterns[j].type, component->patterns[j].text);
		for (size_t j = 0; j < component->port_count; j++)
			fprintf(out, "port %u\n", component->ports[j]);
		for (size_t j = 0; j < licence->addon_count; j++)
			fprintf(out, "licence %s\n", licence->addons[j]);
		fprintf(out, "licence %d %lld %lld\n", licence->given, (long long)licence->call_bytes,
			(long long)licence->day_bytes);
	}
	result = fclose(out) != 0 ? -ENOMEM : na_digest_hex(text, bytes, catalogue->hash);
	free(text);
	return result;
}

int na_catalogue_load(struct na_catalogue **catalogue, const char *const *folders, size_t count,
		      struct na_error *error)
{
	psl_ctx_t *suffixes = psl_latest(NULL);
	struct reading reading = { .suffixes = suffixes, .catalogue = calloc(1, sizeof(**catalogue)) };
	int result = 0;

	if (!reading.catalogue) {
		psl_free(suffixes);
		return na_error_set(error, -ENOMEM, "no memory for the catalogue");
	}
	if (!suffixes)
		result = na_error_set(error, -ENOENT, "the public suffix list of libpsl cannot be read");
	for (size_t i = 0; i < count && !result; i++)
		result = read_folder(&reading, folders[i], error);
	if (!result && write_hash(reading.catalogue) != 0)
		result = na_error_set(error, -ENOMEM, "cannot hash the catalogue");
	psl_free(suffixes);
	if (result) {
		na_catalogue_destroy(reading.catalogue);
		return result;
	}
	*catalogue = reading.catalogue;
	return 0;
}
