// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The functions are looked through from top to bottom, past checks of the object's kind (3.2 and later), for what they
 * read: Zydis decodes. A wrong answer is a place where the kernel finds no random (bpf/tls_random.h).
 */
#include "target/libssl_object.h"

#if defined(__x86_64__)

#include <Zydis/Zydis.h>

#define INSTRUCTIONS_MOST 48
#define RANDOM_BYTES 32

/* What an instruction says of the object's layout. */
enum finding { NOTHING, FLAG, POINTER, PLACE, END };

struct look {
	ZydisDecoder decoder;
	const uint8_t *code;
	size_t bytes;
	unsigned int count;
	ZydisDecodedInstruction instruction;
	ZydisDecodedOperand operands[ZYDIS_MAX_OPERAND_COUNT];
};

static bool is_distance(int64_t bytes)
{
	return bytes > 0 && bytes <= UINT16_MAX - RANDOM_BYTES;
}

/* A register and a distance, and no other memory: the stack and constants are not the object's. */
static bool is_member(const ZydisDecodedOperand *operand, int64_t *distance)
{
	if (operand->type != ZYDIS_OPERAND_TYPE_MEMORY || operand->mem.index != ZYDIS_REGISTER_NONE)
		return false;
	switch (operand->mem.base) {
	case ZYDIS_REGISTER_NONE:
	case ZYDIS_REGISTER_RIP:
	case ZYDIS_REGISTER_RSP:
	case ZYDIS_REGISTER_RBP:
		return false;
	default:
		*distance = operand->mem.disp.value;
		return is_distance(*distance);
	}
}

/* Added to the object's address. */
static bool is_added(const ZydisDecodedOperand *to, const ZydisDecodedOperand *from, int64_t *distance)
{
	if (to->type != ZYDIS_OPERAND_TYPE_REGISTER || to->size != 64 || to->reg.value == ZYDIS_REGISTER_RSP ||
	    from->type != ZYDIS_OPERAND_TYPE_IMMEDIATE)
		return false;
	*distance = from->imm.value.s;
	return is_distance(*distance);
}

static enum finding finding_of(const struct look *look, int64_t *distance)
{
	const ZydisDecodedOperand *to = &look->operands[0], *from = &look->operands[1];

	switch (look->instruction.mnemonic) {
	case ZYDIS_MNEMONIC_RET:
		return END;
	case ZYDIS_MNEMONIC_LEA:
		return is_member(from, distance) ? PLACE : NOTHING;
	case ZYDIS_MNEMONIC_ADD:
		return is_added(to, from, distance) ? PLACE : NOTHING;
	case ZYDIS_MNEMONIC_MOV:
	case ZYDIS_MNEMONIC_MOVUPS:
	case ZYDIS_MNEMONIC_MOVDQU:
	case ZYDIS_MNEMONIC_VMOVUPS:
	case ZYDIS_MNEMONIC_VMOVDQU:
		if (to->type != ZYDIS_OPERAND_TYPE_REGISTER || !is_member(from, distance))
			return NOTHING;
		return to->size == 32 ? FLAG : to->size == 64 ? POINTER : PLACE;
	default:
		return NOTHING;
	}
}

static enum finding next(struct look *look, int64_t *distance)
{
	if (look->count++ >= INSTRUCTIONS_MOST ||
	    !ZYAN_SUCCESS(ZydisDecoderDecodeFull(&look->decoder, look->code, look->bytes, &look->instruction,
						 look->operands)))
		return END;
	look->code += look->instruction.length;
	look->bytes -= look->instruction.length;
	return finding_of(look, distance);
}

static void begin(struct look *look, const uint8_t *code, size_t bytes)
{
	look->code = code;
	look->bytes = bytes;
	look->count = 0;
	(void)ZydisDecoderInit(&look->decoder, ZYDIS_MACHINE_MODE_LONG_64, ZYDIS_STACK_WIDTH_64);
}

bool na_libssl_is_server(const uint8_t *code, size_t bytes, struct na_libssl_object *object)
{
	enum finding finding;
	int64_t distance = 0;
	struct look look;

	begin(&look, code, bytes);
	do
		finding = next(&look, &distance);
	while (finding == NOTHING);
	if (finding != FLAG || distance > UINT8_MAX)
		return false;
	object->is_server = (uint8_t)distance;
	return true;
}

static bool find_random(const uint8_t *code, size_t bytes, uint16_t *pointer, uint16_t *place)
{
	enum finding finding;
	int64_t distance = 0;
	struct look look;

	*pointer = 0;
	begin(&look, code, bytes);
	while ((finding = next(&look, &distance)) != END && finding != FLAG) {
		if (finding == PLACE) {
			*place = (uint16_t)distance;
			return true;
		}
		if (finding == POINTER && *pointer)
			return false;
		if (finding == POINTER)
			*pointer = (uint16_t)distance;
	}
	return false;
}

bool na_libssl_randoms(const uint8_t *client, size_t client_bytes, const uint8_t *server, size_t server_bytes,
		       struct na_libssl_object *object)
{
	uint16_t pointer;

	return find_random(client, client_bytes, &object->pointer, &object->client_random) &&
	       find_random(server, server_bytes, &pointer, &object->server_random) && pointer == object->pointer &&
	       object->client_random != object->server_random;
}

#else

bool na_libssl_is_server(const uint8_t *code, size_t bytes, struct na_libssl_object *object)
{
	(void)code;
	(void)bytes;
	(void)object;
	return false;
}

bool na_libssl_randoms(const uint8_t *client, size_t client_bytes, const uint8_t *server, size_t server_bytes,
		       struct na_libssl_object *object)
{
	(void)client;
	(void)client_bytes;
	(void)server;
	(void)server_bytes;
	(void)object;
	return false;
}

#endif
