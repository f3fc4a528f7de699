// SPDX-License-Identifier: GPL-2.0-or-later
/* Two catalogues side by side: every destination that either names is asked of both. */
#include "classify/catalogue_changes.h"

#include <inttypes.h>
#include <stdarg.h>
#include <string.h>

static void note(struct na_catalogue_notes *notes, const char *format, ...) __attribute__((format(printf, 2, 3)));

static void note(struct na_catalogue_notes *notes, const char *format, ...)
{
	va_list arguments;

	if (notes->count < NA_CATALOGUE_CHANGES_KEPT) {
		va_start(arguments, format);
		(void)vsnprintf(notes->text[notes->count], NA_CATALOGUE_CHANGE_BYTES, format, arguments);
		va_end(arguments);
	}
	notes->count++;
}

/* How closely calls there are looked at. Naming whose an unknown destination is makes nothing weaker. */
static int weight(enum na_bucket bucket)
{
	static const int weights[NA_BUCKET_COUNT] = {
		[NA_BUCKET_SELF] = 3,	 [NA_BUCKET_VENDOR] = 3, [NA_BUCKET_SUSPECTED_VENDOR] = 2, [NA_BUCKET_UNKNOWN] = 1,
		[NA_BUCKET_ODOO] = 1,	 [NA_BUCKET_THIRD_PARTY] = 1, [NA_BUCKET_INTERNAL] = 0,
	};

	return weights[bucket];
}

static const char *whose(const struct na_match *match)
{
	return match->component ? match->component->id : "nobody";
}

static bool weakens(const struct na_catalogue *old, const struct na_catalogue *fresh,
		    const struct na_destination *destination, const char *text, struct na_catalogue_notes *weaker)
{
	struct na_match before, after;

	na_catalogue_match(old, destination, &before);
	na_catalogue_match(fresh, destination, &after);
	if (weight(after.bucket) >= weight(before.bucket))
		return false;
	note(weaker, "%s: %s (%s) -> %s (%s)", text, na_bucket_name(before.bucket), whose(&before),
	     na_bucket_name(after.bucket), whose(&after));
	return true;
}

/* Both ends of a wide network, and not what is between, may have been internal before. */
static bool was_internal(const struct na_catalogue *old, const struct na_pattern *network)
{
	for (size_t i = 0; i < na_catalogue_count(old); i++) {
		const struct na_catalogue_entry *component = na_catalogue_at(old, i);

		for (size_t j = 0; j < component->pattern_count && component->bucket == NA_BUCKET_INTERNAL; j++)
			if (component->patterns[j].type == NA_PATTERN_ADDRESS &&
			    memcmp(component->patterns[j].low, network->low, sizeof(network->low)) <= 0 &&
			    memcmp(component->patterns[j].high, network->high, sizeof(network->high)) >= 0)
				return true;
	}
	return false;
}

static void ask_network(const struct na_catalogue *old, const struct na_catalogue *fresh,
			const struct na_catalogue_entry *component, const struct na_pattern *network,
			struct na_destination *destination, struct na_catalogue_notes *weaker)
{
	const uint8_t *const ends[] = { network->low, network->high };

	destination->has_address = true;
	for (size_t i = 0; i < 2; i++) {
		memcpy(destination->address, ends[i], sizeof(destination->address));
		if (weakens(old, fresh, destination, network->text, weaker))
			return;
	}
	if (na_catalogue_find(fresh, component->id) == component && component->bucket == NA_BUCKET_INTERNAL &&
	    !was_internal(old, network))
		note(weaker, "%s: all of it is internal (%s)", network->text, component->id);
}

/* Of names below a name, any. */
static void ask_both(const struct na_catalogue *old, const struct na_catalogue *fresh,
		     const struct na_catalogue_entry *component, const struct na_pattern *pattern,
		     struct na_catalogue_notes *weaker)
{
	struct na_destination destination = { .port = component->port_count ? component->ports[0] : 443 };
	char below[512];

	if (pattern->type == NA_PATTERN_ADDRESS) {
		ask_network(old, fresh, component, pattern, &destination, weaker);
		return;
	}
	destination.names[0] = pattern->text;
	if (!strncmp(pattern->text, "*.", 2)) {
		(void)snprintf(below, sizeof(below), "any%s", pattern->text + 1);
		destination.names[0] = below;
	}
	(void)weakens(old, fresh, &destination, pattern->text, weaker);
}

static bool has_pattern(const struct na_catalogue_entry *component, const struct na_pattern *wanted)
{
	for (size_t i = 0; component && i < component->pattern_count; i++)
		if (component->patterns[i].type == wanted->type && !strcmp(component->patterns[i].text, wanted->text))
			return true;
	return false;
}

static bool same_ports(const struct na_catalogue_entry *one, const struct na_catalogue_entry *other)
{
	return one->port_count == other->port_count &&
	       !memcmp(one->ports, other->ports, one->port_count * sizeof(one->ports[0]));
}

static size_t patterns_beyond(const struct na_catalogue_entry *component, const struct na_catalogue_entry *other)
{
	size_t count = 0;

	for (size_t i = 0; i < component->pattern_count; i++)
		count += !has_pattern(other, &component->patterns[i]);
	return count;
}

static bool names_addon(const struct na_licence *licence, const char *addon)
{
	for (size_t i = 0; i < licence->addon_count; i++)
		if (!strcmp(licence->addons[i], addon))
			return true;
	return false;
}

static bool same_licence(const struct na_licence *one, const struct na_licence *other)
{
	bool same = one->given == other->given && one->call_bytes == other->call_bytes && one->day_bytes == other->day_bytes &&
		    one->addon_count == other->addon_count;

	for (size_t i = 0; i < one->addon_count && same; i++)
		same = names_addon(other, one->addons[i]);
	return same;
}

/* A vendor's licence may do no harm where the vendor had no destination yet. */
static void compare_licences(const struct na_catalogue_entry *old, const struct na_catalogue_entry *fresh,
			     struct na_catalogue_notes *weaker)
{
	const struct na_licence *before = &old->licence, *after = &fresh->licence;

	if (fresh->bucket != NA_BUCKET_VENDOR || !old->pattern_count)
		return;
	if (after->call_bytes > before->call_bytes)
		note(weaker, "%s: licence_call_bytes %" PRId64 " -> %" PRId64, fresh->id, before->call_bytes, after->call_bytes);
	if (after->day_bytes > before->day_bytes)
		note(weaker, "%s: licence_day_bytes %" PRId64 " -> %" PRId64, fresh->id, before->day_bytes, after->day_bytes);
	for (size_t i = 0; i < after->addon_count; i++)
		if (!names_addon(before, after->addons[i]))
			note(weaker, "%s: licence_addon %s", fresh->id, after->addons[i]);
}

static void compare_components(const struct na_catalogue_entry *old, const struct na_catalogue_entry *fresh,
			       struct na_catalogue_changes *changes)
{
	size_t added = patterns_beyond(fresh, old), gone = patterns_beyond(old, fresh);

	if (old->bucket != fresh->bucket)
		note(&changes->changed, "[%s]: bucket %s -> %s", fresh->id, na_bucket_name(old->bucket),
		     na_bucket_name(fresh->bucket));
	if (added || gone)
		note(&changes->changed, "[%s]: %zu destinations added, %zu taken away", fresh->id, added, gone);
	if (!same_ports(old, fresh))
		note(&changes->changed, "[%s]: other ports", fresh->id);
	if (!same_licence(&old->licence, &fresh->licence))
		note(&changes->changed, "[%s]: other licence", fresh->id);
	compare_licences(old, fresh, &changes->weaker);
}

static void look_for_dismissed(const struct na_catalogue_entry *old, const struct na_catalogue_entry *fresh,
			       struct na_catalogue_notes *weaker)
{
	for (size_t i = 0; i < fresh->pattern_count; i++)
		if (!strcmp(fresh->id, NA_CATALOGUE_DISMISSED) && !has_pattern(old, &fresh->patterns[i]))
			note(weaker, "%s: dismissed", fresh->patterns[i].text);
}

void na_catalogue_compare(const struct na_catalogue *old, const struct na_catalogue *fresh,
			  struct na_catalogue_changes *changes)
{
	memset(changes, 0, sizeof(*changes));
	for (size_t i = 0; i < na_catalogue_count(fresh); i++) {
		const struct na_catalogue_entry *component = na_catalogue_at(fresh, i);
		const struct na_catalogue_entry *before = na_catalogue_find(old, component->id);

		if (before)
			compare_components(before, component, changes);
		else
			note(&changes->changed, "[%s]: added as %s with %zu destinations", component->id,
			     na_bucket_name(component->bucket), component->pattern_count);
		look_for_dismissed(before, component, &changes->weaker);
		for (size_t j = 0; j < component->pattern_count; j++)
			ask_both(old, fresh, component, &component->patterns[j], &changes->weaker);
	}
	for (size_t i = 0; i < na_catalogue_count(old); i++) {
		const struct na_catalogue_entry *component = na_catalogue_at(old, i);
		const struct na_catalogue_entry *after = na_catalogue_find(fresh, component->id);

		if (!after)
			note(&changes->changed, "[%s]: taken away", component->id);
		for (size_t j = 0; j < component->pattern_count; j++)	/* those of both were asked above, with the new ports */
			if (!after || !has_pattern(after, &component->patterns[j]) || !same_ports(component, after))
				ask_both(old, fresh, component, &component->patterns[j], &changes->weaker);
	}
	if (!changes->changed.count && strcmp(na_catalogue_hash(old), na_catalogue_hash(fresh)) != 0)
		note(&changes->changed, "another order");
}

void na_catalogue_write(const struct na_catalogue *catalogue, FILE *out)
{
	static const char *const words[] = {
		[NA_PATTERN_HOST] = "host", [NA_PATTERN_DOMAIN] = "domain", [NA_PATTERN_ADDRESS] = "address",
	};

	for (size_t i = 0; i < na_catalogue_count(catalogue); i++) {
		const struct na_catalogue_entry *component = na_catalogue_at(catalogue, i);
		const struct na_licence *licence = &component->licence;

		fprintf(out, "[%s]\nbucket = %s\n", component->id, na_bucket_name(component->bucket));
		for (size_t j = 0; j < component->pattern_count; j++)
			fprintf(out, "%s = %s\n", words[component->patterns[j].type], component->patterns[j].text);
		for (size_t j = 0; j < component->port_count; j++)
			fprintf(out, "port = %u\n", component->ports[j]);
		for (size_t j = 0; j < licence->addon_count; j++)
			fprintf(out, "licence_addon = %s\n", licence->addons[j]);
		if (licence->given)
			fprintf(out, "licence_call_bytes = %" PRId64 "\nlicence_day_bytes = %" PRId64 "\n", licence->call_bytes,
				licence->day_bytes);
	}
}
