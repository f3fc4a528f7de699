/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What is part of the interpreter itself: objects that its program file or library brings along are nobody's code,
 * whatever they are called, and nobody can make more of them.
 */
#ifndef NETAUDIT_TARGET_PYTHON_STATIC_H
#define NETAUDIT_TARGET_PYTHON_STATIC_H

#include <stdint.h>

#include <netaudit/python.h>

/*
 * Whether `address` in process `pid` lies in the file that its interpreter's types lie in. 1: it does, 0: it does not;
 * negative errno: that could not be told (-ENOTSUP: where the types are is not known). `proc_root` NULL: "/proc".
 */
int na_python_is_static(const char *proc_root, uint32_t pid, const struct na_python *python, uint64_t address);

#endif
