// SPDX-License-Identifier: GPL-2.0-or-later
/* The first instructions of functions, decoded by Zydis. Code is untrusted: what is not understood ends the look. */
#include "target/probe_site.h"

#if defined(__x86_64__)

#include <Zydis/Zydis.h>

#define INSTRUCTIONS_MOST 16
#define NOP_THAT_BECOMES_A_CALL 5	/* bytes, from 6.18 on: kills forked children (capture/probes.c) */

static const ZydisRegister argument_registers[NA_ARGUMENTS] = {
	ZYDIS_REGISTER_RDI, ZYDIS_REGISTER_RSI, ZYDIS_REGISTER_RDX, ZYDIS_REGISTER_RCX, ZYDIS_REGISTER_R8,
};

struct look {
	ZydisDecoder decoder;
	const uint8_t *code;
	size_t bytes, at;	/* `at`: behind the instruction in hand */
	unsigned int count;
	ZydisDecodedInstruction instruction;
	ZydisDecodedOperand operands[ZYDIS_MAX_OPERAND_COUNT];
};

static void begin(struct look *look, const uint8_t *code, size_t bytes)
{
	look->code = code;
	look->bytes = bytes < NA_PROBE_CODE_BYTES ? bytes : NA_PROBE_CODE_BYTES;
	look->at = 0;
	look->count = 0;
	(void)ZydisDecoderInit(&look->decoder, ZYDIS_MACHINE_MODE_LONG_64, ZYDIS_STACK_WIDTH_64);
}

static bool next(struct look *look)
{
	if (look->count++ >= INSTRUCTIONS_MOST ||
	    !ZYAN_SUCCESS(ZydisDecoderDecodeFull(&look->decoder, look->code + look->at, look->bytes - look->at,
						 &look->instruction, look->operands)))
		return false;
	look->at += look->instruction.length;
	return true;
}

static size_t start_of(const struct look *look)
{
	return look->at - look->instruction.length;
}

/* Written in whole or in part, by name or as a side effect. */
static bool writes(const struct look *look, ZydisRegister wanted)
{
	for (size_t i = 0; i < look->instruction.operand_count; i++) {
		const ZydisDecodedOperand *operand = &look->operands[i];

		if (operand->type == ZYDIS_OPERAND_TYPE_REGISTER && (operand->actions & ZYDIS_OPERAND_ACTION_MASK_WRITE) &&
		    ZydisRegisterGetLargestEnclosing(ZYDIS_MACHINE_MODE_LONG_64, operand->reg.value) == wanted)
			return true;
	}
	return false;
}

static bool writes_argument(const struct look *look, enum na_argument last)
{
	for (int i = 0; i <= (int)last; i++)
		if (writes(look, argument_registers[i]))
			return true;
	return false;
}

static bool is_branch(const struct look *look)
{
	switch (look->instruction.meta.category) {
	case ZYDIS_CATEGORY_CALL:
	case ZYDIS_CATEGORY_COND_BR:
	case ZYDIS_CATEGORY_UNCOND_BR:
	case ZYDIS_CATEGORY_RET:
	case ZYDIS_CATEGORY_INTERRUPT:
	case ZYDIS_CATEGORY_SYSCALL:
		return true;
	default:
		return false;
	}
}

/* A call, jump or conditional jump to an address that is part of it. */
static bool is_direct_branch(const struct look *look)
{
	return is_branch(look) && look->instruction.operand_count &&
	       look->operands[0].type == ZYDIS_OPERAND_TYPE_IMMEDIATE && look->operands[0].imm.is_relative;
}

/* arch/x86/kernel/uprobes.c: branch_setup_xol_ops(), push_setup_xol_ops(). Prefixes make it more careful. */
static bool is_emulated(const struct look *look)
{
	const ZydisDecodedInstruction *instruction = &look->instruction;

	if (instruction->mnemonic == ZYDIS_MNEMONIC_PUSH)
		return instruction->raw.prefix_count <= 1 && look->operands[0].type == ZYDIS_OPERAND_TYPE_REGISTER &&
		       instruction->operand_width == 64 && instruction->length <= 2;
	if (instruction->mnemonic == ZYDIS_MNEMONIC_NOP)
		return instruction->raw.prefix_count == 0 && instruction->length != NOP_THAT_BECOMES_A_CALL;
	return is_direct_branch(look) && instruction->raw.prefix_count == 0 &&
	       (instruction->meta.category == ZYDIS_CATEGORY_CALL ||
		instruction->meta.category == ZYDIS_CATEGORY_COND_BR ||
		instruction->meta.category == ZYDIS_CATEGORY_UNCOND_BR);
}

static int64_t branch_distance(const struct look *look)
{
	return (int64_t)look->at + look->operands[0].imm.value.s;
}

uint32_t na_probe_site(const uint8_t *code, size_t bytes, bool returns, bool *stepped)
{
	struct look look;

	*stepped = false;
	begin(&look, code, bytes);
	while (next(&look)) {
		if (is_emulated(&look))
			return (uint32_t)start_of(&look);
		if (is_branch(&look) || writes_argument(&look, NA_ARGUMENT_5) ||
		    (returns && writes(&look, ZYDIS_REGISTER_RSP)))
			break;
	}
	*stepped = true;
	return 0;
}

bool na_probe_wrapped(const uint8_t *code, size_t bytes, enum na_argument last, int64_t *distance)
{
	struct look look;

	begin(&look, code, bytes);
	while (next(&look)) {
		if (is_direct_branch(&look) && look.instruction.meta.category == ZYDIS_CATEGORY_CALL) {
			*distance = branch_distance(&look);
			return true;
		}
		if (is_branch(&look) || writes_argument(&look, last))
			return false;
	}
	return false;
}

bool na_probe_calls(const uint8_t *code, size_t bytes, int64_t distance)
{
	struct look look;

	begin(&look, code, bytes);
	while (next(&look)) {
		if (!is_branch(&look) || look.instruction.meta.category == ZYDIS_CATEGORY_COND_BR)
			continue;
		return is_direct_branch(&look) && branch_distance(&look) == distance;
	}
	return false;
}

#else

uint32_t na_probe_site(const uint8_t *code, size_t bytes, bool returns, bool *stepped)
{
	(void)code;
	(void)bytes;
	(void)returns;
	*stepped = true;
	return 0;
}

bool na_probe_wrapped(const uint8_t *code, size_t bytes, enum na_argument last, int64_t *distance)
{
	(void)code;
	(void)bytes;
	(void)last;
	(void)distance;
	return false;
}

bool na_probe_calls(const uint8_t *code, size_t bytes, int64_t distance)
{
	(void)code;
	(void)bytes;
	(void)distance;
	return false;
}

#endif
