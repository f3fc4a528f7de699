/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One io_uring request at a time, over the bare system calls: a ring per request, so nothing is shared. */
#include "workload.h"

#include <errno.h>
#include <linux/io_uring.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#define ENTRIES 2

struct ring {
	int descriptor;
	struct io_uring_params parameters;
	char *submissions, *completions;
	struct io_uring_sqe *entries;
	size_t submission_bytes, completion_bytes;
};

static int ring_open(struct ring *ring)
{
	memset(ring, 0, sizeof(*ring));
	struct io_uring_params *p = &ring->parameters;

	ring->descriptor = (int)syscall(SYS_io_uring_setup, ENTRIES, p);
	if (ring->descriptor < 0)
		return -errno;
	ring->submission_bytes = p->sq_off.array + p->sq_entries * sizeof(uint32_t);
	ring->completion_bytes = p->cq_off.cqes + p->cq_entries * sizeof(struct io_uring_cqe);
	ring->submissions = mmap(NULL, ring->submission_bytes, PROT_READ | PROT_WRITE, MAP_SHARED, ring->descriptor,
				 IORING_OFF_SQ_RING);
	ring->completions = mmap(NULL, ring->completion_bytes, PROT_READ | PROT_WRITE, MAP_SHARED, ring->descriptor,
				 IORING_OFF_CQ_RING);
	ring->entries = mmap(NULL, p->sq_entries * sizeof(struct io_uring_sqe), PROT_READ | PROT_WRITE, MAP_SHARED,
			     ring->descriptor, IORING_OFF_SQES);
	if (ring->submissions == MAP_FAILED || ring->completions == MAP_FAILED || ring->entries == MAP_FAILED)
		na_die("map io_uring");
	return 0;
}

static void ring_close(struct ring *ring)
{
	munmap(ring->submissions, ring->submission_bytes);
	munmap(ring->completions, ring->completion_bytes);
	munmap(ring->entries, ring->parameters.sq_entries * sizeof(struct io_uring_sqe));
	close(ring->descriptor);
}

static int ring_do(const struct io_uring_sqe *entry)
{
	struct ring ring;
	int error = ring_open(&ring);

	if (error)
		return error;
	uint32_t *tail = (uint32_t *)(ring.submissions + ring.parameters.sq_off.tail);
	uint32_t *array = (uint32_t *)(ring.submissions + ring.parameters.sq_off.array);

	ring.entries[0] = *entry;
	array[0] = 0;
	__atomic_store_n(tail, 1, __ATOMIC_RELEASE);
	uint32_t *arrived = (uint32_t *)(ring.completions + ring.parameters.cq_off.tail);
	unsigned int to_submit = 1;

	while (!__atomic_load_n(arrived, __ATOMIC_ACQUIRE)) {
		if (syscall(SYS_io_uring_enter, ring.descriptor, to_submit, 1, IORING_ENTER_GETEVENTS, NULL, 0) >= 0)
			to_submit = 0;
		else if (errno != EINTR)
			na_die("io_uring_enter");
	}
	int result = ((struct io_uring_cqe *)(ring.completions + ring.parameters.cq_off.cqes))[0].res;

	ring_close(&ring);
	return result;
}

bool na_uring_works(int *error)
{
	struct io_uring_sqe entry = { .opcode = IORING_OP_NOP };

	*error = -ring_do(&entry);
	return !*error;
}

int na_uring_connect(int descriptor, const void *address, socklen_t bytes)
{
	struct io_uring_sqe entry = {
		.opcode = IORING_OP_CONNECT, .fd = descriptor, .addr = (uintptr_t)address, .off = bytes,
	};

	return ring_do(&entry);
}

int na_uring_accept(int descriptor, void *address, socklen_t *bytes)
{
	struct io_uring_sqe entry = {
		.opcode = IORING_OP_ACCEPT, .fd = descriptor, .addr = (uintptr_t)address, .addr2 = (uintptr_t)bytes,
	};

	return ring_do(&entry);
}

int na_uring_send(int descriptor, const void *data, unsigned int bytes)
{
	struct io_uring_sqe entry = {
		.opcode = IORING_OP_SEND, .fd = descriptor, .addr = (uintptr_t)data, .len = bytes,
		.msg_flags = MSG_NOSIGNAL,
	};

	return ring_do(&entry);
}

int na_uring_receive(int descriptor, void *data, unsigned int bytes)
{
	struct io_uring_sqe entry = {
		.opcode = IORING_OP_RECV, .fd = descriptor, .addr = (uintptr_t)data, .len = bytes,
	};

	return ring_do(&entry);
}
