/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Reads the memory of an audited process through a descriptor of its /proc/PID/mem, which stays that of the program
 * it was opened for: after exec or exit every read fails. Nothing read is to be believed.
 */
#ifndef NETAUDIT_TARGET_MEMORY_H
#define NETAUDIT_TARGET_MEMORY_H

#include <stddef.h>
#include <stdint.h>

/* A descriptor for the caller to close, or negative errno. */
int na_memory_open(int pid_fd);

/* All of `bytes`: 0, -EFAULT when they are not all there, -ESRCH when the program is gone, else negative errno. */
int na_memory_read(int fd, uint64_t address, void *buffer, size_t bytes);

int na_memory_pointer(int fd, uint64_t address, uint64_t *value);

#endif
