// SPDX-License-Identifier: GPL-2.0-or-later
/* Letters, digits and vowels of a label. */
#include "journal/dns_content.h"

#include <stdint.h>
#include <string.h>

#define LABEL_LEAST 20
#define DIFFERENT_LEAST 10

struct counts {
	size_t letters, digits, vowels, changes;	/* changes: from a letter to a digit, or back */
	uint64_t letters_met;
	uint32_t digits_met;
};

static void count(struct counts *counts, const char *label, size_t length)
{
	int before = 0;	/* 1: a letter, 2: a digit */

	for (size_t i = 0; i < length; i++) {
		char c = label[i] >= 'A' && label[i] <= 'Z' ? (char)(label[i] - 'A' + 'a') : label[i];
		int now = c >= 'a' && c <= 'z' ? 1 : c >= '0' && c <= '9' ? 2 : 0;

		if (now == 1) {
			counts->letters++;
			counts->letters_met |= UINT64_C(1) << (c - 'a');
			counts->vowels += strchr("aeiouy", c) != NULL;
		} else if (now == 2) {
			counts->digits++;
			counts->digits_met |= 1U << (c - '0');
		}
		counts->changes += now && before && now != before;
		before = now ? now : before;
	}
}

static bool looks_like_data(const char *label, size_t length, size_t *characters)
{
	struct counts counts = { 0 };

	count(&counts, label, length);
	*characters = counts.letters + counts.digits;
	if (*characters < LABEL_LEAST ||
	    __builtin_popcountll(counts.letters_met) + __builtin_popcount(counts.digits_met) < DIFFERENT_LEAST)
		return false;
	/* words have a third of vowels; base32 has a fifth, and base32 and hexadecimal have digits in between */
	return counts.vowels * 100 < counts.letters * 22 || (counts.digits * 100 >= *characters * 12 && counts.changes >= 4);
}

/* Where the last two labels begin; 0: there are no more. */
static size_t last_two(const char *name, size_t length)
{
	size_t dots = 0;

	for (size_t i = length; i > 0; i--)
		if (name[i - 1] == '.' && ++dots == 2)
			return i;
	return 0;
}

bool na_dns_content(const char *name, size_t length, struct na_dns_content *content)
{
	size_t end, characters;

	if (length && name[length - 1] == '.')
		length--;
	end = last_two(name, length);
	*content = (struct na_dns_content){ 0 };
	for (size_t at = 0, label; at < end; at += label + 1) {
		const char *dot = memchr(name + at, '.', length - at);

		label = dot ? (size_t)(dot - name) - at : length - at;
		if (!looks_like_data(name + at, label, &characters))
			continue;
		content->characters += characters;
		content->parent = at + label + 1;
	}
	return content->characters > 0;
}
