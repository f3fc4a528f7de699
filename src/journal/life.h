/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The records the journal writes about itself: start, stop, config, gap, head. Bodies only; their
 * members are described in docs/journal-format.md.
 */
#ifndef NETAUDIT_JOURNAL_LIFE_H
#define NETAUDIT_JOURNAL_LIFE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "journal/chain.h"
#include "journal/predecessor.h"
#include "journal/tree.h"

#define NA_BOOT_ID_BYTES 36

/* A point in time as records tell it; both in microseconds, tb only comparable within one boot. */
struct na_moment {
	int64_t t, tb;
};

struct na_moment na_moment_now(void);

struct na_life_start {
	bool clean;
	char boot_id[NA_BOOT_ID_BYTES + 1];
	char kernel[65];
	const char *version, *config, *catalogue, *binary, *backend, *hooks;	/* NULL: left out */
	const struct na_predecessor *previous;	/* the journal before this one; NULL or empty: none */
};

struct na_life_gap {
	const char *component;		/* daemon, observer, journal, signer */
	const char *cause;
	struct na_moment from;		/* nothing before it is in doubt */
	bool has_uncommitted;
	int64_t uncommitted;		/* events taken from the kernel that never became a record */
	bool exact;			/* false: at most so many */
	int64_t generation;		/* of the component now running */
};

/* A new identity key. It signs once the head record over this one has named it. */
struct na_life_rotate {
	const uint8_t *identity, *previous_identity;
};

struct na_life_head {
	uint64_t number;		/* 0 for the first head */
	const uint8_t *next_key;	/* NA_PUBLIC_KEY_BYTES: signs head number + 1 */
	const uint8_t *next_identity;	/* the identity key that signs from the next head on; NULL: stays */
	const uint8_t *previous_note;	/* NA_HASH_BYTES: SHA-256 of the note of head number - 1; zeroes: none */
	const char *config;		/* NULL: left out */
};

struct na_life_prune {
	uint64_t cut;			/* records below it go */
	const uint8_t *row_hash;	/* of the last of them */
	const struct na_merkle *frontier;	/* of the tree of those records */
	uint64_t carried;		/* `carried` records directly before this one */
	uint64_t keep_seconds, max_bytes;	/* the policy; 0: none */
	const char *cause;		/* age, size */
};

/* Settings that came into force; NULL: left out. */
struct na_life_settings {
	const char *catalogue;		/* hash */
	const char *changed;		/* what did, while the daemon ran */
	const char *config, *previous;	/* hashes of the settings, now and before */
	const char *settings;		/* all of them, as text */
};

/* A record that outlives its own row: with `previous` and `path` it still proves where it stood. */
struct na_life_carried {
	uint64_t seq;
	const uint8_t *previous, *row_hash;	/* NA_HASH_BYTES each */
	const uint8_t *path;			/* NA_PATH_BYTES, see tree.h */
	const void *body;
	size_t body_bytes;
};

/* Each writes one canonical body and returns its length or negative errno. */
ssize_t na_life_start(void *buffer, size_t capacity, const struct na_life_start *start);
ssize_t na_life_stop(void *buffer, size_t capacity);
ssize_t na_life_config(void *buffer, size_t capacity, const struct na_life_settings *settings);
ssize_t na_life_gap(void *buffer, size_t capacity, const struct na_life_gap *gap);
ssize_t na_life_refused(void *buffer, size_t capacity, uint64_t count, const char *cause);
ssize_t na_life_rotate(void *buffer, size_t capacity, const struct na_life_rotate *rotate);
ssize_t na_life_head(void *buffer, size_t capacity, const struct na_life_head *head);
ssize_t na_life_prune(void *buffer, size_t capacity, const struct na_life_prune *prune);
ssize_t na_life_carried(void *buffer, size_t capacity, const struct na_life_carried *carried);

/* The nodes of a cut's frontier, widest subtree first, as the record has them. Returns their number of bytes. */
#define NA_FRONTIER_BYTES (NA_MERKLE_LEVELS * NA_HASH_BYTES)
size_t na_life_frontier(uint8_t out[NA_FRONTIER_BYTES], const struct na_merkle *frontier);

/* Fills boot_id and kernel of the running system; "unknown" where it cannot be read. */
void na_life_system(struct na_life_start *start);

#endif
