/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Connections over unix sockets: by path, by abstract name, of both connected types, and refused. */
#include "workload.h"

#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

static const struct kind {
	const char *name;
	int type;
	bool abstract;
	int error;
} kinds[] = {
	{ "unix-path", SOCK_STREAM, false, 0 },
	{ "unix-abstract", SOCK_STREAM, true, 0 },
	{ "unix-seqpacket", SOCK_SEQPACKET, false, 0 },
	{ "unix-refused", SOCK_STREAM, false, ECONNREFUSED },
	{ "unix-missing", SOCK_STREAM, false, ENOENT },
};

struct batch {
	const struct kind *kind;
	struct sockaddr_un address;
	socklen_t bytes;
	pid_t server;
	int ready[2];
	char path[100];
};

static int bind_here(const struct batch *batch)
{
	int descriptor = socket(AF_UNIX, batch->kind->type | SOCK_CLOEXEC, 0);

	if (descriptor < 0 || bind(descriptor, (const struct sockaddr *)&batch->address, batch->bytes))
		na_die("%s: bind", batch->kind->name);
	if (!batch->kind->abstract)
		chmod(batch->path, 0777);
	return descriptor;
}

/* Listens itself: the listener's process is what the connecting side's record names. */
static void server_body(void *argument)
{
	const struct batch *batch = argument;
	int listener = bind_here(batch);

	if (listen(listener, 512) || write(batch->ready[1], "", 1) != 1)
		na_die("%s: listen", batch->kind->name);
	for (unsigned int i = 0; i < na_settings.count; i++) {
		int descriptor = accept(listener, NULL, NULL);
		char byte;

		if (descriptor < 0 || read(descriptor, &byte, 1) != 1)
			na_die("%s: accept", batch->kind->name);
		close(descriptor);
	}
}

static void run_operation(void *argument, uint64_t index)
{
	const struct batch *batch = argument;
	int descriptor = socket(AF_UNIX, batch->kind->type | SOCK_CLOEXEC, 0);
	struct na_owner owner;
	struct na_line line;

	(void)index;
	na_owner_here(&owner);
	errno = 0;
	if (connect(descriptor, (const struct sockaddr *)&batch->address, batch->bytes) && errno != batch->kind->error)
		na_die("%s: connect", batch->kind->name);
	if (errno != batch->kind->error)
		na_die("%s: not the expected outcome", batch->kind->name);
	if (!batch->kind->error && send(descriptor, "", 1, MSG_NOSIGNAL) != 1)
		na_die("%s: send", batch->kind->name);
	close(descriptor);
	na_line_begin(&line, "unix", batch->kind->name);
	na_line_owner(&line, &owner);
	na_line_text(&line, "path", batch->path);
	na_line_flag(&line, "abstract", batch->kind->abstract);
	na_line_number(&line, "errno", batch->kind->error);
	if (batch->server)
		na_line_number(&line, "peer_pid", batch->server);
	na_line_write(&line);
}

static void run_kind(const struct kind *kind)
{
	struct batch batch = { .kind = kind };
	char byte, name[NA_NAME_BYTES];

	if (kind->abstract)
		snprintf(batch.path, sizeof(batch.path), "na-census-%d-%s", (int)getpid(), kind->name);
	else
		snprintf(batch.path, sizeof(batch.path), "%s/%s", na_settings.folder, kind->name);
	batch.address.sun_family = AF_UNIX;
	memcpy(batch.address.sun_path + kind->abstract, batch.path, strlen(batch.path));
	batch.bytes = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + strlen(batch.path) + 1);
	na_net_enter(NA_PLACE_A);	/* abstract names belong to a namespace */
	if (!kind->error) {
		snprintf(name, sizeof(name), "listen-%.8s", kind->name);
		if (pipe(batch.ready))
			na_die("pipe");
		batch.server = na_spawn(name, server_body, &batch);
		if (read(batch.ready[0], &byte, 1) != 1)
			na_die("%s: no server", kind->name);
		close(batch.ready[0]);
		close(batch.ready[1]);
	} else if (kind->error == ECONNREFUSED) {
		close(bind_here(&batch));	/* the name stays, nobody listens */
	}
	na_run_clients(kind->name, NA_PLACE_A, true, run_operation, &batch, na_settings.count);
	if (batch.server)
		na_wait(batch.server);
	if (!kind->abstract)
		unlink(batch.path);
}

void na_kinds_unix(void)
{
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (na_wanted(kinds[i].name))
			run_kind(&kinds[i]);
}
