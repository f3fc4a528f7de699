/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The kernel's parser of clear text, compiled for this process: one slot, and messages go to a function. */
#ifndef NETAUDIT_TESTS_CLEAR_HERE_H
#define NETAUDIT_TESTS_CLEAR_HERE_H

#include <linux/types.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#ifndef __always_inline
#define __always_inline inline __attribute__((always_inline))
#endif

struct na_clear_work;
static struct na_clear_work *na_clear_work_of(__u32 slot);
static long na_clear_copy(void *to, __u32 bytes, __u64 from);
static void na_clear_wipe(void *from, __u32 bytes);
static void na_clear_report(struct na_clear_work *work);
int na_finish_piece(__u32 slot, __u32 mask);
int na_command_of(__u32 slot);
int na_dotted_words(__u32 slot);
int na_smtp_domain_over(__u32 slot);
int na_smtp_byte(__u32 slot, __u32 c);
int na_imap_byte(__u32 slot, __u32 c);
int na_pop3_byte(__u32 slot, __u32 c);
int na_ldap_byte(__u32 slot, __u32 c);
int na_postgresql_byte(__u32 slot, __u32 c);
int na_socks_byte(__u32 slot, __u32 c);
int na_hpack_huffman(__u32 slot, __u32 byte);
int na_hpack_index_over(__u32 slot);
int na_hpack_value_over(__u32 slot);
int na_hpack_plain(__u32 slot, __u32 c);
int na_http2_body(__u32 slot, __u32 bytes, __u32 ends);
int na_http2_begin_block(__u32 slot);
int na_http2_block_over(__u32 slot);
int na_http2_block_byte(__u32 slot, __u32 c);
int na_http2_byte(__u32 slot, __u32 byte);
int na_dialogue_bytes(__u32 slot);
int na_dialogue_tell(__u32 slot);
int na_dialogue_step(__u32 slot);
int na_hello_byte(__u32 slot, __u32 byte);
int na_clear_few(__u32 slot);
int na_clear_words(__u32 slot);
int na_clear_rest(__u32 slot);
int na_clear_over(__u32 slot);
int na_clear_step(__u32 slot);

#include "../../bpf/clear.h"

static struct na_clear_work here;
static void (*on_message)(const struct na_message *message);

static struct na_clear_work *na_clear_work_of(__u32 slot)
{
	return slot ? NULL : &here;
}

static long na_clear_copy(void *to, __u32 bytes, __u64 from)
{
	memcpy(to, (const void *)(uintptr_t)from, bytes);
	return 0;
}

static void na_clear_wipe(void *from, __u32 bytes)
{
	memset(from, 0, bytes);
}

static void na_clear_report(struct na_clear_work *work)
{
	if (on_message)
		on_message(&work->stream.message);
}

/*
 * The next bytes of a stream whose other direction is `peer`, as far as the parser asks for it. What is left in the
 * scratch is cleared, as the kernel's programs do.
 */
static inline void dialogue_feed(struct na_clear_stream *stream, const struct na_clear_stream *peer, const void *bytes,
				 size_t length, const uint64_t key[2])
{
	here.stream = *stream;
	here.at = (uintptr_t)bytes;
	here.left = length;
	here.key[0] = key[0];
	here.key[1] = key[1];
	here.peer = peer->dialogue;
	here.peer_no_body = peer->no_body;
	here.peer_begun = UINT64_MAX;
	na_clear_run(&here, 0);
	*stream = here.stream;
	memset(&here, 0, sizeof(here));
}

/* The next bytes of a stream of HTTP. */
static inline void clear_feed(struct na_clear_stream *stream, const void *bytes, size_t length, const uint64_t key[2],
			      uint64_t peer_begun, uint64_t peer_no_body)
{
	here.stream = *stream;
	here.at = (uintptr_t)bytes;
	here.left = length;
	here.key[0] = key[0];
	here.key[1] = key[1];
	here.peer_begun = peer_begun;
	here.peer_no_body = peer_no_body;
	na_clear_run(&here, 0);
	*stream = here.stream;
	memset(&here, 0, sizeof(here));
}

#endif
