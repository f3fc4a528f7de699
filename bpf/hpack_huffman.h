/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * Huffman codes of HPACK (RFC 7541, appendix B), and what a decoded character becomes. The codes are canonical: those
 * of one length are consecutive numbers, so a table of lengths and one of symbols is all there is.
 */
#ifndef NETAUDIT_BPF_HPACK_HUFFMAN_H
#define NETAUDIT_BPF_HPACK_HUFFMAN_H

#include "hpack_text.h"

#define NA_HUFFMAN_LONGEST 30

/* By length in bits: the first code, where its symbol is, and how many there are. */
static const struct {
	__u32 first;
	__u16 at, count;
} na_huffman_codes[32] = {
	[5] = { 0x0, 0, 10 },
	[6] = { 0x14, 10, 26 },
	[7] = { 0x5c, 36, 32 },
	[8] = { 0xf8, 68, 6 },
	[10] = { 0x3f8, 74, 5 },
	[11] = { 0x7fa, 79, 3 },
	[12] = { 0xffa, 82, 2 },
	[13] = { 0x1ff8, 84, 6 },
	[14] = { 0x3ffc, 90, 2 },
	[15] = { 0x7ffc, 92, 3 },
	[19] = { 0x7fff0, 95, 3 },
	[20] = { 0xfffe6, 98, 8 },
	[21] = { 0x1fffdc, 106, 13 },
	[22] = { 0x3fffd2, 119, 26 },
	[23] = { 0x7fffd8, 145, 29 },
	[24] = { 0xffffea, 174, 12 },
	[25] = { 0x1ffffec, 186, 4 },
	[26] = { 0x3ffffe0, 190, 15 },
	[27] = { 0x7ffffde, 205, 19 },
	[28] = { 0xfffffe2, 224, 29 },
	[30] = { 0x3ffffffc, 253, 3 },
};

/* In the order of their codes; the end of the string (256) is none that may be there. */
/* clang-format off */
static const __u8 na_huffman_symbols[256] = {
	48, 49, 50, 97, 99, 101, 105, 111, 115, 116, 32, 37, 45, 46, 47, 51,
	52, 53, 54, 55, 56, 57, 61, 65, 95, 98, 100, 102, 103, 104, 108, 109,
	110, 112, 114, 117, 58, 66, 67, 68, 69, 70, 71, 72, 73, 74, 75, 76,
	77, 78, 79, 80, 81, 82, 83, 84, 85, 86, 87, 89, 106, 107, 113, 118,
	119, 120, 121, 122, 38, 42, 44, 59, 88, 90, 33, 34, 40, 41, 63, 39,
	43, 124, 35, 62, 0, 36, 64, 91, 93, 126, 94, 125, 60, 96, 123, 92,
	195, 208, 128, 130, 131, 162, 184, 194, 224, 226, 153, 161, 167, 172, 176, 177,
	179, 209, 216, 217, 227, 229, 230, 129, 132, 133, 134, 136, 146, 154, 156, 160,
	163, 164, 169, 170, 173, 178, 181, 185, 186, 187, 189, 190, 196, 198, 228, 232,
	233, 1, 135, 137, 138, 139, 140, 141, 143, 147, 149, 150, 151, 152, 155, 157,
	158, 165, 166, 168, 174, 175, 180, 182, 183, 188, 191, 197, 231, 239, 9, 142,
	144, 145, 148, 159, 171, 206, 215, 225, 236, 237, 199, 207, 234, 235, 192, 193,
	200, 201, 202, 205, 210, 213, 218, 219, 238, 240, 242, 243, 255, 203, 204, 211,
	212, 214, 221, 222, 223, 241, 244, 245, 246, 247, 248, 250, 251, 252, 253, 254,
	2, 3, 4, 5, 6, 7, 8, 11, 12, 14, 15, 16, 17, 18, 19, 20,
	21, 23, 24, 25, 26, 27, 28, 29, 30, 31, 127, 220, 249, 10, 13, 22,
};
/* clang-format on */

/* One byte of a value. What is known of a code is in the stream: no turn of the loop differs for the verifier. */
__attribute__((noinline)) int na_hpack_huffman(__u32 slot, __u32 byte)
{
	struct na_clear_work *work = na_clear_work_of(slot);
	struct na_http2 *http2;

	if (!work)
		return 0;
	http2 = &work->stream.http2;
	for (int i = 0; i < 8; i++) {
		__u32 code = http2->code << 1 | (byte >> 7 & 1), bits = (http2->code_bits + 1) & 31, at;

		byte <<= 1;
		at = code - na_huffman_codes[bits].first;
		if (at < na_huffman_codes[bits].count) {
			at += na_huffman_codes[bits].at;
			asm volatile("" : "+r"(at));
			na_hpack_text(work, slot, na_huffman_symbols[at & 255]);
			code = 0;
			bits = 0;
		}
		if (bits > NA_HUFFMAN_LONGEST)
			http2->bad = 1;
		http2->code = code;
		http2->code_bits = bits;
	}
	return 0;
}

#endif
