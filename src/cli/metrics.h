/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the daemon says of itself, as metrics. */
#ifndef NETAUDIT_CLI_METRICS_H
#define NETAUDIT_CLI_METRICS_H

#include <jansson.h>
#include <stdio.h>

/* `status` is a parsed status.json; NULL: there is none, which is a metric too. */
void na_metrics_status(FILE *out, const json_t *status);

#endif
