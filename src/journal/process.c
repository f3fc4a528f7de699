/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The journal's life: open and re-verify, say that we started, take and commit, say that we stopped. */
#include "journal/process.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "journal/canonical.h"
#include "journal/index.h"
#include "journal/work.h"

#define INDEX_ROWS 1000		/* per turn: a few tens of milliseconds */
#define IDLE_MS 500		/* how often the other processes are looked at when nothing comes in */

/* What the newest rows say about how the last life ended. */
struct ending {
	bool clean;			/* a `stop` under a signed head, or a new journal */
	struct na_moment last;		/* of the newest row */
	char config[2 * NA_HASH_BYTES + 1];	/* in the newest head; "" when there is none */
	uint64_t head_size;
	bool stopped;			/* the row before the newest head was a `stop` */
};

static int read_ending_row(void *context, uint64_t seq, const uint8_t row_hash[NA_HASH_BYTES], const void *body,
			   size_t body_bytes)
{
	struct ending *ending = context;
	const char *text;
	size_t length;

	(void)row_hash;
	(void)na_canonical_find_integer(body, body_bytes, "t", &ending->last.t);
	(void)na_canonical_find_integer(body, body_bytes, "tb", &ending->last.tb);
	if (seq + 1 == ending->head_size)
		ending->stopped = na_canonical_find_text(body, body_bytes, "kind", &text, &length) == 0 && length == 4 &&
				  memcmp(text, "stop", 4) == 0;
	if (seq == ending->head_size && na_canonical_find_text(body, body_bytes, "config", &text, &length) == 0 &&
	    length < sizeof(ending->config))
		memcpy(ending->config, text, length);
	return 0;
}

static int read_ending(struct na_journal *journal, struct ending *ending)
{
	uint64_t head = journal->store.head_size;
	int result;

	memset(ending, 0, sizeof(*ending));
	ending->head_size = head;
	result = na_store_rows_from(&journal->store, head > 1 ? head - 1 : 1, read_ending_row, ending, &journal->error);
	ending->clean = journal->store.seq == 0 || (ending->stopped && journal->store.seq == head);
	return result;
}

int na_journal_commit(struct na_journal *journal)
{
	struct na_shared *shared = journal->context->shared;
	uint64_t looked_ns = na_boottime_ns();
	uint8_t body[512];
	int result = na_journal_watch(journal);

	if (result == 0)
		result = na_journal_settings(journal);
	if (result == 0 && journal->refused) {
		result = na_journal_write(journal, body, na_life_refused(body, sizeof(body), journal->refused,
									 journal->refused_cause));
		journal->refused = 0;
	}
	if (result == 0 && journal->open)
		result = na_store_commit(&journal->store, &journal->error);
	if (result)
		return result;
	if (journal->open)
		/* when we looked at the others, not when we were done: see watch.c */
		na_counter_set(&shared->commit_boottime_ns, looked_ns);
	na_queue_take(journal->context->queue, journal->cursor);
	na_counter_add(&shared->records_committed, journal->batched);
	na_counter_set(&shared->last_seq, journal->store.seq);
	journal->open = false;
	journal->batched = 0;
	return 0;
}

/* On a nearly full disk the journal's own records come before the index. */
static void look_for_room(struct na_journal *journal)
{
	journal->roomy = na_directory_reserve(&journal->store.directory);
	na_store_keep_wal(&journal->store, !journal->roomy);
}

int na_journal_head(struct na_journal *journal)
{
	struct na_shared *shared = journal->context->shared;
	uint64_t before = journal->store.seq;
	int result = na_heads_make(&journal->heads, &journal->store, journal->config_hash, &journal->error);

	journal->head_made_ns = na_boottime_ns();
	if (result)
		return result;
	look_for_room(journal);
	journal->records_since_head = 0;
	journal->worth_a_head = false;
	na_counter_add(&shared->records_committed, journal->store.seq - before);
	na_counter_set(&shared->last_seq, journal->store.seq);
	na_counter_set(&shared->head_size, journal->store.head_size);
	na_counter_set(&shared->head_boottime_ns, journal->head_made_ns);
	return journal->prune.first ? na_prune_measure(journal) : 0;
}

/* `start`, or the `gap` of our own restart; `config` when the settings are not those of the last head. */
static int write_beginning(struct na_journal *journal, const struct ending *ending)
{
	const struct na_journal_context *context = journal->context;
	static uint8_t body[NA_RECORD_MAX_BYTES];
	struct na_life_start start = {
		.clean = ending->clean, .version = context->version, .config = context->config_hash,
		.catalogue = context->catalogue_hash,
		.binary = context->binary_hash, .backend = context->backend, .hooks = context->hooks,
	};
	char cause[48];
	struct na_life_gap gap = { .from = ending->last, .component = "daemon", .cause = "unclean stop" };
	const struct na_life_settings settings = {
		.catalogue = context->catalogue_hash, .config = context->config_hash,
		.previous = ending->config[0] ? ending->config : NULL, .settings = context->settings,
	};
	struct na_predecessor previous;
	int result = 0;

	if (journal->store.seq == 0) {
		result = na_predecessor_read(&previous, journal->store.directory.fd, &journal->error);
		start.previous = &previous;
	}
	if (result)
		return result;
	if (context->generation > 0) {
		gap.component = "journal";
		gap.cause = na_journal_cause(cause, sizeof(cause),
					     na_counter_get(&context->shared->component[NA_JOURNAL].wait_status));
		gap.generation = (int64_t)context->generation;
		gap.has_uncommitted = true;	/* none: what was not committed is still in the queue */
		gap.exact = true;
	} else {
		na_life_system(&start);
		result = na_journal_write(journal, body, na_life_start(body, sizeof(body), &start));
	}
	if (result == 0 && (context->generation > 0 || !ending->clean))
		result = na_journal_write(journal, body, na_life_gap(body, sizeof(body), &gap));
	if (result == 0 && context->config_hash && strcmp(context->config_hash, ending->config))
		result = na_journal_write(journal, body, na_life_config(body, sizeof(body), &settings));
	if (result == 0)
		result = na_journal_commit(journal);
	return result ? result : na_journal_head(journal);
}

static int write_ending(struct na_journal *journal)
{
	uint8_t body[256];
	int result = 0;

	do {
		result = na_journal_intake(journal);
		if (result == 0)
			result = na_journal_commit(journal);
	} while (result == 0 && !journal->queue_empty);
	if (result == 0)
		result = na_journal_write(journal, body, na_life_stop(body, sizeof(body)));
	if (result == 0)
		result = na_journal_commit(journal);
	return result ? result : na_journal_head(journal);
}

static bool head_is_due(const struct na_journal *journal, uint64_t now_ns)
{
	const struct na_journal_context *context = journal->context;

	return journal->worth_a_head &&
	       (journal->records_since_head >= context->head_records ||
		now_ns - journal->head_made_ns >= context->head_seconds * NA_NS_PER_SECOND);
}

/* How long nothing can become due. */
static int wait_ms(const struct na_journal *journal, bool busy)
{
	uint64_t now_ns = na_boottime_ns();
	uint64_t due_ns = now_ns + IDLE_MS * NA_NS_PER_MS;
	uint64_t head_ns = journal->head_made_ns + journal->context->head_seconds * NA_NS_PER_SECOND;
	uint64_t commit_ns = journal->batch_began_ns + journal->context->commit_ms * NA_NS_PER_MS;

	if (busy || !journal->queue_empty)
		return 0;
	if (journal->worth_a_head && head_ns < due_ns)
		due_ns = head_ns;
	if (journal->open && commit_ns < due_ns)
		due_ns = commit_ns;
	return due_ns <= now_ns ? 0 : (int)((due_ns - now_ns + NA_NS_PER_MS - 1) / NA_NS_PER_MS);
}

/* A broken index is no reason to stop journaling: it is derived, and status shows its lag. */
static bool index_some(struct na_journal *journal, struct na_index *index)
{
	int64_t rows = index && journal->roomy ? na_index_catch_up(index, INDEX_ROWS) : 0;

	if (index)
		na_counter_set(&journal->context->shared->index_seq, (uint64_t)na_index_last_seq(index));
	return rows > 0;
}

static int loop(struct na_journal *journal, struct na_index *index)
{
	const struct na_journal_context *context = journal->context;
	struct pollfd fds[] = {
		{ .fd = na_queue_wait_fd(context->queue), .events = POLLIN },
		{ .fd = context->stop_fd, .events = POLLIN },
	};
	bool index_lags = true;
	int pruning = 1;

	for (;;) {
		int result;
		uint64_t now_ns;

		if (poll(fds, 2, wait_ms(journal, index_lags || (pruning && !journal->open))) < 0 && errno != EINTR)
			return na_error_set(&journal->error, -errno, "cannot wait: %s", strerror(errno));
		result = na_journal_intake(journal);
		now_ns = na_boottime_ns();
		if (result == 0 && (!journal->open || journal->batched >= context->commit_records ||
				    now_ns - journal->batch_began_ns >= context->commit_ms * NA_NS_PER_MS))
			result = na_journal_commit(journal);
		if (result == 0 && !journal->open && head_is_due(journal, now_ns))
			result = na_journal_head(journal);
		if (result == 0 && !journal->open && !fds[1].revents)
			result = pruning = na_prune_turn(journal);
		if (result < 0)
			return result;
		if (fds[1].revents)
			return write_ending(journal);
		index_lags = journal->queue_empty && index_some(journal, index);
	}
}

/* Opens everything and makes it agree; `*exit_code` is what an error at this point means. */
static int begin(struct na_journal *journal, enum na_journal_exit *exit_code)
{
	const struct na_journal_context *context = journal->context;
	struct na_store *store = &journal->store;
	int result;

	*exit_code = NA_JOURNAL_EXIT_REFUSED;
	result = na_store_open(store, context->directory, &journal->error);
	if (result)
		return result;
	if (!store->fresh && context->origin && strcmp(context->origin, store->origin))
		na_log_notice("this journal was begun as %s and stays so", store->origin);
	*exit_code = NA_JOURNAL_EXIT_SIGNER;
	result = na_heads_open(&journal->heads, context->signer_fd, store->fresh ? context->origin : store->origin,
			       &journal->error);
	if (result)
		return result;
	*exit_code = NA_JOURNAL_EXIT_TAIL;
	if (store->fresh && journal->heads.signer.heads)
		return na_error_set(&journal->error, -ESTALE, "there is no journal in %s, but the signer has signed %llu heads "
				    "of one: put it back, or begin anew with 'netaudit keys renew'", context->directory,
				    (unsigned long long)journal->heads.signer.heads);
	if (store->fresh)
		result = na_store_create(store, context->origin, journal->heads.signer.first_identity,
					 journal->heads.signer.first_once, &journal->error);
	else if (memcmp(store->identity, journal->heads.signer.first_identity, NA_PUBLIC_KEY_BYTES) ||
		 memcmp(store->first_once, journal->heads.signer.first_once, NA_PUBLIC_KEY_BYTES))
		result = na_error_set(&journal->error, -EKEYREJECTED, "the signer's keys are not those the journal was begun with: put them "
				      "back, or begin anew with 'netaudit keys renew'");
	else
		result = na_store_resume(store, &journal->heads.signer.tree, &journal->error);
	if (result == 0)
		result = na_heads_settle(&journal->heads, store, &journal->error);
	return result;
}

/* What the supervisor should think of an error, whatever the journal was doing. */
static enum na_journal_exit exit_of(int error, enum na_journal_exit otherwise)
{
	static const struct {
		int error;
		enum na_journal_exit exit_code;
	} table[] = {
		{ -ENOSPC, NA_JOURNAL_EXIT_IO },       { -EDQUOT, NA_JOURNAL_EXIT_IO },
		{ -EIO, NA_JOURNAL_EXIT_IO },	       { -EROFS, NA_JOURNAL_EXIT_IO },
		{ -ENOMEM, NA_JOURNAL_EXIT_IO },       { -ETIMEDOUT, NA_JOURNAL_EXIT_SIGNER },
		{ -EPIPE, NA_JOURNAL_EXIT_SIGNER },    { -ECONNRESET, NA_JOURNAL_EXIT_SIGNER },
		{ -EKEYREJECTED, NA_JOURNAL_EXIT_REFUSED }, { -EUCLEAN, NA_JOURNAL_EXIT_TAIL },
		{ -EBADMSG, NA_JOURNAL_EXIT_TAIL },    { -ESTALE, NA_JOURNAL_EXIT_TAIL },
	};

	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++)
		if (table[i].error == error)
			return table[i].exit_code;
	return otherwise;
}

static int run(struct na_journal *journal, enum na_journal_exit *otherwise)
{
	const struct na_journal_context *context = journal->context;
	struct na_index *index = NULL;
	struct ending ending;
	int result = begin(journal, otherwise);

	if (result)
		return result;
	*otherwise = NA_JOURNAL_EXIT_IO;
	look_for_room(journal);
	na_journal_watch_begin(journal);
	journal->cursor = na_queue_tail(context->queue);
	result = read_ending(journal, &ending);
	if (result == 0 && context->generation > 0)
		result = na_journal_remember(journal);
	if (result == 0)
		result = write_beginning(journal, &ending);
	if (result == 0)
		result = na_prune_begin(journal);
	if (result)
		return result;
	na_counter_set(&context->shared->journal_ready, context->generation + 1);
	if (na_index_open(&index, context->directory))
		na_log_warning("%s/index.db cannot be used: searching will lag behind", context->directory);
	result = loop(journal, index);
	if (result == 0)	/* a report of a stopped daemon should know that it was stopped */
		(void)index_some(journal, index);
	if (index)
		na_index_close(index);
	return result;
}

int na_journal_process(const struct na_journal_context *given)
{
	struct na_journal_context context = *given;
	struct na_journal *journal = calloc(1, sizeof(*journal));
	enum na_journal_exit exit_code = NA_JOURNAL_EXIT_IO;
	int result;

	if (!journal)
		return NA_JOURNAL_EXIT_IO;
	context.commit_records = context.commit_records ? context.commit_records : 1000;
	context.commit_ms = context.commit_ms ? context.commit_ms : 200;
	context.head_seconds = context.head_seconds ? context.head_seconds : 60;
	context.head_records = context.head_records ? context.head_records : 10000;
	journal->context = &context;
	journal->config_hash = context.config_hash;
	journal->settings_taken = context.settings_told;
	na_counter_set(&context.shared->settings_taken, context.settings_told);
	journal->heads.anchors.fd = -1;
	result = run(journal, &exit_code);
	exit_code = result ? exit_of(result, exit_code) : NA_JOURNAL_EXIT_STOPPED;
	if (result) {
		na_log_error("%s", journal->error.text);
		/* room for the gap and lost records of the next life */
		na_store_keep_wal(&journal->store, true);
		if (result == -ENOSPC || result == -EDQUOT)
			(void)na_directory_release_reserve(&journal->store.directory);
		if (exit_code == NA_JOURNAL_EXIT_IO)
			na_counter_add(&context.shared->io_errors, 1);
	}
	na_prune_end(&journal->prune);
	na_heads_close(&journal->heads);
	na_store_close(&journal->store);
	free(journal->nonces);
	free(journal);
	return (int)exit_code;
}
