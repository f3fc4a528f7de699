/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Reads "Pss:" out of /proc/PID/smaps_rollup. */
#include "cli/memory.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"

int64_t na_pss_kib(int64_t pid)
{
	char path[64], *content, *line;
	size_t bytes;
	int64_t kib = -EBADMSG;
	int err;

	if (pid <= 0)
		return -ESRCH;
	snprintf(path, sizeof(path), "/proc/%" PRId64 "/smaps_rollup", pid);
	err = na_read_file(AT_FDCWD, path, 65536, &content, &bytes);
	if (err)
		return err;
	line = strstr(content, "\nPss:");
	if (line && sscanf(line + 5, "%" SCNd64, &kib) != 1)
		kib = -EBADMSG;
	free(content);
	return kib;
}
