/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The Trust Report as commands get and show it. */
#ifndef NETAUDIT_CLI_REPORT_H
#define NETAUDIT_CLI_REPORT_H

#include "cli/cli.h"
#include "report/report.h"

/*
 * Gathers and judges the report of the journal in use, once its newest record is counted. Fills in the folder and the
 * newest record. Returns -1 to go on, or the exit code after having said why. na_report_clear() either way.
 */
int na_report_read(struct na_cli *cli, struct na_report_request *what, struct na_report *report);

/* On a terminal aligned and coloured; in a pipe one fact a line, separated by tabs. */
void na_report_text(const struct na_cli *cli, const struct na_report *report);

#endif
