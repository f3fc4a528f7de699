/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * A DNS message (RFC 1035, section 4), if a datagram is one: its one question and the addresses in its answer. What is
 * asked for decides, not a port: a header of a standard query, and a name that ends where its question does.
 *
 * The same C runs in the kernel and, to be tested and fuzzed, in user space. Whoever includes it has defined
 *   struct na_dns_work *na_dns_work_of(__u32 slot)             the scratch
 * The loop calls functions that are not static: the verifier sees each body once, by itself (docs/decisions.md).
 */
#ifndef NETAUDIT_BPF_DNS_H
#define NETAUDIT_BPF_DNS_H

#include <netaudit/dns.h>

#define NA_DNS_COPIED_BYTES 1232	/* more is answered over TCP: what resolvers have agreed on (DNS flag day 2020) */
#define NA_DNS_HEADER_BYTES 12
#define NA_DNS_QUESTION_BYTES 5		/* at least: the root, type, class */
#define NA_DNS_RECORD_BYTES 10		/* behind its owner's name: type, class, TTL, length of what follows */
#define NA_DNS_NAME_STEP 32		/* bytes of the question's name at a time */
#define NA_DNS_OWNER_STEP 4		/* labels of an owner's name at a time */
/* A name of 255 bytes takes 8, a record 2, unless its owner's name is spelled out. */
#define NA_DNS_STEPS 192

enum na_dns_state { NA_DNS_IN_NAME, NA_DNS_IN_OWNER, NA_DNS_IN_RECORD, NA_DNS_OVER, NA_DNS_NO_DNS };

struct na_dns_work {
	__u64 busy;			/* stays when all that follows is zeroed */
	struct na_dns dns;
	__u64 filled;			/* bytes of the message that are in `message` */
	__u64 position;
	__u64 state;			/* enum na_dns_state */
	__u64 label;			/* bytes of the name's label that are still to come */
	__u64 records;			/* of the answer, still to come */
	__u8 message[NA_DNS_COPIED_BYTES + 32];	/* the last 32 are only room for reads of a fixed size */
};

/* Big-endian; `at` is within the copied bytes. */
static __always_inline __u32 na_dns_word(const struct na_dns_work *work, __u64 at)
{
	asm volatile("" : "+r"(at));	/* so that the bound is stated next to its use, for the verifier */
	if (at >= NA_DNS_COPIED_BYTES)
		return 0;
	return (__u32)work->message[at] << 8 | work->message[at + 1];
}

/* Of the first 12 bytes, so that they can be looked at before anything else is copied. */
static __always_inline bool na_dns_is_header(const __u8 header[NA_DNS_HEADER_BYTES])
{
	bool response = header[2] & 0x80;
	__u32 questions = header[4] << 8 | header[5], answers = header[6] << 8 | header[7];
	__u32 authorities = header[8] << 8 | header[9], others = header[10] << 8 | header[11];

	/* one question; opcode 0; the bit that must be zero */
	if (questions != 1 || header[2] & 0x78 || header[3] & 0x40)
		return false;
	/* a query has no code, and nothing but the question, options and a signature; IXFR sends what it has (RFC 1995) */
	return response || (!(header[3] & 0x0f) && !answers && authorities <= 1 && others <= 2);
}

static __always_inline void na_dns_put(struct na_dns *dns, __u8 c)
{
	__u64 at = dns->name_bytes;

	asm volatile("" : "+r"(at));
	if (at >= NA_DNS_NAME_BYTES - 1)
		return;
	dns->name[at] = c;
	dns->name_bytes = at + 1;
}

/* A byte of a label. A dot, and what is not to be printed, is not part of any host's name. */
static __always_inline __u8 na_dns_letter(__u8 c)
{
	if ((__u8)(c - 'A') < 26)
		return c | 0x20;
	return c > ' ' && c < 0x7f && c != '.' ? c : '?';
}

/* The name is over: type and class. */
static __always_inline __u64 na_dns_question(struct na_dns_work *work)
{
	struct na_dns *dns = &work->dns;
	__u64 at = work->position;
	__u32 class;

	if (at + 4 > work->filled)
		return NA_DNS_NO_DNS;
	if (!dns->name_bytes)
		na_dns_put(dns, '.');
	dns->type = na_dns_word(work, at);
	dns->class = na_dns_word(work, at + 2);
	work->position = at + 4;
	class = dns->class & 0x7fff;	/* multicast DNS has a flag there (RFC 6762, section 5.4) */
	if (!dns->type || !class || (class > 4 && class < 254) || class > 255)
		return NA_DNS_NO_DNS;
	return work->records && dns->flags & NA_DNS_RESPONSE ? NA_DNS_IN_OWNER : NA_DNS_OVER;
}

/* Bytes of the name that is asked for. It is the first in the message, so nothing can be left out by pointing back. */
__attribute__((noinline)) int na_dns_name(__u32 slot)
{
	struct na_dns_work *work = na_dns_work_of(slot);

	if (!work)
		return 0;
	for (int i = 0; i < NA_DNS_NAME_STEP; i++) {
		__u64 at = work->position;
		__u8 c;

		asm volatile("" : "+r"(at));
		if (at >= work->filled || at >= NA_DNS_COPIED_BYTES || work->dns.name_bytes >= NA_DNS_NAME_BYTES - 1) {
			work->state = NA_DNS_NO_DNS;
			break;
		}
		c = work->message[at];
		work->position = at + 1;
		if (work->label) {
			na_dns_put(&work->dns, na_dns_letter(c));
			work->label--;
		} else if (!c) {
			work->state = na_dns_question(work);
			break;
		} else if (c > 63) {
			work->state = NA_DNS_NO_DNS;
			break;
		} else {
			if (work->dns.name_bytes)
				na_dns_put(&work->dns, '.');
			work->label = c;
		}
	}
	return 0;
}

/* The question was understood, so it is DNS; what follows is not all there, or makes no sense. */
static __always_inline __u64 na_dns_cut(struct na_dns_work *work)
{
	work->dns.flags |= NA_DNS_CUT;
	return NA_DNS_OVER;
}

/* Whose record it is: skipped. */
__attribute__((noinline)) int na_dns_owner(__u32 slot)
{
	struct na_dns_work *work = na_dns_work_of(slot);

	if (!work)
		return 0;
	for (int i = 0; i < NA_DNS_OWNER_STEP; i++) {
		__u64 at = work->position;
		__u8 c;

		asm volatile("" : "+r"(at));
		if (at >= work->filled || at >= NA_DNS_COPIED_BYTES) {
			work->state = na_dns_cut(work);
			break;
		}
		c = work->message[at];
		if (c >= 0xc0 || !c) {
			work->position = at + (c ? 2 : 1);
			work->state = NA_DNS_IN_RECORD;
			break;
		}
		if (c > 63) {
			work->state = na_dns_cut(work);
			break;
		}
		work->position = at + 1 + c;
	}
	return 0;
}

static __always_inline void na_dns_address(struct na_dns_work *work, __u64 at, bool six)
{
	struct na_dns *dns = &work->dns;
	__u64 place = dns->address_count;
	__u32 ttl_s = na_dns_word(work, at + 4) << 16 | na_dns_word(work, at + 6);

	if (!place || ttl_s < dns->ttl_s)
		dns->ttl_s = ttl_s;
	asm volatile("" : "+r"(place));
	if (place >= NA_DNS_ADDRESSES) {
		dns->flags |= NA_DNS_CUT;
		return;
	}
	dns->address_count = place + 1;
	at += NA_DNS_RECORD_BYTES;
	asm volatile("" : "+r"(at));
	if (at >= NA_DNS_COPIED_BYTES)
		return;
	if (six) {
		__builtin_memcpy(dns->addresses[place], work->message + at, 16);
		return;
	}
	dns->addresses[place][10] = dns->addresses[place][11] = 0xff;
	__builtin_memcpy(dns->addresses[place] + 12, work->message + at, 4);
}

__attribute__((noinline)) int na_dns_record(__u32 slot)
{
	struct na_dns_work *work = na_dns_work_of(slot);
	__u64 at, length;
	__u32 type;

	if (!work)
		return 0;
	at = work->position;
	type = na_dns_word(work, at);
	length = na_dns_word(work, at + 8);
	if (at + NA_DNS_RECORD_BYTES > work->filled || at + NA_DNS_RECORD_BYTES + length > work->filled) {
		work->state = na_dns_cut(work);
		return 0;
	}
	if (na_dns_word(work, at + 2) == NA_DNS_INTERNET) {
		if (type == NA_DNS_A && length == 4)
			na_dns_address(work, at, false);
		if (type == NA_DNS_AAAA && length == 16)
			na_dns_address(work, at, true);
	}
	work->position = at + NA_DNS_RECORD_BYTES + length;
	work->records--;
	work->state = work->records ? NA_DNS_IN_OWNER : NA_DNS_OVER;
	return 0;
}

__attribute__((noinline)) int na_dns_step(__u32 slot)
{
	struct na_dns_work *work = na_dns_work_of(slot);

	if (!work)
		return NA_DNS_NO_DNS;
	switch (work->state) {
	case NA_DNS_IN_NAME:
		return na_dns_name(slot);
	case NA_DNS_IN_OWNER:
		return na_dns_owner(slot);
	case NA_DNS_IN_RECORD:
		return na_dns_record(slot);
	default:
		return NA_DNS_OVER;
	}
}

/* work->message, filled and dns.bytes are set. True: it is DNS, and work->dns is what it says. */
static __always_inline bool na_dns_run(struct na_dns_work *work, __u32 slot)
{
	struct na_dns *dns = &work->dns;

	if (work->filled < NA_DNS_HEADER_BYTES + NA_DNS_QUESTION_BYTES || !na_dns_is_header(work->message))
		return false;
	dns->id = na_dns_word(work, 0);
	if (work->message[2] & 0x80) {
		dns->flags = NA_DNS_RESPONSE | (work->message[2] & 0x02 ? NA_DNS_TRUNCATED : 0);
		dns->code = work->message[3] & 0x0f;
		work->records = na_dns_word(work, 6);
	}
	work->position = NA_DNS_HEADER_BYTES;
	work->state = NA_DNS_IN_NAME;
	for (int i = 0; i < NA_DNS_STEPS; i++)
		if (na_dns_step(slot))
			break;
	if (work->state == NA_DNS_IN_OWNER || work->state == NA_DNS_IN_RECORD)
		work->state = na_dns_cut(work);
	return work->state == NA_DNS_OVER;
}

#endif
