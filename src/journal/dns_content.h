/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Whether a name that is asked for looks as if it carried data: a label of 20 or more characters, hyphens left out, at
 * least 10 of them different, that reads like no word: few vowels, or digits among the letters.
 *
 * The answer is part of the sums that verify --deep makes again, so it depends on nothing but the name: whole numbers,
 * no list of suffixes.
 */
#ifndef NETAUDIT_JOURNAL_DNS_CONTENT_H
#define NETAUDIT_JOURNAL_DNS_CONTENT_H

#include <stdbool.h>
#include <stddef.h>

struct na_dns_content {
	size_t characters;	/* of all labels that look like data */
	size_t parent;		/* where in the name the part behind the last of them begins; two labels at least */
};

bool na_dns_content(const char *name, size_t length, struct na_dns_content *content);

#endif
