# SPDX-License-Identifier: GPL-2.0-or-later
"""SipHash-2-4 with 128 bits, written from the paper, to check the kernel's by."""

MASK = (1 << 64) - 1


def rotate(x, bits):
    return (x << bits | x >> (64 - bits)) & MASK


def rounds(state, count):
    a, b, c, d = state
    for _ in range(count):
        a = (a + b) & MASK
        c = (c + d) & MASK
        b = rotate(b, 13) ^ a
        d = rotate(d, 16) ^ c
        a = rotate(a, 32)
        c = (c + b) & MASK
        a = (a + d) & MASK
        b = rotate(b, 17) ^ c
        d = rotate(d, 21) ^ a
        c = rotate(c, 32)
    return [a, b, c, d]


def siphash128(key, data):
    """Two words, as 32 hex digits."""
    low, high = int.from_bytes(key[:8], "little"), int.from_bytes(key[8:], "little")
    constants = [int.from_bytes(b"somepseudorandomlygeneratedbytes"[i:i + 8], "big") for i in (0, 8, 16, 24)]
    state = [c ^ k for c, k in zip(constants, (low, high, low, high))]
    state[1] ^= 0xee
    padded = data + b"\0" * (7 - len(data) % 8) + bytes([len(data) % 256])
    for i in range(0, len(padded), 8):
        word = int.from_bytes(padded[i:i + 8], "little")
        state[3] ^= word
        state = rounds(state, 2)
        state[0] ^= word
    state[2] ^= 0xee
    state = rounds(state, 4)
    first = state[0] ^ state[1] ^ state[2] ^ state[3]
    state[1] ^= 0xdd
    state = rounds(state, 4)
    return f"{first:016x}{state[0] ^ state[1] ^ state[2] ^ state[3]:016x}"


# The paper's authors publish this for the key 00 … 0f and no input: a3 81 7f 04 ba 25 a8 e6 6d f6 72 14 c7 55 02 93.
assert siphash128(bytes(range(16)), b"") == "e6a825ba047f81a3930255c71472f66d"
