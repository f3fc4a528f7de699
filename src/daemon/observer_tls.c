// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Files are known by device and inode, and read once. A process is looked through when it is met, when it connects, and
 * every second for a while; the libraries of its own root are probed before it has them mapped, because what begins
 * before the probe is there is not seen.
 */
#include "daemon/observer_tls.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define HASH_NONFATAL_OOM 1
#include <uthash.h>

#include "base/clock.h"
#include "base/log.h"
#include "target/libssl.h"
#include "target/mappings.h"
#include "target/procfs.h"

#define MOST_FILES 16384
#define MOST_PROCESSES 16384
#define MOST_OF_PROCESS 8	/* copies of OpenSSL in one process */
#define LOOK_EVERY_NS NA_NS_PER_SECOND
#define LOOKS_AFTERWARDS 30	/* seconds */
/* What looking may take of a second: with everybody in scope, and programs that come and go, it could be all of it. */
#define MOST_BETWEEN_TICKS_NS (40 * NA_NS_PER_MS)
#define MOST_OF_TICK_NS (20 * NA_NS_PER_MS)

/* Where distributions put it, below a process's root. */
static const char *const usual_places[] = {
	"root/usr/lib/x86_64-linux-gnu/libssl.so.3", "root/usr/lib/x86_64-linux-gnu/libssl.so.1.1",
	"root/usr/lib/aarch64-linux-gnu/libssl.so.3", "root/usr/lib/aarch64-linux-gnu/libssl.so.1.1",
	"root/usr/lib64/libssl.so.3", "root/usr/lib64/libssl.so.1.1", "root/usr/lib/libssl.so.3", "root/usr/lib/libssl.so.1.1",
};

static const struct {
	enum na_probe_slot entry, at_return;	/* the same where nothing is asked of the return */
} slots[NA_LIBSSL_ROLES] = {
	[NA_LIBSSL_WRITE] = { NA_PROBE_TLS_WRITE, NA_PROBE_TLS_WRITTEN },
	[NA_LIBSSL_READ] = { NA_PROBE_TLS_READ, NA_PROBE_TLS_HAS_READ },
	[NA_LIBSSL_CONTROL] = { NA_PROBE_TLS_CONTROL, NA_PROBE_TLS_CONTROL },
	[NA_LIBSSL_FREE] = { NA_PROBE_TLS_FREE, NA_PROBE_TLS_FREE },
};

struct identity {
	uint64_t device, inode;
};

struct file {
	struct identity identity;
	struct na_libssl libssl;
	UT_hash_handle hh;
};

struct process {
	uint32_t pid;
	uint64_t start_ns, looked_ns;
	unsigned int looks_left;
	size_t count;
	struct identity used[MOST_OF_PROCESS];
	UT_hash_handle hh;
};

struct na_tls_libraries {
	struct na_probes *probes;
	bool off;		/* this kernel's return probes could harm those that are probed */
	struct file *files;
	struct process *processes;	/* in the order they were looked at: the next in turn is the first */
	uint64_t spent_ns;		/* on looking, since the last tick */
};

int na_tls_libraries_create(struct na_tls_libraries **libraries, struct na_probes *probes)
{
	*libraries = calloc(1, sizeof(**libraries));
	if (!*libraries)
		return -ENOMEM;
	(*libraries)->probes = probes;
	(*libraries)->off = !na_probe_returns_are_safe();
	if ((*libraries)->off)
		na_log_warning("TLS is not looked into: on this kernel a return probe could end programs that seccomp confines");
	return 0;
}

/* NOLINTBEGIN(clang-analyzer-unix.Malloc,clang-analyzer-core.*): uthash's lists are not understood */

static void leave_all(struct na_tls_libraries *libraries, struct process *process)
{
	for (size_t i = 0; i < process->count; i++)
		for (uint64_t slot = NA_PROBE_TLS_WRITE; slot <= NA_PROBE_TLS_FREE; slot++)
			na_probes_leave(libraries->probes, slot, process->used[i].device, process->used[i].inode);
	process->count = 0;
}

static void drop_process(struct na_tls_libraries *libraries, struct process *process)
{
	leave_all(libraries, process);
	HASH_DEL(libraries->processes, process);
	free(process);
}

static void drop_file(struct na_tls_libraries *libraries, struct file *file)
{
	HASH_DEL(libraries->files, file);
	free(file);
}

void na_tls_libraries_destroy(struct na_tls_libraries *libraries)
{
	if (!libraries)
		return;
	while (libraries->processes)
		drop_process(libraries, libraries->processes);
	while (libraries->files)
		drop_file(libraries, libraries->files);
	free(libraries);
}

static struct file *find_file(struct na_tls_libraries *libraries, const struct identity *identity)
{
	struct file *file;

	HASH_FIND(hh, libraries->files, identity, sizeof(*identity), file);
	return file;
}

/* What is in it, read when it is new. NULL: no memory. */
static struct file *know_file(struct na_tls_libraries *libraries, const struct identity *identity, int fd)
{
	struct file *file = find_file(libraries, identity);
	struct na_elf elf;

	if (file)
		return file;
	if (HASH_COUNT(libraries->files) >= MOST_FILES)
		drop_file(libraries, libraries->files);
	file = calloc(1, sizeof(*file));
	if (!file)
		return NULL;
	file->identity = *identity;
	if (na_elf_open(&elf, fd) == 0) {
		(void)na_libssl_read(&elf, &file->libssl);	/* what cannot be read has nothing in it */
		na_elf_close(&elf);
	}
	HASH_ADD(hh, libraries->files, identity, sizeof(file->identity), file);
	return file;
}

/* NOLINTEND(clang-analyzer-unix.Malloc,clang-analyzer-core.*) */

static bool uses(const struct process *process, const struct identity *identity)
{
	for (size_t i = 0; i < process->count; i++)
		if (!memcmp(&process->used[i], identity, sizeof(*identity)))
			return true;
	return false;
}

static int another_descriptor(void *context)
{
	int fd = fcntl(*(const int *)context, F_DUPFD_CLOEXEC, 0);

	return fd < 0 ? -errno : fd;
}

/* The return first: an entry alone would wait for it. */
static void use(struct na_tls_libraries *libraries, struct process *process, const struct file *file, int fd)
{
	if (process->count == MOST_OF_PROCESS)
		return;
	process->used[process->count++] = file->identity;
	for (size_t i = 0; i < file->libssl.count; i++) {
		const struct na_libssl_site *site = &file->libssl.sites[i];
		struct na_probe probe = {
			.slot = slots[site->role].at_return, .device = file->identity.device,
			.inode = file->identity.inode, .offset = site->offset, .cookie = na_libssl_cookie(&file->libssl, site),
		};

		na_probes_use(libraries->probes, &probe, another_descriptor, &fd);
		if (slots[site->role].entry == slots[site->role].at_return)
			continue;
		probe.slot = slots[site->role].entry;
		na_probes_use(libraries->probes, &probe, another_descriptor, &fd);
	}
}

static void look_at_file(struct na_tls_libraries *libraries, struct process *process, int fd)
{
	const struct file *file;
	struct identity identity;
	struct stat status;

	if (fstat(fd, &status) < 0 || !S_ISREG(status.st_mode))
		return;
	identity = (struct identity){ status.st_dev, status.st_ino };
	if (uses(process, &identity))
		return;
	file = know_file(libraries, &identity, fd);
	if (file && file->libssl.kind == NA_LIBSSL_PROBED)
		use(libraries, process, file, fd);
}

static void look_at_mapping(struct na_tls_libraries *libraries, struct process *process, int pid_fd,
			    const struct na_mapping *mapping)
{
	const struct file *known;
	struct identity identity;
	struct stat status;
	int path_fd = na_mapped_file(pid_fd, mapping, &status), fd;

	if (path_fd < 0)
		return;
	identity = (struct identity){ status.st_dev, status.st_ino };
	known = find_file(libraries, &identity);
	fd = known && known->libssl.kind != NA_LIBSSL_PROBED ? -1 : na_mapped_file_read(path_fd, &status);
	(void)close(path_fd);
	if (fd < 0)
		return;
	look_at_file(libraries, process, fd);
	(void)close(fd);
}

static void look_at_root(struct na_tls_libraries *libraries, struct process *process, int pid_fd)
{
	for (size_t i = 0; i < sizeof(usual_places) / sizeof(*usual_places); i++) {
		/* never blocks, also when what lies there is no file at all */
		int fd = openat(pid_fd, usual_places[i], O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);

		if (fd < 0)
			continue;
		look_at_file(libraries, process, fd);
		(void)close(fd);
	}
}

static void look(struct na_tls_libraries *libraries, struct process *process)
{
	static struct na_mapping mappings[NA_MAPPED_FILES];
	int pid_fd = na_proc_open_started(NULL, process->pid, process->start_ns);
	uint64_t began_ns = na_boottime_ns();
	bool first = !process->looked_ns;
	size_t count = 0;

	process->looked_ns = began_ns;
	if (pid_fd < 0)
		return;
	if (first)
		look_at_root(libraries, process, pid_fd);
	if (!na_mapped_files(pid_fd, mappings, NA_MAPPED_FILES, &count))
		for (size_t i = 0; i < count; i++)
			look_at_mapping(libraries, process, pid_fd, &mappings[i]);
	(void)close(pid_fd);
	libraries->spent_ns += na_boottime_ns() - began_ns;
}

/* NOLINTBEGIN(clang-analyzer-unix.Malloc,clang-analyzer-core.*): uthash's lists are not understood */

void na_tls_libraries_look(struct na_tls_libraries *libraries, uint32_t pid, uint64_t start_ns)
{
	struct process *process;

	if (libraries->off)
		return;
	HASH_FIND(hh, libraries->processes, &pid, sizeof(pid), process);
	if (process && process->start_ns != start_ns) {
		drop_process(libraries, process);
		process = NULL;
	}
	if (!process) {
		if (HASH_COUNT(libraries->processes) >= MOST_PROCESSES)
			drop_process(libraries, libraries->processes);
		process = calloc(1, sizeof(*process));
		if (!process)
			return;
		process->pid = pid;
		process->start_ns = start_ns;
		HASH_ADD(hh, libraries->processes, pid, sizeof(pid), process);
	}
	process->looks_left = LOOKS_AFTERWARDS;
	/* otherwise its turn comes in one of the next ticks */
	if (libraries->spent_ns < MOST_BETWEEN_TICKS_NS && na_boottime_ns() - process->looked_ns > LOOK_EVERY_NS)
		look(libraries, process);
}

void na_tls_libraries_tick(struct na_tls_libraries *libraries)
{
	struct process *process, *next;
	unsigned int left = HASH_COUNT(libraries->processes);

	libraries->spent_ns = 0;
	for (process = libraries->processes; left-- && libraries->spent_ns < MOST_OF_TICK_NS; process = next) {
		next = process->hh.next;
		if (!process->looks_left)
			continue;
		process->looks_left--;
		look(libraries, process);
		HASH_DEL(libraries->processes, process);
		HASH_ADD(hh, libraries->processes, pid, sizeof(process->pid), process);
	}
	libraries->spent_ns = 0;
}

void na_tls_libraries_forget(struct na_tls_libraries *libraries, uint32_t pid)
{
	struct process *process;

	HASH_FIND(hh, libraries->processes, &pid, sizeof(pid), process);
	if (process)
		drop_process(libraries, process);
}

/* NOLINTEND(clang-analyzer-unix.Malloc,clang-analyzer-core.*) */
