/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Tells the workers of a prefork Odoo apart.
 *
 * They are copies of the master that execute nothing. With the setproctitle package they say what they are.
 * Without it, two facts of odoo/service/server.py show in /proc: WorkerCron adds 10 to its nice value and closes the
 * HTTP socket it inherited; WorkerHTTP keeps it and accepts from it. A copy that merely holds the socket may also be
 * a worker of an add-on's own class (queue_job has one), so only an accepted connection makes it HTTP.
 */
#include "target/table.h"

#include <string.h>
#include <unistd.h>

#include "target/recognise.h"

#define CRON_NICE 10

struct listeners {
	struct na_proc_socket first;
	unsigned int count;
};

static bool note_listener(void *context, const struct na_proc_socket *socket)
{
	struct listeners *listeners = context;

	if (socket->state != NA_PROC_TCP_LISTEN)
		return false;	/* listening sockets come first */
	if (listeners->count++ == 0)
		listeners->first = *socket;
	return true;
}

/* A master with two listening sockets is left alone: nothing says which of them is HTTP. */
static bool find_listener(struct na_entry *master, int master_fd)
{
	struct listeners listeners = { .count = 0 };

	if (!master->listening_known) {
		na_proc_each_tcp(master_fd, note_listener, &listeners);
		master->listening_known = listeners.count > 0;
		if (listeners.count == 1) {
			master->listening_inode = listeners.first.inode;
			master->listening_port = listeners.first.local_port;
		}
	}
	return master->listening_inode != 0;
}

struct accepted {
	uint16_t port;
	bool found;
};

static bool note_accepted(void *context, const struct na_proc_socket *socket)
{
	struct accepted *accepted = context;

	accepted->found = socket->state == NA_PROC_TCP_ESTABLISHED && socket->local_port == accepted->port;
	return !accepted->found;
}

static enum na_worker untitled_worker(int worker_fd, const struct na_proc_stat *worker, int master_fd,
				      struct na_entry *master)
{
	struct accepted accepted = { .found = false };
	struct na_proc_stat stat;
	int holds;

	if (na_proc_stat(master_fd, &stat) != 0 || !find_listener(master, master_fd))
		return NA_WORKER_UNKNOWN;
	holds = na_proc_holds_socket(worker_fd, master->listening_inode);
	if (holds == 0) {
		int nice = stat.nice + CRON_NICE > 19 ? 19 : stat.nice + CRON_NICE;

		return worker->nice == nice && nice != stat.nice ? NA_WORKER_CRON : NA_WORKER_UNKNOWN;
	}
	/* A master with threads may be a threaded server, whose copies hold its accepted connections too. */
	if (holds < 0 || worker->nice != stat.nice || worker->threads < 2 || stat.threads != 1)
		return NA_WORKER_UNKNOWN;
	accepted.port = master->listening_port;
	na_proc_each_tcp(worker_fd, note_accepted, &accepted);
	return accepted.found ? NA_WORKER_HTTP : NA_WORKER_UNKNOWN;
}

static bool is_start(const struct na_targets *targets, const struct na_entry *entry, const struct na_proc_stat *stat)
{
	return entry->target.start_ns / targets->tick_ns == stat->start_ticks;
}

void na_worker_look(struct na_targets *targets, struct na_entry *entry, struct na_entry *master)
{
	int worker_fd = na_proc_open(targets->proc_fd, entry->target.pid);
	int master_fd = na_proc_open(targets->proc_fd, master->target.pid);
	enum na_worker worker = NA_WORKER_NONE;
	struct na_proc_stat stat;
	size_t length;

	if (worker_fd >= 0 && na_proc_stat(worker_fd, &stat) == 0 && is_start(targets, entry, &stat)) {
		na_proc_read(worker_fd, "cmdline", targets->text, sizeof(targets->text), &length);
		worker = na_recognise_title(targets->text, length, master->wsgi);
		explicit_bzero(targets->text, length);
		if (worker == NA_WORKER_NONE && !master->wsgi && !master->target.exited && master_fd >= 0)
			worker = untitled_worker(worker_fd, &stat, master_fd, master);
	}
	if (worker != NA_WORKER_NONE)
		entry->target.worker = worker;
	if (worker_fd >= 0)
		close(worker_fd);
	if (master_fd >= 0)
		close(master_fd);
}
