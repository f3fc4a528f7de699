/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What attribution keeps: code objects, processes, threads and flows. Each table is bounded; what falls out is unknown
 * from then on, never somebody else's.
 */
#ifndef NETAUDIT_ATTRIBUTE_KNOWN_H
#define NETAUDIT_ATTRIBUTE_KNOWN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define HASH_NONFATAL_OOM 1
#include <uthash.h>

#include "attribute/native.h"
#include "attribute/rules.h"

#define NA_KNOWN_CODES 131072		/* about 300 bytes each */
#define NA_KNOWN_PROCESSES 16384
#define NA_KNOWN_THREADS 65536
#define NA_KNOWN_FLOWS 65536		/* whose open has not come yet */

struct na_known_process;

struct na_known_code {
	uint64_t id;
	struct na_known_process *process;
	struct na_known_code *next;	/* of the same process */
	uint64_t address, globals;
	uint32_t first_line;
	uint32_t line;			/* that the instruction at `line_of` stands for; 0: none was looked up */
	int32_t line_of;
	uint32_t stated_for;		/* generation of the process's instance; 0: never */
	char *file, *function, *module;	/* one allocation, at `file` */
	struct na_statement statement;
	UT_hash_handle hh;
};

struct na_known_thread_key {
	uint64_t start_ns;
	uint32_t pid, tid;
};

struct na_known_thread {
	struct na_known_thread_key key;
	enum na_starter starter;
	const struct na_attribution *parent;	/* held; NULL unless starter is ADDON */
	UT_hash_handle hh;
};

struct na_known_process_key {
	uint64_t start_ns;
	uint32_t pid, zero;
};

struct na_known_process {
	struct na_known_process_key key;
	struct na_known_code *codes;
	const struct na_attribution *parent;	/* held; NULL: not seen */
	bool executed;
	char *instance;
	uint32_t generation;			/* of `instance`, from 1 */
	uint64_t learned_ns;
	struct na_known_process_key forked_from;	/* zeros: its fork was not seen */
	struct na_native_view native;
	struct na_database_uses databases;
	UT_hash_handle hh;
};

struct na_known_flow {
	uint64_t flow;
	const struct na_attribution *attribution;	/* held */
	UT_hash_handle hh;
};

/* uthash keeps the order in which entries were added: the first is the oldest. */
struct na_known {
	struct na_known_code *codes;
	struct na_known_process *processes;	/* the least recently used first */
	struct na_known_thread *threads;
	struct na_known_flow *flows;
	bool dropped_codes;			/* of a process that may still be there */
};

/* NULL: not there. */
struct na_known_code *na_known_find_code(const struct na_known *known, uint64_t id);
struct na_known_thread *na_known_find_thread(const struct na_known *known, uint32_t pid, uint32_t tid,
					     uint64_t start_ns);
struct na_known_process *na_known_find_process(const struct na_known *known, uint32_t pid, uint64_t start_ns);
struct na_known_flow *na_known_find_flow(const struct na_known *known, uint64_t flow);

/* The entry, made when missing and now the most recently used. NULL: no memory. */
struct na_known_process *na_known_use_process(struct na_known *known, uint32_t pid, uint64_t start_ns);

/* 0 or -ENOMEM. An entry of that key is replaced. `parent` and `attribution` are held, not taken. */
int na_known_add_code(struct na_known *known, const struct na_code_event *event);
int na_known_add_thread(struct na_known *known, const struct na_stack_event *event, enum na_starter starter,
			const struct na_attribution *parent);
int na_known_add_flow(struct na_known *known, uint64_t flow, const struct na_attribution *attribution);

/* The process may answer to another instance now: whose its code is, native too, is asked again. 0 or -ENOMEM. */
int na_known_set_instance(struct na_known_process *process, const char *instance);
void na_known_set_parent(struct na_known_process *process, const struct na_attribution *parent);

/* It executed another program: nothing refers to what it ran before. */
void na_known_drop_codes(struct na_known *known, struct na_known_process *process);
void na_known_remove_process(struct na_known *known, struct na_known_process *process);
void na_known_remove_flow(struct na_known *known, struct na_known_flow *flow);
void na_known_remove_all(struct na_known *known);

#endif
