/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Talks to systemd without its library. */
#include "daemon/notify.h"

#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"

static int connect_to(const char *path)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	size_t length = strlen(path);
	int fd;

	if ((path[0] != '/' && path[0] != '@') || length >= sizeof(address.sun_path))
		return -1;
	memcpy(address.sun_path, path, length);
	if (path[0] == '@')
		address.sun_path[0] = '\0';
	fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return -1;
	/* The address length ends an abstract name; for a path it is only an upper bound. */
	if (connect(fd, (const struct sockaddr *)&address,
		    (socklen_t)(offsetof(struct sockaddr_un, sun_path) + length)) < 0) {
		(void)close(fd);
		return -1;
	}
	return fd;
}

void na_notify_open(struct na_notify *notify)
{
	const char *path = getenv("NOTIFY_SOCKET");
	const char *interval = getenv("WATCHDOG_USEC"), *pid = getenv("WATCHDOG_PID");

	memset(notify, 0, sizeof(*notify));
	notify->fd = -1;
	if (!path)
		return;
	notify->fd = connect_to(path);
	if (notify->fd < 0)
		na_log_warning("cannot reach NOTIFY_SOCKET; the service manager will not learn when we are ready");
	if (interval && (!pid || strtol(pid, NULL, 10) == (long)getpid()))
		notify->watchdog_ns = strtoull(interval, NULL, 10) * NA_NS_PER_US / 2;
}

void na_notify_send(const struct na_notify *notify, const char *format, ...)
{
	char text[512];
	va_list arguments;
	int length;

	if (notify->fd < 0)
		return;
	va_start(arguments, format);
	length = vsnprintf(text, sizeof(text), format, arguments);
	va_end(arguments);
	if (length < 0)
		return;
	if ((size_t)length >= sizeof(text))
		length = (int)sizeof(text) - 1;
	if (send(notify->fd, text, (size_t)length, MSG_NOSIGNAL) < 0)
		na_log_debug("the service manager's socket did not take a message");
}

void na_notify_watchdog(struct na_notify *notify, uint64_t now_ns)
{
	if (!notify->watchdog_ns || now_ns < notify->next_watchdog_ns)
		return;
	notify->next_watchdog_ns = now_ns + notify->watchdog_ns;
	na_notify_send(notify, "WATCHDOG=1");
}
