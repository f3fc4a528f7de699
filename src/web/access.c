/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One token at a time, a few sessions, and the names we may be called by. */
#include "web/access.h"

#include <errno.h>
#include <pthread.h>
#include <sodium.h>
#include <string.h>
#include <strings.h>
#include <sys/random.h>

#include "base/clock.h"
#include "journal/hex.h"

#define SESSIONS 16
#define SESSION_NS (UINT64_C(12) * 3600 * NA_NS_PER_SECOND)

static struct {
	pthread_mutex_t lock;
	char token[NA_WEB_SECRET_BYTES];	/* "": spent */
	struct {
		char cookie[NA_WEB_SECRET_BYTES];
		uint64_t until_ns;		/* since boot; 0: free */
	} session[SESSIONS];
} state = { .lock = PTHREAD_MUTEX_INITIALIZER };

static int make_secret(char out[NA_WEB_SECRET_BYTES])
{
	unsigned char bytes[(NA_WEB_SECRET_BYTES - 1) / 2];

	if (getrandom(bytes, sizeof(bytes), 0) != sizeof(bytes))
		return -EIO;
	na_hex_encode(out, bytes, sizeof(bytes));
	out[NA_WEB_SECRET_BYTES - 1] = '\0';
	return 0;
}

/* In a time that does not tell how much of it was right. */
static bool is_secret(const char *secret, const char *given)
{
	return *secret && given && strlen(given) == NA_WEB_SECRET_BYTES - 1 &&
	       sodium_memcmp(secret, given, NA_WEB_SECRET_BYTES - 1) == 0;
}

int na_web_invite(const struct na_web_settings *settings)
{
	int err = 0;

	if (settings->unix_socket)
		return 0;
	pthread_mutex_lock(&state.lock);
	err = make_secret(state.token);
	if (!err) {
		printf("http://%s/?token=%s\n", settings->host, state.token);
		err = fflush(stdout) ? -EIO : 0;
	}
	pthread_mutex_unlock(&state.lock);
	return err;
}

/* The oldest session makes room. */
static bool enter(const char *token, char cookie[NA_WEB_SECRET_BYTES])
{
	size_t oldest = 0;
	bool entered;

	pthread_mutex_lock(&state.lock);
	entered = is_secret(state.token, token) && make_secret(cookie) == 0;
	for (size_t i = 1; i < SESSIONS; i++)
		if (state.session[i].until_ns < state.session[oldest].until_ns)
			oldest = i;
	if (entered) {
		memcpy(state.session[oldest].cookie, cookie, NA_WEB_SECRET_BYTES);
		state.session[oldest].until_ns = na_boottime_ns() + SESSION_NS;
		sodium_memzero(state.token, sizeof(state.token));
	}
	pthread_mutex_unlock(&state.lock);
	return entered;
}

static bool is_known(const char *cookie)
{
	uint64_t now = na_boottime_ns();
	bool known = false;

	pthread_mutex_lock(&state.lock);
	for (size_t i = 0; i < SESSIONS; i++)
		known |= state.session[i].until_ns > now && is_secret(state.session[i].cookie, cookie);
	pthread_mutex_unlock(&state.lock);
	return known;
}

/* Our address, or "localhost" with our port. */
static bool is_our_name(const struct na_web_settings *settings, const char *host)
{
	const char *port = strrchr(settings->host, ':');
	static const char local[] = "localhost";

	return host && (!strcmp(host, settings->host) ||
			(!strncasecmp(host, local, sizeof(local) - 1) && !strcmp(host + sizeof(local) - 1, port)));
}

enum na_web_access na_web_access(const struct na_web_settings *settings, struct MHD_Connection *connection,
				 char cookie[NA_WEB_SECRET_BYTES])
{
	const union MHD_ConnectionInfo *info = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD);

	if (settings->unix_socket)
		return info && na_peer_may_read(info->connect_fd, &settings->readers) == 0 ? NA_WEB_ALLOWED : NA_WEB_STRANGER;
	if (!is_our_name(settings, MHD_lookup_connection_value(connection, MHD_HEADER_KIND, MHD_HTTP_HEADER_HOST)))
		return NA_WEB_WRONG_HOST;
	if (is_known(MHD_lookup_connection_value(connection, MHD_COOKIE_KIND, "netaudit")))
		return NA_WEB_ALLOWED;
	return enter(MHD_lookup_connection_value(connection, MHD_GET_ARGUMENT_KIND, "token"), cookie) ? NA_WEB_ENTERED :
												      NA_WEB_STRANGER;
}
