// SPDX-License-Identifier: GPL-2.0-or-later
/* One name for each thread; the oldest question falls out first. */
#include "attribute/names.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define HASH_NONFATAL_OOM 1
#include <uthash.h>

struct asked {
	struct na_names_thread thread;
	uint64_t time_ns;
	char name[NA_NAME_TEXT_BYTES];
	UT_hash_handle hh;
};

struct na_names {
	struct asked *asked;	/* the oldest first */
};

int na_names_create(struct na_names **names)
{
	*names = calloc(1, sizeof(**names));
	return *names ? 0 : -ENOMEM;
}

/* NOLINTBEGIN(clang-analyzer-unix.Malloc,clang-analyzer-core.*): uthash's lists are not understood */

static void drop(struct na_names *names, struct asked *asked)
{
	HASH_DEL(names->asked, asked);
	free(asked);
}

void na_names_destroy(struct na_names *names)
{
	while (names && names->asked)
		drop(names, names->asked);
	free(names);
}

static struct asked *find(const struct na_names *names, const struct na_names_thread *thread)
{
	struct asked *asked;

	HASH_FIND(hh, names->asked, thread, sizeof(*thread), asked);
	return asked;
}

void na_names_asked(struct na_names *names, const struct na_name_event *event, const char *name)
{
	const struct na_names_thread thread = { event->thread_start_ns, event->task.pid, event->task.tid };
	struct asked *asked = find(names, &thread);

	if (asked)
		drop(names, asked);
	if (!name[0] || na_name_is_address(name))
		return;
	if (HASH_COUNT(names->asked) >= NA_NAMES)
		drop(names, names->asked);
	asked = calloc(1, sizeof(*asked));
	if (!asked)
		return;
	asked->thread = thread;
	asked->time_ns = event->header.time_ns;
	strncpy(asked->name, name, sizeof(asked->name) - 1);
	HASH_ADD(hh, names->asked, thread, sizeof(asked->thread), asked);
}

/* NOLINTEND(clang-analyzer-unix.Malloc,clang-analyzer-core.*) */

const char *na_names_of_thread(const struct na_names *names, const struct na_names_thread *thread, uint64_t now_ns)
{
	const struct asked *asked = find(names, thread);

	return asked && now_ns - asked->time_ns < NA_NAME_FRESH_NS ? asked->name : NULL;
}

void na_name_of_event(char out[NA_NAME_TEXT_BYTES], const struct na_name_event *event)
{
	char text[NA_TEXT_UTF8_BYTES];
	size_t length = na_text_decode(text, &event->host, event->host_text, sizeof(event->host_text));

	if (length >= NA_NAME_TEXT_BYTES) {
		length = NA_NAME_TEXT_BYTES - 1;
		while (length && ((unsigned char)text[length] & 0xc0) == 0x80)
			length--;	/* not within a character */
	}
	memcpy(out, text, length);
	out[length] = '\0';
}

bool na_name_is_address(const char *name)
{
	unsigned char address[16];
	char without_zone[NA_NAME_TEXT_BYTES];

	(void)snprintf(without_zone, sizeof(without_zone), "%.*s", (int)strcspn(name, "%"), name);
	return inet_pton(AF_INET, name, address) == 1 || inet_pton(AF_INET6, without_zone, address) == 1;
}
