/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Process titles, so that ps(1) tells the four processes apart.
 */
#ifndef NETAUDIT_DAEMON_TITLE_H
#define NETAUDIT_DAEMON_TITLE_H

/* Remembers where the arguments lie and moves the environment out of the way. Once, first thing in main(). */
void na_title_open(int argument_count, char **arguments);

/* `title` replaces the command line, `comm` (at most 15 bytes) the short name. */
void na_title_set(const char *title, const char *comm);

#endif
