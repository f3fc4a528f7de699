/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A process enters a new network namespace, makes the sockets there, hands them over and ends. */
#include "daemon/canary_sockets.h"

#include <arpa/inet.h>
#include <errno.h>
#include <net/if.h>
#include <netinet/in.h>
#include <sched.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define SOCKETS 4
#define BACKLOG 8

/* What is handed over, in this order. */
struct handed {
	int fd[SOCKETS];
	uint64_t net_namespace;
};

static int bring_loopback_up(int fd)
{
	struct ifreq request = { .ifr_flags = IFF_UP };

	memcpy(request.ifr_name, "lo", sizeof("lo"));
	return ioctl(fd, SIOCSIFFLAGS, &request) < 0 ? -errno : 0;
}

static int make_socket(int type)
{
	int fd = socket(AF_INET, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	return fd < 0 ? -errno : fd;
}

static int make(struct handed *out)
{
	const struct sockaddr_in place = {
		.sin_family = AF_INET, .sin_port = htons(NA_CANARY_PORT), .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
	};
	struct stat status;
	int err;

	if (unshare(CLONE_NEWNET) < 0 || stat("/proc/self/ns/net", &status) < 0)
		return -errno;
	out->net_namespace = status.st_ino;
	for (int i = 0; i < SOCKETS; i++) {
		out->fd[i] = make_socket(i < 2 ? SOCK_STREAM : SOCK_DGRAM);
		if (out->fd[i] < 0)
			return out->fd[i];
	}
	err = bring_loopback_up(out->fd[0]);
	if (err)
		return err;
	if (bind(out->fd[0], (const struct sockaddr *)&place, sizeof(place)) < 0 || listen(out->fd[0], BACKLOG) < 0 ||
	    bind(out->fd[3], (const struct sockaddr *)&place, sizeof(place)) < 0)
		return -errno;
	return 0;
}

static int hand_over(int to, const struct handed *made)
{
	char control[CMSG_SPACE(sizeof(made->fd))] = { 0 };
	struct iovec part = { .iov_base = (void *)&made->net_namespace, .iov_len = sizeof(made->net_namespace) };
	struct msghdr message = {
		.msg_iov = &part, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof(control),
	};
	struct cmsghdr *header = CMSG_FIRSTHDR(&message);

	header->cmsg_level = SOL_SOCKET;
	header->cmsg_type = SCM_RIGHTS;
	header->cmsg_len = CMSG_LEN(sizeof(made->fd));
	memcpy(CMSG_DATA(header), made->fd, sizeof(made->fd));
	return sendmsg(to, &message, MSG_NOSIGNAL) < 0 ? -errno : 0;
}

static int take_over(int from, struct handed *out)
{
	char control[CMSG_SPACE(sizeof(out->fd))];
	struct iovec part = { .iov_base = &out->net_namespace, .iov_len = sizeof(out->net_namespace) };
	struct msghdr message = {
		.msg_iov = &part, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof(control),
	};
	ssize_t got = recvmsg(from, &message, MSG_CMSG_CLOEXEC);
	const struct cmsghdr *header = got == (ssize_t)part.iov_len ? CMSG_FIRSTHDR(&message) : NULL;

	if (got < 0)
		return -errno;
	if (!header || header->cmsg_type != SCM_RIGHTS || header->cmsg_len != CMSG_LEN(sizeof(out->fd)))
		return -EPROTO;
	memcpy(out->fd, CMSG_DATA(header), sizeof(out->fd));
	return 0;
}

/* In the process that makes them; its exit status is an errno. */
static void make_and_hand_over(int to)
{
	struct handed made = { .fd = { -1, -1, -1, -1 } };
	int err = make(&made);

	_exit(-(err ? err : hand_over(to, &made)));
}

int na_canary_sockets_make(struct na_canary_sockets *sockets)
{
	struct handed made = { .fd = { -1, -1, -1, -1 } };
	int pair[2], status, err;
	pid_t maker;

	*sockets = (struct na_canary_sockets){ -1, -1, -1, -1, 0 };
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
		return -errno;
	maker = fork();
	if (maker == 0)
		make_and_hand_over(pair[1]);
	err = maker < 0 ? -errno : 0;
	close(pair[1]);
	if (!err)
		err = take_over(pair[0], &made);
	close(pair[0]);
	if (maker > 0 && waitpid(maker, &status, 0) == maker && err)
		err = WIFEXITED(status) && WEXITSTATUS(status) ? -WEXITSTATUS(status) : err;
	if (err)
		return err;
	*sockets = (struct na_canary_sockets){ made.fd[0], made.fd[1], made.fd[2], made.fd[3], made.net_namespace };
	return 0;
}

void na_canary_sockets_close(struct na_canary_sockets *sockets)
{
	const int fds[] = { sockets->listener, sockets->client, sockets->asks, sockets->answers };

	for (size_t i = 0; i < sizeof(fds) / sizeof(fds[0]); i++)
		if (fds[i] >= 0)
			close(fds[i]);
	*sockets = (struct na_canary_sockets){ -1, -1, -1, -1, 0 };
}
