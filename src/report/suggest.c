/* SPDX-License-Identifier: GPL-2.0-or-later */
/* From the websites in `addon` records to domains. */
#include "report/suggest.h"

#include <errno.h>
#include <libpsl.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/network.h"

/* Whose add-ons are no vendor's, and where code is kept for others. */
static const char *const left_out[] = {
	"odoo.com", "odoo-community.org", "github.com", "gitlab.com", "bitbucket.org", "sourceforge.net", "codeberg.org",
};

static bool is_below(const char *name, const char *domain)
{
	size_t length = strlen(name), bytes = strlen(domain);

	if (length && name[length - 1] == '.')
		length--;
	return length >= bytes && strncasecmp(name + length - bytes, domain, bytes) == 0 &&
	       (length == bytes || name[length - bytes - 1] == '.');
}

/* The host of "https://user@Host:port/path" or "host/path", in lower case. False: there is none. */
static bool host_of(char *out, size_t out_bytes, const char *website)
{
	static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-";
	const char *start = strstr(website, "://"), *end, *at;
	uint8_t address[16];
	size_t length;

	start = start ? start + 3 : website;
	end = start + strcspn(start, "/?#");
	at = memchr(start, '@', (size_t)(end - start));
	start = at ? at + 1 : start;
	length = (size_t)(end - start);
	length = memchr(start, ':', length) ? (size_t)((const char *)memchr(start, ':', length) - start) : length;
	if (!length || length >= out_bytes || strspn(start, letters) < length)
		return false;
	for (size_t i = 0; i < length; i++)
		out[i] = (char)(start[i] >= 'A' && start[i] <= 'Z' ? start[i] - 'A' + 'a' : start[i]);
	out[length] = '\0';
	return strchr(out, '.') != NULL && na_address_parse(address, out) != 0;
}

static bool is_known(const struct na_report *report, const char *domain)
{
	const struct na_destination destination = { .names = { domain }, .port = -1 };
	struct na_match match;

	for (size_t i = 0; i < sizeof(left_out) / sizeof(left_out[0]); i++)
		if (!strcmp(domain, left_out[i]))
			return true;
	na_catalogue_match(report->catalogue, &destination, &match);
	return match.component != NULL;
}

static int by_domain(const void *left, const void *right)
{
	return strcmp(((const struct na_suggestion *)left)->domain, ((const struct na_suggestion *)right)->domain);
}

static int add(struct na_suggestion **suggestions, size_t *count, const char *domain, const char *addon)
{
	struct na_suggestion *grown;

	for (size_t i = 0; i < *count; i++) {
		if (strcmp((*suggestions)[i].domain, domain) != 0)
			continue;
		(*suggestions)[i].addons += strcmp((*suggestions)[i].addon, addon) != 0;
		return 0;
	}
	grown = reallocarray(*suggestions, *count + 1, sizeof(*grown));
	if (!grown)
		return -ENOMEM;
	*suggestions = grown;
	memset(&grown[*count], 0, sizeof(*grown));
	memcpy(grown[*count].domain, domain, strlen(domain) + 1);
	grown[*count].addon = addon;
	grown[(*count)++].addons = 1;
	return 0;
}

int na_suggest(const struct na_report *report, struct na_suggestion **suggestions, size_t *count)
{
	psl_ctx_t *suffixes = psl_latest(NULL);
	int err = suffixes ? 0 : -ENOENT;

	*suggestions = NULL;
	*count = 0;
	for (size_t i = 0; i < report->life_count && !err; i++) {
		const struct na_life_event *event = &report->life[i];
		const char *website = json_string_value(json_object_get(event->body, "website"));
		const char *addon = json_string_value(json_object_get(event->body, "addon")), *domain;
		char host[256];

		if (strcmp(event->kind, "addon") != 0 || !website || !addon || !host_of(host, sizeof(host), website))
			continue;
		domain = psl_registrable_domain(suffixes, host);
		if (domain && !is_known(report, domain))
			err = add(suggestions, count, domain, addon);
	}
	psl_free(suffixes);
	if (*count)
		qsort(*suggestions, *count, sizeof(**suggestions), by_domain);
	return err;
}

const struct na_suggestion *na_suggestion_of(const struct na_suggestion *suggestions, size_t count, const char *name)
{
	for (size_t i = 0; i < count; i++)
		if (is_below(name, suggestions[i].domain))
			return &suggestions[i];
	return NULL;
}
