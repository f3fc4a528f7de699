/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The terminal while `netaudit top` has it: its second screen, no echo, no cursor; and as it was on every way out, also
 * by a signal (but SIGKILL, which nobody sees).
 */
#ifndef NETAUDIT_CLI_TOP_TERMINAL_H
#define NETAUDIT_CLI_TOP_TERMINAL_H

#include <stdbool.h>
#include <stddef.h>

/* Takes it. Returns 0 or negative errno. */
int na_terminal_take(void);
void na_terminal_give_back(void);

/* Its size now; 80 by 24 where nobody knows. */
void na_terminal_size(size_t *columns, size_t *lines);

#define NA_KEY_NONE 0		/* the time is over, or the size is another one */
#define NA_KEY_END (-1)		/* a signal asks to end, or the terminal is gone */

/* Waits for a key at most so long. */
int na_terminal_key(int timeout_ms);

/* Writes all of it. Returns 0 or negative errno. */
int na_terminal_write(const char *text, size_t bytes);

#endif
