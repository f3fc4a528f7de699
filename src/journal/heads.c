/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Talks to the signer and carries a head through its steps. */
#include "journal/heads.h"

#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <stddef.h>
#include <string.h>
#include <sys/socket.h>

#include "base/log.h"
#include "journal/canonical.h"
#include "journal/life.h"

/* A signature takes a millisecond and a few fsyncs; a restarted signer some seconds at most. */
#define ANSWER_MS 3000
#define ATTEMPTS 5
#define HEADER_BYTES offsetof(struct na_signer_request, origin)

/* Waits for the answer to the last request; older ones are dropped. Returns 0 or negative errno. */
static int receive(struct na_heads *heads, struct na_signer_answer *answer)
{
	struct pollfd ready = { .fd = heads->signer_fd, .events = POLLIN };

	for (;;) {
		int count = poll(&ready, 1, ANSWER_MS);
		ssize_t got;

		if (count < 0 && errno != EINTR)
			return -errno;
		if (count == 0)
			return -ETIMEDOUT;
		got = recv(heads->signer_fd, answer, sizeof(*answer), MSG_DONTWAIT);
		if (got == 0)
			return -EPIPE;
		if (got < 0 && errno != EAGAIN && errno != EINTR)
			return -errno;
		if (got == (ssize_t)sizeof(*answer) && answer->number == heads->request)
			return 0;
	}
}

/* One request, one answer. The signer's own refusal is the return value too. */
static int ask(struct na_heads *heads, struct na_signer_request *request, size_t payload_bytes)
{
	struct na_signer_answer answer = { 0 };
	int result;

	request->number = ++heads->request;
	while (send(heads->signer_fd, request, HEADER_BYTES + payload_bytes, MSG_NOSIGNAL) < 0)
		if (errno != EINTR)
			return -errno;
	result = receive(heads, &answer);
	if (result)
		return result;
	if (answer.status.note_bytes > NA_NOTE_BYTES || answer.error > 0)
		return -EBADMSG;
	heads->signer = answer.status;
	return answer.error;
}

static int ask_status(struct na_heads *heads, const char *origin)
{
	struct na_signer_request request;
	int result = -ETIMEDOUT;

	memset(&request, 0, sizeof(request));
	request.type = NA_SIGNER_STATUS;
	memcpy(request.origin, origin, strnlen(origin, NA_ORIGIN_BYTES));
	for (int i = 0; i < ATTEMPTS && result == -ETIMEDOUT; i++)
		result = ask(heads, &request, sizeof(request.origin));
	return result;
}

int na_heads_open(struct na_heads *heads, int signer_fd, const char *origin, struct na_error *error)
{
	int result;

	memset(heads, 0, sizeof(*heads));
	heads->anchors.fd = -1;
	heads->signer_fd = signer_fd;
	/* numbers of an earlier life of this process must not come up again */
	heads->request = (uint64_t)na_moment_now().tb << 16;
	result = ask_status(heads, origin);
	if (result == -EKEYREJECTED)
		return na_error_set(error, result, "the signer's keys belong to another journal than %s: put the right ones "
				    "back, or begin anew with 'netaudit keys renew'", origin);
	if (result)
		return na_error_set(error, result, "the signer does not answer: %s", strerror(-result));
	return 0;
}

void na_heads_close(struct na_heads *heads)
{
	na_anchors_close(&heads->anchors);
}

/* Collects row hashes and sends them off as messages fill up. */
struct stream {
	struct na_heads *heads;
	struct na_signer_request request;
	uint64_t last;
};

static int flush_rows(struct stream *stream)
{
	int result;

	if (stream->request.count == 0)
		return 0;
	result = ask(stream->heads, &stream->request, (size_t)stream->request.count * NA_HASH_BYTES);
	stream->request.size += stream->request.count;
	stream->request.count = 0;
	return result;
}

static int stream_row(void *context, uint64_t seq, const uint8_t row_hash[NA_HASH_BYTES], const void *body,
		      size_t body_bytes)
{
	struct stream *stream = context;

	(void)seq, (void)body, (void)body_bytes;
	memcpy(stream->request.row_hash[stream->request.count++], row_hash, NA_HASH_BYTES);
	return stream->request.count == NA_SIGNER_ROWS ? flush_rows(stream) : 0;
}

/* Sends the rows the signer does not know yet, then asks for the head. */
static int ask_head(struct na_heads *heads, struct na_store *store, bool rotate, struct na_error *error)
{
	struct stream stream;
	struct na_signer_request sign;
	int result = ask_status(heads, store->origin);

	if (result)
		return result;
	memset(&stream, 0, sizeof(stream));
	stream.heads = heads;
	stream.request.type = NA_SIGNER_ROWS_FOLLOW;
	stream.request.size = heads->signer.tree.size;
	result = na_store_hashes_after(store, heads->signer.tree.size, stream_row, &stream, error);
	if (result == 0)
		result = flush_rows(&stream);
	if (result)
		return result;
	memset(&sign, 0, sizeof(sign));
	sign.type = NA_SIGNER_SIGN;
	sign.size = store->tree.size;
	sign.count = rotate;
	result = na_merkle_root(&store->hash, &store->tree, sign.root);
	return result ? result : ask(heads, &sign, sizeof(sign.root));
}

/* The signer's note into anchors.log and the checkpoint table, after looking at it ourselves. */
static int keep_note(struct na_heads *heads, struct na_store *store, struct na_error *error)
{
	const struct na_signer_status *signer = &heads->signer;
	uint8_t root[NA_HASH_BYTES];
	struct na_note note;
	int result;

	if (na_merkle_root(&store->hash, &signer->tree, root) ||
	    na_note_read(&note, signer->note, signer->note_bytes) || note.size != signer->tree.size ||
	    memcmp(note.root, root, sizeof(root)) || strcmp(note.origin, store->origin) ||
	    !na_note_signed_by(&store->hash, &note, signer->note, NA_NOTE_IDENTITY, signer->note_identity))
		return na_error_set(error, -EBADMSG, "the signer returned a note that is not a head of this journal");
	result = na_anchors_append(&heads->anchors, signer->note, signer->note_bytes, error);
	if (result == 0)
		result = na_store_add_checkpoint(store, signer->note, signer->note_bytes, note.size, error);
	if (result == 0)	/* the log is an anchor too: it is kept by somebody else, perhaps on another machine */
		na_log_notice("head over records 1 to %" PRIu64 " of %s: root %.44s", note.size, note.origin,
			      signer->note + note.signed_bytes - 45);
	return result;
}

/* Signs the tree as it stands; its newest row is a committed head record. */
static int sign_and_keep(struct na_heads *heads, struct na_store *store, bool rotate, struct na_error *error)
{
	int result = -ETIMEDOUT;

	/* a signer that was restarted between two messages knows nothing of the rows sent before */
	for (int i = 0; i < ATTEMPTS && (result == -ETIMEDOUT || result == -ESTALE); i++)
		result = ask_head(heads, store, rotate, error);
	if (result == -ESTALE)
		return na_error_set(error, result, "the signer refuses the head at %" PRIu64 ": it does not extend the one it "
				    "signed at %" PRIu64, store->tree.size, heads->signer.tree.size);
	if (result)
		return na_error_set(error, result, "no signature for the head at %" PRIu64 ": %s", store->tree.size,
				    strerror(-result));
	return keep_note(heads, store, error);
}

struct newest {
	bool is_head;
	bool rotates;
	uint8_t next_identity[NA_PUBLIC_KEY_BYTES];
};

static int look_at_newest(void *context, uint64_t seq, const uint8_t row_hash[NA_HASH_BYTES], const void *body,
			  size_t body_bytes)
{
	struct newest *newest = context;
	const char *kind;
	size_t length;

	(void)seq, (void)row_hash;
	newest->is_head = na_canonical_find_text(body, body_bytes, "kind", &kind, &length) == 0 && length == 4 &&
			  memcmp(kind, "head", 4) == 0;
	newest->rotates = na_canonical_find_hex(body, body_bytes, "next_identity", newest->next_identity,
						NA_PUBLIC_KEY_BYTES) == 0;
	return 0;
}

int na_heads_settle(struct na_heads *heads, struct na_store *store, struct na_error *error)
{
	struct newest newest = { .is_head = false };
	int result = na_anchors_open(&heads->anchors, &store->directory, error);

	if (result == 0 && heads->signer.tree.size > store->head_size)
		result = keep_note(heads, store, error);
	if (result == 0 && store->note_bytes)
		result = na_anchors_append(&heads->anchors, store->note, store->note_bytes, error);
	if (result == 0 && store->seq > store->head_size)
		result = na_store_rows_from(store, store->seq, look_at_newest, &newest, error);
	if (result == 0 && newest.is_head && newest.rotates &&
	    memcmp(newest.next_identity, heads->signer.next_identity, NA_PUBLIC_KEY_BYTES))
		result = na_error_set(error, -EKEYREJECTED, "the signer has lost the identity key that record %" PRIu64 " names",
				      store->seq);
	if (result == 0 && newest.is_head)
		result = sign_and_keep(heads, store, newest.rotates, error);
	return result;
}

/* The `rotate` record, when there is a new identity key, and the head record. */
static int append_records(struct na_heads *heads, struct na_store *store, struct na_life_head *head,
			  struct na_error *error)
{
	const struct na_life_rotate rotate = { heads->signer.next_identity, heads->signer.identity };
	uint8_t body[1024];
	ssize_t bytes = 0;
	int result = na_store_begin(store, error);

	if (result == 0 && memcmp(rotate.identity, rotate.previous_identity, NA_PUBLIC_KEY_BYTES)) {
		head->next_identity = rotate.identity;
		bytes = na_life_rotate(body, sizeof(body), &rotate);
		result = bytes < 0 ? (int)bytes : na_store_append(store, body, (size_t)bytes, error);
	}
	if (result == 0) {
		bytes = na_life_head(body, sizeof(body), head);
		result = bytes < 0 ? (int)bytes : na_store_append(store, body, (size_t)bytes, error);
	}
	if (bytes < 0)
		return na_error_set(error, (int)bytes, "cannot write a head record: %s", strerror((int)-bytes));
	return result ? result : na_store_commit(store, error);
}

int na_heads_make(struct na_heads *heads, struct na_store *store, const char *config, struct na_error *error)
{
	uint8_t previous[NA_HASH_BYTES] = { 0 };
	const struct na_hash_part note = { store->note, store->note_bytes };
	struct na_life_head head = { .previous_note = previous, .config = config };
	int result = ask_status(heads, store->origin);

	if (result)
		return na_error_set(error, result, "the signer does not answer: %s", strerror(-result));
	if (heads->signer.tree.size != store->head_size)
		return na_error_set(error, -ESTALE, "the signer's last head is at %" PRIu64 ", the journal's at %" PRIu64,
				    heads->signer.tree.size, store->head_size);
	if (store->note_bytes && na_hash_parts(&store->hash, previous, &note, 1))
		return na_error_set(error, -EIO, "cannot hash the last note");
	head.number = heads->signer.heads;
	head.next_key = heads->signer.next_once;
	result = append_records(heads, store, &head, error);
	return result ? result : sign_and_keep(heads, store, head.next_identity != NULL, error);
}
