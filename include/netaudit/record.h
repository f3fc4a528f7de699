/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the observer tells the journal: one record, as canonical bytes.
 *
 * A record is one JSON object in the RFC 8785 (JCS) subset described in docs/journal-format.md:
 * ASCII keys in ascending order, strings, booleans, integers with |x| < 2^53, arrays and objects
 * of those; no floats, no null. Times are microseconds, 64-bit ids are 16 hex digits in a string.
 * Text that is not valid UTF-8 is written as hex under the key with "_hex" appended.
 * Every record has at least: "kind", "nonce" (32 hex digits), "t" (wall clock, us since 1970),
 * "tb" (boottime, us).
 */
#ifndef NETAUDIT_RECORD_H
#define NETAUDIT_RECORD_H

#include <stddef.h>
#include <stdint.h>

#define NA_RECORD_MAX_BYTES 65536	/* a longer body is refused before it is written */
#define NA_HASH_BYTES 32
#define NA_NONCE_BYTES 16
#define NA_INTEGER_MAX ((INT64_C(1) << 53) - 1)

/* name, who writes it, one line for the documentation */
#define NA_RECORD_KINDS(X) \
	X(OPEN,      "open",      "observer", "a stream flow or unix connection was opened or attempted") \
	X(PROGRESS,  "progress",  "observer", "counters of a stream flow that is still open") \
	X(CLOSE,     "close",     "observer", "a stream flow ended: result and final counters") \
	X(DATAGRAM,  "datagram",  "observer", "counters of one datagram flow over one period") \
	X(PROCESS,   "process",   "observer", "a process in scope was forked, executed something or exited") \
	X(AUTHOR,    "author",    "observer", "an open flow is used by another author than before") \
	X(EXCHANGE,  "exchange",  "observer", "one request and response inside a flow") \
	X(DNS,       "dns",       "observer", "one name resolution") \
	X(RESOLVE,   "resolve",   "observer", "a program asked its resolver for a name") \
	X(ADDON,     "addon",     "observer", "an add-on was met, or its manifest was found changed") \
	X(ACK,       "ack",       "observer", "an operator says that a cause of the report is expected, until when and why") \
	X(CATALOGUE, "catalogue", "observer", "an operator changed the catalogue of destinations") \
	X(START,     "start",     "journal",  "the daemon started") \
	X(STOP,      "stop",      "journal",  "the daemon stopped cleanly") \
	X(CONFIG,    "config",    "journal",  "the settings in force changed") \
	X(LOST,      "lost",      "observer", "events that were counted but not recorded") \
	X(GAP,       "gap",       "journal",  "a span in which something was or may have been missed") \
	X(CLOCK,     "clock",     "observer", "the wall clock was stepped") \
	X(HEARTBEAT, "heartbeat", "observer", "the hooks are attached and the counters are these") \
	X(CANARY,    "canary",    "observer", "what was seen of a call the canary made to show that capture works") \
	X(PRUNE,     "prune",     "journal",  "records below a cut are deleted from here on") \
	X(CARRIED,   "carried",   "journal",  "a record that outlives its pruning, with the proof of where it stood") \
	X(HEAD,      "head",      "journal",  "the next checkpoint covers everything up to here")

enum na_record_kind {
	NA_RECORD_NONE,
#define X(symbol, name, writer, text) NA_RECORD_##symbol,
	NA_RECORD_KINDS(X)
#undef X
	NA_RECORD_KIND_COUNT
};

#endif
