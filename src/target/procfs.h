/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Reads one process's files below /proc, pinned so that a reused number cannot answer for the one asked about.
 *
 * A descriptor from na_proc_open() names the process, not the number: once that process is gone every read
 * through it fails. All functions return 0 or negative errno unless they say otherwise; every length is bounded
 * by the caller's buffer.
 */
#ifndef NETAUDIT_TARGET_PROCFS_H
#define NETAUDIT_TARGET_PROCFS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <netaudit/event.h>

/* The fields of /proc/PID/stat we use; proc_pid_stat(5). */
struct na_proc_stat {
	char comm[NA_COMM_BYTES];	/* untrusted text */
	char state;
	bool never_executed;	/* PF_FORKNOEXEC: still the program it was forked from */
	uint32_t parent_pid;
	int32_t nice;
	uint32_t threads;
	uint64_t start_ticks;	/* since boot, sysconf(_SC_CLK_TCK) a second */
};

/* Returns a descriptor to be closed by the caller, or negative errno. */
int na_proc_open(int proc_fd, uint32_t pid);

/* The same for the process that was started at `start_ns`; -ESRCH when it is gone. `proc_root` NULL: "/proc". */
int na_proc_open_started(const char *proc_root, uint32_t pid, uint64_t start_ns);

/* 0 while the process that `pid_fd` was opened for lives and started then (na_task.start_ns), else -ESRCH. */
int na_proc_check_started(int pid_fd, uint64_t start_ns);

/* Reads up to `capacity` bytes; binary, no NUL is added. `*length` may be less than the file. */
int na_proc_read(int pid_fd, const char *name, char *buffer, size_t capacity, size_t *length);

/* The target of a symbolic link, NUL-terminated; -ENAMETOOLONG when it does not fit. */
int na_proc_link(int pid_fd, const char *name, char *buffer, size_t capacity);

/* Reads an unsigned number in `base` (to 16) at `*at`, then moves behind it and the blanks that follow. */
bool na_proc_take_number(const char **at, const char *end, int base, uint64_t *value);

int na_proc_stat(int pid_fd, struct na_proc_stat *result);
int na_proc_parse_stat(const char *text, size_t length, struct na_proc_stat *result);	/* -EBADMSG */

/* One line of /proc/PID/net/tcp or tcp6. */
struct na_proc_socket {
	uint64_t inode;
	uint16_t local_port;
	uint8_t state;		/* include/net/tcp_states.h */
};

enum { NA_PROC_TCP_ESTABLISHED = 1, NA_PROC_TCP_LISTEN = 10 };

bool na_proc_parse_socket(const char *line, size_t length, struct na_proc_socket *result);

/* 1: the process holds the socket, 0: it does not, else negative errno. */
int na_proc_holds_socket(int pid_fd, uint64_t inode);

/*
 * Visits the TCP sockets the process holds and its network namespace lists, listening ones first, until `visit`
 * returns false. At most NA_PROC_SOCKETS sockets among NA_PROC_DESCRIPTORS descriptors, and NA_PROC_NET_BYTES of
 * either list, are looked at.
 */
#define NA_PROC_SOCKETS 1024
#define NA_PROC_DESCRIPTORS 8192
#define NA_PROC_NET_BYTES (1U << 20)
int na_proc_each_tcp(int pid_fd, bool (*visit)(void *context, const struct na_proc_socket *socket), void *context);

#endif
