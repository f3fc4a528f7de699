/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Whether the running kernel has a backend's kind of hooks at all, asked with as little as possible: verifying all of a
 * backend's programs takes seconds, and would be for nothing.
 */
#ifndef NETAUDIT_CAPTURE_BACKENDS_H
#define NETAUDIT_CAPTURE_BACKENDS_H

#include "base/error.h"
#include "capture/capture.h"

/* 0: it may; negative errno: it certainly does not, and `error` says what is missing. */
int na_backend_possible(enum na_backend backend, struct na_error *error);

#endif
