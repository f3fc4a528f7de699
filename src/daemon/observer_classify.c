/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Whose the other end of a call is, as the catalogue said when it was made. */
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "base/network.h"
#include "daemon/observer_internal.h"
#include "flow/compose_exchange.h"

static void remember(struct na_context *context, const struct na_match *match)
{
	context->bucket = na_bucket_name(match->bucket);
	context->component = match->component ? match->component->id : NULL;
	context->names_disagree = match->disagree;
}

/* One of our own processes made the call: that is the auditor reaching out, which must never be. */
static bool is_self(const struct na_observer *observer, const struct na_task *task)
{
	for (int i = 0; i < NA_COMPONENTS; i++)
		if (task->pid && task->pid == na_counter_get(&observer->context->shared->component[i].pid))
			return true;
	return false;
}

static void take_address(struct na_destination *destination, unsigned int family, const uint8_t address[16], int port)
{
	if (family != AF_INET && family != AF_INET6)
		return;
	memcpy(destination->address, address, sizeof(destination->address));
	if (family == AF_INET) {
		memset(destination->address, 0, 10);
		memset(destination->address + 10, 0xff, 2);
	}
	destination->has_address = true;
	destination->port = port;
}

/*
 * The names that DNS answers gave the other end, and whether what its thread had asked for is one of them. To the
 * catalogue the only one is its name where nobody says another; of several it is not known which was meant.
 */
static void take_dns(const struct na_observer *observer, const struct na_flow_event *event, struct na_context *context,
		     struct na_destination *destination)
{
	const struct na_host_names *names;

	if (!destination->has_address || event->direction != NA_OUTBOUND)
		return;
	names = na_hosts_of(observer->hosts, event->task.net_namespace, destination->address, event->opened_ns);
	context->dns_names = names;
	if (!names)
		return;
	if (destination->names[0])
		context->dns_disagrees = !na_host_is_named(names, destination->names[0]);
	if (context->dns_disagrees)	/* no credit for what was asked for when the address is called something else */
		destination->names[1] = names->name[0];
	else if (destination->names[0])
		return;
	else if (names->count == 1)
		destination->names[0] = names->name[0];
}

static void take_worse(const struct na_observer *observer, const struct na_destination *other, struct na_match *match)
{
	struct na_match of_other;

	na_catalogue_match(observer->catalogue, other, &of_other);
	if (of_other.bucket < match->bucket)
		*match = of_other;
}

/*
 * What a proxy is asked to reach, and the proxy itself: one that is not the owner's own may do anything with what it
 * is sent, so the worse of the two counts. Nothing is internal by the word of who asked: only an address that was
 * reached is.
 */
static void match_behind(const struct na_observer *observer, const struct na_destination *proxy,
			 const struct na_tunnel *tunnel, const char *const names[2], struct na_match *match)
{
	struct na_destination target = { .names = { tunnel->host, names[0], names[1] }, .port = tunnel->port };

	target.has_address = na_address_parse(target.address, tunnel->host) == 0;
	na_catalogue_match(observer->catalogue, &target, match);
	if (match->bucket == NA_BUCKET_INTERNAL)
		*match = (struct na_match){ .bucket = NA_BUCKET_UNKNOWN };
	take_worse(observer, proxy, match);
}

/* For whom a declared proxy asks, and the proxy: no word of a proxy makes a call better than the proxy is. */
static void match_forwarded(const struct na_observer *observer, const struct na_destination *proxy,
			    struct na_destination *client, struct na_match *match)
{
	client->has_address = true;
	na_catalogue_match(observer->catalogue, client, match);
	take_worse(observer, proxy, match);
}

void na_observer_classify(const struct na_observer *observer, const struct na_flow_event *event,
			  struct na_context *context)
{
	const char *const names[2] = { context->hello ? context->hello->server_name : NULL };
	struct na_destination destination = { .port = -1 };
	struct na_match match;

	take_address(&destination, event->family, event->remote, event->remote_port);
	/* a name is what one of ours asked for: of who calls us, only the address is known */
	if (event->direction == NA_OUTBOUND && context->author)
		destination.names[0] = context->author->resolved;
	take_dns(observer, event, context, &destination);
	if (context->tunnel)
		match_behind(observer, &destination, context->tunnel, names, &match);
	else
		na_catalogue_match(observer->catalogue, &destination, &match);
	if (event->direction == NA_OUTBOUND && match.bucket != NA_BUCKET_INTERNAL && is_self(observer, &event->task))
		match = (struct na_match){ .bucket = NA_BUCKET_SELF };
	remember(context, &match);
}

void na_observer_classify_local(struct na_context *context)
{
	context->bucket = na_bucket_name(NA_BUCKET_INTERNAL);
}

void na_observer_classify_exchange(const struct na_observer *observer, struct na_exchange *exchange)
{
	const struct na_message_event *request = &exchange->request;
	const struct na_flow *flow = na_flow_find(observer->flows, request->flow ? request->flow : exchange->response.flow);
	struct na_destination destination = { .port = -1 }, client = { .port = -1 };
	char host[sizeof(request->message.host) + 1], server_name[sizeof(request->server_name) + 1];
	const char *const said[2] = { host, server_name };
	struct na_match match;
	int port;

	if (flow && flow->family)
		take_address(&destination, flow->family, flow->remote, flow->remote_port);
	(void)snprintf(host, sizeof(host), "%.*s",
		       (int)(request->message.host_bytes < sizeof(host) ? request->message.host_bytes : 0),
		       request->message.host);
	(void)snprintf(server_name, sizeof(server_name), "%.*s",
		       (int)(request->server_name_bytes < sizeof(server_name) ? request->server_name_bytes : 0),
		       request->server_name);
	na_split_authority(host, &port);
	if (request->written)
		destination.names[2] = flow && flow->author ? flow->author->resolved : NULL;
	if (request->written && !exchange->who.tunnel) {
		destination.names[0] = host;
		destination.names[1] = server_name;
	}
	if (exchange->who.tunnel)
		match_behind(observer, &destination, exchange->who.tunnel, said, &match);
	else if (!request->written && na_forwarded_for(client.address, &request->message))
		match_forwarded(observer, &destination, &client, &match);
	else
		na_catalogue_match(observer->catalogue, &destination, &match);
	remember(&exchange->who, &match);
}
