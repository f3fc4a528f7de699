/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the files of the verifier share: verify.c (order of things), verify_rows.c (links, in
 * parallel), verify_heads.c (roots, signatures, keys, life), verify_anchors.c (anchors.log).
 */
#ifndef NETAUDIT_READER_VERIFY_WORK_H
#define NETAUDIT_READER_VERIFY_WORK_H

#include <pthread.h>
#include <sqlite3.h>
#include <stdatomic.h>

#include "journal/tree.h"
#include "reader/verify.h"

/* Rows are checked in blocks that are perfect subtrees, so that their roots can be put together. */
#define NA_BLOCK_LEVEL 12
#define NA_BLOCK_ROWS (UINT64_C(1) << NA_BLOCK_LEVEL)

enum na_life_kind { NA_LIFE_START, NA_LIFE_STOP, NA_LIFE_GAP, NA_LIFE_LOST, NA_LIFE_HEAD };

/* A record of the journal's own life, as far as verification needs it. */
struct na_life {
	uint64_t seq;
	enum na_life_kind kind;
	bool clean;				/* start */
	int64_t t;
	uint64_t number;			/* head */
	uint8_t next_key[NA_PUBLIC_KEY_BYTES];	/* head */
	uint8_t previous_note[NA_HASH_BYTES];	/* head */
	bool rotates;				/* head */
	uint8_t next_identity[NA_PUBLIC_KEY_BYTES];	/* head that rotates */
};

struct na_checkpoint {
	uint64_t size;
	uint32_t note_bytes;
	char *note;
	uint8_t edge[NA_BLOCK_LEVEL][NA_HASH_BYTES];	/* of the tree inside its block at `size` */
};

struct na_block {
	uint8_t root[NA_HASH_BYTES];	/* when the block is full */
	struct na_life *life;
	size_t life_count, life_room;
};

struct na_verifier {
	const struct na_verify_options *options;
	struct na_verify_result *result;
	char path[4096 + 16];		/* of journal.db */
	bool immutable;			/* read without -wal and -shm: a copy in a place we cannot write */
	sqlite3 *db;
	struct na_tree tree;		/* as stored in db */
	struct na_hash hash;

	uint8_t identity[NA_PUBLIC_KEY_BYTES];
	uint8_t first_once[NA_PUBLIC_KEY_BYTES];
	uint8_t genesis[NA_HASH_BYTES];
	uint64_t last_seq;
	struct na_checkpoint *checkpoint;	/* ascending size */
	size_t checkpoint_count;
	struct na_block *block;
	size_t block_count;

	/* shared by the threads */
	atomic_size_t next_block;
	pthread_mutex_t lock;		/* around the verdict while threads run */
	uint64_t unsigned_since;	/* time of the oldest unsigned record that is no heartbeat, us; 0: none */
};

/* Sets the verdict unless a lower seq has one already. `seq` 0 means the journal as a whole. Returns the verdict. */
int na_verify_bad(struct na_verifier *v, enum na_verify_verdict verdict, uint64_t seq, const char *format, ...)
	__attribute__((format(printf, 4, 5)));
/* The verdict for an error SQLite just reported on `db`. */
int na_verify_sqlite(struct na_verifier *v, sqlite3 *db, const char *what);

/* The one integer `sql` gives. Returns 0 or the verdict it has set. */
int na_verify_integer(struct na_verifier *v, const char *sql, int64_t *value);

/* A read-only, hardened connection. Returns 0, or sets the verdict and returns it. */
int na_verify_connect(struct na_verifier *v, sqlite3 **db);

/*
 * This and the following return 0, or the verdict they have set. Copies `note` (checkpoint->note_bytes of it) and
 * counts the checkpoint, the next in v->checkpoint.
 */
int na_verify_add_note(struct na_verifier *v, struct na_checkpoint *checkpoint, const void *note);
int na_verify_rows(struct na_verifier *v);
int na_verify_heads(struct na_verifier *v);

/* anchors.log as read at one moment. */
struct na_anchor_file {
	bool missing;
	char *text;
	size_t bytes;		/* whole notes only; a note cut short at the end is left out */
};

int na_verify_read_anchors(struct na_verifier *v, struct na_anchor_file *file);
/* Adds the newest anchor to the heads when the writer had no time to do so itself. */
int na_verify_adopt_anchor(struct na_verifier *v, const struct na_anchor_file *before);
/* `before` was read before the snapshot, `after` after it. */
int na_verify_anchors(struct na_verifier *v, const struct na_anchor_file *before, const struct na_anchor_file *after);
int na_verify_expected_head(struct na_verifier *v);

#endif
