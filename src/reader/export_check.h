/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Checks an export without the journal it came from: its lines rebuild the tree from the left, and
 * every signed head in it must have the root the tree has at that point.
 */
#ifndef NETAUDIT_READER_EXPORT_CHECK_H
#define NETAUDIT_READER_EXPORT_CHECK_H

#include "journal/merkle.h"
#include "reader/export_line.h"
#include "reader/verify.h"

struct na_export_options {
	const char *path;
	const char *fingerprint;	/* 64 hex digits someone wrote down; NULL: the file's own keys, and the result says so */
	const char *expected_head;	/* file with one note kept elsewhere: must be one of the heads; may be NULL */
	const struct na_witness *witness;	/* whose cosignatures to check; NULL: none */
};

struct na_export_result {
	enum na_verify_verdict verdict;	/* as of a journal; NOTED also without a fingerprint */
	char why[NA_VERIFY_WHY_BYTES];	/* one line, untrusted text in it; "" when OK */
	uint64_t line;			/* where it is wrong; 0: not in a line */
	uint64_t bad_seq;		/* the record that is wrong; 0: not to be said */

	bool complete;			/* every record from first to last is there; else: those there are genuine, no more */
	uint64_t first, last;
	uint64_t records, heads;
	uint64_t head_size;		/* of the newest head */
	int64_t head_t;			/* when it was asked for, us since 1970 */
	uint64_t gaps, losses, unclean_starts, rotations;
	uint64_t witnesses;		/* cosignatures in it */
	uint64_t witnessed_size, witnessed_time;	/* of the newest one checked: records, seconds since 1970; 0: none */
	char origin[NA_ORIGIN_BYTES + 1];
	char fingerprint[NA_FINGERPRINT_TEXT_BYTES + 1];
	bool fingerprint_given;		/* it was compared with the caller's */
	char asked[NA_EXPORT_ASKED_BYTES + 1];	/* what the file says it was asked for; untrusted, proved by nothing */
};

/* Whether the file begins as an export does (gzip). Returns 1, 0, or negative errno. */
int na_export_recognise(const char *path);

/* Fills `result` whatever happens and returns its verdict. Memory is bounded whatever the size. */
enum na_verify_verdict na_export_verify(const struct na_export_options *options, struct na_export_result *result);

/* The checker line by line; na_export_verify() feeds it. Begin with zeroed memory. */
struct na_export_check {
	const struct na_export_options *options;
	struct na_export_result *result;
	struct na_hash hash;
	const struct na_note *expected;		/* NULL: none */
	bool expected_found;

	enum na_export_type newest;		/* type of the last line; NA_EXPORT_TYPES before the first */
	struct na_merkle tree;
	bool linked;				/* `row_hash` is that of the row at tree.size */
	uint8_t row_hash[NA_HASH_BYTES];
	uint8_t identity[NA_PUBLIC_KEY_BYTES];	/* in force for the next head */
	uint8_t next_identity[NA_PUBLIC_KEY_BYTES];	/* from the head after it on */
	uint8_t once[NA_PUBLIC_KEY_BYTES];
	uint8_t previous_note[NA_HASH_BYTES];
	char note[NA_NOTE_BYTES + 1];		/* the newest one */
	size_t note_signed_bytes;

	/* the head record that stands at tree.size and waits for its head */
	bool head_due;
	uint8_t next_once[NA_PUBLIC_KEY_BYTES];
	int64_t head_t;
};

int na_export_check_begin(struct na_export_check *check);	/* 0 or a verdict */
int na_export_check_line(struct na_export_check *check, const char *text, size_t bytes);	/* 0 or a verdict */
int na_export_check_end(struct na_export_check *check);		/* 0 or a verdict */
void na_export_check_close(struct na_export_check *check);

/* Sets the verdict and returns it. */
int na_export_bad(struct na_export_result *result, enum na_verify_verdict verdict, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

#endif
