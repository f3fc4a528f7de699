// SPDX-License-Identifier: GPL-2.0-or-later
/* Carries both BPF objects and asks the running kernel which one it can take. */
#include "capture/objects.h"

#include <bpf/bpf.h>
#include <linux/bpf.h>
#include <stdbool.h>
#include <unistd.h>

#define NA_EMBED(symbol, file) \
	__asm__(".pushsection .rodata\n.balign 16\n" #symbol ":\n.incbin \"" NA_BPF_DIRECTORY "/" file "\"\n" \
		#symbol "_end:\n.byte 0\n.popsection\n"); \
	extern const unsigned char symbol[] __attribute__((visibility("hidden"))); \
	extern const unsigned char symbol##_end[] __attribute__((visibility("hidden")))

NA_EMBED(na_object_current, "netaudit.bpf.o");
NA_EMBED(na_object_old, "netaudit_old.bpf.o");

/* r1 = 1; *(u64 *)(fp - 8) = 0; r1 = atomic_fetch_add(fp - 8, r1); r0 = 0; exit  (5.12, commit 5ffa25502b5a) */
static bool kernel_returns_atomics(void)
{
	const struct bpf_insn program[] = {
		{ .code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_1, .imm = 1 },
		{ .code = BPF_ST | BPF_MEM | BPF_DW, .dst_reg = BPF_REG_10, .off = -8, .imm = 0 },
		{ .code = BPF_STX | BPF_ATOMIC | BPF_DW, .dst_reg = BPF_REG_10, .src_reg = BPF_REG_1, .off = -8,
		  .imm = BPF_ADD | BPF_FETCH },
		{ .code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_0, .imm = 0 },
		{ .code = BPF_JMP | BPF_EXIT },
	};
	int fd = bpf_prog_load(BPF_PROG_TYPE_SOCKET_FILTER, "na_atomics", "GPL", program,
			       sizeof(program) / sizeof(program[0]), NULL);

	if (fd >= 0)
		close(fd);
	return fd >= 0;
}

const void *na_bpf_object(size_t *bytes)
{
	if (kernel_returns_atomics()) {
		*bytes = (size_t)(na_object_current_end - na_object_current);
		return na_object_current;
	}
	*bytes = (size_t)(na_object_old_end - na_object_old);
	return na_object_old;
}
