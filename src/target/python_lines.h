/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * CPython's tables from bytecode to lines of source. They are bytes of the audited process: anything may be in them.
 */
#ifndef NETAUDIT_TARGET_PYTHON_LINES_H
#define NETAUDIT_TARGET_PYTHON_LINES_H

#include <stddef.h>
#include <stdint.h>

/*
 * The line that `instruction`, bytes from the start of the bytecode, stands for, by co_lnotab (3.9), or co_linetable
 * (3.10, and as it is since 3.11). `first_line` when it stands for none, lies outside, or the table is not sound.
 */
uint32_t na_python_line_of(uint32_t version, const uint8_t *table, size_t bytes, int32_t instruction,
			   uint32_t first_line);

#endif
