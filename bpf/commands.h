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
	{ 0, NA_WORD4('A', 'P', 'O', 'P'), NA_COMMAND_APOP },
	{ 0, NA_WORD8(0, 0, 'A', 'P', 'P', 'E', 'N', 'D'), NA_COMMAND_APPEND },
	{ 0, NA_WORD4('A', 'U', 'T', 'H'), NA_COMMAND_AUTH },
	{ NA_WORD4('A', 'U', 'T', 'H'), NA_WORD8('E', 'N', 'T', 'I', 'C', 'A', 'T', 'E'), NA_COMMAND_AUTHENTICATE },
	{ 0, NA_WORD4('B', 'D', 'A', 'T'), NA_COMMAND_BDAT },
	{ 0, NA_WORD4('C', 'A', 'P', 'A'), NA_COMMAND_CAPA },
	{ NA_WORD4(0, 0, 'C', 'A'), NA_WORD8('P', 'A', 'B', 'I', 'L', 'I', 'T', 'Y'), NA_COMMAND_CAPABILITY },
	{ 0, NA_WORD8(0, 0, 0, 'C', 'H', 'E', 'C', 'K'), NA_COMMAND_CHECK },
	{ 0, NA_WORD8(0, 0, 0, 'C', 'L', 'O', 'S', 'E'), NA_COMMAND_CLOSE },
	{ 0, NA_WORD8('C', 'O', 'M', 'P', 'R', 'E', 'S', 'S'), NA_COMMAND_COMPRESS },
	{ 0, NA_WORD4('C', 'O', 'P', 'Y'), NA_COMMAND_COPY },
	{ 0, NA_WORD8(0, 0, 'C', 'R', 'E', 'A', 'T', 'E'), NA_COMMAND_CREATE },
	{ 0, NA_WORD4('D', 'A', 'T', 'A'), NA_COMMAND_DATA },
	{ 0, NA_WORD4('D', 'E', 'L', 'E'), NA_COMMAND_DELE },
	{ 0, NA_WORD8(0, 0, 'D', 'E', 'L', 'E', 'T', 'E'), NA_COMMAND_DELETE },
	{ 0, NA_WORD4('E', 'H', 'L', 'O'), NA_COMMAND_EHLO },
	{ 0, NA_WORD8(0, 0, 'E', 'N', 'A', 'B', 'L', 'E'), NA_COMMAND_ENABLE },
	{ 0, NA_WORD8(0, 'E', 'X', 'A', 'M', 'I', 'N', 'E'), NA_COMMAND_EXAMINE },
	{ 0, NA_WORD4('E', 'X', 'P', 'N'), NA_COMMAND_EXPN },
	{ 0, NA_WORD8(0, 'E', 'X', 'P', 'U', 'N', 'G', 'E'), NA_COMMAND_EXPUNGE },
	{ 0, NA_WORD8(0, 0, 0, 'F', 'E', 'T', 'C', 'H'), NA_COMMAND_FETCH },
	{ 0, NA_WORD8(0, 0, 'G', 'E', 'T', 'A', 'C', 'L'), NA_COMMAND_GETACL },
	{ 0, NA_WORD8('G', 'E', 'T', 'Q', 'U', 'O', 'T', 'A'), NA_COMMAND_GETQUOTA },
	{ NA_WORD4('G', 'E', 'T', 'Q'), NA_WORD8('U', 'O', 'T', 'A', 'R', 'O', 'O', 'T'), NA_COMMAND_GETQUOTAROOT },
	{ 0, NA_WORD4('H', 'E', 'L', 'O'), NA_COMMAND_HELO },
	{ 0, NA_WORD4('H', 'E', 'L', 'P'), NA_COMMAND_HELP },
	{ 0, NA_WORD4(0, 0, 'I', 'D'), NA_COMMAND_ID },
	{ 0, NA_WORD4('I', 'D', 'L', 'E'), NA_COMMAND_IDLE },
	{ 0, NA_WORD4('L', 'I', 'S', 'T'), NA_COMMAND_LIST },
	{ 0, NA_WORD8(0, 0, 0, 'L', 'O', 'G', 'I', 'N'), NA_COMMAND_LOGIN },
	{ 0, NA_WORD8(0, 0, 'L', 'O', 'G', 'O', 'U', 'T'), NA_COMMAND_LOGOUT },
	{ 0, NA_WORD4('L', 'S', 'U', 'B'), NA_COMMAND_LSUB },
	{ 0, NA_WORD4('M', 'A', 'I', 'L'), NA_COMMAND_MAIL },
	{ 0, NA_WORD4('M', 'O', 'V', 'E'), NA_COMMAND_MOVE },
	{ NA_WORD4(0, 0, 0, 'N'), NA_WORD8('A', 'M', 'E', 'S', 'P', 'A', 'C', 'E'), NA_COMMAND_NAMESPACE },
	{ 0, NA_WORD4('N', 'O', 'O', 'P'), NA_COMMAND_NOOP },
	{ 0, NA_WORD4('P', 'A', 'S', 'S'), NA_COMMAND_PASS },
	{ 0, NA_WORD4('Q', 'U', 'I', 'T'), NA_COMMAND_QUIT },
	{ 0, NA_WORD4('R', 'C', 'P', 'T'), NA_COMMAND_RCPT },
	{ 0, NA_WORD8(0, 0, 'R', 'E', 'N', 'A', 'M', 'E'), NA_COMMAND_RENAME },
	{ 0, NA_WORD4('R', 'E', 'T', 'R'), NA_COMMAND_RETR },
	{ 0, NA_WORD4('R', 'S', 'E', 'T'), NA_COMMAND_RSET },
	{ 0, NA_WORD8(0, 0, 'S', 'E', 'A', 'R', 'C', 'H'), NA_COMMAND_SEARCH },
	{ 0, NA_WORD8(0, 0, 'S', 'E', 'L', 'E', 'C', 'T'), NA_COMMAND_SELECT },
	{ 0, NA_WORD8(0, 0, 'S', 'E', 'T', 'A', 'C', 'L'), NA_COMMAND_SETACL },
	{ 0, NA_WORD4('S', 'O', 'R', 'T'), NA_COMMAND_SORT },
	{ 0, NA_WORD8('S', 'T', 'A', 'R', 'T', 'T', 'L', 'S'), NA_COMMAND_STARTTLS },
	{ 0, NA_WORD4('S', 'T', 'A', 'T'), NA_COMMAND_STAT },
	{ 0, NA_WORD8(0, 0, 'S', 'T', 'A', 'T', 'U', 'S'), NA_COMMAND_STATUS },
	{ 0, NA_WORD4('S', 'T', 'L', 'S'), NA_COMMAND_STLS },
	{ 0, NA_WORD8(0, 0, 0, 'S', 'T', 'O', 'R', 'E'), NA_COMMAND_STORE },
	{ NA_WORD4(0, 0, 0, 'S'), NA_WORD8('U', 'B', 'S', 'C', 'R', 'I', 'B', 'E'), NA_COMMAND_SUBSCRIBE },
	{ 0, NA_WORD8(0, 0, 'T', 'H', 'R', 'E', 'A', 'D'), NA_COMMAND_THREAD },
	{ 0, NA_WORD4(0, 'T', 'O', 'P'), NA_COMMAND_TOP },
	{ 0, NA_WORD4(0, 'U', 'I', 'D'), NA_COMMAND_UID },
	{ 0, NA_WORD4('U', 'I', 'D', 'L'), NA_COMMAND_UIDL },
	{ 0, NA_WORD8('U', 'N', 'S', 'E', 'L', 'E', 'C', 'T'), NA_COMMAND_UNSELECT },
	{ NA_WORD4(0, 'U', 'N', 'S'), NA_WORD8('U', 'B', 'S', 'C', 'R', 'I', 'B', 'E'), NA_COMMAND_UNSUBSCRIBE },
	{ 0, NA_WORD4('U', 'S', 'E', 'R'), NA_COMMAND_USER },
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
