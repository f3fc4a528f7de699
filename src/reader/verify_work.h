/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the files of the verifier share: verify.c (order of things), verify_open.c (one snapshot for all),
 * verify_start.c (where the records begin: genesis, cut, or a head verified before), verify_rows.c (links, in
 * parallel), verify_heads.c (roots, signatures, keys), verify_life.c (starts, stops, cuts), verify_pruned.c (heads
 * older than the oldest record), verify_anchors.c (anchors.log), verify_deep.c (what is derived).
 *
 * Memory is bounded: threads check blocks of records ahead of the one that puts them together, by a window.
 */
#ifndef NETAUDIT_READER_VERIFY_WORK_H
#define NETAUDIT_READER_VERIFY_WORK_H

#include <pthread.h>
#include <sqlite3.h>

#include "journal/life.h"
#include "journal/tree.h"
#include "reader/verify.h"

/* Rows are checked in blocks that are perfect subtrees, so that their roots can be put together. */
#define NA_BLOCK_LEVEL 12
#define NA_BLOCK_ROWS (UINT64_C(1) << NA_BLOCK_LEVEL)
#define NA_WINDOW_BLOCKS 128
#define NA_VERIFY_THREADS 64

enum na_life_kind {
	NA_LIFE_START, NA_LIFE_STOP, NA_LIFE_GAP, NA_LIFE_LOST, NA_LIFE_HEAD, NA_LIFE_PRUNE, NA_LIFE_CARRIED
};

/* A record of the journal's own life, as far as verification needs it. */
struct na_life {
	uint64_t seq;
	enum na_life_kind kind;
	bool clean;				/* start */
	int64_t t;
	union {
		struct {
			uint64_t number;
			uint8_t next_key[NA_PUBLIC_KEY_BYTES];
			uint8_t previous_note[NA_HASH_BYTES];
			bool rotates;
			uint8_t next_identity[NA_PUBLIC_KEY_BYTES];	/* of one that rotates */
			uint8_t edge[NA_BLOCK_LEVEL][NA_HASH_BYTES];	/* of the tree inside its block */
		} head;
		struct {
			uint64_t cut;
			uint8_t row_hash[NA_HASH_BYTES];	/* of the record before the cut */
			size_t frontier_bytes;
			uint8_t frontier[NA_FRONTIER_BYTES];
		} prune;
		struct {
			uint64_t seq;				/* where the record stood */
			uint8_t node[NA_HASH_BYTES];		/* of level 8, which its path leads to */
		} carried;
	};
};

/* Reads the members of a head or prune record. Returns whether they are as the journal writes them. */
bool na_life_read(struct na_life *life, const void *body, size_t bytes);

struct na_block {
	bool done, bad;
	uint8_t root[NA_HASH_BYTES];	/* when the block is full */
	struct na_life *life;
	size_t life_count, life_room;
};

struct na_verifier {
	const struct na_verify_options *options;
	struct na_verify_result *result;
	char path[4096 + 16];		/* of journal.db */
	bool still;			/* read without -wal and -shm: na_read_only_is_still() */
	sqlite3 *db;
	struct na_tree tree;		/* as stored in db */
	struct na_hash hash;
	sqlite3 *thread_db[NA_VERIFY_THREADS];	/* on the same snapshot, as far as records are deleted */
	unsigned int threads;

	uint8_t identity[NA_PUBLIC_KEY_BYTES];
	uint8_t first_once[NA_PUBLIC_KEY_BYTES];
	uint64_t first_seq, last_seq;	/* of the records there are; 1, 0: none */
	uint64_t newest_head;		/* size of the newest head, the adopted one included */
	uint32_t adopted_bytes;		/* of the newest note of anchors.log, when the table lacks it; 0: none */
	uint64_t adopted_size;
	char adopted[NA_NOTE_BYTES];
	int64_t anchor_bytes;		/* length of anchors.log before the snapshot; -1: missing */

	/* where checking begins: the tree before it, and the hash of the record before it */
	struct na_merkle start;
	bool previous_known;		/* not in a pruning that was interrupted */
	uint8_t previous[NA_HASH_BYTES];
	struct na_life base;		/* the prune record that explains first_seq; seq 0: none */

	/* shared by the threads */
	pthread_mutex_t lock;		/* around everything below and the verdict */
	pthread_cond_t changed;
	struct na_block block[NA_WINDOW_BLOCKS];
	uint64_t claimed, taken, end;	/* block numbers */
	unsigned int running;
	pthread_t thread[NA_VERIFY_THREADS];
	unsigned int started;
	uint64_t unsigned_since;	/* time of the oldest unsigned record that is no heartbeat, us; 0: none */
};

/* Where we are between two heads. */
struct na_heads_walk {
	struct na_verifier *v;
	struct na_merkle outer;		/* of whole blocks (whole tiles, below the oldest record) */
	sqlite3_stmt *checkpoints, *old_heads;
	bool more_old_heads;		/* old_heads stands on one */
	bool adopted_taken;
	uint64_t next;			/* number of the head to come */
	uint64_t last_good;		/* size of the newest good head */
	uint8_t identity[NA_PUBLIC_KEY_BYTES], once[NA_PUBLIC_KEY_BYTES];	/* keys that must sign the next */
	uint8_t previous_note[NA_HASH_BYTES];
	uint64_t stop_seq, head_seq;	/* newest of each; 0: none */
	uint64_t open_start;		/* an unclean start that still lacks its gap; 0: none */
	uint64_t prunes;		/* records seen */
};

/* Sets the verdict unless a lower seq has one already. `seq` 0 means the journal as a whole. Returns the verdict. */
int na_verify_bad(struct na_verifier *v, enum na_verify_verdict verdict, uint64_t seq, const char *format, ...)
	__attribute__((format(printf, 4, 5)));
/* The verdict for an error SQLite just reported on `db`. */
int na_verify_sqlite(struct na_verifier *v, sqlite3 *db, const char *what);
int na_verify_no_hash(struct na_verifier *v);

/* This and the following return 0, or the verdict they have set. */
int na_verify_open(struct na_verifier *v);
void na_verify_close(struct na_verifier *v);
int na_verify_prepare(struct na_verifier *v, sqlite3_stmt **statement, const char *sql);
/* The one integer `sql` gives. */
int na_verify_integer(struct na_verifier *v, const char *sql, int64_t *value);
/* Runs `sql` with ?1 = number; 1 when it gave a row (the caller finalizes), 0 when not, or -verdict. */
int na_verify_one(struct na_verifier *v, const char *sql, uint64_t number, sqlite3_stmt **statement);
/* A blob of exactly this size, or NULL. */
const void *na_verify_blob(sqlite3_stmt *statement, int column, size_t bytes);

int na_verify_start(struct na_verifier *v);
/* Takes up the walk at the head of options->since. Sets *taken unless that head is older than the oldest record. */
int na_verify_since(struct na_heads_walk *h, bool *taken);

/* Starts the threads; then hands over block after block, in order. */
int na_verify_rows_begin(struct na_verifier *v);
int na_verify_next_block(struct na_verifier *v, uint64_t number, struct na_block **block);
void na_verify_block_done(struct na_verifier *v, struct na_block *block);
void na_verify_rows_end(struct na_verifier *v);

int na_verify_heads(struct na_verifier *v);
/* A head record, where the tree of all records up to it has this root, and the signed head that goes with it. */
int na_verify_head(struct na_heads_walk *h, const struct na_life *life, const uint8_t root[NA_HASH_BYTES]);
int na_verify_stored_nodes(struct na_heads_walk *h, const struct na_merkle_tiles *tiles, unsigned int lowest);
int na_verify_life(struct na_heads_walk *h, const struct na_life *life);
int na_verify_life_end(struct na_heads_walk *h);
int na_verify_pruned(struct na_heads_walk *h);
/* The row of old_head at hand belongs to record `size` and leads to `node`. `life` becomes its record. */
int na_verify_old_head(struct na_heads_walk *h, const uint8_t node[NA_HASH_BYTES], struct na_life *life,
		       struct na_merkle *frontier);
int na_verify_step_old_heads(struct na_heads_walk *h);

/* How long anchors.log is: asked before the snapshot. */
int na_verify_look_at_anchors(struct na_verifier *v);
/* Adds the newest anchor to the heads when the writer had no time to do so itself. */
int na_verify_adopt_anchor(struct na_verifier *v);
int na_verify_anchors(struct na_verifier *v);
/* A note that was kept elsewhere is one of the journal's heads. */
int na_verify_expected_head(struct na_verifier *v, const char *file);
/* Reads a note from a file of the user's. */
int na_verify_read_note(struct na_verifier *v, const char *file, struct na_note *note, char text[NA_NOTE_BYTES + 1],
			size_t *bytes);
int na_verify_deep(struct na_verifier *v);

#endif
