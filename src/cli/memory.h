/* SPDX-License-Identifier: GPL-2.0-or-later */
/* How much memory a process costs. */
#ifndef NETAUDIT_CLI_MEMORY_H
#define NETAUDIT_CLI_MEMORY_H

#include <stdint.h>

/* Proportional set size in KiB; negative errno when it cannot be read. */
int64_t na_pss_kib(int64_t pid);

#endif
