/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The members of a record that say who made the call. They stand apart in the order of keys: each function writes the
 * neighbours among them. `author` may be NULL: not asked; nothing is written.
 */
#ifndef NETAUDIT_FLOW_COMPOSE_AUTHOR_H
#define NETAUDIT_FLOW_COMPOSE_AUTHOR_H

#include "attribute/attribute.h"
#include "journal/canonical.h"

/* "addon", "addons", "addons_truncated", "author", "author_reason" */
void na_put_author(struct na_canonical *c, const struct na_attribution *author);
/* "database", "database_reason", "database_source" */
void na_put_database(struct na_canonical *c, const struct na_attribution *author);
/* "disagree" */
void na_put_disagree(struct na_canonical *c, const struct na_attribution *author);
/* "evidence" */
void na_put_evidence(struct na_canonical *c, const struct na_attribution *author);
/* "frame_file", "frame_function", "frame_line", "frames" */
void na_put_frames(struct na_canonical *c, const struct na_attribution *author);
/* "stack" */
void na_put_stack(struct na_canonical *c, const struct na_attribution *author);

/* "python_usdt", "resolved" */
void na_put_witness(struct na_canonical *c, const struct na_attribution *author);

#endif
