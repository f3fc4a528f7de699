/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Prometheus' text format, version 0.0.4 (prometheus.io/docs/instrumenting/exposition_formats), as the node exporter's
 * textfile collector reads it: families in one piece, no two samples of one name and labels, no timestamps.
 */
#ifndef NETAUDIT_REPORT_EXPOSITION_H
#define NETAUDIT_REPORT_EXPOSITION_H

#include <stdio.h>

struct na_label {
	const char *name, *value;	/* the value may be anything, and is escaped as for a terminal first */
};

/* Begins a family; its samples follow. `type` is "counter" or "gauge". */
void na_exposition_family(FILE *out, const char *name, const char *type, const char *help);

/* `labels` ends with a name that is NULL; NULL: there are none. */
void na_exposition_sample(FILE *out, const char *name, const struct na_label *labels, double value);

/* A family of one sample without labels. */
void na_exposition_single(FILE *out, const char *name, const char *type, const char *help, double value);

#endif
