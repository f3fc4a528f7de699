/* SPDX-License-Identifier: GPL-2.0-or-later */
/* From the paths in `addon` records to whose an add-on is. */
#include "report/own.h"

#include <string.h>

static const char *said(const struct na_life_event *event, const char *key)
{
	const char *text = json_string_value(json_object_get(event->body, key));

	return text ? text : "";
}

static bool is_of(const struct na_life_event *event, const char *instance)
{
	return !strcmp(event->kind, "addon") && !strcmp(said(event, "instance"), instance);
}

/* Length of the path of the folder that the path lies in, without its slash. */
static size_t parent(const char *path, size_t length)
{
	while (length && path[length - 1] != '/')
		length--;
	return length ? length - 1 : 0;
}

/* `base` is in PACKAGE/addons; a checkout has the others in the `addons` beside PACKAGE. */
static bool lies_beside(const char *path, const char *base)
{
	size_t folder = parent(path, strlen(path)), own = parent(base, strlen(base)), beside = parent(base, parent(base, own));

	if (path[0] != '/' || base[0] != '/')
		return false;
	if (folder == own && !memcmp(path, base, own))
		return true;
	return folder == beside + strlen("/addons") && !memcmp(path, base, beside) &&
	       !strncmp(path + beside, "/addons/", strlen("/addons/"));
}

static bool is_own_path(const struct na_report *report, const char *instance, const char *path)
{
	for (size_t i = 0; i < report->life_count; i++)
		if (is_of(&report->life[i], instance) && json_is_true(json_object_get(report->life[i].body, "base")) &&
		    lies_beside(path, said(&report->life[i], "path")))
			return true;
	return false;
}

bool na_report_is_odoos(const struct na_report *report, const char *instance, const char *addon)
{
	bool own = false;

	for (size_t i = 0; i < report->life_count; i++) {
		const struct na_life_event *event = &report->life[i];

		if (!is_of(event, instance) || strcmp(said(event, "addon"), addon) != 0)
			continue;
		own = is_own_path(report, instance, said(event, "path"));
		if (!own)
			return false;
	}
	return own;
}
