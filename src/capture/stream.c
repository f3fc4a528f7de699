// SPDX-License-Identifier: GPL-2.0-or-later
/* Attaches one program twice: libbpf's own links know one way for each. */
#include "capture/stream.h"

#include <bpf/bpf.h>
#include <errno.h>
#include <string.h>
#include <unistd.h>

bool na_stream_is_program(const struct bpf_program *program)
{
	return !strcmp(bpf_program__name(program), NA_STREAM_PROGRAM);
}

int na_stream_attach(int links[NA_STREAM_WAYS], const struct bpf_program *program, int cgroup)
{
	static const enum bpf_attach_type ways[NA_STREAM_WAYS] = { BPF_CGROUP_INET_EGRESS, BPF_CGROUP_INET_INGRESS };
	int err;

	for (int i = 0; i < NA_STREAM_WAYS; i++) {
		links[i] = bpf_link_create(bpf_program__fd(program), cgroup, ways[i], NULL);
		if (links[i] >= 0)
			continue;
		err = -errno;
		while (i--)
			close(links[i]);
		return err;
	}
	return 0;
}
