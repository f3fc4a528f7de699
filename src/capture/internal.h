/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the files of src/capture share. */
#ifndef NETAUDIT_CAPTURE_INTERNAL_H
#define NETAUDIT_CAPTURE_INTERNAL_H

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "capture/capture.h"
#include "capture/probes.h"
#include "capture/stream.h"

#define NA_PROGRAMS_MAX 64
#define NA_NAMES_BYTES 2048
#define NA_REASON_BYTES 512

struct na_attached {
	struct bpf_program *program;
	struct bpf_link *link;
};

/* A probe, and the descriptor that keeps it attached. */
struct na_held_probe {
	struct na_probe probe;
	int fd;
};

/* One ring as the observer reads it. */
struct na_ring {
	struct ring_buffer *buffer;
	struct na_capture *capture;
	unsigned int room;	/* events that may still be handed over in this look */
	uint64_t last_ns;	/* time of the last one that was */
};

struct na_capture {
	struct na_capture_options options;
	enum na_backend backend;
	struct bpf_object *object;
	const char *object_name;
	struct na_attached attached[NA_PROGRAMS_MAX];
	size_t attached_count;
	int stream_links[NA_STREAM_WAYS];	/* open when `stream_attached` */
	bool stream_attached;
	struct na_held_probe probes[NA_PROBES];
	size_t probe_count;
	struct bpf_link *existing, *progress, *relays;	/* iterators: nothing runs until they are read */
	struct na_ring rings[NA_RINGS];		/* observer only */
	na_event_fn *handle;
	void *context;
	int relay_expected, relay_sockets;	/* map fds, like the next */
	int peers, said, scopes, losses, counts, sockets, natives, pythons, code_generation;
	uint64_t flow_id_base;
	char hooks[NA_NAMES_BYTES];
	char missing[NA_NAMES_BYTES];
	char reason[NA_REASON_BYTES];
};

/* load.c */
int na_capture_load(struct na_capture *capture, struct na_error *error);
int na_capture_attach(struct na_capture *capture, struct na_error *error);
void na_capture_unload(struct na_capture *capture);

/* probes.c: whether a program is attached on request only. */
bool na_probe_is_program(const char *program);

/* drain.c. Hands over what an iterator answers, to its end; returns the number of events or negative errno. */
int na_capture_read_iterator(struct bpf_link *link, na_event_fn *handle, void *context);

#endif
