/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The catalogue of components: which destination is whose, read from INI files, and the bucket that follows.
 *
 *	[openai]
 *	name = OpenAI
 *	bucket = third-party
 *	source = https://...		where the fact can be looked up
 *	domain = openai.com		the registrable domain and every name below it
 *	host = *.api.example.net	one name; a leading "*." stands for any names below
 *	address = 192.0.2.0/24
 *	port = 443			limits all of the above; absent: any
 *	licence_addon = NAME		vendors: an add-on that may call there; any of a vendor's rules may be repeated
 *	licence_call_bytes = 16384	vendors: the most one call may send
 *	licence_day_bytes = 65536	vendors: the most that may be sent in a day
 *
 * A section that comes again, in the same file or a later one, adds to the first. Read once, then
 * never changed: safe to use from several threads.
 */
#ifndef NETAUDIT_CLASSIFY_CATALOGUE_H
#define NETAUDIT_CLASSIFY_CATALOGUE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

#define NA_CATALOGUE_SHIPPED "/usr/share/netaudit/catalogue.d"
#define NA_CATALOGUE_SITE "/etc/netaudit/catalogue.d"
#define NA_CATALOGUE_HASH_BYTES 65	/* hex and NUL */
#define NA_CATALOGUE_WORD_BYTES 64

/* In the order they are shown. Their words are those of the records: never change one. */
#define NA_BUCKETS(X) \
	X(SELF,             "self") \
	X(VENDOR,           "vendor") \
	X(SUSPECTED_VENDOR, "suspected-vendor") \
	X(UNKNOWN,          "unknown") \
	X(ODOO,             "odoo") \
	X(THIRD_PARTY,      "third-party") \
	X(INTERNAL,         "internal")

enum na_bucket {
#define X(symbol, word) NA_BUCKET_##symbol,
	NA_BUCKETS(X)
#undef X
	NA_BUCKET_COUNT
};

const char *na_bucket_name(enum na_bucket bucket);
/* NA_BUCKET_COUNT: there is no such bucket. */
enum na_bucket na_bucket_find(const char *name);

enum na_pattern_type { NA_PATTERN_HOST, NA_PATTERN_DOMAIN, NA_PATTERN_ADDRESS };

struct na_pattern {
	enum na_pattern_type type;
	char *text;			/* as written, names in lower case */
	uint8_t low[16], high[16];	/* addresses; IPv4 as ::ffff:a.b.c.d */
	unsigned int bits;		/* of the prefix, of 128 */
};

/* What a vendor may be sent. 0 bytes: nothing at all. */
struct na_licence {
	char **addons;
	size_t addon_count;
	int64_t call_bytes, day_bytes;
	bool given;
};

struct na_catalogue_entry {
	char id[NA_CATALOGUE_WORD_BYTES];
	char *name;
	char **sources;
	size_t source_count;
	enum na_bucket bucket;
	struct na_pattern *patterns;
	size_t pattern_count;
	uint16_t ports[8];
	size_t port_count;
	struct na_licence licence;
};

struct na_catalogue;

/*
 * Reads the files NAME.ini of each folder, folders in the order given, files in byte order. A folder that is not there
 * is empty. Errors say FILE:LINE:COLUMN. Returns 0 or negative errno, and no catalogue.
 */
int na_catalogue_load(struct na_catalogue **catalogue, const char *const *folders, size_t count,
		      struct na_error *error);
void na_catalogue_destroy(struct na_catalogue *catalogue);

size_t na_catalogue_count(const struct na_catalogue *catalogue);
const struct na_catalogue_entry *na_catalogue_at(const struct na_catalogue *catalogue, size_t index);
const struct na_catalogue_entry *na_catalogue_find(const struct na_catalogue *catalogue, const char *id);
/* SHA-256 of what was understood, in a fixed form: the same for the same meaning wherever the files are. */
const char *na_catalogue_hash(const struct na_catalogue *catalogue);

/* What is known of the other end. Names: NULL or "" when there is none. */
struct na_destination {
	const char *names[3];	/* Host field, server name of TLS, what was resolved */
	bool has_address;
	uint8_t address[16];	/* IPv4 as ::ffff:a.b.c.d */
	int port;		/* below 0: none */
};

struct na_match {
	enum na_bucket bucket;
	const struct na_catalogue_entry *component;	/* NULL: unknown */
	const struct na_pattern *pattern;	/* that decided; NULL: none */
	bool disagree;				/* the names do not all belong to it */
};

/*
 * Internal components count by address alone: a name is only said, an address was really reached. Others count by name
 * before address, and only when every name that is known leads to the same component.
 */
void na_catalogue_match(const struct na_catalogue *catalogue, const struct na_destination *destination,
			struct na_match *match);

#endif
