// SPDX-License-Identifier: GPL-2.0-or-later
/* Goes through sys.modules, a dict whose keys are strings, in the memory of a process that goes on running. */
#include "target/python_modules.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>
#include <unistd.h>

#include "target/memory.h"
#include "target/procfs.h"

#define INTERPRETERS_MOST 8
#define MODULES_MOST 65536
#define NAME_BYTES 96		/* of a longer name nothing is told: the kernel hands over no more */
#define MODULE_DICT 16		/* PyModuleObject.md_dict, behind the object's head */
#define BATCH 256		/* entries read at once */

/* Before 3.11 all dicts have a hash in their entries, later those with other keys than strings. */
struct entries {
	uint64_t at;
	uint64_t count;
	size_t words;	/* of 8 bytes in an entry: with a hash 3, else 2; key and value are the last two */
};

struct search {
	int fd;
	const struct na_python *python;
	const char *name;
	size_t name_bytes;
	uint64_t globals;
};

/* 3.9 and 3.10: an index takes as many bytes as the table's size asks for. */
static unsigned int index_bytes(uint64_t size)
{
	return size <= 0xff ? 1 : size <= 0xffff ? 2 : size <= 0xffffffff ? 4 : 8;
}

static int find_entries(const struct search *search, uint64_t dict, struct entries *entries)
{
	const struct na_python *python = search->python;
	uint64_t keys, size = 0;
	uint8_t log2_bytes = 0, kind = 0;
	int err = na_memory_pointer(search->fd, dict + python->dict_keys, &keys);

	if (!err)
		err = na_memory_pointer(search->fd, keys + python->keys_entry_count, &entries->count);
	if (!err && python->keys_size != NA_PYTHON_ABSENT) {
		err = na_memory_pointer(search->fd, keys + python->keys_size, &size);
		size *= index_bytes(size);
	} else if (!err) {
		err = na_memory_read(search->fd, keys + python->keys_log2_index_bytes, &log2_bytes, 1);
		if (!err)
			err = na_memory_read(search->fd, keys + python->keys_kind, &kind, 1);
		size = log2_bytes < 40 ? UINT64_C(1) << log2_bytes : UINT64_MAX;
	}
	if (err)
		return err;
	if (entries->count > MODULES_MOST || size > 16 * MODULES_MOST)
		return -EAGAIN;
	entries->at = keys + python->keys_indices + size;
	entries->words = kind == 0 ? 3 : 2;
	return 0;
}

static bool is_name(const struct search *search, uint64_t key)
{
	const struct na_python *python = search->python;
	char text[NAME_BYTES];
	uint64_t length;

	if (na_memory_pointer(search->fd, key + python->string_length, &length) || length != search->name_bytes ||
	    na_memory_read(search->fd, key + python->string_ascii_data, text, search->name_bytes))
		return false;
	return !memcmp(text, search->name, search->name_bytes);
}

/* 1 when the entry of that name has these globals, 0 when another module or none has the name. */
static int search_dict(const struct search *search, uint64_t dict)
{
	struct entries entries;
	uint64_t words[3 * BATCH];
	int err = find_entries(search, dict, &entries);

	for (uint64_t first = 0; !err && first < entries.count; first += BATCH) {
		size_t count = entries.count - first < BATCH ? (size_t)(entries.count - first) : BATCH;

		err = na_memory_read(search->fd, entries.at + first * entries.words * 8, words, count * entries.words * 8);
		for (size_t i = 0; !err && i < count; i++) {
			uint64_t key = words[(i + 1) * entries.words - 2], value = words[(i + 1) * entries.words - 1];
			uint64_t module_dict;

			if (!value || !is_name(search, key))
				continue;
			err = na_memory_pointer(search->fd, value + MODULE_DICT, &module_dict);
			return err ? err : module_dict == search->globals;
		}
	}
	return err;
}

static int search_interpreters(const struct search *search)
{
	const struct na_python *python = search->python;
	uint64_t interpreter, modules;
	int err = na_memory_pointer(search->fd, python->runtime + python->runtime_interpreters, &interpreter);

	for (int i = 0; !err && interpreter && i < INTERPRETERS_MOST; i++) {
		int found = na_memory_pointer(search->fd, interpreter + python->interpreter_modules, &modules);

		if (!found && modules)
			found = search_dict(search, modules);
		if (found)
			return found;
		err = na_memory_pointer(search->fd, interpreter + python->interpreter_next, &interpreter);
	}
	return err;
}

int na_python_is_module(const char *proc_root, uint32_t pid, const struct na_python *python, uint64_t globals,
			const char *name)
{
	struct search search = { .python = python, .name = name, .name_bytes = strlen(name), .globals = globals };
	int pid_fd, found;

	for (const char *at = name; *at; at++)
		if ((unsigned char)*at >= 0x80)
			return -ENOTSUP;
	if (search.name_bytes >= NAME_BYTES)	/* the kernel's copy ends here: it may be longer */
		return -ENOTSUP;
	pid_fd = na_proc_open_started(proc_root, pid, python->start_ns);
	if (pid_fd < 0)
		return pid_fd;
	search.fd = na_memory_open(pid_fd);
	close(pid_fd);
	if (search.fd < 0)
		return search.fd;
	found = search_interpreters(&search);
	close(search.fd);
	return found;
}
