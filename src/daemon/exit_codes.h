/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The exit codes of netaudit-bpf. The numbers follow sysexits(3) where it has a fitting one;
 * netaudit-bpf.8 prints this table, and a test compares the two.
 */
#ifndef NETAUDIT_DAEMON_EXIT_CODES_H
#define NETAUDIT_DAEMON_EXIT_CODES_H

#define NA_EXIT_CODES(X) \
	X(STOPPED,     0,  "stopped as asked; the last head is signed") \
	X(USAGE,       64, "unknown option or argument") \
	X(FOREIGN,     65, "the state folder holds a journal or keys that are not ours, or damaged") \
	X(UNSUPPORTED, 69, "the kernel lacks BTF or is too old, or no backend loads") \
	X(INTERNAL,    70, "a process of the daemon keeps failing, or an error that should not be") \
	X(SYSTEM,      71, "the system refused memory, processes or descriptors") \
	X(UNWRITABLE,  73, "the state or run folder cannot be made or written") \
	X(IO,          74, "the journal cannot be written at start (disk full, I/O error)") \
	X(RUNNING,     75, "another daemon has this journal open") \
	X(TAIL,        76, "the end of the journal does not verify; nothing was written") \
	X(NOT_ROOT,    77, "not started by root, or a capability is missing") \
	X(CONFIG,      78, "a setting is wrong, or a user it names does not exist")

enum na_exit_code {
#define X(symbol, code, text) NA_EXIT_##symbol = code,
	NA_EXIT_CODES(X)
#undef X
};

#endif
