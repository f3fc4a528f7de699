/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Python's strings, as the kernel copied them out of a process, to the bytes they stand for. */
#ifndef NETAUDIT_ATTRIBUTE_TEXT_H
#define NETAUDIT_ATTRIBUTE_TEXT_H

#include <stddef.h>

#include <netaudit/event.h>

/* Enough for any text of a code object: a byte becomes two in UTF-8, two or four become four at most. */
#define NA_TEXT_UTF8_BYTES (2 * NA_CODE_FILE_BYTES + 1)

/*
 * Writes `text`, whose bytes are in `buffer` of `capacity`, as NUL-terminated UTF-8. Lone surrogates of Python's
 * surrogateescape become the byte they stand for, so that a file's name is again what the kernel calls it; the result
 * need not be valid UTF-8 then. It ends at the first NUL character: no file name has one. Unreadable or absent text
 * gives "". Returns the length.
 */
size_t na_text_decode(char out[NA_TEXT_UTF8_BYTES], const struct na_code_text *text, const char *buffer,
		      size_t capacity);

#endif
