/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * Code objects: each is described once, and later known again by what the process's memory still says of it. Most of
 * a walk is this check, in several small reads. It cannot be left out: a freed object's address is soon another's, with
 * the same size and shape when code is compiled in a loop.
 */
#ifndef NETAUDIT_BPF_PYTHON_CODE_H
#define NETAUDIT_BPF_PYTHON_CODE_H

#include "emit.h"
#include "python_text.h"

#define NA_MIX 0x9e3779b97f4a7c15ULL

/* The digest of what is there now. A name's terminator is part of it: so another length is another digest. */
static __always_inline bool na_read_sample(struct na_walk *walk, const struct na_sample *sample, __u64 *digest)
{
	__u64 bytes = sample->bytes, mixed = bytes;

	__builtin_memset(walk->sample, 0, sizeof(walk->sample));
	asm volatile("" : "+r"(bytes));
	if (bytes > NA_SAMPLE_BYTES ||
	    (bytes && bpf_probe_read_user(walk->sample, bytes, (const void *)(unsigned long)sample->at)))
		return false;
#pragma unroll
	for (int i = 0; i < NA_SAMPLE_BYTES / 8; i++) {
		mixed = (mixed ^ walk->sample[i]) * NA_MIX;
		mixed ^= mixed >> 29;
	}
	*digest = mixed;
	return true;
}

static __always_inline __u32 na_seen_slot(__u64 address)
{
	return address * NA_MIX >> (64 - NA_SEEN_LOG2) & (NA_SEEN - 1);
}

static __always_inline bool na_is_same_sample(struct na_walk *walk, const struct na_sample *sample)
{
	struct na_seen_sample *seen = &walk->seen_samples[na_seen_slot(sample->at)];

	if (!sample->bytes)
		return true;
	if (seen->turn != walk->turn || seen->at != sample->at || seen->bytes != sample->bytes) {
		seen->turn = 0;
		if (!na_read_sample(walk, sample, &seen->digest))
			return false;
		seen->turn = walk->turn;
		seen->at = sample->at;
		seen->bytes = sample->bytes;
	}
	return seen->digest == sample->digest;
}

/* Whether the globals still have the name they had. A dict that grew has other keys, and is described again. */
static __always_inline bool na_is_same_module(struct na_walk *walk, const struct na_code_entry *known)
{
	struct na_seen_globals *seen = &walk->seen_globals[na_seen_slot(known->globals)];

	if (!known->keys)
		return true;
	if (seen->turn != walk->turn || seen->globals != known->globals || seen->module_at != known->module_at) {
		seen->turn = 0;
		if (NA_READ_USER(seen->keys, known->globals + walk->python.dict_keys) ||
		    NA_READ_USER(seen->module, known->module_at))
			return false;
		seen->turn = walk->turn;
		seen->globals = known->globals;
		seen->module_at = known->module_at;
	}
	return seen->keys == known->keys && seen->module == known->module &&
	       na_is_same_sample(walk, &known->module_sample);
}

/* Of walk->string: its last or first bytes. */
static __always_inline void na_take_sample(struct na_walk *walk, struct na_sample *sample, bool tail)
{
	__u64 bytes = NA_SAMPLE_BYTES - 4;

	if (bytes > walk->string.bytes)
		bytes = walk->string.bytes;
	sample->at = walk->string.data + (tail ? walk->string.bytes - bytes : 0);
	sample->bytes = bytes + walk->string.unit;
	if (!na_read_sample(walk, sample, &sample->digest))
		sample->bytes = 0;
}

/* Whether memory still says what it said when the code object was described. */
static __always_inline bool na_is_same_code(struct na_walk *walk, const struct na_code_entry *known)
{
	return known->file == walk->file && known->name == walk->name && known->globals == walk->entry.globals &&
	       known->first_line == walk->first_line && known->generation == walk->entry.generation &&
	       na_is_same_sample(walk, &known->file_sample) && na_is_same_module(walk, known);
}

/* An event about the code object in hand, and its file's name. */
__noinline int na_begin_code(__u32 slot)
{
	struct na_walk *walk = bpf_map_lookup_elem(&walks, &slot);
	__u32 zero = 0;
	void *blank = bpf_map_lookup_elem(&blank_stack, &zero);

	if (!walk || !blank)
		return 0;
	bpf_probe_read_kernel(&walk->code, sizeof(walk->code), blank);
	walk->entry.keys = 0;
	walk->entry.file_sample.bytes = walk->entry.module_sample.bytes = 0;
	if (na_copy_string(walk, walk->file, walk->code.file_text, sizeof(walk->code.file_text), true,
			   &walk->code.file))
		na_take_sample(walk, &walk->entry.file_sample, true);
	return 0;
}

/* The other texts; then the event goes out, and what it said is kept. entry.id: 0 when it was lost. */
__noinline int na_finish_code(__u32 slot)
{
	struct na_walk *walk = bpf_map_lookup_elem(&walks, &slot);

	if (!walk)
		return 0;
	na_copy_string(walk, walk->name, walk->code.name_text, sizeof(walk->code.name_text), false, &walk->code.name);
	if (walk->entry.keys && na_copy_string(walk, walk->entry.module, walk->code.module_text,
					       sizeof(walk->code.module_text), false, &walk->code.module))
		na_take_sample(walk, &walk->entry.module_sample, false);
	walk->entry.id = na_new_id();
	walk->entry.file = walk->file;
	walk->entry.name = walk->name;
	walk->entry.first_line = walk->first_line;
	walk->code.header.time_ns = bpf_ktime_get_boot_ns();
	walk->code.header.type = NA_EVENT_CODE;
	walk->code.header.size = sizeof(walk->code);
	walk->code.start_ns = walk->key.start_ns;
	walk->code.code = walk->entry.id;
	walk->code.address = walk->key.code;
	walk->code.globals = walk->entry.globals;
	walk->code.pid = walk->key.pid;
	walk->code.first_line = walk->first_line;
	if (bpf_ringbuf_output(&ring_stacks, &walk->code, sizeof(walk->code), 0)) {
		walk->entry.id = 0;
		na_count(NA_EVENT_CODE, NA_LOSS_RING);	/* the stack says, too, that it lacks it: NA_STACK_CODE_LOST */
		return 0;
	}
	na_count(NA_EVENT_CODE, NA_LOSS_NONE);
	bpf_map_update_elem(&python_codes, &walk->key, &walk->entry, BPF_ANY);
	return 0;
}

enum na_identified { NA_CODE_NONE, NA_CODE_KNOWN, NA_CODE_NEW };

/* What walk->key and entry.globals name; its id is entry.id when it is known. NONE: no code object, or unreadable. */
static __always_inline enum na_identified na_identify_code(struct na_walk *walk)
{
	const struct na_python *python = &walk->python;
	struct na_code_entry *known;
	__u64 bytes = python->code_bytes;

	asm volatile("" : "+r"(bytes));
	if (!bytes || bytes > NA_OBJECT_BYTES ||
	    bpf_probe_read_user(walk->object, bytes, (const void *)(unsigned long)walk->key.code))
		return NA_CODE_NONE;
	if (python->code_type && na_word_at(walk, NA_TYPE_OFFSET) != python->code_type)
		return NA_CODE_NONE;
	walk->file = na_word_at(walk, python->code_file);
	walk->name = na_word_at(walk, python->code_qualname != NA_PYTHON_ABSENT ? python->code_qualname
										: python->code_name);
	walk->first_line = na_word_at(walk, python->code_first_line);
	known = bpf_map_lookup_elem(&python_codes, &walk->key);
	if (!known || !na_is_same_code(walk, known))
		return NA_CODE_NEW;
	walk->entry.id = known->id;
	return NA_CODE_KNOWN;
}

#endif
