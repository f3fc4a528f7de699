/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Follows a layout through the memory of a running process, to see that it holds before anybody believes it.
 */
#ifndef NETAUDIT_TARGET_PYTHON_CHECK_H
#define NETAUDIT_TARGET_PYTHON_CHECK_H

#include <stddef.h>

#include <netaudit/python.h>

/*
 * Interpreters, thread states and, where Python code is being run, frames. The process goes on meanwhile: what does
 * not hold is looked at again, a bounded number of times. Addresses of types that are not known yet are filled in.
 *
 * 0; -EAGAIN: it has not started, or moves too much to be seen; -ENOTSUP: it does not hold; -ESRCH: it is gone.
 * `reason` is set for all but 0.
 */
int na_python_check(int memory_fd, struct na_python *python, char *reason, size_t reason_bytes);

#endif
