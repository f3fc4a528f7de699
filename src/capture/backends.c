/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One question for each backend that some kernels lack. */
#include "capture/backends.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <linux/bpf.h>
#include <string.h>
#include <unistd.h>

/* r0 = 0; exit, at the end of a function that every kernel has */
static int ask_fentry(struct na_error *error)
{
	const struct bpf_insn program[] = {
		{ .code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_0, .imm = 0 },
		{ .code = BPF_JMP | BPF_EXIT },
	};
	LIBBPF_OPTS(bpf_prog_load_opts, options, .expected_attach_type = BPF_TRACE_FEXIT);
	int function = libbpf_find_vmlinux_btf_id("tcp_v4_connect", BPF_TRACE_FEXIT), fd;

	if (function < 0)
		return 0;	/* the object itself says what is missing */
	options.attach_btf_id = (__u32)function;
	fd = bpf_prog_load(BPF_PROG_TYPE_TRACING, "na_fexit", "GPL", program, sizeof(program) / sizeof(*program), &options);
	if (fd < 0)
		return na_error_set(error, fd, "this kernel does not load fentry programs: %s", strerror(-fd));
	close(fd);
	return 0;
}

/* perf's own kind of event (4.17), or the file that older ways need; CONFIG_KPROBE_EVENTS gives both. */
static int ask_kprobe(struct na_error *error)
{
	static const char *const places[] = {
		"/sys/bus/event_source/devices/kprobe/type", "/sys/kernel/tracing/kprobe_events",
		"/sys/kernel/debug/tracing/kprobe_events",
	};

	for (size_t i = 0; i < sizeof(places) / sizeof(*places); i++)
		if (!access(places[i], F_OK))
			return 0;
	return na_error_set(error, -ENOENT, "this kernel has no kprobes (CONFIG_KPROBE_EVENTS)");
}

int na_backend_possible(enum na_backend backend, struct na_error *error)
{
	if (backend == NA_BACKEND_FENTRY)
		return ask_fentry(error);
	return backend == NA_BACKEND_KPROBE ? ask_kprobe(error) : 0;
}
