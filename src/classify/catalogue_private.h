/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What reading and matching share of the catalogue. */
#ifndef NETAUDIT_CLASSIFY_CATALOGUE_PRIVATE_H
#define NETAUDIT_CLASSIFY_CATALOGUE_PRIVATE_H

#include "classify/catalogue.h"

struct na_catalogue {
	struct na_catalogue_entry **components;
	size_t count;
	char hash[NA_CATALOGUE_HASH_BYTES];
};

/* Makes room for one more element of `bytes` at the end of *array, zeroed. NULL: out of memory. */
void *na_catalogue_grow(void *array, size_t *count, size_t bytes);

#endif
