/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Where each version of CPython keeps what the walker follows: constants up to 3.12, from the offsets that the
 * interpreter itself publishes later. tests/python/layout compares both with the versions' own headers.
 */
#ifndef NETAUDIT_TARGET_PYTHON_LAYOUT_H
#define NETAUDIT_TARGET_PYTHON_LAYOUT_H

#include <stddef.h>
#include <stdint.h>

#include <netaudit/python.h>

#define NA_PYTHON_OLDEST 0x0309
#define NA_PYTHON_NEWEST 0x030f

/* The same in every version from NA_PYTHON_OLDEST to NA_PYTHON_NEWEST, free-threaded builds excepted. */
enum {
	NA_PYTHON_OBJECT_TYPE = 8,		/* PyObject.ob_type */
	NA_PYTHON_TYPE_NAME = 24,		/* PyTypeObject.tp_name */
	NA_PYTHON_BYTES_LENGTH = 16,		/* PyBytesObject.ob_size */
	NA_PYTHON_BYTES_DATA = 32,		/* PyBytesObject.ob_sval */
	NA_PYTHON_INTERPRETERS_MAIN = 8,	/* behind runtime_interpreters: the main interpreter */
	NA_PYTHON_THREAD_INTERPRETER = 16,	/* PyThreadState.interp */
};

#define NA_PYTHON_COOKIE "xdebugpy"	/* the first 8 bytes of _PyRuntime from 3.13 on */
#define NA_PYTHON_OFFSETS 128		/* of 8 bytes each, to be read from there */

/*
 * Fills in everything but start_ns, runtime, code_type and string_type. `offsets` are the first NA_PYTHON_OFFSETS words
 * of _PyRuntime for 3.13 and later, else not looked at. 0, or -ENOTSUP with a reason for people.
 */
int na_python_layout(uint32_t version, const uint64_t *offsets, struct na_python *python, char *reason,
		     size_t reason_bytes);

#endif
