// SPDX-License-Identifier: GPL-2.0-or-later
/* One table; an address that is answered again goes to its end. */
#include "flow/hosts.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define HASH_NONFATAL_OOM 1
#include <uthash.h>

/* Compared as bytes: no padding. */
struct place {
	uint8_t address[16];
	uint32_t net_namespace;
};

struct called {
	char *name;		/* NULL: free */
	uint64_t since_ns, until_ns;
};

struct host {
	struct place place;
	struct called called[NA_HOST_NAMES];	/* the newest first */
	UT_hash_handle hh;
};

struct na_hosts {
	struct host *hosts;	/* in order of their last answer */
	struct na_host_names found;
	uint64_t evicted;
};

int na_hosts_create(struct na_hosts **hosts)
{
	*hosts = calloc(1, sizeof(**hosts));
	return *hosts ? 0 : -ENOMEM;
}

/* NOLINTBEGIN(clang-analyzer-unix.Malloc,clang-analyzer-core.*): uthash's lists are not understood */

static void drop(struct na_hosts *hosts, struct host *host)
{
	HASH_DEL(hosts->hosts, host);
	for (size_t i = 0; i < NA_HOST_NAMES; i++)
		free(host->called[i].name);
	free(host);
}

void na_hosts_destroy(struct na_hosts *hosts)
{
	while (hosts && hosts->hosts)
		drop(hosts, hosts->hosts);
	free(hosts);
}

static struct place place_of(uint32_t net_namespace, const uint8_t address[16])
{
	struct place place = { .net_namespace = net_namespace };

	memcpy(place.address, address, sizeof(place.address));
	return place;
}

static struct host *find(const struct na_hosts *hosts, const struct place *place)
{
	struct host *host;

	HASH_FIND(hh, hosts->hosts, place, sizeof(*place), host);
	return host;
}

static bool append(struct na_hosts *hosts, struct host *host)
{
	HASH_ADD(hh, hosts->hosts, place, sizeof(host->place), host);
	return host->hh.tbl != NULL;
}

/* Found or made, and at the end of the table. */
static struct host *meet(struct na_hosts *hosts, const struct place *place)
{
	struct host *host = find(hosts, place);

	if (host) {
		HASH_DEL(hosts->hosts, host);
	} else {
		if (HASH_COUNT(hosts->hosts) >= NA_HOSTS_MOST) {
			drop(hosts, hosts->hosts);
			hosts->evicted++;
		}
		host = calloc(1, sizeof(*host));
		if (!host)
			return NULL;
		host->place = *place;
	}
	if (append(hosts, host))
		return host;
	for (size_t i = 0; i < NA_HOST_NAMES; i++)
		free(host->called[i].name);
	free(host);
	return NULL;
}

/* NOLINTEND(clang-analyzer-unix.Malloc,clang-analyzer-core.*) */

/* The name goes to the front; one that is there already keeps since when. */
static void call(struct na_hosts *hosts, struct host *host, const char *name, uint64_t now_ns, uint64_t until_ns)
{
	struct called first = { .since_ns = now_ns, .until_ns = until_ns };
	size_t at = 0;

	while (at < NA_HOST_NAMES - 1 && host->called[at].name && strcmp(host->called[at].name, name) != 0)
		at++;
	if (host->called[at].name && !strcmp(host->called[at].name, name)) {
		first.name = host->called[at].name;
		if (host->called[at].until_ns >= now_ns)
			first.since_ns = host->called[at].since_ns;
	} else {
		first.name = strdup(name);
		if (!first.name)
			return;
		if (host->called[at].name && host->called[at].until_ns > now_ns)
			hosts->evicted++;
		free(host->called[at].name);
	}
	memmove(&host->called[1], &host->called[0], at * sizeof(host->called[0]));
	host->called[0] = first;
}

void na_hosts_answer(struct na_hosts *hosts, uint32_t net_namespace, const struct na_dns *dns, uint64_t time_ns)
{
	uint64_t lasts_ns = dns->ttl_s * NA_NS_PER_SECOND;

	if (lasts_ns < NA_HOST_LEAST_NS)
		lasts_ns = NA_HOST_LEAST_NS;
	if (lasts_ns > NA_HOST_LONGEST_NS)
		lasts_ns = NA_HOST_LONGEST_NS;
	for (size_t i = 0; i < dns->address_count && i < NA_DNS_ADDRESSES; i++) {
		const struct place place = place_of(net_namespace, dns->addresses[i]);
		struct host *host = meet(hosts, &place);

		if (host)
			call(hosts, host, dns->name, time_ns, time_ns + lasts_ns);
	}
}

const struct na_host_names *na_hosts_of(struct na_hosts *hosts, uint32_t net_namespace, const uint8_t address[16],
					uint64_t time_ns)
{
	const struct place place = place_of(net_namespace, address);
	const struct host *host = find(hosts, &place);
	struct na_host_names *found = &hosts->found;

	found->count = 0;
	for (size_t i = 0; host && i < NA_HOST_NAMES; i++)
		if (host->called[i].name && host->called[i].since_ns <= time_ns && time_ns < host->called[i].until_ns)
			found->name[found->count++] = host->called[i].name;
	return found->count ? found : NULL;
}

bool na_host_is_named(const struct na_host_names *names, const char *name)
{
	size_t length = strlen(name);

	if (length && name[length - 1] == '.')
		length--;
	for (size_t i = 0; i < names->count; i++) {
		const char *known = names->name[i];

		if (strncasecmp(known, name, length) != 0)
			continue;
		if (!known[length] || (known[length] == '.' && !memchr(name, '.', length)))
			return true;
	}
	return false;
}

uint64_t na_hosts_evicted(const struct na_hosts *hosts)
{
	return hosts->evicted;
}
