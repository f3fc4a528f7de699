/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Secret files of the signer: strict about whose they are, replaced atomically, old bytes overwritten. */
#ifndef NETAUDIT_SIGNER_STATE_H
#define NETAUDIT_SIGNER_STATE_H

#include <stddef.h>

#include "base/error.h"

/* Opens (or makes, 0700) a directory that only we may use. Returns an fd or negative errno. */
int na_secret_directory(const char *path, struct na_error *error);

/* Reads exactly `bytes`. Returns 0, -ENOENT (quietly), or negative errno with one line in `error`. */
int na_secret_read(int directory_fd, const char *name, void *out, size_t bytes, struct na_error *error);

/* Replaces `name`, durable when it returns 0. What the old file held is overwritten, best effort. */
int na_secret_replace(int directory_fd, const char *name, const void *content, size_t bytes, struct na_error *error);

/* Overwrites and removes a file that may be missing. Returns 0 or negative errno. */
int na_secret_remove(int directory_fd, const char *name, struct na_error *error);

#endif
