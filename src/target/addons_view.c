/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Keeps views, the answers given in them and the add-ons met in them. */
#include "target/addons_view.h"

#include <stdlib.h>
#include <string.h>

struct na_addon_view *na_addon_view_new(const char *instance, const struct na_root *root)
{
	struct na_addon_view *view = calloc(1, sizeof(*view));

	if (!view)
		return NULL;
	view->instance = strdup(instance);
	view->facts = malloc(sizeof(*view->facts));
	view->root = *root;
	view->root.fd = -1;
	if (view->instance && view->facts)
		return view;
	na_addon_view_free(view);
	return NULL;
}

void na_addon_view_free(struct na_addon_view *view)
{
	na_addon_view_forget_answers(view);
	while (view->addons) {
		struct na_view_addon *addon = view->addons;

		view->addons = addon->next;
		free(addon);
	}
	free(view->instance);
	free(view->facts);
	free(view);
}

/* FNV-1a, 64 bits. An audited process that finds collisions slows its own answers down, up to the bound on them all. */
static size_t bucket_of(const char *text)
{
	uint64_t value = 0xcbf29ce484222325;

	for (; *text; text++)
		value = (value ^ (unsigned char)*text) * 0x100000001b3;
	return (value >> 32) & (NA_ANSWER_BUCKETS - 1);
}

struct na_answer *na_addon_view_answer(const struct na_addon_view *view, const char *text)
{
	struct na_answer *answer = view->bucket[bucket_of(text)];

	while (answer && strcmp(answer->text, text) != 0)
		answer = answer->next;
	return answer;
}

struct na_answer *na_addon_view_add_answer(struct na_addon_view *view, const char *text)
{
	size_t bytes = strlen(text) + 1, bucket = bucket_of(text);
	struct na_answer *answer = calloc(1, sizeof(*answer) + bytes);

	if (!answer)
		return NULL;
	memcpy(answer->text, text, bytes);
	answer->next = view->bucket[bucket];
	view->bucket[bucket] = answer;
	view->answers++;
	return answer;
}

void na_addon_view_forget_answers(struct na_addon_view *view)
{
	for (size_t i = 0; i < NA_ANSWER_BUCKETS; i++)
		while (view->bucket[i]) {
			struct na_answer *answer = view->bucket[i];

			view->bucket[i] = answer->next;
			free(answer);
		}
	view->answers = 0;
}

const struct na_addon *na_addon_view_addon(struct na_addon_view *view, struct na_addons_known *known,
					   const struct na_root *root, const struct na_addon_found *found, bool *news)
{
	struct na_manifest_stamp stamp;
	struct na_view_addon *held = view->addons;
	const struct na_addon *addon;
	size_t bytes = strlen(found->folder) + 1;

	*news = false;
	if (na_manifest_stamp(&stamp, root, found->folder) != 0)
		return NULL;
	while (held && strcmp(held->folder, found->folder) != 0)
		held = held->next;
	if (held && na_manifest_stamp_same(&held->stamp, &stamp) && held->addon->base == found->base)
		return held->addon;
	addon = na_addons_known_take(known, root, found);
	if (!addon)
		return NULL;
	if (!held) {
		held = malloc(sizeof(*held) + bytes);
		if (!held)
			return NULL;
		memcpy(held->folder, found->folder, bytes);
		held->addon = NULL;
		held->next = view->addons;
		view->addons = held;
	}
	*news = held->addon != addon;
	held->stamp = stamp;
	held->addon = addon;
	return addon;
}

void na_addon_view_add_process(struct na_addon_view *view, uint32_t pid)
{
	for (size_t i = 0; i < NA_VIEW_PROCESSES; i++)
		if (view->process[i] == pid)
			return;
	view->process[view->next_process++ % NA_VIEW_PROCESSES] = pid;
}
