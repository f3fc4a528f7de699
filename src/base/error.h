/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One error, worded once, where the context is known: what went wrong and what to do about it.
 *
 * Functions that can fail in more ways than an errno tells take a `struct na_error *` and fill it;
 * the caller passes it up unchanged and prints it at the end. The text is one line without a
 * newline and may quote untrusted text only after na_escape().
 */
#ifndef NETAUDIT_BASE_ERROR_H
#define NETAUDIT_BASE_ERROR_H

#define NA_ERROR_TEXT_BYTES 256

struct na_error {
	int code;	/* negative errno; 0: none */
	char text[NA_ERROR_TEXT_BYTES];
};

/* Sets code and text (cut when too long) and returns `code`, so that callers can return it. `error` may be NULL. */
int na_error_set(struct na_error *error, int code, const char *format, ...) __attribute__((format(printf, 3, 4)));

#endif
