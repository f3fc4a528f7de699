/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * Objects in a Python's memory: strings, and the module name in a dict of globals. All of it belongs to the audited
 * process and may be anything; every read may fail, and no length is believed.
 */
#ifndef NETAUDIT_BPF_PYTHON_TEXT_H
#define NETAUDIT_BPF_PYTHON_TEXT_H

#include "python_maps.h"

#define NA_TYPE_OFFSET 8	/* ob_type: behind the reference count, in every version with a GIL */
#define NA_DICT_ENTRIES 8	/* looked at; a module's `__name__` is the first that is put in */
#define NA_DUNDER_NAME 0x5f5f656d616e5f5fULL	/* "__name__", as a little-endian number */
#define NA_DUNDER_NAME_BYTES 8
#define NA_KEYS_UNICODE 1	/* dk_kind: entries without a hash */

#define NA_READ_USER(value, address) \
	bpf_probe_read_user(&(value), sizeof(value), (const void *)(unsigned long)(address))

/* An offset that user space gave, within what was read of the object. */
static __always_inline __u64 na_word_at(const struct na_walk *walk, __u32 offset)
{
	return *(const __u64 *)&walk->object[offset & (NA_OBJECT_BYTES - 1)];
}

static __always_inline __u8 na_byte_at(const struct na_walk *walk, __u32 offset)
{
	return walk->object[offset & (NA_OBJECT_BYTES - 1)];
}

/* walk->string becomes the string at this address. False: there is none that could be read. */
static __always_inline bool na_open_string(struct na_walk *walk, __u64 address)
{
	const struct na_python *python = &walk->python;
	__u64 type = 0;
	__u32 state = 0;

	if (!address || NA_READ_USER(type, address + NA_TYPE_OFFSET) ||
	    (python->string_type && type != python->string_type) ||
	    NA_READ_USER(walk->string.bytes, address + python->string_length) ||
	    NA_READ_USER(state, address + python->string_state))
		return false;
	/* PyASCIIObject.state: interned 2 bits, kind 3, compact 1, ascii 1 (3.3 to 3.14) */
	walk->string.unit = state >> 2 & 7;
	walk->string.ascii = state >> 6 & 1;
	if (!(state & 1 << 5) || (walk->string.unit != 1 && walk->string.unit != 2 && walk->string.unit != 4) ||
	    walk->string.bytes >> 32)
		return false;
	walk->string.bytes *= walk->string.unit;
	walk->string.data = address + (walk->string.ascii ? python->string_ascii_data : python->string_compact_data);
	return true;
}

/* The string's text into `out`: all of it, or its first or last bytes. */
static __always_inline bool na_copy_string(struct na_walk *walk, __u64 address, char *out, __u32 size, bool tail,
					   struct na_code_text *text)
{
	__u64 bytes, from;

	if (!na_open_string(walk, address))
		return false;
	bytes = walk->string.bytes;
	from = walk->string.data;
	if (bytes > size) {
		if (tail)
			from += bytes - size;
		bytes = size;
	}
	/* a bound that was spilled to the stack is lost on 6.1: it is made again right where it is needed */
	asm volatile("" : "+r"(bytes));
	if (bytes > size || (bytes && bpf_probe_read_user(out, bytes, (const void *)(unsigned long)from)))
		return false;
	text->bytes = bytes;
	text->unit = walk->string.unit;
	text->flags = (walk->string.ascii ? NA_TEXT_ASCII : 0) | (walk->string.bytes > size ? NA_TEXT_TRUNCATED : 0);
	return true;
}

static __always_inline bool na_is_dunder_name(struct na_walk *walk, __u64 address)
{
	__u64 text = 0;

	if (!na_open_string(walk, address) || !walk->string.ascii || walk->string.bytes != NA_DUNDER_NAME_BYTES ||
	    NA_READ_USER(text, walk->string.data))
		return false;
	return text == NA_DUNDER_NAME;
}

/* The dict's first entry and the size of one. 0: nothing that could be looked through. */
static __always_inline __u64 na_first_entry(struct na_walk *walk, __u64 keys, __u32 *entry_bytes, __u64 *count)
{
	const struct na_python *python = &walk->python;
	__u64 slots;
	__u32 width;

	if (bpf_probe_read_user(walk->object, 48, (const void *)(unsigned long)keys))
		return 0;
	*count = na_word_at(walk, python->keys_entry_count);
	*entry_bytes = 24;
	if (python->keys_log2_size != NA_PYTHON_ABSENT) {
		__u8 kind = na_byte_at(walk, python->keys_kind);

		if (kind > NA_KEYS_UNICODE)
			return 0;	/* values are elsewhere: no module's dict */
		if (kind == NA_KEYS_UNICODE)
			*entry_bytes = 16;
		return keys + python->keys_indices + (1ULL << (na_byte_at(walk, python->keys_log2_index_bytes) & 31));
	}
	slots = na_word_at(walk, python->keys_size);
	width = slots <= 0xff ? 1 : slots <= 0xffff ? 2 : slots <= 0xffffffff ? 4 : 8;
	return keys + python->keys_indices + slots * width;
}

/*
 * Finds `__name__` in the globals of the code object in hand: entry.keys, .module_at and .module. Verified by itself,
 * like every function here that is not static: the verifier then knows nothing of its caller's loops.
 */
__noinline int na_find_module(__u32 slot)
{
	struct na_walk *walk = bpf_map_lookup_elem(&walks, &slot);
	__u64 keys = 0, entry, count = 0;
	__u32 entry_bytes = 0;

	if (!walk || !walk->entry.globals || NA_READ_USER(keys, walk->entry.globals + walk->python.dict_keys))
		return 0;
	entry = na_first_entry(walk, keys, &entry_bytes, &count);
	for (__u32 i = 0; entry && i < NA_DICT_ENTRIES; i++) {
		if (i >= count)
			break;
		if (NA_READ_USER(walk->pair, entry + entry_bytes - sizeof(walk->pair)))
			break;
		if (walk->pair[1] && na_is_dunder_name(walk, walk->pair[0])) {
			walk->entry.keys = keys;
			walk->entry.module_at = entry + entry_bytes - sizeof(walk->pair[1]);
			walk->entry.module = walk->pair[1];
			break;
		}
		entry += entry_bytes;
	}
	return 0;
}

#endif
