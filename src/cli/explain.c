/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One table: the key of a member, how people call it, and how its value is written.
 */
#include "cli/explain.h"

#include <inttypes.h>
#include <string.h>

#include "cli/fields.h"

enum form { AS_IS, BYTES, DURATION_US, WALL_US, BOOT_US, WORDS, ERRNO, LIST };

static const struct member {
	const char *key;
	const char *label;
	enum form form;
} members[] = {
	{ "kind", "kind", WORDS },
	{ "t", "recorded at", WALL_US },
	{ "direction", "direction", WORDS },
	{ "channel", "channel", AS_IS },
	{ "result", "result", WORDS },
	{ "error", "error", AS_IS },
	{ "errno", "error of the kernel", ERRNO },
	{ "host", "host name", AS_IS },
	{ "server_name", "server asked for in the handshake", AS_IS },
	{ "record_type", "type of record asked for", AS_IS },
	{ "record_class", "class asked for", AS_IS },
	{ "response_code", "answer", AS_IS },
	{ "host_ips", "addresses in the answer", LIST },
	{ "ttl_s", "they hold for, seconds", AS_IS },
	{ "queries", "how often it was asked", AS_IS },
	{ "responses", "answers that came", AS_IS },
	{ "cut", "not all of the answer was looked at", AS_IS },
	{ "truncated", "the answer says it is truncated", AS_IS },
	{ "method", "method", AS_IS },
	{ "status", "status", AS_IS },
	{ "query", "query keys", LIST },
	{ "database", "database", AS_IS },
	{ "database_source", "evidence for the database", WORDS },
	{ "database_reason", "why it is not known", AS_IS },
	{ "tls", "inside TLS", AS_IS },
	{ "user", "user of the database", AS_IS },
	{ "uids", "mails are named by their UIDs", AS_IS },
	{ "commands", "commands", AS_IS },
	{ "replies", "codes of the replies", AS_IS },
	{ "recipients", "recipients", AS_IS },
	{ "recipients_refused", "of them refused", AS_IS },
	{ "recipient_domains", "domains of the recipients", AS_IS },
	{ "request_about", "its size is a few bytes less", AS_IS },
	{ "request_names", "fields of the request", LIST },
	{ "response_names", "fields of the response", LIST },
	{ "request_bytes", "body of the request", BYTES },
	{ "response_bytes", "body of the response", BYTES },
	{ "request_fingerprint", "fingerprint of the request's body", AS_IS },
	{ "request_hashed", "of its bytes are in it", AS_IS },
	{ "response_fingerprint", "fingerprint of the response's body", AS_IS },
	{ "response_hashed", "of its bytes are in it", AS_IS },
	{ "request_partial", "end of the request not seen", AS_IS },
	{ "response_partial", "end of the response not seen", AS_IS },
	{ "request_hole", "not all of the request's body seen", AS_IS },
	{ "response_hole", "not all of the response's body seen", AS_IS },
	{ "request_unframed", "request's body not followed", AS_IS },
	{ "response_unframed", "response's body not followed", AS_IS },
	{ "request_cut", "not all names of the request fit", AS_IS },
	{ "response_cut", "not all names of the response fit", AS_IS },
	{ "strict", "redaction was strict", AS_IS },
	{ "masked", "identifiers in names were masked", AS_IS },
	{ "connection", "TLS connection", AS_IS },
	{ "request", "number of the request on it", AS_IS },
	{ "src", "source address", AS_IS },
	{ "sport", "source port", AS_IS },
	{ "dst", "destination address", AS_IS },
	{ "dport", "destination port", AS_IS },
	{ "path", "path", AS_IS },
	{ "abstract", "abstract socket name", AS_IS },
	{ "socket_type", "type of socket", AS_IS },
	{ "peer_pid", "process at the other end", AS_IS },
	{ "protocol", "protocol", AS_IS },
	{ "protocol_number", "protocol number", AS_IS },
	{ "family", "address family", AS_IS },
	{ "bytes_out", "sent", BYTES },
	{ "bytes_in", "received", BYTES },
	{ "messages_out", "datagrams sent", AS_IS },
	{ "messages_in", "datagrams received", AS_IS },
	{ "duration_us", "duration", DURATION_US },
	{ "established_us", "handshake took", DURATION_US },
	{ "rtt_us", "round trip time", DURATION_US },
	{ "retransmits", "segments sent again", AS_IS },
	{ "worker", "Odoo worker", WORDS },
	{ "instance", "Odoo instance", AS_IS },
	{ "via", "reached through", AS_IS },
	{ "author", "made by", WORDS },
	{ "addon", "add-on", AS_IS },
	{ "addons", "add-ons, innermost first", LIST },
	{ "addons_truncated", "there may be more", AS_IS },
	{ "base", "Odoo's own core", AS_IS },
	{ "maker", "author in the manifest", AS_IS },
	{ "website", "website", AS_IS },
	{ "license", "licence", AS_IS },
	{ "manifest", "hash of the manifest", AS_IS },
	{ "manifest_unreadable", "manifest unreadable", AS_IS },
	{ "evidence", "evidence for the author", WORDS },
	{ "author_reason", "why it is not known", AS_IS },
	{ "disagree", "file and globals disagree", AS_IS },
	{ "python_usdt", "the interpreter's own announcement", WORDS },
	{ "host", "name asked for", AS_IS },
	{ "forwarded_for", "asked for, its proxy says", AS_IS },
	{ "quic_version", "version of QUIC", AS_IS },
	{ "proxied_host", "what the proxy is to reach", AS_IS },
	{ "proxied_port", "its port", AS_IS },
	{ "proxy", "how the proxy was asked", WORDS },
	{ "proxy_ip", "address of the proxy", AS_IS },
	{ "proxy_port", "port of the proxy", AS_IS },
	{ "bucket", "whose destination", AS_IS },
	{ "component", "component of the catalogue", AS_IS },
	{ "changed", "what changed", AS_IS },
	{ "weaker", "what of it makes the audit weaker", LIST },
	{ "previous_catalogue", "hash of the catalogue before", AS_IS },
	{ "names_disagree", "its names lead to different ones", AS_IS },
	{ "dns_names", "names that DNS gave the address", LIST },
	{ "dns_disagrees", "that is none of these names", AS_IS },
	{ "resolved", "name its thread had asked for", AS_IS },
	{ "frame_file", "deciding frame: file", AS_IS },
	{ "frame_function", "deciding frame: function", AS_IS },
	{ "frame_line", "deciding frame: line", AS_IS },
	{ "frames", "frames on the stack", AS_IS },
	{ "stack", "hash of all frames", AS_IS },
	{ "container", "container", AS_IS },
	{ "image", "image", AS_IS },
	{ "pod", "pod", AS_IS },
	{ "pod_namespace", "namespace of the pod", AS_IS },
	{ "pod_uid", "UID of the pod", AS_IS },
	{ "comm", "process name", AS_IS },
	{ "exe", "program", AS_IS },
	{ "pid", "process", AS_IS },
	{ "tid", "thread", AS_IS },
	{ "parent_pid", "parent process", AS_IS },
	{ "pid_start", "process started", BOOT_US },
	{ "uid", "user number", AS_IS },
	{ "event", "event", AS_IS },
	{ "exit_code", "exit status", AS_IS },
	{ "signal", "killed by signal", AS_IS },
	{ "flow", "flow", AS_IS },
	{ "socket", "socket", AS_IS },
	{ "seen_by", "noticed at", WORDS },
	{ "pre_existing", "open before the start", AS_IS },
	{ "fast_open", "TCP Fast Open", AS_IS },
	{ "mptcp", "Multipath TCP", AS_IS },
	{ "tls_sni", "name in the ClientHello", AS_IS },
	{ "tls_alpn", "protocols offered in the ClientHello", LIST },
	{ "tls_ech", "an encrypted ClientHello is inside", AS_IS },
	{ "tls_sni_differs", "the ClientHello asks for another name", AS_IS },
	{ "tls_cut", "not all names of the ClientHello fit", AS_IS },
	{ "text_lost", "not all that was said was seen", AS_IS },
	{ "v4_mapped", "IPv4 through an IPv6 socket", AS_IS },
	{ "kernel_worker", "done by a kernel worker", AS_IS },
	{ "final", "the last of this flow", AS_IS },
	{ "netns", "network namespace", AS_IS },
	{ "pidns", "process namespace", AS_IS },
	{ "cgroup", "control group", AS_IS },
	{ "opened_tb", "opened", BOOT_US },
	{ "tb", "recorded", BOOT_US },
	{ "version", "version", AS_IS },
	{ "backend", "backend", AS_IS },
	{ "kernel", "kernel", AS_IS },
	{ "hooks", "hooks", AS_IS },
	{ "probes", "probes in program files", AS_IS },
	{ "probes_failed", "probes that could not be attached", AS_IS },
	{ "clean", "last stop was clean", AS_IS },
	{ "boot_id", "boot", AS_IS },
	{ "binary", "hash of the program", AS_IS },
	{ "config", "hash of the settings", AS_IS },
	{ "previous_config", "hash of the settings before", AS_IS },
	{ "changed", "what changed while it ran", AS_IS },
	{ "settings", "settings", AS_IS },
	{ "component", "component", AS_IS },
	{ "cause", "cause", AS_IS },
	{ "from_t", "since", WALL_US },
	{ "from_tb", "since", BOOT_US },
	{ "uncommitted", "events never committed", AS_IS },
	{ "refused", "records refused", AS_IS },
	{ "count", "events lost", AS_IS },
	{ "step_us", "stepped by", DURATION_US },
	{ "number", "number of the head", AS_IS },
	{ "next_key", "key of the next head", AS_IS },
	{ "previous_note", "hash of the head before", AS_IS },
	{ "nonce", "nonce", WORDS },
};

/* What a value means, where the word alone does not say it. */
static const struct {
	const char *key, *value, *meaning;
} meanings[] = {
	{ "kind", "open", "a connection was opened or attempted" },
	{ "kind", "progress", "counters of a connection that is still open" },
	{ "kind", "close", "a connection ended" },
	{ "kind", "datagram", "datagrams between two ends over one period" },
	{ "kind", "process", "a process was forked, executed something or exited" },
	{ "kind", "exchange", "an HTTP request or a mail, inside TLS or in clear text, and its answer" },
	{ "kind", "dns", "a question to a name server, and its answer" },
	{ "kind", "resolve", "a program asked its resolver for a name" },
	{ "kind", "addon", "an add-on was met, or its manifest was found changed" },
	{ "kind", "lost", "events that were counted but not recorded" },
	{ "kind", "gap", "a span in which something was or may have been missed" },
	{ "kind", "heartbeat", "the hooks are attached and the counters are these" },
	{ "kind", "head", "the next checkpoint covers everything up to here" },
	{ "kind", "start", "the daemon started" },
	{ "kind", "stop", "the daemon stopped cleanly" },
	{ "kind", "clock", "the wall clock was stepped" },
	{ "kind", "config", "the settings in force changed" },
	{ "direction", "outbound", "from this host" },
	{ "direction", "inbound", "to this host" },
	{ "result", "refused", "the destination, or something before it, said no" },
	{ "result", "timed-out", "nobody answered" },
	{ "result", "unreachable", "there was no way to the destination" },
	{ "result", "reset", "ended by one side without the usual farewell" },
	{ "kind", "author", "an open connection is used by another author than before" },
	{ "author", "addon", "an add-on" },
	{ "author", "odoo", "Odoo's own code, no add-on but base" },
	{ "author", "library", "a Python program that is neither Odoo nor an add-on" },
	{ "author", "unknown", "the evidence names nobody for certain" },
	{ "evidence", "none", "which add-on made the call is not known" },
	{ "evidence", "python-stack", "its frame was on the Python stack, and file and globals of it agree" },
	{ "evidence", "module-globals", "by the globals of its frame; the file's name is invented or another's" },
	{ "evidence", "route", "its controller handled the request" },
	{ "evidence", "thread-parent", "its code started the thread" },
	{ "evidence", "process-parent", "its code started the process, or what started it" },
	{ "database_source", "cron-title", "the worker's title named it at that moment" },
	{ "database_source", "query", "its thread had asked it last, since it took up the request or job" },
	{ "database_source", "thread-parent", "that of whoever started the thread" },
	{ "database_source", "process-parent", "that of whoever started the process" },
	{ "database_source", "only-connection", "its process was connected to no other" },
	{ "database_source", "configuration", "its server is told to use no other; weak" },
	{ "python_usdt", "agrees", "its frames were the same when it announced the call" },
	{ "python_usdt", "disagrees", "its frames were others when it announced the call" },
	{ "proxy", "connect", "CONNECT of HTTP" },
	{ "proxy", "forward", "a request with an absolute target" },
	{ "proxy", "socks4", "SOCKS 4 or 4a" },
	{ "proxy", "socks5", "SOCKS 5" },
	{ "seen_by", "connect", "in the thread that connected" },
	{ "seen_by", "accept", "in the thread that accepted" },
	{ "seen_by", "first-io", "in the thread that first read or wrote" },
	{ "seen_by", "close", "only when it was closed" },
	{ "seen_by", "send", "at the first datagram sent" },
	{ "seen_by", "receive", "at the first datagram received" },
	{ "seen_by", "iterator", "found open" },
	{ "worker", "none", "not an Odoo process" },
};

static const char *meaning_of(const char *key, const char *value)
{
	for (size_t i = 0; i < sizeof(meanings) / sizeof(*meanings); i++)
		if (!strcmp(meanings[i].key, key) && !strcmp(meanings[i].value, value))
			return meanings[i].meaning;
	return NULL;
}

static void print_number(FILE *out, enum form form, int64_t value)
{
	char text[NA_HUMAN_BYTES];

	switch (form) {
	case BYTES:
		fprintf(out, "%s bytes", na_human_count(text, value));
		break;
	case DURATION_US:
		fprintf(out, "%s", na_human_duration(text, value));
		break;
	case WALL_US:
		fprintf(out, "%s", na_local_time(text, value));
		break;
	case BOOT_US:
		fprintf(out, "%s after the machine started", na_human_duration(text, value));
		break;
	case ERRNO:
		fprintf(out, "%" PRId64 " (%s)", value, value > 0 && value < 4096 ? strerror((int)value) : "?");
		break;
	default:
		fprintf(out, "%" PRId64, value);
	}
}

/* "a < b < c": a was called by b. */
static void print_list(FILE *out, const json_t *values)
{
	char text[NA_FIELD_BYTES];
	const json_t *value;
	size_t i;

	json_array_foreach (values, i, value) {
		const json_t *hex = json_object_get(value, "hex");	/* text in no encoding */

		fprintf(out, "%s%s", i ? " < " : "", hex ? na_hex_text(text, hex) : na_value_text(text, value));
	}
}

static void print_member(FILE *out, const struct member *member, const json_t *value, const char *text)
{
	const char *meaning = member->form == WORDS ? meaning_of(member->key, text) : NULL;

	fprintf(out, "%-26s ", member->label);
	if (json_is_integer(value))
		print_number(out, member->form, json_integer_value(value));
	else if (member->form == LIST && json_is_array(value))
		print_list(out, value);
	else
		fputs(text, out);
	fprintf(out, "%s%s\n", meaning ? ": " : "", meaning ? meaning : "");
}

/* The member a key belongs to: its own, or that of which it is the hex form. */
static const struct member *find_member(const char *key)
{
	for (size_t i = 0; i < sizeof(members) / sizeof(*members); i++) {
		size_t length = strlen(members[i].key);

		if (!strncmp(key, members[i].key, length) && (!key[length] || !strcmp(key + length, "_hex")))
			return &members[i];
	}
	return NULL;
}

static void print_unknown(FILE *out, const json_t *body)
{
	const char *key;
	json_t *value;
	char name[NA_FIELD_BYTES], text[NA_FIELD_BYTES];

	json_object_foreach ((json_t *)body, key, value) {
		json_t *key_text;

		if (find_member(key))
			continue;
		key_text = json_string(key);
		fprintf(out, "%-26s %s\n", na_value_text(name, key_text), na_value_text(text, value));
		json_decref(key_text);
	}
}

void na_explain(FILE *out, const json_t *body)
{
	char text[NA_FIELD_BYTES];

	for (size_t i = 0; i < sizeof(members) / sizeof(*members); i++)
		if (*na_field_text(text, body, members[i].key))
			print_member(out, &members[i], json_object_get(body, members[i].key), text);
	print_unknown(out, body);
}
