/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Whose a destination is: the most specific pattern decides. */
#include "classify/catalogue.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/network.h"
#include "classify/catalogue_private.h"

static const char *const bucket_names[NA_BUCKET_COUNT] = {
#define X(symbol, word) [NA_BUCKET_##symbol] = word,
	NA_BUCKETS(X)
#undef X
};

const char *na_bucket_name(enum na_bucket bucket)
{
	return bucket < NA_BUCKET_COUNT ? bucket_names[bucket] : "unknown";
}

enum na_bucket na_bucket_find(const char *name)
{
	int bucket = 0;

	while (bucket < NA_BUCKET_COUNT && strcmp(bucket_names[bucket], name) != 0)
		bucket++;
	return (enum na_bucket)bucket;
}

size_t na_catalogue_count(const struct na_catalogue *catalogue)
{
	return catalogue->count;
}

const struct na_catalogue_entry *na_catalogue_at(const struct na_catalogue *catalogue, size_t index)
{
	return index < catalogue->count ? catalogue->components[index] : NULL;
}

const struct na_catalogue_entry *na_catalogue_find(const struct na_catalogue *catalogue, const char *id)
{
	for (size_t i = 0; i < catalogue->count; i++)
		if (strcmp(catalogue->components[i]->id, id) == 0)
			return catalogue->components[i];
	return NULL;
}

const char *na_catalogue_hash(const struct na_catalogue *catalogue)
{
	return catalogue->hash;
}

static void free_component(struct na_catalogue_entry *component)
{
	for (size_t i = 0; i < component->pattern_count; i++)
		free(component->patterns[i].text);
	for (size_t i = 0; i < component->source_count; i++)
		free(component->sources[i]);
	for (size_t i = 0; i < component->licence.addon_count; i++)
		free(component->licence.addons[i]);
	free(component->patterns);
	free(component->sources);
	free(component->licence.addons);
	free(component->name);
	free(component);
}

void na_catalogue_destroy(struct na_catalogue *catalogue)
{
	if (!catalogue)
		return;
	for (size_t i = 0; i < catalogue->count; i++)
		free_component(catalogue->components[i]);
	free(catalogue->components);
	free(catalogue);
}

/* Whether `name` is `domain` or below it; `length` without the dot a resolver may have left at its end. */
static bool is_below(const char *name, size_t length, const char *domain)
{
	size_t bytes = strlen(domain);

	return length >= bytes && strncasecmp(name + length - bytes, domain, bytes) == 0 &&
	       (length == bytes || name[length - bytes - 1] == '.');
}

/* How specific the pattern is for this name: 0 when it does not match. */
static int match_name(const struct na_pattern *pattern, const char *name, size_t length)
{
	size_t bytes = strlen(pattern->text);

	if (pattern->type == NA_PATTERN_DOMAIN)
		return is_below(name, length, pattern->text) ? 1000 + (int)bytes : 0;
	if (pattern->type != NA_PATTERN_HOST)
		return 0;
	if (strncmp(pattern->text, "*.", 2) == 0)
		return length > bytes - 2 && is_below(name, length, pattern->text + 2) ? 2000 + (int)bytes : 0;
	return length == bytes && strncasecmp(name, pattern->text, bytes) == 0 ? 3000 : 0;
}

static int match_address(const struct na_pattern *pattern, const uint8_t address[16])
{
	if (pattern->type != NA_PATTERN_ADDRESS || memcmp(address, pattern->low, 16) < 0 ||
	    memcmp(address, pattern->high, 16) > 0)
		return 0;
	return 1 + (int)pattern->bits;
}

static bool takes_port(const struct na_catalogue_entry *component, int port)
{
	for (size_t i = 0; i < component->port_count; i++)
		if (component->ports[i] == port)
			return true;
	return component->port_count == 0;
}

struct best {
	const struct na_catalogue_entry *component;
	const struct na_pattern *pattern;
	int rank;
};

/* The best of all patterns: of a name, or (name NULL) of the address. A later one wins a draw, as later files do. */
static struct best find_best(const struct na_catalogue *catalogue, const struct na_destination *destination,
			     const char *name, bool internal)
{
	size_t length = name ? strlen(name) : 0;
	struct best best = { 0 };

	if (name && length && name[length - 1] == '.')
		length--;
	for (size_t i = 0; i < catalogue->count; i++) {
		const struct na_catalogue_entry *component = catalogue->components[i];

		if ((component->bucket == NA_BUCKET_INTERNAL) != internal || !takes_port(component, destination->port))
			continue;
		for (size_t j = 0; j < component->pattern_count; j++) {
			const struct na_pattern *pattern = &component->patterns[j];
			int rank = name ? match_name(pattern, name, length) : match_address(pattern, destination->address);

			if (rank && rank >= best.rank)
				best = (struct best){ component, pattern, rank };
		}
	}
	return best;
}

static bool is_address(const char *name)
{
	uint8_t address[16];

	return na_address_parse(address, name) == 0;
}

/* Every name must lead to one component. A name that is an address says nothing. Returns how many names there were. */
static int match_names(const struct na_catalogue *catalogue, const struct na_destination *destination,
		       struct na_match *match)
{
	int names = 0;

	for (size_t i = 0; i < sizeof(destination->names) / sizeof(destination->names[0]); i++) {
		const char *name = destination->names[i];
		struct best best;

		if (!name || !name[0] || is_address(name))
			continue;
		best = find_best(catalogue, destination, name, false);
		if (names++ && best.component != match->component)
			match->disagree = true;
		if (!match->component || (best.component && best.component->bucket == NA_BUCKET_VENDOR)) {
			match->component = best.component;
			match->pattern = best.pattern;
		}
	}
	return names;
}

void na_catalogue_match(const struct na_catalogue *catalogue, const struct na_destination *destination,
			struct na_match *match)
{
	struct best best = { 0 };

	*match = (struct na_match){ .bucket = NA_BUCKET_UNKNOWN };
	if (destination->has_address)
		best = find_best(catalogue, destination, NULL, true);
	if (!best.component) {
		int names = match_names(catalogue, destination, match);

		/* a vendor is one by any of its names; credit as anything else needs all of them */
		if (match->disagree && match->component && match->component->bucket != NA_BUCKET_VENDOR)
			match->component = NULL;
		if (!names && destination->has_address)
			best = find_best(catalogue, destination, NULL, false);
	}
	if (best.component) {
		match->component = best.component;
		match->pattern = best.pattern;
	}
	if (match->component)
		match->bucket = match->component->bucket;
	else
		match->pattern = NULL;
}
