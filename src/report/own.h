/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which add-ons came with Odoo: they are on every stack, because requests, schedules and mail pass through them. An
 * add-on is Odoo's own when it lies where the instance's own `base` lies, or in the `addons` beside the package (a
 * source checkout), as `addon` records have it. Manifests are not asked: they may say anything.
 */
#ifndef NETAUDIT_REPORT_OWN_H
#define NETAUDIT_REPORT_OWN_H

#include "report/report.h"

/*
 * False also when no record says where it lies, or when the instance has had another of that name elsewhere: then it
 * could be either.
 */
bool na_report_is_odoos(const struct na_report *report, const char *instance, const char *addon);

#endif
