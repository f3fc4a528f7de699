/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Speaks HTTP: one request for each connection, a thread for each, and not many of them. Who does not ask within
 * seconds, or does not read what was asked for, is left.
 */
#include <errno.h>
#include <microhttpd.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <time.h>

#include "base/clock.h"
#include "daemon/sandbox.h"
#include "web/access.h"
#include "web/answer.h"

#define CONNECTIONS 256
#define HEADER_BYTES 16384		/* most of a request, by far */
#define STACK_BYTES (256u << 10)
#define IDLE_SECONDS 30u
#define ASK_SECONDS 10			/* from the connection to the whole request */
#define PAGE_SECONDS 180		/* from there to the last byte read */
#define STREAM_SECONDS 3600

struct front {
	const struct na_web_settings *settings;
	int channel;
	pthread_mutex_t lock;
	struct connected {
		int fd;			/* -1: free */
		uint64_t until_ns;
	} connected[CONNECTIONS];
};

static const struct {
	const char *name, *value;
} headers[] = {
	{ "Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; base-uri 'none'; "
				     "frame-ancestors 'none'" },
	{ "X-Content-Type-Options", "nosniff" },
	{ "X-Frame-Options", "DENY" },
	{ "Referrer-Policy", "no-referrer" },
	{ "Cross-Origin-Opener-Policy", "same-origin" },
	{ "Cross-Origin-Resource-Policy", "same-origin" },
	{ "Cache-Control", "no-store" },
	{ "Connection", "close" },
};

static enum MHD_Result queue(struct MHD_Connection *connection, unsigned int status, struct MHD_Response *response)
{
	enum MHD_Result result = MHD_NO;

	for (size_t i = 0; response && i < sizeof(headers) / sizeof(*headers); i++)
		(void)MHD_add_response_header(response, headers[i].name, headers[i].value);
	if (response)
		result = MHD_queue_response(connection, status, response);
	if (response)
		MHD_destroy_response(response);
	return result;
}

/* A sentence, without anything of the request in it. */
static enum MHD_Result say(struct MHD_Connection *connection, unsigned int status, const char *sentence)
{
	struct MHD_Response *response =
		MHD_create_response_from_buffer(strlen(sentence), (void *)sentence, MHD_RESPMEM_PERSISTENT);

	if (response)
		(void)MHD_add_response_header(response, "Content-Type", "text/plain; charset=utf-8");
	if (response && status == MHD_HTTP_METHOD_NOT_ALLOWED)
		(void)MHD_add_response_header(response, "Allow", "GET, HEAD");
	return queue(connection, status, response);
}

/*
 * The cookie comes with a page that leads on: after a redirect, a browser that followed a link from elsewhere would not
 * send a cookie that is strictly for our own pages.
 */
static enum MHD_Result welcome(struct MHD_Connection *connection, const char *secret)
{
	static const char page[] = "<!doctype html><html lang=en><meta charset=utf-8><meta http-equiv=refresh content='0;url=/'>"
				   "<title>netaudit</title><p><a href='/'>To the Trust Report</a></p>\n";
	struct MHD_Response *response =
		MHD_create_response_from_buffer(sizeof(page) - 1, (void *)page, MHD_RESPMEM_PERSISTENT);
	char cookie[NA_WEB_SECRET_BYTES + 64];

	(void)snprintf(cookie, sizeof(cookie), "netaudit=%s; HttpOnly; SameSite=Strict; Path=/; Max-Age=43200", secret);
	if (response)
		(void)MHD_add_response_header(response, "Set-Cookie", cookie);
	if (response)
		(void)MHD_add_response_header(response, "Content-Type", "text/html; charset=utf-8");
	return queue(connection, MHD_HTTP_OK, response);
}

/* Until when this connection may last. */
static void set_deadline(struct front *front, struct MHD_Connection *connection, unsigned int seconds)
{
	const union MHD_ConnectionInfo *info = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD);

	pthread_mutex_lock(&front->lock);
	for (size_t i = 0; info && i < CONNECTIONS; i++)
		if (front->connected[i].fd == info->connect_fd)
			front->connected[i].until_ns = na_boottime_ns() + seconds * NA_NS_PER_SECOND;
	pthread_mutex_unlock(&front->lock);
}

static enum MHD_Result take_parameter(void *context, enum MHD_ValueKind kind, const char *name, const char *value)
{
	struct na_web_question *question = context;

	(void)kind;
	for (size_t i = 0; value && i < NA_WEB_PARAMETER_COUNT; i++) {
		if (strcmp(name, na_web_parameter_names[i]))
			continue;
		if (strlen(value) >= NA_WEB_VALUE_BYTES) {
			question->route = UINT32_MAX;
			return MHD_NO;
		}
		memcpy(question->value[i], value, strlen(value) + 1);
	}
	return MHD_YES;
}

static enum MHD_Result answer(struct front *front, struct MHD_Connection *connection, const char *path)
{
	struct na_web_question question = { 0 };
	const struct na_web_route *route;
	struct MHD_Response *response = NULL;
	char disposition[128];
	unsigned int status;
	int err = na_web_find_route(path, &question);

	if (err)
		return say(connection, MHD_HTTP_NOT_FOUND, "There is no such page.\n");
	(void)MHD_get_connection_values(connection, MHD_GET_ARGUMENT_KIND, take_parameter, &question);
	if (question.route == UINT32_MAX)
		return say(connection, MHD_HTTP_BAD_REQUEST, "A parameter is too long.\n");
	route = &na_web_routes[question.route];
	set_deadline(front, connection, route->streamed ? STREAM_SECONDS : PAGE_SECONDS);
	err = na_web_answer(front->channel, &question, &response, &status);
	if (err == -EBUSY)
		return say(connection, MHD_HTTP_SERVICE_UNAVAILABLE, "Too much is asked for at once: try again.\n");
	if (err)
		return say(connection, MHD_HTTP_INTERNAL_SERVER_ERROR, "The page could not be made: see the log of this service.\n");
	(void)MHD_add_response_header(response, "Content-Type", route->type ? route->type : "text/html; charset=utf-8");
	if (route->file) {
		(void)snprintf(disposition, sizeof(disposition), "attachment; filename=\"%s\"", route->file);
		(void)MHD_add_response_header(response, "Content-Disposition", disposition);
	}
	return queue(connection, status, response);
}

static enum MHD_Result handle(void *context, struct MHD_Connection *connection, const char *url, const char *method,
			      const char *version, const char *upload, size_t *upload_bytes, void **state)
{
	char secret[NA_WEB_SECRET_BYTES];
	struct front *front = context;

	(void)version, (void)upload, (void)upload_bytes, (void)state;
	set_deadline(front, connection, PAGE_SECONDS);
	if (strcmp(method, MHD_HTTP_METHOD_GET) && strcmp(method, MHD_HTTP_METHOD_HEAD))
		return say(connection, MHD_HTTP_METHOD_NOT_ALLOWED, "Only GET and HEAD: nothing can be changed here.\n");
	switch (na_web_access(front->settings, connection, secret)) {
	case NA_WEB_ENTERED:
		return welcome(connection, secret);
	case NA_WEB_ALLOWED:
		return answer(front, connection, url);
	case NA_WEB_WRONG_HOST:
		return say(connection, 421, "This is not the name of this service.\n");
	default:
		return say(connection, MHD_HTTP_FORBIDDEN,
			   "Open the URL that 'netaudit web' printed. It works once; a hangup signal has a new one printed.\n");
	}
}

static void on_connection(void *context, struct MHD_Connection *connection, void **socket_context,
			  enum MHD_ConnectionNotificationCode code)
{
	const union MHD_ConnectionInfo *info = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD);
	int from = code == MHD_CONNECTION_NOTIFY_STARTED ? -1 : info->connect_fd;
	int to = code == MHD_CONNECTION_NOTIFY_STARTED ? info->connect_fd : -1;
	struct front *front = context;

	(void)socket_context;
	pthread_mutex_lock(&front->lock);
	for (size_t i = 0; i < CONNECTIONS; i++)
		if (front->connected[i].fd == from) {
			front->connected[i].fd = to;
			front->connected[i].until_ns = na_boottime_ns() + UINT64_C(1) * ASK_SECONDS * NA_NS_PER_SECOND;
			break;
		}
	pthread_mutex_unlock(&front->lock);
}

/* A byte now and then keeps a connection from being idle, but not from this. */
static void leave_the_late(struct front *front)
{
	uint64_t now = na_boottime_ns();

	pthread_mutex_lock(&front->lock);
	for (size_t i = 0; i < CONNECTIONS; i++)
		if (front->connected[i].fd >= 0 && now > front->connected[i].until_ns)
			(void)shutdown(front->connected[i].fd, SHUT_RDWR);
	pthread_mutex_unlock(&front->lock);
}

static int serve(struct front *front, struct na_error *error)
{
	const struct timespec second = { .tv_sec = 1 };
	struct MHD_Daemon *daemon;
	sigset_t signals;
	int signal_number = 0, err = 0;

	sigemptyset(&signals);
	sigaddset(&signals, SIGTERM);
	sigaddset(&signals, SIGINT);
	sigaddset(&signals, SIGHUP);
	pthread_sigmask(SIG_BLOCK, &signals, NULL);
	daemon = MHD_start_daemon(MHD_USE_INTERNAL_POLLING_THREAD | MHD_USE_THREAD_PER_CONNECTION | MHD_USE_POLL, 0, NULL,
				  NULL, handle, front, MHD_OPTION_LISTEN_SOCKET, front->settings->listener,
				  MHD_OPTION_CONNECTION_LIMIT, (unsigned int)CONNECTIONS, MHD_OPTION_CONNECTION_TIMEOUT,
				  IDLE_SECONDS, MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)HEADER_BYTES,
				  MHD_OPTION_THREAD_STACK_SIZE, (size_t)STACK_BYTES, MHD_OPTION_NOTIFY_CONNECTION, on_connection,
				  front, MHD_OPTION_STRICT_FOR_CLIENT, 1, MHD_OPTION_END);
	if (!daemon)
		return na_error_set(error, -EIO, "the HTTP server does not start");
	err = na_web_invite(front->settings);
	while (!err && signal_number != SIGTERM && signal_number != SIGINT) {
		signal_number = sigtimedwait(&signals, NULL, &second);
		if (signal_number == SIGHUP)
			err = na_web_invite(front->settings);
		leave_the_late(front);
	}
	pthread_mutex_lock(&front->lock);
	for (size_t i = 0; i < CONNECTIONS; i++)
		front->connected[i].until_ns = 0;
	pthread_mutex_unlock(&front->lock);
	leave_the_late(front);
	MHD_stop_daemon(daemon);
	return err ? na_error_set(error, err, "the URL cannot be printed") : 0;
}

int na_web_front(const struct na_web_settings *settings, int channel, struct na_error *error)
{
	static struct front front = { .lock = PTHREAD_MUTEX_INITIALIZER };

	front.settings = settings;
	front.channel = channel;
	for (size_t i = 0; i < CONNECTIONS; i++)
		front.connected[i].fd = -1;
	(void)signal(SIGPIPE, SIG_IGN);
	prctl(PR_SET_DUMPABLE, 0);
	if (na_sandbox_system_calls(NA_SANDBOX_WEB, error))
		return error->code;
	return serve(&front, error);
}
