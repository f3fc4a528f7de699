/* SPDX-License-Identifier: GPL-2.0-or-later */
/* netaudit web: listens, gives up being root, and serves the live page (src/web/). */
#include <arpa/inet.h>
#include <cap-ng.h>
#include <errno.h>
#include <netinet/in.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "cli/catalogue.h"
#include "classify/catalogue.h"
#include "daemon/sandbox.h"
#include "web/web.h"

#define WAITING 256	/* connections nobody has taken yet */
#define USER "netaudit"
#define DEFAULT_LISTEN "127.0.0.1:7361"

const struct na_option na_web_options[] = {
	{ "listen", 'l', "ADDRESS:PORT", "a loopback address; port 0: any that is free (default " DEFAULT_LISTEN ")" },
	{ "unix", 'u', "PATH", "a unix socket instead; members of the two groups may ask there" },
	NA_CATALOGUE_FOLDER_OPTIONS,
	{ NULL, 0, NULL, NULL }
};

struct request {
	struct na_web_settings settings;
	const char *listen, *path;
};

static int take(void *context, const char *name, const char *value)
{
	struct request *request = context;

	if (na_catalogue_take_folder(request->settings.folders, name, value))
		return 0;
	if (!strcmp(name, "listen"))
		request->listen = value;
	else if (!strcmp(name, "unix"))
		request->path = value;
	else
		return -EINVAL;
	return 0;
}

/* "127.0.0.1:80", "[::1]:80": an address that only this machine reaches. Returns 0 or -EINVAL. */
static int parse_listen(const char *text, struct sockaddr_storage *address, socklen_t *bytes)
{
	const char *colon = strrchr(text, ':');
	char host[64];
	int64_t port;

	if (!colon || (size_t)(colon - text) >= sizeof(host) || na_parse_count(colon + 1, 0, 65535, &port))
		return -EINVAL;
	memcpy(host, text, (size_t)(colon - text));
	host[colon - text] = '\0';
	memset(address, 0, sizeof(*address));
	if (!strcmp(host, "[::1]")) {
		struct sockaddr_in6 *six = (struct sockaddr_in6 *)address;

		six->sin6_family = AF_INET6;
		six->sin6_addr = in6addr_loopback;
		six->sin6_port = htons((uint16_t)port);
		*bytes = sizeof(*six);
	} else {
		struct sockaddr_in *four = (struct sockaddr_in *)address;

		four->sin_family = AF_INET;
		four->sin_port = htons((uint16_t)port);
		*bytes = sizeof(*four);
		if (inet_pton(AF_INET, host, &four->sin_addr) != 1 || ntohl(four->sin_addr.s_addr) >> 24 != 127)
			return -EINVAL;
	}
	return 0;
}

/* The name we are called by: what was asked for, with the port that was found where that was 0. */
static void name_host(struct na_web_settings *settings)
{
	union {
		struct sockaddr any;
		struct sockaddr_in four;
		struct sockaddr_in6 six;
	} address;
	socklen_t bytes = sizeof(address);
	char text[INET6_ADDRSTRLEN] = "";

	memset(&address, 0, sizeof(address));
	if (getsockname(settings->listener, &address.any, &bytes))
		return;
	if (address.any.sa_family == AF_INET6) {
		(void)snprintf(settings->host, sizeof(settings->host), "[::1]:%u",
			       ntohs(address.six.sin6_port));
		return;
	}
	(void)inet_ntop(AF_INET, &address.four.sin_addr, text, sizeof(text));
	(void)snprintf(settings->host, sizeof(settings->host), "%s:%u", text,
		       ntohs(address.four.sin_port));
}

static int open_tcp(struct request *request)
{
	struct sockaddr_storage address = { 0 };
	socklen_t bytes;
	int one = 1, fd;

	if (parse_listen(request->listen, &address, &bytes))
		return -EINVAL;
	fd = socket(address.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -errno;
	(void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	request->settings.listener = fd;
	if (bind(fd, (struct sockaddr *)&address, bytes) || listen(fd, WAITING))
		return -errno;
	name_host(&request->settings);
	return 0;
}

/* Anybody may connect; who may ask is looked at for each connection, as the reader service does it. */
static int open_unix(struct request *request)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	struct stat old;
	int fd;

	if (strlen(request->path) >= sizeof(address.sun_path))
		return -ENAMETOOLONG;
	memcpy(address.sun_path, request->path, strlen(request->path));
	if (lstat(request->path, &old) == 0 && S_ISSOCK(old.st_mode))
		(void)unlink(request->path);	/* of an earlier run */
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -errno;
	request->settings.listener = fd;
	request->settings.unix_socket = true;
	if (bind(fd, (struct sockaddr *)&address, sizeof(address)) || chmod(request->path, 0666) || listen(fd, WAITING))
		return -errno;
	return 0;
}

/* Becomes the user netaudit; who is not root must hold nothing to give up. */
static int give_up(struct na_error *error)
{
	const struct passwd *user = getpwnam(USER);
	const struct rlimit no_core = { 0 };
	struct na_identity identity;

	(void)setrlimit(RLIMIT_CORE, &no_core);
	if (geteuid()) {
		if (capng_have_capabilities(CAPNG_SELECT_CAPS) != CAPNG_NONE)
			return na_error_set(error, -EPERM, "this must be started as root, or without any capability");
		return 0;
	}
	if (!user || user->pw_uid == 0)
		return na_error_set(error, -ENOENT, "there is no user " USER ": make install-users");
	identity = (struct na_identity){ .uid = user->pw_uid, .gid = user->pw_gid };
	return na_sandbox_privileges(NA_SANDBOX_WEB, &identity, error);
}

int na_command_web(struct na_cli *cli, int argc, char **argv)
{
	struct request request = {
		.settings = { .cli = cli, .folders = { NA_CATALOGUE_SHIPPED, NA_CATALOGUE_SITE } },
		.listen = DEFAULT_LISTEN,
	};
	struct na_error error = { 0 };
	int code = na_cli_parse(cli, argc, argv, take, &request), err, channel;

	if (code >= 0)
		return code;
	err = request.path ? open_unix(&request) : open_tcp(&request);
	if (err == -EINVAL)
		return na_cli_usage(cli, "--listen takes 127.0.0.1:PORT or [::1]:PORT, an address only this machine reaches");
	if (err) {
		na_cli_error(cli, "cannot listen on %s: %s", request.path ? request.path : request.listen, strerror(-err));
		return NA_CLI_UNREADABLE;
	}
	na_peer_groups_load(&request.settings.readers);
	if (give_up(&error) == 0) {
		channel = na_web_start_readers(&request.settings, &error);
		if (channel >= 0)
			(void)na_web_front(&request.settings, channel, &error);
	}
	if (error.code)
		na_cli_error(cli, "%s", error.text);
	return error.code ? NA_CLI_UNREADABLE : NA_CLI_OK;
}
