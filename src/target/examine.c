/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Reads what one process shows of itself, and decides from that and its parent what it is.
 *
 * This is the only place that sees command lines and environments. They are wiped before it returns.
 */
#include "target/table.h"

#include <errno.h>
#include <limits.h>
#include <string.h>
#include <unistd.h>

#include "target/recognise.h"

static const char deleted[] = " (deleted)";	/* the kernel's mark on the link of a replaced file */

/* Last component of /proc/PID/exe; "" when it cannot be read, as for kernel threads. */
static void read_exe_name(int pid_fd, char name[NA_EXE_NAME_BYTES])
{
	char path[PATH_MAX];
	const char *slash;
	size_t length;

	name[0] = '\0';
	if (na_proc_link(pid_fd, "exe", path, sizeof(path)) != 0)
		return;
	length = strlen(path);
	if (length > sizeof(deleted) - 1 && strcmp(path + length - (sizeof(deleted) - 1), deleted) == 0)
		path[length - (sizeof(deleted) - 1)] = '\0';
	slash = strrchr(path, '/');
	slash = slash ? slash + 1 : path;
	length = strnlen(slash, NA_EXE_NAME_BYTES - 1);
	memcpy(name, slash, length);
	name[length] = '\0';
}

/* The path in the command line if there is one, else in the environment, which replaces it in `text`. */
static void describe_instance(struct na_targets *targets, int pid_fd, uint32_t pid, struct na_slice config,
			      struct na_evidence *evidence)
{
	size_t length;

	if (config.length == 0 && na_proc_read(pid_fd, "environ", targets->text, sizeof(targets->text), &length) == 0)
		config = na_config_in_environment(targets->text, length);
	na_instance_describe(pid_fd, pid, config, evidence->instance);
}

static int examine_open(struct na_targets *targets, int pid_fd, uint32_t pid, uint64_t start_ns,
			struct na_evidence *evidence)
{
	struct na_recognition recognition;
	struct na_proc_stat stat;
	size_t length;
	int error = na_proc_stat(pid_fd, &stat);

	if (error)
		return error;
	evidence->start_ns = stat.start_ticks * targets->tick_ns;
	if (start_ns && evidence->start_ns / targets->tick_ns != start_ns / targets->tick_ns)
		return -ESRCH;
	evidence->parent_pid = stat.parent_pid;
	evidence->never_executed = stat.never_executed;
	memcpy(evidence->comm, stat.comm, sizeof(evidence->comm));
	read_exe_name(pid_fd, evidence->exe_name);
	na_proc_read(pid_fd, "cmdline", targets->text, sizeof(targets->text), &length);
	if (length == 0)
		return 0;
	evidence->readable = true;
	recognition = na_recognise_command(evidence->exe_name, targets->text, length);
	evidence->odoo = recognition.odoo;
	evidence->wsgi = recognition.wsgi;
	evidence->worker = recognition.worker;
	if (na_is_python_name(evidence->exe_name))
		evidence->title = na_recognise_title(targets->text, length, false);
	if (evidence->odoo || evidence->title != NA_WORKER_NONE)
		describe_instance(targets, pid_fd, pid, recognition.config, evidence);
	return 0;
}

int na_examine(struct na_targets *targets, uint32_t pid, uint64_t start_ns, struct na_evidence *evidence)
{
	int pid_fd = na_proc_open(targets->proc_fd, pid), error;

	memset(evidence, 0, sizeof(*evidence));
	if (pid_fd < 0)
		return pid_fd;
	error = examine_open(targets, pid_fd, pid, start_ns, evidence);
	explicit_bzero(targets->text, sizeof(targets->text));
	close(pid_fd);
	return error;
}

/* An audited process stays audited whatever it executes; so do its descendants. */
static enum na_scope inherited_scope(const struct na_entry *entry, const struct na_entry *parent)
{
	if (entry->target.scope == NA_SCOPE_ODOO || (parent && parent->target.scope == NA_SCOPE_ODOO))
		return NA_SCOPE_ODOO;
	if (entry->target.scope == NA_SCOPE_RELAY || (parent && parent->target.scope == NA_SCOPE_RELAY))
		return NA_SCOPE_RELAY;
	return NA_SCOPE_NONE;
}

static bool is_master(const struct na_entry *parent)
{
	return parent && parent->target.scope == NA_SCOPE_ODOO && parent->target.worker == NA_WORKER_MASTER;
}

/* The role of an Odoo process or descendant. `inherited`: an ancestor is Odoo. */
static enum na_worker odoo_worker(const struct na_entry *entry, const struct na_entry *parent,
				  const struct na_evidence *evidence, bool inherited)
{
	if (entry->cloned && evidence->title != NA_WORKER_NONE)
		return evidence->title;
	if (entry->cloned && inherited)
		return !parent || is_master(parent) ? NA_WORKER_UNKNOWN : NA_WORKER_SUBPROCESS;
	if (evidence->odoo)
		/* A copy of a server that is no longer there: an orphaned worker, or a master that forked itself. */
		return entry->cloned ? NA_WORKER_UNKNOWN : evidence->worker;
	return inherited ? NA_WORKER_SUBPROCESS : NA_WORKER_UNKNOWN;
}

/* What nobody could read is only let go when the name of its program rules Odoo out. */
static bool may_be_odoo(const struct na_target *target)
{
	return na_is_python_name(target->exe_name) || strncmp(target->exe_name, "uwsgi", 5) == 0;
}

static enum na_scope decide_scope(const struct na_targets *targets, const struct na_entry *entry,
				  const struct na_evidence *evidence, enum na_scope inherited)
{
	bool odoo = evidence->odoo || (evidence->title != NA_WORKER_NONE && entry->cloned) ||
		    (!evidence->readable && na_is_odoo_script_name(entry->target.exe_name));

	if (odoo || inherited == NA_SCOPE_ODOO)
		return NA_SCOPE_ODOO;
	if (inherited == NA_SCOPE_RELAY)
		return NA_SCOPE_RELAY;
	if (targets->scope_host)
		return NA_SCOPE_HOST;
	return !evidence->readable && may_be_odoo(&entry->target) ? NA_SCOPE_UNDECIDED : NA_SCOPE_NONE;
}

bool na_classify(struct na_targets *targets, struct na_entry *entry, const struct na_entry *parent,
		 const struct na_evidence *evidence)
{
	enum na_scope before = entry->target.scope, inherited = inherited_scope(entry, parent);
	enum na_scope scope = decide_scope(targets, entry, evidence, inherited);
	uint32_t instance = entry->target.instance;

	if (scope == NA_SCOPE_ODOO)
		entry->target.worker = odoo_worker(entry, parent, evidence, inherited == NA_SCOPE_ODOO);
	else
		entry->target.worker = scope == NA_SCOPE_RELAY ? NA_WORKER_RELAY : NA_WORKER_NONE;
	entry->wsgi = evidence->wsgi;
	if (instance == 0 && parent && scope == parent->target.scope)
		na_table_set_instance(targets, entry, parent->target.instance);
	else if (instance == 0 && scope == NA_SCOPE_ODOO && evidence->instance[0])
		entry->target.instance = na_instance_hold(&targets->instances, evidence->instance);
	na_table_set_scope(targets, entry, scope);
	return before != scope;
}
