/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The record of kind "addon": an add-on was met in an instance, or its manifest was found changed. */
#ifndef NETAUDIT_FLOW_COMPOSE_ADDON_H
#define NETAUDIT_FLOW_COMPOSE_ADDON_H

#include "flow/compose.h"
#include "target/addons.h"

/* For each of na_addons_each_new(). `instance` may be "". Returns the length in bytes or negative errno. */
ssize_t na_compose_addon(void *out, const struct na_addon *addon, const char *instance,
			 const struct na_clock_pair *clock);

#endif
