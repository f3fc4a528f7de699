/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The terminal's view of the Trust Report. */
#ifndef NETAUDIT_CLI_REPORT_H
#define NETAUDIT_CLI_REPORT_H

#include "cli/cli.h"
#include "report/report.h"

/* On a terminal aligned and coloured; in a pipe one fact a line, separated by tabs. */
void na_report_text(const struct na_cli *cli, const struct na_report *report);

#endif
