/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The census workload: a known number of network operations, each written down by whoever did it.
 *
 * Everything happens in two network namespaces that the program makes for itself; processes talk
 * about the work only through pipes and shared memory, so every socket is part of the truth.
 * Functions that cannot do their work print why and end the process: a census with a hole is void.
 */
#ifndef NETAUDIT_CENSUS_WORKLOAD_H
#define NETAUDIT_CENSUS_WORKLOAD_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>
#include <sys/types.h>

#define NA_NAME_BYTES 16

/* main.c: fixed for the whole run */
struct na_settings {
	uint64_t seed;
	unsigned int count;		/* operations of each kind */
	unsigned int hold_seconds;	/* how long the `progress` flows stay open; 0: none */
	const char *folder;		/* for unix sockets and program names */
	const char *blink;		/* the program that lives under a millisecond */
	const char *only;		/* run only kinds whose name contains this; NULL: all */
};
extern struct na_settings na_settings;
extern unsigned int na_skipped;

void na_die(const char *what, ...) __attribute__((format(printf, 1, 2), noreturn));
void na_skip(const char *kind, const char *why);
bool na_wanted(const char *kind);

/* truth.c: one JSON object per operation, appended with one write */
struct na_line {
	char text[2048];
	size_t used;
};

struct na_owner {
	pid_t pid;
	pid_t tid;
	uid_t uid;
	uint64_t net_namespace;		/* inode number */
	char comm[NA_NAME_BYTES];
};

/* One stream call, from connect or accept to close. */
struct na_call {
	const char *kind;
	const char *of;			/* what it belongs to, for the reader of a mismatch; NULL: nothing */
	struct na_owner owner;
	int family;
	int protocol;
	bool inbound;
	bool mptcp;
	int fast_open;			/* -1: not stated */
	struct sockaddr_storage local;	/* ss_family 0: not stated; port 0: not stated */
	struct sockaddr_storage remote;
	uint64_t messages_out;		/* calls that sent something */
	uint64_t bytes_out;
	uint64_t bytes_in;
	const char *result;		/* the words that are right, separated by | */
	int error;			/* errno; -1: not stated */
	uint64_t begun_us;		/* before the system call; boottime */
	uint64_t opened_us;		/* after it returned */
	uint64_t closed_us;		/* 0: not stated */
};

#define NA_PEERS_MAX 64

struct na_peer {
	struct sockaddr_storage address;
	bool inbound;			/* the first message came in */
	uint64_t messages_out, bytes_out;
	uint64_t messages_in, bytes_in, bytes_in_other;	/* other: also right (see na_datagram_received) */
};

/* One datagram socket and all it spoke to. */
struct na_datagrams {
	const char *kind;
	struct na_owner owner;		/* who uses it */
	struct na_owner maker;		/* who made it: all that some hooks can know */
	int descriptor;
	int family;
	int protocol;
	unsigned int peers;
	struct na_peer peer[NA_PEERS_MAX];
};

void na_truth_open(const char *path);
void na_line_begin(struct na_line *line, const char *operation, const char *kind);
void na_line_text(struct na_line *line, const char *key, const char *value);
void na_line_number(struct na_line *line, const char *key, int64_t value);
void na_line_flag(struct na_line *line, const char *key, bool value);
void na_line_owner(struct na_line *line, const struct na_owner *owner);
void na_line_write(struct na_line *line);

void na_owner_here(struct na_owner *owner);	/* the calling thread */
uint64_t na_now_us(void);
void na_call_write(const struct na_call *call);
void na_datagrams_begin(struct na_datagrams *socket, const char *kind, int descriptor, int family, int protocol);
void na_datagram_sent(struct na_datagrams *socket, const void *peer, size_t bytes);
void na_datagram_received(struct na_datagrams *socket, const void *peer, size_t bytes, size_t also_right);
void na_datagrams_close(struct na_datagrams *socket);	/* writes one line per peer, then closes */

/* net.c: the two namespaces, joined by a pair of virtual Ethernet devices */
enum na_place { NA_PLACE_A, NA_PLACE_B, NA_PLACES };

/* addresses inside a namespace */
enum na_target {
	NA_TARGET_LOOPBACK,	/* 127.0.0.1, ::1 */
	NA_TARGET_DEVICE,	/* the namespace's own end of the pair */
	NA_TARGET_SILENT,	/* on the pair, swallows everything */
	NA_TARGET_ABSENT,	/* on the pair, nobody answers for it */
	NA_TARGET_NO_ROUTE,
};

void na_net_create(void);
void na_net_enter(enum na_place place);
uint64_t na_net_inode(void);	/* of the namespace entered last */
socklen_t na_net_address(struct sockaddr_storage *address, int family, bool mapped, enum na_place place,
			 enum na_target target, uint16_t port);
uint16_t na_port(const struct sockaddr_storage *address);
void na_set_port(struct sockaddr_storage *address, uint16_t port);
socklen_t na_address_bytes(const struct sockaddr_storage *address);

/* process.c */
typedef void na_body(void *argument);
/* Forks; the child is named, runs `body` and exits 0. Fork and (in na_wait) exit become truth. */
pid_t na_spawn(const char *name, na_body *body, void *argument);
void na_wait(pid_t pid);
void na_name_thread(const char *name);
void na_drop_user(void);	/* become nobody */
uint64_t na_random(uint64_t *state);
uint64_t na_random_seed(const char *kind, uint64_t index);

/* Runs operations 0..count-1 in a long-lived process, in threads and in one short-lived process each. */
typedef void na_operation(void *argument, uint64_t index);
void na_run_clients(const char *kind, enum na_place place, bool may_drop_user, na_operation *operation,
		    void *argument, uint64_t count);

/* uring.c: each returns the operation's result or a negative errno */
bool na_uring_works(int *error);
int na_uring_connect(int descriptor, const void *address, socklen_t bytes);
int na_uring_accept(int descriptor, void *address, socklen_t *bytes);
int na_uring_send(int descriptor, const void *data, unsigned int bytes);
int na_uring_receive(int descriptor, void *data, unsigned int bytes);

/* serve.c: the accepting side */
enum na_ending {
	NA_END_CLIENT_FIN, NA_END_SERVER_FIN, NA_END_CLIENT_RESET, NA_END_SERVER_RESET, NA_END_HALF,
	NA_END_EXIT, NA_END_FORK, NA_END_RIGHTS,
};

/* What a client says first. */
struct na_request {
	uint32_t bytes_up;	/* that follow */
	uint32_t bytes_down;	/* wanted */
	uint32_t ending;
	uint32_t reserved;
};

struct na_server {
	const char *kind;
	int family;
	int protocol;
	bool silent;		/* accept and close: no input or output */
	enum na_place place;
	unsigned int count;	/* connections to accept */
	int listener;
	struct sockaddr_storage address;	/* where it listens */
	pid_t pid;
};

void na_server_start(struct na_server *server, enum na_target target, bool mapped);
void na_server_wait(struct na_server *server);
int na_listen(struct na_server *server, enum na_target target, bool mapped);
unsigned int na_send_all(int descriptor, uint64_t bytes, bool uring, int protocol);	/* how many messages it took */
bool na_receive_all(int descriptor, uint64_t bytes, bool uring);	/* false: ended before */
int na_receive_end(int descriptor);	/* 0: orderly, else errno */

/* stream.c: where the clients and the server of a batch are; a kind's count is shared over all routes */
#define NA_ROUTES 3

struct na_route {
	enum na_place client;
	enum na_place server;
	enum na_target target;
};
extern const struct na_route na_routes[NA_ROUTES];
unsigned int na_route_share(unsigned int route);

/* probe.c: NULL, or why this kernel cannot do it; found by trying, before anything is recorded */
void na_probe(void);
const char *na_missing(int family, int type, int protocol);
const char *na_missing_uring(void);

/* stream.c, fail.c, datagram.c, other.c, local.c, life.c: the kinds */
void na_kinds_stream(void);
void na_kinds_slow_begin(void);	/* those that take seconds run beside the others */
void na_kinds_slow_end(void);
void na_kinds_fail(void);
void na_kinds_datagram(void);
void na_kinds_other(void);
void na_kinds_unix(void);
void na_kinds_process(void);
void na_kinds_progress_begin(void);
void na_kinds_progress_end(void);

#endif
