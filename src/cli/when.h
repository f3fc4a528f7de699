/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Points in time as people write them.
 */
#ifndef NETAUDIT_CLI_WHEN_H
#define NETAUDIT_CLI_WHEN_H

#include <stdint.h>

/*
 * "now", "today", "yesterday", "10 min ago" (also without "ago"), "@SECONDS" since 1970,
 * "HH:MM[:SS]" today, and ISO 8601: "YYYY-MM-DD", "YYYY-MM-DD[T ]HH:MM[:SS[.FRACTION]]", each with
 * an optional "Z" or "+HH:MM" (else local time). Returns 0 or -EINVAL.
 */
int na_parse_when(const char *text, int64_t now_us, int64_t *when_us);

#endif
