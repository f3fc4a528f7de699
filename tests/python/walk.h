/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The reference for the kernel's walk: the same steps by the same struct na_python, in user space, through
 * /proc/PID/mem, and slow. It follows a process that does not move; what cannot be read ends the walk.
 */
#ifndef NETAUDIT_TESTS_PYTHON_WALK_H
#define NETAUDIT_TESTS_PYTHON_WALK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <netaudit/python.h>

#define WALK_TEXT_BYTES 1024

struct walked_frame {
	uint64_t code, globals;
	int32_t instruction;	/* bytes from the start of the bytecode, -1: before it */
	uint32_t first_line;
	bool entry;		/* called from C */
	char file[WALK_TEXT_BYTES], name[WALK_TEXT_BYTES], qualname[WALK_TEXT_BYTES];	/* UTF-8, cut to fit */
	char module[WALK_TEXT_BYTES];	/* __name__ of the globals; "" when there is none */
};

/* Thread numbers (pthread_t) of all interpreters. Returns how many were written, or negative errno. */
long walk_threads(int memory_fd, const struct na_python *python, uint64_t *threads, size_t capacity);

/* Frames of one thread, innermost first. Returns how many were written, -ENOENT: no such thread, or negative errno. */
long walk_frames(int memory_fd, const struct na_python *python, uint64_t thread, struct walked_frame *frames,
		 size_t capacity);

#endif
