/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A bar on standard error while something long is done; nothing where that is no terminal, or it is soon over. */
#ifndef NETAUDIT_CLI_PROGRESS_H
#define NETAUDIT_CLI_PROGRESS_H

#include <stdbool.h>
#include <stdint.h>

struct na_progress {
	const char *what;	/* "exporting" */
	bool terminal, shown;
	uint64_t began_ns, drawn_ns;
};

/* Whether bars are drawn: by itself, where standard error is a terminal. The reader's asker has it elsewhere. */
void na_progress_on_terminal(bool terminal);
bool na_progress_is_shown(void);

void na_progress_begin(struct na_progress *progress, const char *what);
/* `done` of `all` records; draws at most a few times a second. */
void na_progress_at(struct na_progress *progress, uint64_t done, uint64_t all);
/* Takes the bar away. */
void na_progress_end(struct na_progress *progress);

#endif
