/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Where in a function a probe is cheap: found by decoding its first instructions. The kernel emulates pushes, branches
 * and no-operations; any other instruction under a probe is executed out of line in single steps, which costs ten times
 * as much (docs/decisions.md). x86-64; elsewhere every answer is the function's start.
 */
#ifndef NETAUDIT_TARGET_PROBE_SITE_H
#define NETAUDIT_TARGET_PROBE_SITE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define NA_PROBE_CODE_BYTES 64	/* of a function, looked at */

/* The System V calling convention's registers of integer arguments. */
enum na_argument { NA_ARGUMENT_1, NA_ARGUMENT_2, NA_ARGUMENT_3, NA_ARGUMENT_4, NA_ARGUMENT_5, NA_ARGUMENTS };

/*
 * Distance from the function's start to the first instruction that the kernel emulates, where every call passes and all
 * arguments are as they were; with `returns` the stack pointer too, because a return probe finds the return address by
 * it. 0 with *stepped set where there is none: there a probe works, and is dear.
 */
uint32_t na_probe_site(const uint8_t *code, size_t bytes, bool returns, bool *stepped);

/*
 * The function that this one calls before it does anything else, with its own arguments up to `last` in their places.
 * `*distance` is from this function's start. False: it does not begin like that.
 */
bool na_probe_wrapped(const uint8_t *code, size_t bytes, enum na_argument last, int64_t *distance);

/* Whether one of the first instructions, on the way that falls through conditional jumps, calls what lies there. */
bool na_probe_calls(const uint8_t *code, size_t bytes, int64_t distance);

#endif
