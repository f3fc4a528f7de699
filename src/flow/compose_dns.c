// SPDX-License-Identifier: GPL-2.0-or-later
/* The record of a lookup. The name was chosen by whoever asked, the addresses by whoever answered. */
#include "flow/compose_dns.h"

#include <string.h>
#include <sys/socket.h>

#include "classify/channel.h"
#include "classify/dns_words.h"
#include "flow/address.h"
#include "flow/compose_author.h"
#include "journal/canonical.h"

struct end {
	char address[NA_ADDRESS_TEXT_BYTES];
	int64_t port;
};

static void put_known(struct na_canonical *c, const char *key, const char *text)
{
	if (text && text[0])
		na_canonical_string(c, key, text);
}

static void put_true(struct na_canonical *c, const char *key, bool value)
{
	if (value)
		na_canonical_bool(c, key, true);
}

static void put_addresses(struct na_canonical *c, const struct na_dns *dns)
{
	static const uint8_t mapped[12] = { [10] = 0xff, 0xff };
	char text[NA_ADDRESS_TEXT_BYTES];

	if (!dns->address_count)
		return;
	na_canonical_array_begin(c, "host_ips");
	for (size_t i = 0; i < dns->address_count && i < NA_DNS_ADDRESSES; i++) {
		bool four = !memcmp(dns->addresses[i], mapped, sizeof(mapped));

		(void)na_address_text(text, four ? AF_INET : AF_INET6, dns->addresses[i], 0);
		na_canonical_string(c, NULL, text);
	}
	na_canonical_array_end(c);
}

static void put_pid(struct na_canonical *c, const struct na_task *task)
{
	na_canonical_integer(c, "pid", task->pid);
	na_canonical_integer(c, "pid_start", (int64_t)(task->start_ns / NA_NS_PER_US));
	na_canonical_integer(c, "pidns", task->pid_namespace);
}

static void put_pod(struct na_canonical *c, const struct na_container *container)
{
	put_known(c, "pod", container->pod);
	put_known(c, "pod_namespace", container->pod_namespace);
	put_known(c, "pod_uid", container->pod_uid);
}

static void put_question(struct na_canonical *c, const struct na_lookup *lookup)
{
	char word[NA_DNS_WORD_BYTES];

	if (lookup->queries > 1)
		na_canonical_integer(c, "queries", lookup->queries);
	if ((lookup->dns.class & 0x7fff) != NA_DNS_INTERNET)
		na_canonical_integer(c, "record_class", lookup->dns.class);
	na_canonical_string(c, "record_type", na_dns_type_name(word, lookup->dns.type));
	if (lookup->responses)
		na_canonical_string(c, "response_code", na_dns_code_name(word, lookup->dns.code));
	if (lookup->responses > 1)
		na_canonical_integer(c, "responses", lookup->responses);
}

ssize_t na_compose_dns(void *out, const struct na_lookup *lookup, const struct na_flow_event *opened,
		       const struct na_context *context)
{
	static const struct na_container nowhere = { 0 };
	const struct na_container *container = context->container ? context->container : &nowhere;
	const struct na_task *task = &opened->task;
	const struct na_dns *dns = &lookup->dns;
	bool inbound = opened->direction == NA_INBOUND;
	uint64_t time_ns = lookup->asked_ns ? lookup->asked_ns : lookup->answered_ns;
	struct end local = { 0 }, remote = { 0 };
	const struct end *source = inbound ? &remote : &local, *destination = inbound ? &local : &remote;
	struct na_canonical c;

	local.port = na_address_text(local.address, opened->family, opened->local, opened->local_port);
	remote.port = na_address_text(remote.address, opened->family, opened->remote, opened->remote_port);
	na_canonical_begin(&c, out, NA_COMPOSE_BYTES);
	na_put_author(&c, context->author);
	na_canonical_string(&c, "bucket", context->bucket);
	na_canonical_id(&c, "cgroup", task->cgroup_id);
	na_canonical_string(&c, "channel", "dns");
	na_canonical_text(&c, "comm", task->comm, strnlen(task->comm, sizeof(task->comm)));
	na_canonical_string(&c, "component", context->component);
	put_known(&c, "container", container->id);
	put_true(&c, "cut", dns->flags & NA_DNS_CUT);
	na_put_database(&c, context->author);
	na_canonical_string(&c, "direction", inbound ? "inbound" : "outbound");
	na_put_disagree(&c, context->author);
	na_canonical_integer(&c, "dport", destination->port);
	na_canonical_string(&c, "dst", destination->address);
	if (lookup->asked_ns && lookup->answered_ns)
		na_canonical_integer(&c, "duration_us", (int64_t)((lookup->answered_ns - lookup->asked_ns) / NA_NS_PER_US));
	na_put_evidence(&c, context->author);
	na_canonical_string(&c, "family", na_family_name(opened->family));
	na_canonical_id(&c, "flow", opened->flow);
	na_put_frames(&c, context->author);
	na_canonical_text(&c, "host", dns->name, strnlen(dns->name, sizeof(dns->name)));
	put_addresses(&c, dns);
	put_known(&c, "image", container->image);
	na_canonical_string(&c, "instance", context->instance);
	na_canonical_string(&c, "kind", "dns");
	put_true(&c, "names_disagree", context->names_disagree);
	na_canonical_integer(&c, "netns", task->net_namespace);
	na_canonical_nonce(&c);
	na_canonical_integer(&c, "parent_pid", task->parent_pid);
	put_pid(&c, task);
	put_pod(&c, container);
	na_canonical_string(&c, "protocol", na_protocol_name(opened->family, opened->protocol));
	put_question(&c, lookup);
	na_canonical_integer(&c, "sport", source->port);
	na_canonical_string(&c, "src", source->address);
	na_put_stack(&c, context->author);
	na_canonical_integer(&c, "t", na_clock_wall_us(context->clock, time_ns));
	na_canonical_integer(&c, "tb", (int64_t)(time_ns / NA_NS_PER_US));
	na_canonical_integer(&c, "tid", task->tid);
	put_true(&c, "truncated", dns->flags & NA_DNS_TRUNCATED);
	if (dns->address_count)
		na_canonical_integer(&c, "ttl_s", dns->ttl_s);
	na_canonical_integer(&c, "uid", task->uid);
	na_canonical_string(&c, "via", context->via);
	na_canonical_string(&c, "worker", context->worker);
	return na_canonical_end(&c);
}
