// SPDX-License-Identifier: GPL-2.0-or-later
/* A hash table of threads, the one that answered longest ago dropped first. */
#include "attribute/requests.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define HASH_NONFATAL_OOM 1
#include <uthash.h>

struct thread_key {
	uint64_t start_ns;
	uint32_t pid, tid;
};

struct thread {
	struct thread_key key;
	const struct na_attribution *attribution; /* held: of the controller it was in last */
	uint64_t seen_ns;
	uint64_t other_ns; /* when it was last seen in another controller; 0: never */
	UT_hash_handle hh;
};

struct na_requests {
	struct thread *threads;
};

/* NOLINTBEGIN(clang-analyzer-unix.Malloc,clang-analyzer-core.*): uthash's lists are not understood */

int na_requests_create(struct na_requests **requests)
{
	*requests = calloc(1, sizeof(**requests));
	return *requests ? 0 : -ENOMEM;
}

static void remove_thread(struct na_requests *requests, struct thread *thread)
{
	HASH_DEL(requests->threads, thread);
	na_attribution_release(thread->attribution);
	free(thread);
}

void na_requests_destroy(struct na_requests *requests)
{
	while (requests && requests->threads)
		remove_thread(requests, requests->threads);
	free(requests);
}

static struct thread *find(const struct na_requests *requests, const struct na_stack_event *event)
{
	const struct thread_key key = { event->thread_start_ns, event->task.pid, event->task.tid };
	struct thread *thread;

	HASH_FIND(hh, requests->threads, &key, sizeof(key), thread);
	return thread;
}

static struct thread *add(struct na_requests *requests, const struct na_stack_event *event)
{
	struct thread *thread = calloc(1, sizeof(*thread));

	if (!thread)
		return NULL;
	if (HASH_COUNT(requests->threads) >= NA_REQUESTS_MOST)
		remove_thread(requests, requests->threads);
	thread->key = (struct thread_key){ event->thread_start_ns, event->task.pid, event->task.tid };
	HASH_ADD(hh, requests->threads, key, sizeof(thread->key), thread);
	return thread;
}

static bool same(const char *a, const char *b)
{
	return a && b ? !strcmp(a, b) : a == b;
}

bool na_requests_is_known(const struct na_requests *requests, const struct na_stack_event *event,
			  const struct na_controller *controller)
{
	const struct thread *thread = find(requests, event);
	const struct na_attribution *known = thread ? thread->attribution : NULL;

	return known && known->chain[0] == controller->addon && known->line == controller->line &&
	       same(known->file, controller->file) && same(known->function, controller->function);
}

void na_requests_see(struct na_requests *requests, const struct na_stack_event *event,
		     const struct na_attribution *attribution)
{
	struct thread *thread = find(requests, event);

	if (!thread)
		thread = add(requests, event);
	if (!thread) {
		na_attribution_release(attribution);
		return;
	}
	if (attribution) {
		na_attribution_release(thread->attribution);
		thread->attribution = attribution;
		thread->other_ns = thread->seen_ns;
	}
	thread->seen_ns = event->header.time_ns;
}

const struct na_attribution *na_requests_answer(struct na_requests *requests, const struct na_stack_event *event,
						struct na_request *request)
{
	struct thread *thread = find(requests, event);
	const struct na_attribution *attribution = NULL;

	if (request->answers && (request->tid != event->task.tid || request->thread_start_ns != event->thread_start_ns))
		request->provable = false;
	/* one that was not looked at leaves open what came before it */
	if (thread && request->provable && event->subject == request->answers + 1 &&
	    thread->seen_ns > request->since_ns && thread->other_ns <= request->since_ns)
		attribution = na_attribution_hold(thread->attribution);
	if (thread)
		thread->seen_ns = thread->other_ns = 0;
	request->since_ns = event->header.time_ns;
	request->answers = event->subject;
	request->tid = event->task.tid;
	request->thread_start_ns = event->thread_start_ns;
	return attribution;
}

/* NOLINTEND(clang-analyzer-unix.Malloc,clang-analyzer-core.*) */
