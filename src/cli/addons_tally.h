/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Adds records up by who made the call: one row for every add-on of an instance, and for what is none.
 *
 * A call is a connection that was opened or attempted, a connection another add-on goes on with (kind "author"), or a
 * flow of datagrams; outbound only. Bytes are those of flows that ended, and what is known of those still open.
 */
#ifndef NETAUDIT_CLI_ADDONS_TALLY_H
#define NETAUDIT_CLI_ADDONS_TALLY_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct na_addon_row {
	struct na_addon_row *next;	/* same bucket */
	char *instance, *name, *path;	/* escaped; path "": no record of the add-on itself was found */
	const char *author;		/* "addon", "odoo", "library", "unknown" */
	json_t *about;			/* the newest record of kind "addon"; NULL: none */
	int64_t calls, bytes_out, bytes_in;
	int64_t last_us;		/* newest call; INT64_MIN: none */
};

struct na_addon_tally;

int na_addon_tally_create(struct na_addon_tally **tally);	/* 0 or -ENOMEM */
void na_addon_tally_destroy(struct na_addon_tally *tally);

/* A record of kind "addon". First all of these, then the calls: an add-on of one name in two paths needs both. */
int na_addon_tally_about(struct na_addon_tally *tally, json_t *body);
/* Any other record, oldest first; what is no call is let go. 0 or -ENOMEM. */
int na_addon_tally_add(struct na_addon_tally *tally, const json_t *body);

/* All rows, most calls first, what is no add-on last. The array and its rows belong to the tally. */
struct na_addon_row **na_addon_tally_rows(struct na_addon_tally *tally, size_t *count);

#endif
