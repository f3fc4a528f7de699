/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The bounded queue between draining and fsync: one writer process, one reader process, shared
 * memory that outlives both because the supervisor holds it.
 *
 * Layout: a header page, then `capacity` bytes of frames {u32 length, u32 check, bytes, padded to
 * 8}. `head` and `tail` are ever-growing byte offsets; a frame that would cross the end is
 * preceded by a skip frame. A put becomes visible by one store to `head` after its bytes are
 * written, a take by one store to `tail`, so killing either side at any instruction leaves a
 * valid queue. When the reader has emptied the queue the writer starts again at offset zero, and
 * while it is not empty the writer gives back what was taken: the queue keeps as much memory as
 * records wait, not as much as it may hold.
 */
#ifndef NETAUDIT_BASE_QUEUE_H
#define NETAUDIT_BASE_QUEUE_H

#include <stddef.h>
#include <stdint.h>

struct na_queue;

/* Anonymous shared memory, inherited over fork. Returns 0 or negative errno. */
int na_queue_create(struct na_queue **queue, size_t capacity_bytes);
void na_queue_destroy(struct na_queue *queue);

/* Writer. 0, -EAGAIN when full (counted), -EMSGSIZE when it can never fit. Wakes the reader. */
int na_queue_put(struct na_queue *queue, const void *bytes, uint32_t length);

/*
 * Reader. Walks the frames after `*cursor` (start with na_queue_tail()) without taking them.
 * Returns 1 and the bytes (valid until na_queue_take() passes them), 0 when there is none,
 * -EBADMSG when shared memory does not hold a valid frame.
 */
uint64_t na_queue_tail(const struct na_queue *queue);
int na_queue_next(struct na_queue *queue, uint64_t *cursor, const void **bytes, uint32_t *length);
/* Everything before `cursor` is done with: call only after COMMIT. */
void na_queue_take(struct na_queue *queue, uint64_t cursor);

/* An eventfd that polls readable after a put; na_queue_next() returning 0 re-arms it. */
int na_queue_wait_fd(const struct na_queue *queue);

uint64_t na_queue_used_bytes(const struct na_queue *queue);
uint64_t na_queue_refused(const struct na_queue *queue);

#endif
