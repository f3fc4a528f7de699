/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The table of processes: find, add, exit, and the counters that go with a scope.
 */
#include "target/table.h"

#include <stdlib.h>
#include <string.h>

static struct na_entry **bucket_of(const struct na_targets *targets, uint32_t pid)
{
	return (struct na_entry **)&targets->bucket[(pid * 2654435761U) >> 20 & (NA_TABLE_BUCKETS - 1)];
}

/*
 * The kernel's start times are exact, those of /proc are cut to a clock tick. Two processes cannot share a pid
 * within one tick: the numbers would have to go round once in it.
 */
static bool same_start(const struct na_targets *targets, const struct na_entry *entry, uint64_t start_ns)
{
	bool exact = entry->target.start_exact && start_ns % targets->tick_ns != 0;

	if (exact)
		return entry->target.start_ns == start_ns;
	return entry->target.start_ns / targets->tick_ns == start_ns / targets->tick_ns;
}

struct na_entry *na_table_find(const struct na_targets *targets, uint32_t pid, uint64_t start_ns)
{
	for (struct na_entry *entry = *bucket_of(targets, pid); entry; entry = entry->next) {
		if (entry->target.pid != pid)
			continue;
		if (start_ns ? same_start(targets, entry, start_ns) : !entry->target.exited)
			return entry;
	}
	return NULL;
}

static void count(struct na_targets *targets, const struct na_entry *entry, int sign)
{
	if (entry->target.exited)
		return;
	targets->live += (size_t)sign;
	targets->in_scope += entry->target.scope != NA_SCOPE_NONE ? (size_t)sign : 0;
	targets->undecided += entry->target.scope == NA_SCOPE_UNDECIDED ? (size_t)sign : 0;
}

static void unretire(struct na_targets *targets, struct na_entry *entry)
{
	if (!entry->retired)
		return;
	*(entry->older ? &entry->older->newer : &targets->oldest) = entry->newer;
	*(entry->newer ? &entry->newer->older : &targets->newest) = entry->older;
	entry->older = entry->newer = NULL;
	entry->retired = false;
	targets->retired--;
}

void na_table_keep_retired(struct na_targets *targets, size_t kept)
{
	targets->retired_kept = kept;
	while (targets->retired > kept) {
		struct na_entry *oldest = targets->oldest, **link = bucket_of(targets, oldest->target.pid);

		count(targets, oldest, -1);
		unretire(targets, oldest);
		while (*link != oldest)
			link = &(*link)->next;
		*link = oldest->next;
		na_instance_release(&targets->instances, oldest->target.instance);
		free(oldest);
	}
}

static void retire(struct na_targets *targets, struct na_entry *entry)
{
	if (entry->retired)
		return;
	entry->older = targets->newest;
	*(targets->newest ? &targets->newest->newer : &targets->oldest) = entry;
	targets->newest = entry;
	entry->retired = true;
	targets->retired++;
	na_table_keep_retired(targets, targets->retired_kept);
}

void na_table_exit(struct na_targets *targets, struct na_entry *entry)
{
	if (entry->target.exited)
		return;
	count(targets, entry, -1);
	entry->target.exited = true;
	retire(targets, entry);
}

struct na_entry *na_table_add(struct na_targets *targets, uint32_t pid, uint64_t start_ns, bool start_exact)
{
	struct na_entry *before = na_table_find(targets, pid, 0), *entry = calloc(1, sizeof(*entry));
	struct na_entry **bucket = bucket_of(targets, pid);

	if (!entry)
		return NULL;
	if (before)
		na_table_exit(targets, before);
	entry->target.pid = pid;
	entry->target.start_ns = start_ns;
	entry->target.start_exact = start_exact;
	entry->target.scope = NA_SCOPE_UNDECIDED;
	entry->next = *bucket;
	*bucket = entry;
	count(targets, entry, 1);
	return entry;
}

void na_table_set_scope(struct na_targets *targets, struct na_entry *entry, enum na_scope scope)
{
	count(targets, entry, -1);
	entry->target.scope = scope;
	count(targets, entry, 1);
	if (scope == NA_SCOPE_NONE)
		retire(targets, entry);
	else if (!entry->target.exited)
		unretire(targets, entry);
}

void na_table_set_instance(struct na_targets *targets, struct na_entry *entry, uint32_t instance)
{
	uint32_t before = entry->target.instance;

	na_instance_hold_again(&targets->instances, instance);
	entry->target.instance = instance;
	na_instance_release(&targets->instances, before);
}

const struct na_target *na_targets_find(const struct na_targets *targets, uint32_t pid, uint64_t start_ns)
{
	const struct na_entry *entry = na_table_find(targets, pid, start_ns);

	return entry ? &entry->target : NULL;
}

void na_targets_each(const struct na_targets *targets, void (*visit)(void *context, const struct na_target *target),
		     void *context)
{
	for (size_t i = 0; i < NA_TABLE_BUCKETS; i++)
		for (const struct na_entry *entry = targets->bucket[i]; entry; entry = entry->next)
			if (!entry->target.exited)
				visit(context, &entry->target);
}

const char *na_targets_instance_name(const struct na_targets *targets, uint32_t instance)
{
	return instance < NA_INSTANCES + 2 ? targets->instances.slot[instance].name : "";
}

size_t na_targets_in_scope(const struct na_targets *targets)
{
	return targets->in_scope;
}

size_t na_targets_count(const struct na_targets *targets)
{
	return targets->live;
}
