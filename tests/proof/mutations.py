# SPDX-License-Identifier: GPL-2.0-or-later
"""Ways to spoil an export. Each takes its lines (bytes, without newlines) and returns others, or the packed file to write."""
import base64
import gzip
import hashlib
import re

MUTATIONS = []


def mutation(name):
    def add(function):
        MUTATIONS.append((name, function))
        return function
    return add


def find(lines, word, which=0):
    return [i for i, line in enumerate(lines) if line.startswith(word + b" ")][which]


def changed(lines, at, old, new):
    found = re.sub(old, new, lines[at], count=1)
    if found == lines[at]:
        raise ValueError(f"nothing to change in line {at}")
    return lines[:at] + [found] + lines[at + 1:]


def flipped(lines, at, field, position=5):
    """One character of one word becomes another of its alphabet."""
    words = lines[at].split(b" ", field + 1)
    one = words[field][position:position + 1]
    words[field] = words[field][:position] + (b"1" if one == b"0" else b"0") + words[field][position + 1:]
    return lines[:at] + [b" ".join(words)] + lines[at + 1:]


def simple(name, word, which, field, position=5):
    MUTATIONS.append((name, lambda lines: flipped(lines, find(lines, word, which), field, position)))


def replaced(name, word, which, old, new):
    MUTATIONS.append((name, lambda lines: changed(lines, find(lines, word, which), old, new)))


def without(name, word, which):
    def drop(lines):
        at = find(lines, word, which)
        return lines[:at] + lines[at + 1:]
    MUTATIONS.append((name, drop))


simple("another identity key", b"identity", 0, 1)
simple("another first one-time key", b"first-once", 0, 1)
replaced("another origin", b"origin", 0, rb"$", b"x")
replaced("a body: one digit", b"record", 3, rb'"t":1', b'"t":2')
replaced("a body: one blank more", b"record", 3, rb'":', b'": ')
replaced("a body: a member more", b"record", 3, rb"\{", b'{"a":1,')
replaced("the newest body", b"record", -1, rb'"tb":', b'"tb":1')
replaced("a seq too high", b"record", 4, rb" (\d+) ", rb" 9\1 ")
replaced("a seq with a leading zero", b"record", 4, rb" (\d+) ", rb" 0\1 ")
replaced("a needless hash of the row before", b"record", 1, rb" - ", b" " + b"0" * 64 + b" ")
simple("a root", b"head", 1, 2, 9)
simple("the newest root", b"head", -1, 2, 9)
simple("an identity signature", b"head", 0, 3, 50)
simple("the key id of an identity signature", b"head", 0, 3, 1)
simple("a one-time signature", b"head", 2, 4, 50)
simple("the newest one-time signature", b"head", -1, 4, 50)
replaced("a head's size", b"head", 1, rb"head (\d+)", rb"head 1\1")
replaced("both signatures of a head exchanged", b"head", 1, rb"(\S+) (\S+)$", rb"\2 \1")
without("no first record", b"record", 0)
without("no record in the middle", b"record", 4)
without("no newest head", b"head", -1)
without("no first head", b"head", 0)
without("no end", b"end", 0)
without("no span", b"complete", 0)
replaced("a count of records in its end", b"end", 0, rb"end (\d+)", rb"end 1\1")
replaced("a count of heads in its end", b"end", 0, rb"(\d+)$", rb"1\1")
replaced("a span beyond the newest head", b"complete", 0, rb"(\d+)$", rb"\g<1>9")
replaced("a span from 0", b"complete", 0, rb"complete \d+", rb"complete 0")
replaced("an unknown line", b"record", 2, rb"record", rb"Record")
replaced("two blanks", b"head", 0, rb" ", rb"  ")
replaced("a blank at the end of a line", b"head", 0, rb"$", rb" ")


@mutation("an unknown version")
def _(lines):
    return [b"netaudit-export/v2"] + lines[1:]


@mutation("two records exchanged")
def _(lines):
    at = find(lines, b"record", 4)
    return lines[:at] + [lines[at + 1], lines[at]] + lines[at + 2:]


@mutation("a record twice")
def _(lines):
    at = find(lines, b"record", 4)
    return lines[:at] + [lines[at]] + lines[at:]


@mutation("a head twice")
def _(lines):
    at = find(lines, b"head", 1)
    return lines[:at] + [lines[at]] + lines[at:]


@mutation("a record turned into what is left out, in a span that is complete")
def _(lines):
    at = find(lines, b"record", 0)
    once = bytes.fromhex(lines[3].split()[1].decode())
    identity = bytes.fromhex(lines[2].split()[1].decode())
    genesis = hashlib.sha256(b"netaudit/genesis/v1\n" + lines[1].split()[1] + identity + once).digest()
    row = hashlib.sha256(b"netaudit/row/v1\n" + (1).to_bytes(8, "big") + genesis + lines[at].split(b" ", 3)[3]).digest()
    skip = b"skip 0 " + hashlib.sha256(b"\0" + row).hexdigest().encode()
    after = lines[at + 1].replace(b" - ", b" " + row.hex().encode() + b" ", 1)
    return lines[:at] + [skip, after] + lines[at + 2:]


@mutation("a subtree where none fits")
def _(lines):
    at = find(lines, b"record", 4)
    return lines[:at] + [b"skip 5 " + b"0" * 64] + lines[at:]


@mutation("a level no journal has")
def _(lines):
    at = find(lines, b"record", 4)
    return lines[:at] + [b"skip 64 " + b"0" * 64] + lines[at:]


@mutation("more records than numbers")
def _(lines):
    at = find(lines, b"record", 0)
    return lines[:at] + [b"skip 59 " + b"0" * 64] * 33 + lines[at:]


@mutation("asked for in more words than a line of that kind has")
def _(lines):
    return changed(lines, 4, rb"$", b" " + b"x" * 512)


@mutation("everything chained again without the keys")
def _(lines):
    at = find(lines, b"record", 3)
    lines = changed(lines, at, rb'"uid":\d+', b'"uid":0')
    return lines


@mutation("a head of another journal put in")
def _(lines):
    at = find(lines, b"head", 1)
    words = lines[at].split()
    words[2] = base64.b64encode(bytes(32))
    return lines[:at] + [b" ".join(words)] + lines[at + 1:]


@mutation("the head record's next key")
def _(lines):
    return changed(lines, find(lines, b"head", 0) - 1, rb'"next_key":"..', b'"next_key":"00')


@mutation("cut after its newest head, without an end")
def _(lines):
    return lines[:find(lines, b"head", -1) + 1]


@mutation("cut in the middle of a line")
def _(lines):
    return gzip.compress(b"\n".join(lines)[:-30])


@mutation("the packed file cut")
def _(lines):
    return gzip.compress(b"\n".join(lines) + b"\n")[:-40]


@mutation("something after the end")
def _(lines):
    return lines + [b"end 1 1"]


@mutation("bytes after the packed file")
def _(lines):
    return gzip.compress(b"\n".join(lines) + b"\n") + b"more"


@mutation("a NUL in a body")
def _(lines):
    return changed(lines, find(lines, b"record", 3), rb'"kind"', b'"kin\0d"')


@mutation("a carriage return")
def _(lines):
    return changed(lines, find(lines, b"head", 0), rb"$", b"\r")


@mutation("an empty line")
def _(lines):
    at = find(lines, b"record", 2)
    return lines[:at] + [b""] + lines[at:]


@mutation("nothing at all")
def _(_lines):
    return gzip.compress(b"")


@mutation("one byte of the packed file")
def _(lines):
    packed = bytearray(gzip.compress(b"\n".join(lines) + b"\n"))
    packed[len(packed) // 2] ^= 1
    return bytes(packed)


def spoil(function, lines):
    """The packed file a mutation makes of these lines."""
    result = function(lines)
    return result if isinstance(result, bytes) else gzip.compress(b"\n".join(result) + b"\n")
