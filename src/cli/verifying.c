/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A verification and its bar. */
#include "cli/verifying.h"

#include <errno.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <time.h>

#include "cli/cli.h"
#include "cli/progress.h"

#define QUIET_S 1	/* shorter runs need no progress */

struct work {
	struct na_verify_options options;
	struct na_verify_result *result;
	struct na_verify_progress progress;
};

static void *work(void *context)
{
	struct work *job = context;

	na_verify(&job->options, job->result);
	return NULL;
}

#define BAR_CELLS 30

static void print_progress(const struct na_verify_progress *progress, int seconds)
{
	uint64_t done = progress->done, total = progress->total;
	char rate[NA_HUMAN_BYTES], left[NA_HUMAN_BYTES];
	int cells = total ? (int)(done * BAR_CELLS / total) : 0;

	fprintf(stderr, "\r\033[K[%.*s%*s] ", cells, "##############################", BAR_CELLS - cells, "");
	if (done == 0 || seconds == 0)
		fprintf(stderr, "%d s", seconds);
	else if (done < total)
		fprintf(stderr, "%" PRIu64 "%%, %s records/s, %s left", done * 100 / total,
			na_human_count(rate, (int64_t)(done / (uint64_t)seconds)),
			na_human_duration(left, (int64_t)((double)(total - done) / (double)done * seconds * 1e6)));
	else
		fprintf(stderr, "records done, the rest");
}

/* The verifier runs in a thread of its own, so that this one can say how far it is. */
enum na_verify_verdict na_verify_shown(const struct na_verify_options *options, struct na_verify_result *result)
{
	struct work job = { .options = *options, .result = result };
	struct timespec until;
	pthread_t thread;
	int seconds = 0;

	job.options.progress = &job.progress;
	if (!na_progress_is_shown() || pthread_create(&thread, NULL, work, &job)) {
		work(&job);
		return result->verdict;
	}
	clock_gettime(CLOCK_REALTIME, &until);
	do {
		until.tv_sec++;
		if (++seconds > QUIET_S)
			print_progress(&job.progress, seconds - 1);
	} while (pthread_timedjoin_np(thread, NULL, &until) == ETIMEDOUT);
	if (seconds > QUIET_S)
		fprintf(stderr, "\r\033[K");
	return result->verdict;
}
