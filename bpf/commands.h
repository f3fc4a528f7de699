/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * Words that begin a command, as numbers: a word that is not in the table is never kept, for it may be anything.
 */
#ifndef NETAUDIT_BPF_COMMANDS_H
#define NETAUDIT_BPF_COMMANDS_H

#include "http_word.h"

#define NA_WORD4(a, b, c, d) NA_WORD8(0, 0, 0, 0, a, b, c, d)

/* In upper case, as na_word_byte() leaves them. */
static const struct {
	__u64 high, low;
	__u64 command;
} na_command_words[] = {
	{ 0, NA_WORD4('A', 'U', 'T', 'H'), NA_COMMAND_AUTH },
	{ 0, NA_WORD4('B', 'D', 'A', 'T'), NA_COMMAND_BDAT },
	{ 0, NA_WORD4('D', 'A', 'T', 'A'), NA_COMMAND_DATA },
	{ 0, NA_WORD4('E', 'H', 'L', 'O'), NA_COMMAND_EHLO },
	{ 0, NA_WORD4('E', 'X', 'P', 'N'), NA_COMMAND_EXPN },
	{ 0, NA_WORD4('H', 'E', 'L', 'O'), NA_COMMAND_HELO },
	{ 0, NA_WORD4('H', 'E', 'L', 'P'), NA_COMMAND_HELP },
	{ 0, NA_WORD4('M', 'A', 'I', 'L'), NA_COMMAND_MAIL },
	{ 0, NA_WORD4('N', 'O', 'O', 'P'), NA_COMMAND_NOOP },
	{ 0, NA_WORD4('Q', 'U', 'I', 'T'), NA_COMMAND_QUIT },
	{ 0, NA_WORD4('R', 'C', 'P', 'T'), NA_COMMAND_RCPT },
	{ 0, NA_WORD4('R', 'S', 'E', 'T'), NA_COMMAND_RSET },
	{ 0, NA_WORD8('S', 'T', 'A', 'R', 'T', 'T', 'L', 'S'), NA_COMMAND_STARTTLS },
	{ 0, NA_WORD4('V', 'R', 'F', 'Y'), NA_COMMAND_VRFY },
};

/* The word that is being read ends here: enum na_dialogue_command. */
__attribute__((noinline)) int na_command_of(__u32 slot)
{
	struct na_clear_work *work = na_clear_work_of(slot);
	__u64 high, low;

	if (!work || work->stream.word_bytes > 16)
		return NA_COMMAND_OTHER;
	high = work->stream.word[1];
	low = work->stream.word[0];
	for (__u32 i = 0; i < sizeof(na_command_words) / sizeof(*na_command_words); i++)
		if (na_command_words[i].low == low && na_command_words[i].high == high)
			return na_command_words[i].command;
	return NA_COMMAND_OTHER;
}

/* The next byte of such a word. False: it ends here. */
static __always_inline bool na_command_byte(struct na_clear_stream *stream, __u8 c)
{
	if (!na_is_letter(c))
		return false;
	na_word_byte(stream, c & ~0x20);
	return true;
}

/* Commands and replies in order; one that follows itself is there once. */
static __always_inline void na_put_step(struct na_message *message, __u16 step)
{
	__u64 count = message->step_count, before = count - 1;

	asm volatile("" : "+r"(count), "+r"(before));	/* each bound is stated next to its use, for the verifier */
	if (before < NA_MESSAGE_STEPS && message->steps[before] == step)
		return;
	if (count >= NA_MESSAGE_STEPS) {
		message->flags |= NA_MESSAGE_STEPS_CUT;
		return;
	}
	message->steps[count] = step;
	message->step_count = count + 1;
}

#endif
