/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The signer process: the only holder of secret keys. It signs tree heads, each of which must
 * extend the one before, and answers on one SOCK_SEQPACKET socket (see signer/protocol.h).
 */
#ifndef NETAUDIT_SIGNER_SIGNER_H
#define NETAUDIT_SIGNER_SIGNER_H

#include <stdint.h>

#include <netaudit/control.h>

enum na_signer_exit {
	NA_SIGNER_EXIT_STOPPED = 0,	/* the socket was closed or stop_fd became readable */
	NA_SIGNER_EXIT_REFUSED = 3,	/* wrong mode, owner, symlink, damaged state: one line was logged */
	NA_SIGNER_EXIT_IO = 74,
};

/* Pointers stay the caller's. */
struct na_signer_context {
	const char *directory;		/* STATE_DIR/signer: 0700, owned by our effective uid */
	int fd;				/* SOCK_SEQPACKET, to the journal; survives the journal's restarts */
	int stop_fd;			/* readable once the journal has ended: return; -1: none */
	struct na_shared *shared;	/* may be NULL */
	uint64_t generation;
};

/* Makes the keys on first use. Runs until told to stop. Returns enum na_signer_exit. */
int na_signer_process(const struct na_signer_context *context);

#endif
