/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * With the observer's privileges, opens the first file that process PID has mapped as code: opens-mapped PID.
 * Status 0: it could.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>

#include "daemon/sandbox.h"
#include "target/mappings.h"

int main(int argc, char **argv)
{
	const struct na_identity root = { 0, 0 };
	struct na_error error = { 0 };
	struct na_mapping first;
	struct stat status;
	char folder[32];
	size_t count;
	int fd;

	if (argc != 2)
		return 2;
	(void)snprintf(folder, sizeof(folder), "/proc/%d", atoi(argv[1]));
	prctl(PR_SET_NAME, "na-observer", 0, 0, 0);	/* fewer_capabilities.c looks at it */
	if (na_sandbox_privileges(NA_OBSERVER, &root, &error)) {
		fprintf(stderr, "%s\n", error.text);
		return 2;
	}
	fd = open(folder, O_PATH | O_DIRECTORY);
	if (fd < 0 || na_mapped_files(fd, &first, 1, &count) || count != 1)
		return 2;
	return na_mapped_file(fd, &first, &status) < 0;
}
