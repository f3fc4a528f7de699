#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Checks a netaudit export with nothing but Python: usage: netaudit_verify.py FINGERPRINT FILE [HEAD-FILE] [--witness KEY]

FINGERPRINT  the 64 hex digits written down when the journal was made. It comes from you, never from the file.
HEAD-FILE    a signed head that was kept elsewhere (as a file, or typed from a page): must be one of the file's heads.
KEY          a witness's public key as the witness publishes it, NAME+KEYID+BASE64: must have cosigned one of the file's heads,
             and every cosignature under its name and key id must be right. It comes from you, too.

Exit status: 0 verified; 1 changed, cut off or forged; 2 usage; 3 cannot read; 4 verified, with remarks.
The format is docs/export-format.md; the functions below follow its section "How to check it" from top to bottom.
"""
import base64
import hashlib
import json
import re
import sys
import zlib

try:
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
except ImportError:
    Ed25519PublicKey = None

LINE_BYTES = 65664
NUMBER, HASH, ROOT, SIGNATURE = r"(0|[1-9][0-9]{0,18})", r"([0-9a-f]{64})", r"([A-Za-z0-9+/]{43}=)", r"([A-Za-z0-9+/]{91}=)"
HEADER = [rf"{re.escape('netaudit-export/v1')}", r"origin ([!-*,-~]{1,128})", rf"identity {HASH}", rf"first-once {HASH}",
          r"asked (.{1,512})", rf"(complete|filtered) {NUMBER} {NUMBER}"]


class Wrong(Exception):
    """The file does not prove what it should."""


def need(condition, why):
    if not condition:
        raise Wrong(why)


def sha256(*parts):
    return hashlib.sha256(b"".join(parts)).digest()


# Ed25519 as RFC 8032 has it, for machines without the `cryptography` package.
P = 2 ** 255 - 19
ORDER = 2 ** 252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, P - 2, P) % P


def recover_x(y, sign):
    """The x of a point, or None; small orders are refused with the rest, as they prove nothing."""
    x2 = (y * y - 1) * pow(D * y * y + 1, P - 2, P) % P
    x = pow(x2, (P + 3) // 8, P)
    if (x * x - x2) % P:
        x = x * pow(2, (P - 1) // 4, P) % P
    if (x * x - x2) % P or x == 0:
        return None
    return P - x if x & 1 != sign else x


def add(a, b):
    (x1, y1, z1, t1), (x2, y2, z2, t2) = a, b
    e, f = (y1 - x1) * (y2 - x2) % P, (y1 + x1) * (y2 + x2) % P
    g, h = 2 * t1 * t2 * D % P, 2 * z1 * z2 % P
    e, f, g, h = f - e, h - g, h + g, f + e
    return e * f % P, g * h % P, f * g % P, e * h % P


def multiply(scalar, point):
    total = (0, 1, 1, 0)
    while scalar:
        if scalar & 1:
            total = add(total, point)
        point = add(point, point)
        scalar >>= 1
    return total


def decode_point(text):
    y = int.from_bytes(text, "little")
    sign, y = y >> 255, y & (1 << 255) - 1
    x = recover_x(y, sign) if y < P else None
    return None if x is None else (x, y, 1, x * y % P)


BASE_Y = 4 * pow(5, P - 2, P) % P
BASE = decode_point(BASE_Y.to_bytes(32, "little"))


def signed_by(key, signature, message):
    if Ed25519PublicKey:
        try:
            Ed25519PublicKey.from_public_bytes(key).verify(signature, message)
            return True
        except (InvalidSignature, ValueError):
            return False
    a, r, s = decode_point(key), decode_point(signature[:32]), int.from_bytes(signature[32:], "little")
    if a is None or r is None or s >= ORDER:
        return False
    k = int.from_bytes(hashlib.sha512(signature[:32] + key + message).digest(), "little") % ORDER
    left, right = multiply(s, BASE), add(r, multiply(k, a))
    return (left[0] * right[2] - right[0] * left[2]) % P == 0 and (left[1] * right[2] - right[1] * left[2]) % P == 0


def lines_of(file):
    """The lines of exactly one gzip member."""
    unpack, rest = zlib.decompressobj(31), b""
    while not unpack.eof:
        packed = unpack.unconsumed_tail or file.read(65536)
        try:
            text = unpack.decompress(packed, 1 << 20)
        except zlib.error as error:
            raise Wrong("the packed file is damaged") from error
        need(packed or text, "it ends before its end: something was cut off")
        rest += text
        *whole, rest = rest.split(b"\n")
        need(all(len(line) <= LINE_BYTES for line in (*whole, rest)), "a line is too long")
        yield from whole
    need(not rest and not unpack.unused_data and not file.read(1), "something follows its end")


class Witness:
    """A witness as C2SP tlog-cosignature has it; says what of the file it has seen."""

    def __init__(self, published):
        name, key_id, key = re.fullmatch(r"([!-*,-~]{1,128})\+([0-9a-f]{8})\+([A-Za-z0-9+/]{44})", published).groups()
        self.name, self.key_id, self.key, self.size, self.time = name, bytes.fromhex(key_id), base64.b64decode(key), 0, 0
        if self.key[0] != 4 or sha256(name.encode(), b"\n", self.key)[:4] != self.key_id:
            raise ValueError("not the key of a witness")

    def look(self, name, text, size, body):
        """At one cosignature under the head whose first three lines are `body`."""
        raw = base64.b64decode(text)
        if name != self.name or raw[:4] != self.key_id:
            return
        when = int.from_bytes(raw[4:12], "big")
        need(signed_by(self.key[1:], raw[12:], b"cosignature/v1\ntime %d\n" % when + body),
             f"head at {size}: not cosigned by the witness {name}, whose name is under it")
        self.size, self.time = size, when


class Export:
    def __init__(self, fingerprint, head, witness):
        self.fingerprint, self.kept_head, self.kept_found, self.witness = fingerprint, head, False, witness
        self.size, self.frontier, self.row_hash = 0, [], None
        self.number, self.previous_note, self.due = 0, bytes(32), None
        self.records = self.head_size = self.witnesses = self.rotations = 0
        self.kinds, self.may_end, self.head_t, self.head_body = {}, False, 0, b""

    def header(self, lines):
        found = []
        for pattern in HEADER:
            match = re.fullmatch(pattern, next(lines, b"").decode())
            need(match, "it does not begin as an export does")
            found += match.groups()
        self.origin, identity, once, self.asked, self.scope, first, last = found
        self.identity, self.once = bytes.fromhex(identity), bytes.fromhex(once)
        self.first, self.last = int(first), int(last)
        need(0 < self.first <= self.last + 1, "the span is none")
        need(sha256(b"netaudit/fingerprint/v1\n", self.identity, self.once).hex() == self.fingerprint,
             "its keys are not those of the given fingerprint: it is of another journal")
        self.row_hash = sha256(b"netaudit/genesis/v1\n", self.origin.encode(), self.identity, self.once)

    def append(self, level, root):
        """The frontier is a list of (level, root), the widest tree first."""
        need(self.size % (1 << level) == 0, "no perfect tree of that level can follow here")
        self.size += 1 << level
        while self.frontier and self.frontier[-1][0] == level:
            root, level = sha256(b"\1", self.frontier.pop()[1], root), level + 1
        self.frontier.append((level, root))

    def root(self):
        root = self.frontier[-1][1]
        for _, left in reversed(self.frontier[:-1]):
            root = sha256(b"\1", left, root)
        return root

    def skip(self, level, root):
        need(self.due is None, f"record {self.size}: its signed head is missing")
        first, last = self.size + 1, self.size + (1 << min(int(level), 63))
        need(last < 1 << 63, "no journal has so many records")
        need(self.scope == "filtered" or last < self.first or first > self.last,
             f"records {first} to {last} are left out of a span that is said to be complete")
        self.append(int(level), bytes.fromhex(root))
        self.row_hash = None

    def record(self, seq, previous, body):
        need(self.due is None, f"record {self.size}: its signed head is missing")
        need(int(seq) == self.size + 1, f"record {seq} where record {self.size + 1} was due")
        need((previous == "-") == (self.row_hash is not None), f"record {seq}: the hash of the row before it is missing or needless")
        self.row_hash = sha256(b"netaudit/row/v1\n", int(seq).to_bytes(8, "big"),
                               self.row_hash or bytes.fromhex(previous), body)
        self.append(0, sha256(b"\0", self.row_hash))
        self.records += 1
        members = json.loads(body)
        need(isinstance(members, dict) and isinstance(members.get("kind"), str), f"record {seq}: not a record")
        kind = members["kind"] if members.get("clean", True) else "unclean " + members["kind"]
        self.kinds[kind] = self.kinds.get(kind, 0) + 1
        if kind == "head":
            need(members["number"] == self.number, f"record {seq}: head number {members['number']} where {self.number} was due")
            need(members["previous_note"] == self.previous_note.hex(), f"record {seq}: names another head before it")
            self.due = members

    def head(self, size, root, *signatures):
        need(self.due is not None and int(size) == self.size, f"head at {size}: it does not follow its own record")
        need(root == base64.b64encode(self.root()).decode(), f"records up to {size} are not those that were signed")
        body = f"{self.origin}\n{size}\n{root}\n".encode()
        note = body + b"\n"
        for suffix, key, text in zip(("", "/once"), (self.identity, self.once), signatures):
            raw = base64.b64decode(text)
            name = (self.origin + suffix).encode()
            need(raw[:4] == sha256(name, b"\n\x01", key)[:4] and base64.b64encode(raw).decode() == text and
                 signed_by(key, raw[4:], body), f"head at {size}: not signed by its key '{self.origin + suffix}'")
            note += "\u2014 ".encode() + name + b" " + text.encode() + b"\n"
        self.once = bytes.fromhex(self.due["next_key"])
        if "next_identity" in self.due:
            self.identity, self.rotations = bytes.fromhex(self.due["next_identity"]), self.rotations + 1
        self.previous_note, self.head_t, self.head_size, self.head_body = sha256(note), int(self.due["t"]), self.size, body
        self.number, self.due = self.number + 1, None
        if self.kept_head and self.kept_head[1] == size:
            need(self.kept_head[0] == self.origin and self.kept_head[2] == root,
                 f"head at {size}: another one than the head that was kept: this is another history")
            self.kept_found = True

    def walk(self, lines):
        for line in lines:
            word, _, rest = line.partition(b" ")
            patterns = {b"skip": rf"{NUMBER} {HASH}", b"record": rf"{NUMBER} (-|[0-9a-f]{{64}}) (\{{.*\}})",
                        b"head": rf"{NUMBER} {ROOT} {SIGNATURE} {SIGNATURE}", b"witness": r"([!-*,-~]{1,128}) ([A-Za-z0-9+/=]{104})",
                        b"end": rf"{NUMBER} {NUMBER}"}
            match = re.fullmatch(patterns.get(word, "$^"), rest.decode())
            need(match, "not a line of an export")
            fields = list(match.groups())
            if word == b"end":
                need(self.may_end and fields == [str(self.records), str(self.number)] and self.last <= self.size, "its end is wrong")
                need(next(lines, None) is None, "something follows its end")
                need(self.kept_found or not self.kept_head, "the head that was kept is not in it")
                need(not self.witness or self.witness.size, "no head in it is cosigned by the witness")
                return
            if word == b"record":
                fields[2] = rest.split(b" ", 2)[2]
            if word == b"witness":
                need(self.may_end, "a witness without a head")
                need(base64.b64encode(base64.b64decode(fields[1])).decode() == fields[1], "a cosignature spelled in another way")
                self.witnesses += 1
                if self.witness:
                    self.witness.look(*fields, self.head_size, self.head_body)
            else:
                {b"skip": self.skip, b"record": self.record, b"head": self.head}[word](*fields)
            self.may_end = word in (b"head", b"witness")
        raise Wrong("it ends before its end: something was cut off")


def report(export):
    remarks = [text for kind, text in (("gap", "gaps: spans in which something may have been missed"),
                                       ("lost", "losses: events were lost, counted and recorded as such"),
                                       ("unclean start", "unclean stops of the daemon")) if kind in export.kinds]
    print(f"verified{' with remarks' if remarks else ''}: journal {export.origin}, key {export.fingerprint}")
    print(f"{export.number} signed heads, the newest over records 1 to {export.head_size}, {export.head_t / 1e6:.0f} seconds after 1970")
    if export.scope == "complete":
        print(f"complete: every record from {export.first} to {export.last} is in the file")
    else:
        print(f"filtered: {export.records} genuine records; it proves what is in it, not what is absent")
    for remark in remarks:
        print(f"remark: {remark}")
    print(f"identity key changed {export.rotations} times; {export.witnesses} cosignatures of witnesses"
          f" ({'those of the given one are right' if export.witness else 'not checked: no key was given'})")
    if export.witness:
        print(f"the witness {export.witness.name} saw records 1 to {export.witness.size}, {export.witness.time} seconds after 1970")
    print("asked for (a claim, not proved):", ascii(export.asked))
    return 4 if remarks else 0


def main(arguments):
    witness = None
    try:
        if "--witness" in arguments:
            at = arguments.index("--witness")
            witness = Witness(arguments[at + 1])
            arguments = arguments[:at] + arguments[at + 2:]
    except (IndexError, AttributeError, ValueError):
        print("a witness's key has the form NAME+KEYID+BASE64, and is one for cosignatures", file=sys.stderr)
        return 2
    if len(arguments) not in (2, 3) or not re.fullmatch("[0-9a-f]{64}", arguments[0]):
        print(__doc__, file=sys.stderr)
        return 2
    try:
        head = None
        if len(arguments) == 3:
            with open(arguments[2], encoding="utf-8") as file:
                head = file.read().split("\n")
            if len(head) < 5 or head[3] or head[-1]:
                print("the head that was kept is not a signed head", file=sys.stderr)
                return 2
        export = Export(arguments[0], head, witness)
        with open(arguments[1], "rb") as file:
            lines = lines_of(file)
            export.header(lines)
            export.walk(lines)
    except OSError as error:
        print(f"nothing can be said: {error}", file=sys.stderr)
        return 3
    except (Wrong, ValueError, KeyError, TypeError, OverflowError, RecursionError) as error:
        print("BROKEN:", ascii(str(error)))
        return 1
    return report(export)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
