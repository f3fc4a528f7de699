/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The only way untrusted text (process names, host names, paths) reaches a terminal or a log.
 *
 * Kept as it is: valid UTF-8 that is visible. Written as \xNN, byte by byte: C0 and C1 control
 * characters, DEL, bytes that are not valid UTF-8, and format characters that change how the rest
 * of a line is displayed (bidirectional overrides and isolates, zero-width characters, line and
 * paragraph separators, byte order mark, tags). A backslash is doubled, so the result is unambiguous.
 */
#ifndef NETAUDIT_BASE_ESCAPE_H
#define NETAUDIT_BASE_ESCAPE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A buffer of this size always holds the escaped form of `bytes` bytes. */
#define NA_ESCAPED_BYTES(bytes) ((bytes) * 4 + 1)

/*
 * Writes the escaped form of `text` into `out` (always NUL-terminated when out_bytes > 0) and
 * returns its length. A form that does not fit is cut between characters and ends in "...".
 */
size_t na_escape(char *out, size_t out_bytes, const void *text, size_t text_bytes);

/*
 * The same but leaves backslashes alone: for whole lines, parts of which were escaped before. Safe to
 * print, but not unambiguous.
 */
size_t na_escape_line(char *out, size_t out_bytes, const void *text, size_t text_bytes);

/*
 * Decodes the UTF-8 character at `text`: returns its length (1 to 4) and stores the code point, or
 * returns 0 when the bytes are not well formed (overlong, surrogate, above U+10FFFF, cut short).
 */
size_t na_utf8_decode(const uint8_t *text, size_t text_bytes, uint32_t *code_point);

/* Takes away what a cut has left of the last character; the rest must be valid. Returns the new length. */
size_t na_utf8_trim(char *text);

bool na_utf8_valid(const void *text, size_t text_bytes);

#endif
