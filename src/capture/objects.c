// SPDX-License-Identifier: GPL-2.0-or-later
/* Carries the BPF objects and asks the running kernel which of them it may take. */
#include "capture/objects.h"

#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <linux/bpf.h>
#include <stdbool.h>
#include <unistd.h>

#define NA_EMBED(symbol, file) \
	__asm__(".pushsection .rodata\n.balign 16\n" #symbol ":\n.incbin \"" NA_BPF_DIRECTORY "/" file "\"\n" \
		#symbol "_end:\n.byte 0\n.popsection\n"); \
	extern const unsigned char symbol[] __attribute__((visibility("hidden"))); \
	extern const unsigned char symbol##_end[] __attribute__((visibility("hidden")))

NA_EMBED(na_object_current, "netaudit.bpf.o");
NA_EMBED(na_object_direct, "netaudit_direct.bpf.o");
NA_EMBED(na_object_old, "netaudit_old.bpf.o");

static bool kernel_loads(const char *name, const struct bpf_insn *program, size_t count)
{
	int fd = bpf_prog_load(BPF_PROG_TYPE_SOCKET_FILTER, name, "GPL", program, count, NULL);

	if (fd >= 0)
		close(fd);
	return fd >= 0;
}

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

	return kernel_loads("na_atomics", program, sizeof(program) / sizeof(program[0]));
}

/* r0 = bpf_rdonly_cast(NULL, struct sock); r0 = *(u64 *)r0; r0 = 0; exit  (6.2, commit a35b9af4ec2c) */
static bool kernel_casts_pointers(void)
{
	struct btf *kernel = btf__load_vmlinux_btf();
	int function = kernel ? btf__find_by_name_kind(kernel, "bpf_rdonly_cast", BTF_KIND_FUNC) : -1;
	int type = kernel ? btf__find_by_name_kind(kernel, "sock", BTF_KIND_STRUCT) : -1;
	const struct bpf_insn program[] = {
		{ .code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_1, .imm = 0 },
		{ .code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_2, .imm = type },
		{ .code = BPF_JMP | BPF_CALL, .src_reg = BPF_PSEUDO_KFUNC_CALL, .imm = function },
		{ .code = BPF_LDX | BPF_MEM | BPF_DW, .dst_reg = BPF_REG_0, .src_reg = BPF_REG_0 },
		{ .code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_0, .imm = 0 },
		{ .code = BPF_JMP | BPF_EXIT },
	};

	btf__free(kernel);
	return function > 0 && type > 0 && kernel_loads("na_casts", program, sizeof(program) / sizeof(program[0]));
}

static bool always(void)
{
	return true;
}

const struct na_bpf_object *na_bpf_object(size_t number)
{
	static const struct na_bpf_object objects[] = {
		{ "direct reads", na_object_direct, na_object_direct_end, kernel_casts_pointers },
		{ "current", na_object_current, na_object_current_end, kernel_returns_atomics },
		{ "before 5.12", na_object_old, na_object_old_end, always },
	};

	return number < sizeof(objects) / sizeof(objects[0]) ? &objects[number] : NULL;
}
