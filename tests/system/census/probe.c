/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What this kernel can do, found by trying it outside the census's namespaces before anything is recorded. */
#include "workload.h"

#include <errno.h>
#include <linux/if_packet.h>
#include <linux/vm_sockets.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static char missing_vsock[96], missing_uring[96];

/* A connection to ourselves needs the loopback transport, which is a module of its own. */
static int try_vsock(void)
{
	struct sockaddr_vm address = {
		.svm_family = AF_VSOCK, .svm_cid = VMADDR_CID_LOCAL, .svm_port = VMADDR_PORT_ANY,
	};
	socklen_t bytes = sizeof(address);
	int listener = socket(AF_VSOCK, SOCK_STREAM, 0), client = socket(AF_VSOCK, SOCK_STREAM, 0);

	if (listener < 0 || client < 0 || bind(listener, (struct sockaddr *)&address, sizeof(address)) ||
	    listen(listener, 1) || getsockname(listener, (struct sockaddr *)&address, &bytes) ||
	    connect(client, (struct sockaddr *)&address, sizeof(address)))
		return errno;
	return 0;
}

void na_probe(void)
{
	pid_t pid = fork();
	int status = 0, error;

	if (pid < 0)
		na_die("fork");
	if (!pid)
		_exit(try_vsock());
	waitpid(pid, &status, 0);
	if (WEXITSTATUS(status))
		snprintf(missing_vsock, sizeof(missing_vsock), "no vsock loopback: %s", strerror(WEXITSTATUS(status)));
	if (!na_uring_works(&error))
		snprintf(missing_uring, sizeof(missing_uring), "no io_uring: %s", strerror(error));
}

const char *na_missing(int family, int type, int protocol)
{
	static char why[96];

	if (family == AF_VSOCK)
		return missing_vsock[0] ? missing_vsock : NULL;
	int descriptor = socket(family, type, protocol);

	if (descriptor >= 0) {
		close(descriptor);
		return NULL;
	}
	snprintf(why, sizeof(why), "socket: %s", strerror(errno));
	return why;
}

const char *na_missing_uring(void)
{
	return missing_uring[0] ? missing_uring : NULL;
}
