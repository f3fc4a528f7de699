// SPDX-License-Identifier: GPL-2.0-or-later
/* Names of files and functions are whatever the add-on's author chose: they pass through the canonical escaping. */
#include "flow/compose_author.h"

void na_put_author(struct na_canonical *c, const struct na_attribution *author)
{
	if (!author)
		return;
	if (author->addon)
		na_canonical_string(c, "addon", author->addon->name);
	if (author->chain_count) {
		na_canonical_array_begin(c, "addons");
		for (size_t i = 0; i < author->chain_count; i++)
			na_canonical_string(c, NULL, author->chain[i]->name);
		na_canonical_array_end(c);
	}
	if (author->chain_truncated)
		na_canonical_bool(c, "addons_truncated", true);
	na_canonical_string(c, "author", na_author_name(author->author));
	na_canonical_string(c, "author_reason", author->reason);
}

void na_put_database(struct na_canonical *c, const struct na_attribution *author)
{
	if (!author)
		return;
	na_canonical_string(c, "database", author->database.name);
	na_canonical_string(c, "database_reason", author->database.reason);
	na_canonical_string(c, "database_source", na_database_evidence_name(author->database.evidence));
}

void na_put_disagree(struct na_canonical *c, const struct na_attribution *author)
{
	if (author && author->disagree)
		na_canonical_bool(c, "disagree", true);
}

void na_put_evidence(struct na_canonical *c, const struct na_attribution *author)
{
	if (author)
		na_canonical_string(c, "evidence", na_evidence_name(author->evidence));
}

void na_put_frames(struct na_canonical *c, const struct na_attribution *author)
{
	if (!author)
		return;
	if (author->file && author->file[0])
		na_canonical_string(c, "frame_file", author->file);
	if (author->function && author->function[0])
		na_canonical_string(c, "frame_function", author->function);
	if (author->line)
		na_canonical_integer(c, "frame_line", author->line);
	if (author->frames)
		na_canonical_integer(c, "frames", author->frames);
}

void na_put_stack(struct na_canonical *c, const struct na_attribution *author)
{
	if (author && author->frames)
		na_canonical_bytes(c, "stack", author->stack_digest, sizeof(author->stack_digest));
}

void na_put_witness(struct na_canonical *c, const struct na_attribution *author)
{
	if (!author)
		return;
	na_canonical_string(c, "python_usdt", na_witness_name(author->witness));
	na_canonical_string(c, "resolved", author->resolved);
}
