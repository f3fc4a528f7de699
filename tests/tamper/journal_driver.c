/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Runs the real journal and signer processes over made-up records, for the tamper suite and for
 * measuring. Usage:
 *
 *	journal_driver run DIRECTORY RECORDS	clean life; heads every 100 records
 *	journal_driver crash DIRECTORY RECORDS	the same, ended by SIGKILL once all are committed
 *	journal_driver prune DIRECTORY RECORDS KEEP_SECONDS MAX_BYTES	as `run`, and prunes once all are committed
 *	journal_driver cutoff DIRECTORY RECORDS KEEP_SECONDS MAX_BYTES MS	the same, killed so long after it began to prune
 *	journal_driver fill DIRECTORY RECORDS	as `run`, with heads every 10,000 records
 *	journal_driver kill DIRECTORY RECORDS	as `run`, but journal and signer are killed and restarted in turn, under load
 *	journal_driver verify DIRECTORY [fingerprint=HEX] [head=FILE] [anchors=FILE] [tail=SECONDS] [threads=N]
 *
 * DIRECTORY gets journal/ and signer/ inside.
 */
#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/log.h"
#include "journal/process.h"
#include "reader/verify.h"
#include "signer/signer.h"

#include "sample_record.h"

#define QUEUE_BYTES (64 << 20)
#define WAIT_NS (600 * NA_NS_PER_SECOND)

struct driver {
	char journal[4096], signer[4096];
	struct na_shared *shared;
	struct na_queue *queue;
	int signer_socket[2], journal_stop[2], signer_stop[2];
	pid_t journal_pid, signer_pid;
	uint32_t head_records;
	uint64_t keep_seconds, max_bytes;
};

static void die(const char *what)
{
	fprintf(stderr, "journal_driver: %s: %s\n", what, strerror(errno));
	exit(99);
}

static pid_t fork_signer(struct driver *d, uint64_t generation)
{
	pid_t pid = fork();

	if (pid == 0) {
		struct na_signer_context context = {
			.directory = d->signer, .fd = d->signer_socket[1], .stop_fd = d->signer_stop[0], .shared = d->shared,
			.generation = generation,
		};

		close(d->signer_socket[0]);
		_exit(na_signer_process(&context));
	}
	return pid;
}

static pid_t fork_journal(struct driver *d, uint64_t generation)
{
	pid_t pid = fork();

	if (pid == 0) {
		struct na_journal_context context = {
			.directory = d->journal, .origin = "netaudit.test/journal", .queue = d->queue, .shared = d->shared,
			.signer_fd = d->signer_socket[0], .stop_fd = d->journal_stop[0], .version = "test",
			.config_hash = "0000000000000000000000000000000000000000000000000000000000000000",
			.settings = "[netaudit]\n", .backend = "none", .head_records = d->head_records, .generation = generation,
			.keep_seconds = d->keep_seconds, .max_bytes = d->max_bytes,
		};

		close(d->signer_socket[1]);
		_exit(na_journal_process(&context));
	}
	return pid;
}

/* `d` is zeroed but for the journal's settings. */
static void begin(struct driver *d, const char *directory)
{
	(void)snprintf(d->journal, sizeof(d->journal), "%s/journal", directory);
	(void)snprintf(d->signer, sizeof(d->signer), "%s/signer", directory);
	if (mkdir(directory, 0700) < 0 && errno != EEXIST)
		die(directory);
	d->shared = mmap(NULL, sizeof(*d->shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (d->shared == MAP_FAILED || na_queue_create(&d->queue, QUEUE_BYTES) ||
	    socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, d->signer_socket) ||
	    pipe(d->journal_stop) || pipe(d->signer_stop))
		die("begin");
	d->signer_pid = fork_signer(d, 0);
	d->journal_pid = fork_journal(d, 0);
	if (d->signer_pid < 0 || d->journal_pid < 0)
		die("fork");
}

/* Ours would keep the other side's end of the conversation alive. */
static void leave_conversation(struct driver *d)
{
	close(d->signer_socket[0]);
	close(d->signer_socket[1]);
}

static int end_of(pid_t pid)
{
	int status;

	if (waitpid(pid, &status, 0) < 0)
		die("waitpid");
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

/* Until `count` records of ours are committed, or the journal has ended. */
static bool wait_committed(struct driver *d, uint64_t count)
{
	uint64_t until = na_boottime_ns() + WAIT_NS;
	siginfo_t info;

	while (na_queue_used_bytes(d->queue) > 0 || na_counter_get(&d->shared->records_committed) < count) {
		memset(&info, 0, sizeof(info));
		if (waitid(P_PID, (id_t)d->journal_pid, &info, WEXITED | WNOHANG | WNOWAIT) == 0 && info.si_pid)
			return false;
		if (na_boottime_ns() > until)
			die("the records are not committed");
		poll(NULL, 0, 2);
	}
	return true;
}

static void put_records(struct driver *d, uint64_t first, uint64_t count)
{
	uint8_t buffer[2048];

	for (uint64_t i = first; i < first + count; i++) {
		ssize_t bytes = na_sample_record(buffer, sizeof(buffer), i);

		if (bytes < 0)
			die("make_record");
		while (na_queue_put(d->queue, buffer, (uint32_t)bytes) == -EAGAIN)
			poll(NULL, 0, 1);
	}
}

static int stop(struct driver *d)
{
	int journal, signer;

	if (write(d->journal_stop[1], "s", 1) != 1)
		die("write");
	journal = end_of(d->journal_pid);
	if (write(d->signer_stop[1], "s", 1) != 1)
		die("write");
	signer = end_of(d->signer_pid);
	printf("committed=%" PRIu64 " journal=%d signer=%d\n", na_counter_get(&d->shared->last_seq), journal, signer);
	na_queue_destroy(d->queue);
	return journal ? journal : signer;
}

static void kill_both(struct driver *d)
{
	kill(d->journal_pid, SIGKILL);
	kill(d->signer_pid, SIGKILL);
	printf("journal=%d signer=%d\n", end_of(d->journal_pid), end_of(d->signer_pid));
	na_queue_destroy(d->queue);
}

static int run(const char *directory, uint64_t count, bool crash, uint32_t head_records)
{
	struct driver d = { .head_records = head_records };

	begin(&d, directory);
	leave_conversation(&d);
	put_records(&d, 0, count);
	if (!wait_committed(&d, count + 1))
		return stop(&d);
	if (!crash)
		return stop(&d);
	kill_both(&d);
	return 0;
}

/* Until the journal has dealt with a request to prune, or has ended. */
static bool wait_pruned(struct driver *d)
{
	uint64_t until = na_boottime_ns() + WAIT_NS;
	siginfo_t info;

	na_counter_add(&d->shared->prune_requests, 1);
	while (na_counter_get(&d->shared->prune_done) != na_counter_get(&d->shared->prune_requests)) {
		memset(&info, 0, sizeof(info));
		if (waitid(P_PID, (id_t)d->journal_pid, &info, WEXITED | WNOHANG | WNOWAIT) == 0 && info.si_pid)
			return false;
		if (na_boottime_ns() > until)
			die("the journal is not pruned");
		poll(NULL, 0, 2);
	}
	return true;
}

static int cutoff(const char *directory, uint64_t count, uint64_t keep_seconds, uint64_t max_bytes, int ms)
{
	struct driver d = { .head_records = 100, .keep_seconds = keep_seconds, .max_bytes = max_bytes };

	begin(&d, directory);
	leave_conversation(&d);
	put_records(&d, 0, count);
	if (!wait_committed(&d, count + 1))
		return stop(&d);
	na_counter_add(&d.shared->prune_requests, 1);
	poll(NULL, 0, ms);
	kill_both(&d);
	return 0;
}

static double seconds_since(uint64_t begin_ns)
{
	return (double)(na_boottime_ns() - begin_ns) / 1e9;
}

static int prune(const char *directory, uint64_t count, uint64_t keep_seconds, uint64_t max_bytes)
{
	struct driver d = { .head_records = 100, .keep_seconds = keep_seconds, .max_bytes = max_bytes };

	begin(&d, directory);
	leave_conversation(&d);
	put_records(&d, 0, count);
	if (wait_committed(&d, count + 1)) {
		uint64_t began = na_boottime_ns();

		if (wait_pruned(&d))
			printf("first=%" PRIu64 " pruned=%" PRIu64 " rate=%.0f ", na_counter_get(&d.shared->first_seq),
			       na_counter_get(&d.shared->pruned_records),
			       (double)na_counter_get(&d.shared->pruned_records) / seconds_since(began));
	}
	return stop(&d);
}

/* What the supervisor does when a process of ours dies; the journal may have noticed its signer's end itself. */
static void kill_and_restart(struct driver *d, enum na_component component)
{
	pid_t *pid = component == NA_JOURNAL ? &d->journal_pid : &d->signer_pid;
	uint64_t generation = na_counter_get(&d->shared->component[component].generation) + 1;
	int status;

	kill(*pid, SIGKILL);
	if (waitpid(*pid, &status, 0) < 0)
		die("waitpid");
	na_counter_set(&d->shared->component[component].wait_status, (uint64_t)status);
	na_counter_set(&d->shared->component[component].ended_boottime_ns, na_boottime_ns());
	na_counter_set(&d->shared->component[component].generation, generation);
	*pid = component == NA_JOURNAL ? fork_journal(d, generation) : fork_signer(d, generation);
}

#define KILLS 30
static int run_killed(const char *directory, uint64_t count)
{
	struct driver d = { .head_records = 100 };
	uint64_t seed = 12345;

	begin(&d, directory);
	for (uint64_t i = 0; i < KILLS; i++) {
		put_records(&d, i * count, count);
		seed = seed * 6364136223846793005U + 1442695040888963407U;
		poll(NULL, 0, (int)(seed >> 33) % 60);	/* anywhere between start-up and the last commit */
		kill_and_restart(&d, i % 3 == 2 ? NA_SIGNER : NA_JOURNAL);
	}
	if (!wait_committed(&d, 0))
		return stop(&d);
	return stop(&d);
}

static int verify(int argc, char **argv)
{
	char path[4096];
	struct na_verify_result result;
	struct na_verify_options options = { .path = path };

	(void)snprintf(path, sizeof(path), "%s/journal", argv[2]);
	for (int i = 3; i < argc; i++) {
		char *value = strchr(argv[i], '=');

		if (!value)
			die(argv[i]);
		*value++ = 0;
		if (!strcmp(argv[i], "fingerprint"))
			options.fingerprint = value;
		else if (!strcmp(argv[i], "head"))
			options.expected_head = value;
		else if (!strcmp(argv[i], "anchors"))
			options.anchors = value;
		else if (!strcmp(argv[i], "since"))
			options.since = value;
		else if (!strcmp(argv[i], "deep"))
			options.deep = true;
		else if (!strcmp(argv[i], "tail"))
			options.tail_seconds = (uint32_t)strtoul(value, NULL, 10);
		else if (!strcmp(argv[i], "threads"))
			options.threads = (unsigned int)strtoul(value, NULL, 10);
	}
	na_verify(&options, &result);
	for (char *c = result.why; *c; c++)	/* what SQLite quotes may come from a changed file */
		*c = *c < ' ' || *c > '~' || *c == '"' || *c == '\\' ? '?' : *c;
	printf("{\"verdict\":%d,\"seq\":%" PRIu64 ",\"checked_from\":%" PRIu64 ",\"records\":%" PRIu64 ",\"heads\":%" PRIu64 ",\"head_size\":%" PRIu64
	       ",\"unsigned\":%" PRIu64 ",\"gaps\":%" PRIu64 ",\"unclean\":%" PRIu64 ",\"fingerprint\":\"%s\",\"why\":\"%s\"}\n",
	       (int)result.verdict, result.first_bad_seq, result.checked_from, result.records, result.heads, result.head_size,
	       result.unsigned_records, result.gaps, result.unclean_starts, result.fingerprint, result.why);
	return (int)result.verdict;
}

int main(int argc, char **argv)
{
	uint64_t count = argc > 3 ? strtoull(argv[3], NULL, 10) : 0;

	na_log_open("journal_driver", NA_LOG_NOTICE);
	if (argc < 3)
		die("usage");
	if (!strcmp(argv[1], "run"))
		return run(argv[2], count, false, 100);
	if (!strcmp(argv[1], "prune") && argc > 5)
		return prune(argv[2], count, strtoull(argv[4], NULL, 10), strtoull(argv[5], NULL, 10));
	if (!strcmp(argv[1], "cutoff") && argc > 6)
		return cutoff(argv[2], count, strtoull(argv[4], NULL, 10), strtoull(argv[5], NULL, 10),
			      (int)strtol(argv[6], NULL, 10));
	if (!strcmp(argv[1], "kill"))
		return run_killed(argv[2], count);
	if (!strcmp(argv[1], "crash"))
		return run(argv[2], count, true, 100);
	if (!strcmp(argv[1], "fill"))
		return run(argv[2], count, false, 10000);
	if (!strcmp(argv[1], "verify"))
		return verify(argc, argv);
	die("usage");
}
