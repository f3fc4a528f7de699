// SPDX-License-Identifier: GPL-2.0-or-later
/* One pass over the mappings: which file each of two addresses is in. */
#include "target/python_static.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <unistd.h>

#include "target/mappings.h"
#include "target/procfs.h"

struct looking {
	uint64_t address, type;
	struct na_mapping of_address, of_type;
};

static bool note(void *context, const struct na_mapping *mapping, const char *path, size_t path_bytes)
{
	struct looking *looking = context;

	(void)path;
	(void)path_bytes;
	if (looking->address >= mapping->start && looking->address < mapping->end)
		looking->of_address = *mapping;
	if (looking->type >= mapping->start && looking->type < mapping->end)
		looking->of_type = *mapping;
	return !looking->of_address.end || !looking->of_type.end;
}

int na_python_is_static(const char *proc_root, uint32_t pid, const struct na_python *python, uint64_t address)
{
	struct looking looking = { .address = address, .type = python->code_type };
	int proc_fd, pid_fd, error;

	if (!python->code_type)
		return -ENOTSUP;
	proc_fd = open(proc_root ? proc_root : "/proc", O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (proc_fd < 0)
		return -errno;
	pid_fd = na_proc_open(proc_fd, pid);
	close(proc_fd);
	if (pid_fd < 0)
		return pid_fd;
	error = na_mappings_each(pid_fd, note, &looking);
	close(pid_fd);
	if (error)
		return error;
	return looking.of_type.inode && looking.of_address.inode == looking.of_type.inode &&
	       looking.of_address.device == looking.of_type.device;
}
