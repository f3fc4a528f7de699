/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What one catalogue says otherwise than another, and what of that makes the audit weaker: a destination that counts
 * less than it did (a vendor's that is a provider's now, anybody's that is internal now), a licence that allows more, a
 * suggestion that was dismissed.
 */
#ifndef NETAUDIT_CLASSIFY_CATALOGUE_CHANGES_H
#define NETAUDIT_CLASSIFY_CATALOGUE_CHANGES_H

#include <stdio.h>

#include "classify/catalogue.h"

#define NA_CATALOGUE_CHANGES_KEPT 16	/* of either; there may be more */
#define NA_CATALOGUE_CHANGE_BYTES 400
#define NA_CATALOGUE_DISMISSED "dismissed"	/* the component of what was looked at and is nobody's in particular */

struct na_catalogue_notes {
	char text[NA_CATALOGUE_CHANGES_KEPT][NA_CATALOGUE_CHANGE_BYTES];
	size_t count;			/* of all, also of those that were not kept */
};

struct na_catalogue_changes {
	struct na_catalogue_notes changed;	/* one for each component */
	struct na_catalogue_notes weaker;	/* one for each destination or limit */
};

void na_catalogue_compare(const struct na_catalogue *old, const struct na_catalogue *fresh,
			  struct na_catalogue_changes *changes);

/* Everything that decides, as a file of the catalogue: read again, it has the same hash. */
void na_catalogue_write(const struct na_catalogue *catalogue, FILE *out);

#endif
