/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The signer's loop: one request, one answer; state that is on disk before the answer leaves. */
#include <errno.h>
#include <poll.h>
#include <stddef.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>

#include "base/log.h"
#include "signer/keys.h"
#include "signer/signer.h"

#define HEADER_BYTES offsetof(struct na_signer_request, origin)

struct signer {
	struct na_signer_keys keys;
	struct na_hash hash;
	struct na_merkle pending;	/* the signed tree and the rows sent since */
};

static int on_status(struct signer *s, const struct na_signer_request *request, size_t bytes)
{
	struct na_error error = { 0 };
	int result;

	if (bytes != HEADER_BYTES + sizeof(request->origin) || request->origin[NA_ORIGIN_BYTES])
		return -EINVAL;
	result = na_signer_keys_pin(&s->keys, request->origin, &error);
	if (result == 0)
		result = na_signer_keys_look(&s->keys, &error);
	if (result)
		na_log_error("%s", error.text);
	s->pending = s->keys.status.tree;
	return result;
}

static int on_rows(struct signer *s, const struct na_signer_request *request, size_t bytes)
{
	if (request->count > NA_SIGNER_ROWS || bytes != HEADER_BYTES + (size_t)request->count * NA_HASH_BYTES)
		return -EINVAL;
	if (request->size != s->pending.size)
		return -ESTALE;
	for (uint32_t i = 0; i < request->count; i++) {
		int result = na_merkle_append(&s->hash, &s->pending, request->row_hash[i], NULL);

		if (result)
			return result;
	}
	return 0;
}

static int on_sign(struct signer *s, const struct na_signer_request *request, size_t bytes)
{
	struct na_error error = { 0 };
	uint8_t root[NA_HASH_BYTES];
	int result;

	if (bytes != HEADER_BYTES + sizeof(request->root) || request->count > 1)
		return -EINVAL;
	if (!s->keys.origin[0] || request->size == 0 || request->size != s->pending.size)
		return -ESTALE;
	result = na_merkle_root(&s->hash, &s->pending, root);
	if (result)
		return result;
	if (memcmp(root, request->root, sizeof(root)))
		return -ESTALE;
	if (request->size == s->keys.status.tree.size)
		return 0;	/* the answer carries the note that was signed then */
	result = na_signer_keys_sign(&s->keys, &s->hash, &s->pending, request->count == 1, &error);
	if (result)
		na_log_error("%s", error.text);
	return result;
}

static int dispatch(struct signer *s, const struct na_signer_request *request, size_t bytes)
{
	if (bytes < HEADER_BYTES)
		return -EINVAL;
	switch (request->type) {
	case NA_SIGNER_STATUS:
		return on_status(s, request, bytes);
	case NA_SIGNER_ROWS_FOLLOW:
		return on_rows(s, request, bytes);
	case NA_SIGNER_SIGN:
		return on_sign(s, request, bytes);
	default:
		return -EINVAL;
	}
}

/* Takes one request. Returns 1 to go on, 0 when the other side is gone, or negative errno. */
static int serve(struct signer *s, int fd, struct na_shared *shared)
{
	struct na_signer_request request;
	struct na_signer_answer answer;
	uint64_t heads = s->keys.status.heads;
	ssize_t got;

	memset(&request, 0, sizeof(request));
	got = recv(fd, &request, sizeof(request), MSG_TRUNC | MSG_DONTWAIT);
	if (got == 0)
		return 0;
	if (got < 0)
		return errno == EAGAIN || errno == EINTR ? 1 : -errno;
	memset(&answer, 0, sizeof(answer));
	answer.number = request.number;
	answer.error = (size_t)got > sizeof(request) ? -EINVAL : dispatch(s, &request, (size_t)got);
	answer.status = s->keys.status;
	if (shared && s->keys.status.heads != heads)
		na_counter_add(&shared->heads_signed, 1);
	while (send(fd, &answer, sizeof(answer), MSG_NOSIGNAL) < 0)
		if (errno != EINTR)
			return errno == EPIPE || errno == ECONNRESET ? 0 : -errno;
	/* what did not reach the disk may not be asked for again in this life: the state is re-read */
	return answer.error == 0 || answer.error == -EINVAL || answer.error == -ESTALE ||
	       answer.error == -EKEYREJECTED ? 1 : answer.error;
}

static enum na_signer_exit loop(struct signer *s, const struct na_signer_context *context)
{
	struct pollfd fds[] = {
		{ .fd = context->fd, .events = POLLIN },
		{ .fd = context->stop_fd, .events = POLLIN },
	};

	for (;;) {
		int result;

		if (poll(fds, 2, -1) < 0) {
			if (errno == EINTR)
				continue;
			return NA_SIGNER_EXIT_IO;
		}
		if (fds[0].revents) {
			result = serve(s, context->fd, context->shared);
			if (result == 0)
				return NA_SIGNER_EXIT_STOPPED;
			if (result < 0)
				return NA_SIGNER_EXIT_IO;
			continue;	/* requests first: the journal's last head is asked for during a stop */
		}
		if (fds[1].revents)
			return NA_SIGNER_EXIT_STOPPED;
	}
}

int na_signer_process(const struct na_signer_context *context)
{
	struct na_error error = { 0 };
	enum na_signer_exit result = NA_SIGNER_EXIT_REFUSED;
	struct signer s;

	/* neither a core file nor a tracer of the same uid may see the keys */
	(void)prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
	memset(&s, 0, sizeof(s));
	if (na_hash_open(&s.hash))
		return NA_SIGNER_EXIT_IO;
	if (na_signer_keys_open(&s.keys, context->directory, &error)) {
		na_log_error("%s", error.text);
	} else {
		s.pending = s.keys.status.tree;
		if (context->shared)
			na_counter_set(&context->shared->signer_ready, context->generation + 1);
		result = loop(&s, context);
	}
	na_signer_keys_close(&s.keys);
	na_hash_close(&s.hash);
	return (int)result;
}
