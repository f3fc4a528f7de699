/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which dictionary is a module's: what calls itself a module by its __name__ is one only if the interpreter's table of
 * modules has it under that name.
 */
#ifndef NETAUDIT_TARGET_PYTHON_MODULES_H
#define NETAUDIT_TARGET_PYTHON_MODULES_H

#include <stdint.h>

#include <netaudit/python.h>

/*
 * Whether `globals` (an address in process `pid`) is the dictionary of the module `name` in sys.modules of any of its
 * interpreters. 1: it is, 0: it is not; negative errno: that could not be told (the process is gone, or its table was
 * being changed). `name` is ASCII, or the answer is -ENOTSUP. Costs a read for each module there is: a millisecond.
 */
int na_python_is_module(const char *proc_root, uint32_t pid, const struct na_python *python, uint64_t globals,
			const char *name);

#endif
