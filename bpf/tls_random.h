/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * Which flow a connection of OpenSSL goes through when its own calls touch no socket (a memory BIO): the random that it
 * has made for its handshake lies in its SSL object and was sent in the clear on one socket of its process.
 *
 * It is always the random of this side, a client's in its ClientHello, a server's in its ServerHello, and only
 * what left through this host's socket is noted: what the other side says can be said twice, by whoever wants to
 * confuse. Where in the object it lies is decoded from the library's code (src/target/libssl_object.c); a wrong
 * place holds no random that was sent, and so binds nothing.
 */
#ifndef NETAUDIT_BPF_TLS_RANDOM_H
#define NETAUDIT_BPF_TLS_RANDOM_H

#include "flow.h"
#include "tls_maps.h"

#define NA_TLS_LOOKS 4	/* at a random that nobody has sent; all was sent before the first byte of clear text */

/* A packet that leaves ends the random of a hello. Again when more of the hello follows: then it is known already. */
static __noinline void na_tls_note_random(const struct na_clear_work *work)
{
	const struct na_socket *state = na_find_socket(work->of.socket);
	struct na_tls_said fresh = {}, *known;
	struct na_tls_random key = {};

	if (!state)
		return;
	__builtin_memcpy(key.half, work->stream.hello.random, sizeof(key.half));
	key.start_ns = state->task.start_ns;
	key.pid = state->task.pid;
	key.of_server = work->stream.hello.of_server;
	fresh.flow = state->id;
	fresh.socket = work->of.socket;
	if (!(int)bpf_map_update_elem(&tls_randoms, &key, &fresh, BPF_NOEXIST))
		return;
	known = bpf_map_lookup_elem(&tls_randoms, &key);
	if (known && known->flow != fresh.flow)
		known->flows_differ = 1;
}

/* The random of its own side, as the object has it now. */
static __always_inline bool na_tls_read_random(struct na_tls_random *random, const struct na_tls_call *call)
{
	__u64 object = call->key.ssl, pointer = NA_TRANSFER_POINTER(call->how);

	if (!NA_TRANSFER_IS_SERVER(call->how) ||
	    bpf_probe_read_user(&random->of_server, sizeof(random->of_server),
				(const void *)(unsigned long)(object + NA_TRANSFER_IS_SERVER(call->how))))
		return false;
	random->of_server = random->of_server != 0;
	if (pointer && bpf_probe_read_user(&object, sizeof(object), (const void *)(unsigned long)(object + pointer)))
		return false;
	object += random->of_server ? NA_TRANSFER_SERVER_RANDOM(call->how) : NA_TRANSFER_CLIENT_RANDOM(call->how);
	return !bpf_probe_read_user(random->half, sizeof(random->half), (const void *)(unsigned long)object);
}

/*
 * Clear text has passed, so the handshake is over. What was bound so is looked at in each call: an object that is used
 * for another handshake, without having been freed, is nobody's from then on.
 */
static __noinline void na_tls_prove(struct na_tls_connection *connection, const struct na_tls_call *call)
{
	struct na_tls_random random = {};
	const struct na_tls_said *said;
	struct na_socket *state;

	if (connection->flows_differ || (connection->flow ? !connection->proven : connection->looks >= NA_TLS_LOOKS) ||
	    !na_tls_read_random(&random, call))
		return;
	if (connection->proven) {
		if (random.half[0] != connection->random[0] || random.half[1] != connection->random[1])
			connection->flows_differ = 1;
		return;
	}
	random.start_ns = call->key.start_ns;
	random.pid = call->key.pid;
	said = bpf_map_lookup_elem(&tls_randoms, &random);
	connection->looks++;
	if (!said || said->flows_differ)
		return;
	connection->random[0] = random.half[0];
	connection->random[1] = random.half[1];
	connection->flow = said->flow;
	connection->proven = 1;
	state = na_find_socket(said->socket);
	if (state && state->id == said->flow)
		state->flags |= NA_FLOW_TLS_SEEN;
}

#endif
