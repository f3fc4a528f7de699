// SPDX-License-Identifier: GPL-2.0-or-later
/* The record of an exchange. All its text was chosen by a peer or a program; the kernel has masked some of it. */
#include "flow/compose_exchange.h"

#include <endian.h>
#include <sodium.h>
#include <string.h>
#include <sys/socket.h>

#include "base/network.h"
#include "flow/address.h"
#include "flow/compose_author.h"
#include "flow/protocol.h"
#include "journal/canonical.h"

static const char fingerprint_domain[] = "netaudit/body/v1\n";

void na_fingerprint(uint8_t out[NA_FINGERPRINT_BYTES], const uint8_t key[NA_FINGERPRINT_KEY_BYTES],
		    const struct na_message *message)
{
	const uint64_t numbers[] = {
		htobe64(message->body_bytes), htobe64(message->hashed_bytes), htobe64(message->fingerprint[0]),
		htobe64(message->fingerprint[1]),
	};
	crypto_auth_hmacsha256_state state;

	_Static_assert(NA_FINGERPRINT_BYTES == crypto_auth_hmacsha256_BYTES, "HMAC-SHA-256");
	crypto_auth_hmacsha256_init(&state, key, NA_FINGERPRINT_KEY_BYTES);
	crypto_auth_hmacsha256_update(&state, (const uint8_t *)fingerprint_domain, sizeof(fingerprint_domain) - 1);
	crypto_auth_hmacsha256_update(&state, (const uint8_t *)numbers, sizeof(numbers));
	crypto_auth_hmacsha256_final(&state, out);
	sodium_memzero(&state, sizeof(state));
}

static void put_time(struct na_canonical *c, const struct na_clock_pair *clock, uint64_t ns)
{
	na_canonical_integer(c, "t", na_clock_wall_us(clock, ns));
	na_canonical_integer(c, "tb", (int64_t)(ns / NA_NS_PER_US));
}

/* The parts of a message's text, each piece ended by '\n'; one that was cut off has no end. */
static void put_list(struct na_canonical *c, const char *key, const char *text, size_t bytes)
{
	size_t at = 0;

	if (!bytes)
		return;
	na_canonical_array_begin(c, key);
	while (at < bytes) {
		const char *end = memchr(text + at, '\n', bytes - at);
		size_t length = end ? (size_t)(end - (text + at)) : bytes - at;

		na_canonical_text(c, NULL, text + at, length);
		at += length + 1;
	}
	na_canonical_array_end(c);
}

/* Member names of one side; in the order the canonical form asks for. */
struct side {
	const char *about, *bytes, *cut, *fingerprint, *hashed, *hole, *names, *partial, *unframed;
};

static const struct side request_side = {
	"request_about", "request_bytes", "request_cut", "request_fingerprint", "request_hashed", "request_hole",
	"request_names", "request_partial", "request_unframed",
};
static const struct side response_side = {
	"response_about", "response_bytes", "response_cut", "response_fingerprint", "response_hashed", "response_hole",
	"response_names", "response_partial", "response_unframed",
};

static void put_flag(struct na_canonical *c, const char *key, bool value)
{
	if (value)
		na_canonical_bool(c, key, true);
}

static void put_side(struct na_canonical *c, const struct side *side, const struct na_message *message,
		     const uint8_t key[NA_FINGERPRINT_KEY_BYTES])
{
	size_t before = (size_t)message->path_bytes + message->keys_bytes, names = message->names_bytes;
	uint8_t fingerprint[NA_FINGERPRINT_BYTES];
	bool whole = message->part == NA_MESSAGE_WHOLE;

	if (before > sizeof(message->text) || names > sizeof(message->text) - before)
		names = before = 0;
	put_flag(c, side->about, message->flags & NA_MESSAGE_ABOUT);
	na_canonical_integer(c, side->bytes, (int64_t)message->body_bytes);
	put_flag(c, side->cut, message->flags & (NA_MESSAGE_PATH_CUT | NA_MESSAGE_KEYS_CUT | NA_MESSAGE_NAMES_CUT |
						 NA_MESSAGE_HOST_CUT | NA_MESSAGE_STEPS_CUT));
	if (whole && message->hashed_bytes) {
		na_fingerprint(fingerprint, key, message);
		na_canonical_bytes(c, side->fingerprint, fingerprint, sizeof(fingerprint));
		na_canonical_integer(c, side->hashed, (int64_t)message->hashed_bytes);
	}
	put_flag(c, side->hole, message->flags & NA_MESSAGE_HOLE);
	put_list(c, side->names, message->text + before, names);
	put_flag(c, side->partial, !whole);
	put_flag(c, side->unframed, message->flags & (NA_MESSAGE_TO_THE_END | NA_MESSAGE_BAD_LENGTH));
}

static size_t bounded(size_t bytes, size_t most)
{
	return bytes < most ? bytes : most;
}

static void put_path(struct na_canonical *c, const struct na_message *message)
{
	if (message->path_bytes)
		na_canonical_text(c, "path", message->text, bounded(message->path_bytes, NA_MESSAGE_PATH_BYTES));
}

static void put_keys(struct na_canonical *c, const struct na_message *message)
{
	size_t path = bounded(message->path_bytes, NA_MESSAGE_PATH_BYTES);

	put_list(c, "query", message->text + path, bounded(message->keys_bytes, NA_MESSAGE_TEXT_BYTES - path));
}

static size_t steps_of(const struct na_message *message)
{
	return bounded(message->step_count, NA_MESSAGE_STEPS);
}

static void put_commands(struct na_canonical *c, const struct na_message *message)
{
	if (!message->step_count)
		return;
	na_canonical_array_begin(c, "commands");
	for (size_t i = 0; i < steps_of(message); i++)
		na_canonical_string(c, NULL, na_dialogue_command_name(message->steps[i]));
	na_canonical_array_end(c);
}

static void put_replies(struct na_canonical *c, const struct na_message *message)
{
	if (!message->step_count)
		return;
	na_canonical_array_begin(c, "replies");
	for (size_t i = 0; i < steps_of(message); i++)
		na_canonical_integer(c, NULL, message->steps[i]);
	na_canonical_array_end(c);
}

/* Domains of a mail's recipients, how many recipients, and how many of them were refused. */
static void put_recipients(struct na_canonical *c, const struct na_exchange *exchange)
{
	const struct na_message *mail = &exchange->request.message;

	if (mail->protocol != NA_PROTOCOL_SMTP || !mail->recipients)
		return;
	put_list(c, "recipient_domains", mail->text, bounded(mail->keys_bytes, NA_MESSAGE_KEYS_BYTES));
	na_canonical_integer(c, "recipients", mail->recipients);
	if (exchange->answered && exchange->response.message.recipients)
		na_canonical_integer(c, "recipients_refused", exchange->response.message.recipients);
}

static void put_method(struct na_canonical *c, const struct na_message *message)
{
	if (message->flags & NA_MESSAGE_STRICT)
		return;
	if (message->protocol == NA_PROTOCOL_HTTP2 && !message->method[0])
		return;
	if (message->protocol == NA_PROTOCOL_HTTP1 || message->protocol == NA_PROTOCOL_HTTP2)
		na_canonical_text(c, "method", message->method, strnlen(message->method, sizeof(message->method)));
	else
		na_canonical_string(c, "method", na_dialogue_command_name(message->command));
}

/* Its piece of the text begins with the member's first letter. The last counts. */
size_t na_startup_name(const struct na_message *message, const char *key, const char **name)
{
	size_t at = 0, end = bounded(message->keys_bytes, NA_MESSAGE_KEYS_BYTES), length = 0;

	*name = NULL;
	while (message->protocol == NA_PROTOCOL_POSTGRESQL && at < end) {
		const char *over = memchr(message->text + at, '\n', end - at);
		size_t bytes = over ? (size_t)(over - (message->text + at)) : end - at;

		if (bytes && message->text[at] == *key) {
			*name = message->text + at + 1;
			length = bytes - 1;
		}
		at += bytes + 1;
	}
	return length;
}

static void put_startup(struct na_canonical *c, const struct na_message *message, const char *key)
{
	const char *name;
	size_t length = na_startup_name(message, key, &name);

	if (name)
		na_canonical_text(c, key, name, length);
}

bool na_forwarded_for(uint8_t address[16], const struct na_message *message)
{
	char text[NA_MESSAGE_FORWARDED_BYTES] = "";
	size_t bytes = message->forwarded_bytes;

	if (!bytes || bytes >= sizeof(text))
		return false;
	memcpy(text, message->forwarded, bytes);
	return na_address_parse(address, text) == 0;
}

static void put_forwarded(struct na_canonical *c, const struct na_message *message)
{
	static const uint8_t mapped[12] = { [10] = 0xff, [11] = 0xff };
	char text[NA_ADDRESS_TEXT_BYTES];
	uint8_t address[16];

	if (!na_forwarded_for(address, message))
		return;
	(void)na_address_text(text, memcmp(address, mapped, sizeof(mapped)) ? AF_INET6 : AF_INET, address, 0);
	na_canonical_string(c, "forwarded_for", text);
}

static void put_known(struct na_canonical *c, const char *key, const char *text)
{
	if (text && text[0])
		na_canonical_string(c, key, text);
}

/* From what the program told its library, or from what it says inside. */
static bool sni_differs(const struct na_client_hello *hello, const struct na_message_event *request)
{
	const struct na_message *message = &request->message;

	return hello && (na_client_hello_differs(hello, message->host, bounded(message->host_bytes, sizeof(message->host))) ||
			 na_client_hello_differs(hello, request->server_name,
						 bounded(request->server_name_bytes, sizeof(request->server_name))));
}

ssize_t na_compose_exchange(void *out, const struct na_exchange *exchange,
			    const uint8_t key[NA_FINGERPRINT_KEY_BYTES])
{
	static const struct na_container nowhere = { 0 };
	const struct na_context *context = &exchange->who;
	const struct na_message_event *request = &exchange->request;
	const struct na_message *message = &request->message;
	const struct na_task *task = &request->task;
	const struct na_container *container = context->container ? context->container : &nowhere;
	uint64_t flow = exchange->answered && exchange->response.flow != request->flow ? 0 : request->flow;
	struct na_canonical c;

	if (!request->flow)
		flow = exchange->answered ? exchange->response.flow : 0;
	na_canonical_begin(&c, out, NA_COMPOSE_BYTES);
	na_put_author(&c, context->author);
	na_canonical_string(&c, "bucket", context->bucket);
	na_canonical_id(&c, "cgroup", task->cgroup_id);
	na_canonical_string(&c, "channel", na_message_channel(message, request->on_wire));
	na_canonical_text(&c, "comm", task->comm, strnlen(task->comm, sizeof(task->comm)));
	put_commands(&c, message);
	na_canonical_string(&c, "component", context->component);
	na_canonical_id(&c, "connection", request->connection);
	put_known(&c, "container", container->id);
	if (message->protocol == NA_PROTOCOL_POSTGRESQL)
		put_startup(&c, message, "database");
	else
		na_put_database(&c, context->author);
	na_canonical_string(&c, "direction", request->written ? "outbound" : "inbound");
	na_put_disagree(&c, context->author);
	na_canonical_integer(&c, "duration_us", (int64_t)((exchange->ended_ns - exchange->begun_ns) / NA_NS_PER_US));
	na_put_evidence(&c, context->author);
	if (flow)
		na_canonical_id(&c, "flow", flow);
	put_forwarded(&c, message);
	na_put_frames(&c, context->author);
	if (message->host_bytes)
		na_canonical_text(&c, "host", message->host, bounded(message->host_bytes, sizeof(message->host)));
	put_known(&c, "image", container->image);
	na_canonical_string(&c, "instance", context->instance);
	na_canonical_string(&c, "kind", "exchange");
	put_flag(&c, "masked", message->flags & NA_MESSAGE_MASKED);
	put_method(&c, message);
	put_flag(&c, "names_disagree", context->names_disagree);
	na_canonical_nonce(&c);
	na_canonical_integer(&c, "parent_pid", task->parent_pid);
	put_path(&c, message);
	na_canonical_integer(&c, "pid", task->pid);
	na_canonical_integer(&c, "pid_start", (int64_t)(task->start_ns / NA_NS_PER_US));
	na_canonical_integer(&c, "pidns", task->pid_namespace);
	put_known(&c, "pod", container->pod);
	put_known(&c, "pod_namespace", container->pod_namespace);
	put_known(&c, "pod_uid", container->pod_uid);
	na_canonical_string(&c, "protocol", na_message_protocol(message));
	na_put_tunnel(&c, context->tunnel);
	if (message->protocol == NA_PROTOCOL_HTTP1 || message->protocol == NA_PROTOCOL_HTTP2)
		put_keys(&c, message);
	put_recipients(&c, exchange);
	if (exchange->answered)
		put_replies(&c, &exchange->response.message);
	na_canonical_integer(&c, "request", (int64_t)message->number);
	put_side(&c, &request_side, message, key);
	if (exchange->answered)
		put_side(&c, &response_side, &exchange->response.message, key);
	if (exchange->answered)
		put_known(&c, "result", na_message_result(&exchange->response.message));
	if (request->server_name_bytes)
		na_canonical_text(&c, "server_name", request->server_name,
				  bounded(request->server_name_bytes, sizeof(request->server_name)));
	na_put_stack(&c, context->author);
	if (exchange->answered && na_message_has_status(&exchange->response.message))
		na_canonical_integer(&c, "status", exchange->response.message.status);
	put_flag(&c, "strict", message->flags & NA_MESSAGE_STRICT);
	put_time(&c, context->clock, exchange->begun_ns);
	na_canonical_integer(&c, "tid", task->tid);
	put_flag(&c, "tls", message->protocol == NA_PROTOCOL_POSTGRESQL && !request->on_wire);
	na_put_client_hello(&c, context->hello);
	put_flag(&c, "tls_sni_differs", sni_differs(context->hello, request));
	na_canonical_integer(&c, "uid", task->uid);
	put_flag(&c, "uids", message->flags & NA_MESSAGE_UID);
	put_startup(&c, message, "user");
	na_canonical_string(&c, "via", context->via);
	na_canonical_string(&c, "worker", context->worker);
	return na_canonical_end(&c);
}
