/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The program that sees the bytes of TCP connections: one, attached at both ways through the cgroup (bpf/stream.h). */
#ifndef NETAUDIT_CAPTURE_STREAM_H
#define NETAUDIT_CAPTURE_STREAM_H

#include <stdbool.h>

#include <bpf/libbpf.h>

#define NA_STREAM_PROGRAM "na_stream"
#define NA_STREAM_WAYS 2	/* out, in */

bool na_stream_is_program(const struct bpf_program *program);
/* Fills `links` with descriptors that the caller closes: while they are open, it is attached. 0 or negative errno. */
int na_stream_attach(int links[NA_STREAM_WAYS], const struct bpf_program *program, int cgroup);

#endif
