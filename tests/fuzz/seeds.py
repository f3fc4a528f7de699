#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Writes the first inputs of one fuzz target: seeds.py TARGET FOLDER. A target without a row here starts from nothing."""
import base64
import json
import os
import socket
import struct
import sys


def record(**members):
    """A canonical body: sorted keys, nothing needless."""
    members = {"nonce": "00" * 16, "t": 1800000000000000, "tb": 1000000, **members}
    return json.dumps(members, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


FLOW = {"channel": "https", "comm": "odoo", "direction": "outbound", "dport": 443, "dst": "192.0.2.1", "family": "inet",
        "flow": "0123456789abcdef", "pid": 7, "worker": "http"}
RECORDS = [
    record(kind="open", **FLOW),
    record(kind="close", bytes_in=10, bytes_out=20, duration_us=1234567, errno=111, result="refused", **FLOW),
    record(kind="datagram", messages_in=1, messages_out=2, **{**FLOW, "channel": "dns", "dst": "2001:db8::53"}),
    record(kind="open", addon="n", addons=["n", {"hex": "ff1b"}], author="addon", evidence="python-stack", frame_file="/n/x.py",
           frame_line=7, **FLOW),
    record(kind="author", author="unknown", author_reason="work handed to a pool", disagree=True, flow="0123456789abcdef"),
    record(kind="process", comm="sh", event="exec", exe="/bin/sh", pid=8),
    record(kind="process", comm_hex="ff1b", event="exit", exit_code=256, pid=8),
    record(kind="lost", count=3, losses=[{"comm": "odoo", "count": 3, "dst": "192.0.2.1", "dport": 1, "reason": "ring"}]),
    record(kind="gap", cause="killed", component="journal", from_t=1800000000000000, refused=1, uncommitted=2),
    record(kind="clock", step_us=-3600000000),
    record(kind="clock", step_us=-2 ** 63, t=2 ** 63 - 1, tb=-2 ** 63),
    record(kind="config", settings="daemon.user = netaudit"),
    record(kind="start", backend="tracepoint", clean=False, version="0"),
    record(kind="open", path="a\tb\"\\\u202e\u0001", abstract=True, channel="unix"),
]


def note(size):
    def line(name):
        return f"\u2014 {name} {base64.b64encode(bytes(68)).decode()}\n"
    return (f"example.org/log\n{size}\n{base64.b64encode(bytes(32)).decode()}\n\n" + line("example.org/log") +
            line("example.org/log/once")).encode()


STATUS = json.dumps({
    "state": "running", "version": "0", "scope": "odoo", "backend": "tracepoint", "hooks": "a b", "missing_hooks": "c",
    "now_boottime_ns": 5000000000, "started_boottime_ns": 1000000000, "head_boottime_ns": 4000000000, "last_seq": 9,
    "head_size": 8, "index_seq": 7, "queue_used_bytes": 1, "queue_capacity_bytes": 2, "events_received": {"open": 1},
    "components": {"supervisor": {"pid": 1, "restarts": 1}}, "lost_ring": 1, "uncounted_misses": True}).encode()

EXTREME = STATUS.replace(b"5000000000", b"%d" % (2 ** 63 - 1)).replace(b"1000000000", b"%d" % -2 ** 63)
EXTREME = EXTREME.replace(b'"last_seq": 9', b'"last_seq": %d' % -2 ** 63)

# how it is read, how many destinations; then na_loss_key and na_loss_value: a process whose name grows most when escaped
LOST = bytes([0x83, 64]) + struct.pack("=QII16sHHIQ16s", 1, 2 ** 32 - 1, 3, bytes(range(0x11, 0x21)), 65535, socket.AF_INET6, 1,
                                       2 ** 50 - 1, b"\1" * 15) + b"\xff" * 300

# texts that are cut wherever a place is too small for them, in characters of 2, 3 and 4 bytes
LONG = [json.dumps({"kind": kind, "comm": c * 300, "dst": c * 300, "dport": 1, "src": c * 300, "sport": c * 300, "exe": c * 300},
                   ensure_ascii=False).encode() for c in "\xe9\u20ac\U0001f40d" for kind in ("open", "process", "lost")]



def elf(names, notes, constants, where=".rodata"):
    """A program file with one code segment, these symbols, USDT notes and read-only bytes."""
    sections = {".shstrtab": (3, 0, b""), ".dynstr": (3, 0, b"\0" + b"\0".join(names) + b"\0"), ".dynsym": (11, 2, b""),
                ".note.stapsdt": (7, 0, notes), where: (1, 0, constants), ".PyRuntime": (8, 0, b"")}
    texts = [b"", *(name.encode() for name in sections)]
    sections[".shstrtab"] = (3, 0, b"\0".join(texts) + b"\0")
    strings = sections[".dynstr"][2]
    sections[".dynsym"] = (11, 2, bytes(24) + b"".join(
        struct.pack("=IBBHQQ", strings.index(b"\0" + name + b"\0") + 1, 0x11, 0, 1, 0x5000, 8) for name in names))
    headers, body, at = bytes(64), b"", 64 + 56
    for name, (kind, link, content) in sections.items():
        headers += struct.pack("=IIQQQQIIQQ", sections[".shstrtab"][2].index(name.encode()), kind, 2, 0x4000, at, len(content),
                               link, 0, 4, 0)
        body += content
        at += len(content)
    return (b"\x7fELF\2\1\1" + bytes(9) + struct.pack("=HHIQQQIHHHHHH", 3, 62, 1, 0, 64, at, 0, 64, 56, 1, 64,
                                                      1 + len(sections), 1) +
            struct.pack("=IIQQQQQQ", 1, 5, 0x1000, 0x2000, 0x2000, 0x500, 0x500, 0x1000) + body + headers)


def probe(provider, name):
    described = bytes(24) + provider + b"\0" + name + b"\0" + b"8@%rax 8@-16(%rbp)\0"
    return struct.pack("=III", 8, len(described), 3) + b"stapsdt\0" + described + bytes(-len(described) % 4)


PYTHON = [b"_PyRuntime", b"PyCode_Type", b"PyUnicode_Type", b"PyModule_AddType"]
PROBES = probe(b"python", b"gc__start") + probe(b"python", b"audit")
# 3.13's published offsets, where they are looked at
OFFSETS = struct.pack("=8s127Q", b"xdebugpy", 0x030d00f0, *(
    {5: 632, 22: 16, 45: 8, 47: 24, 65: 16, 66: 32, 70: 40}.get(word, 0) for word in range(2, 128)))
# where functions begin, behind the address 0x4000 of the table
LOOP = struct.pack("=IIIiIiIiI", 0x3b031b01, 0, 3, 0x2010 - 0x4000, 0, 0x2050 - 0x4000, 0, 0x2090 - 0x4000, 0)

with open(os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "proof", "golden.json"), encoding="utf-8") as golden:
    EXPORT = json.load(golden)["export"].encode()
COSIGNATURE = "\u2014 witness.example.org/w ".encode() + base64.b64encode(bytes(76))

# Who speaks, and what: both directions of a session.
SESSIONS = (
    (b"S220 x\r\n", b"CEHLO x\r\n", b"S250-x\r\n250 AUTH\r\n", b"CAUTH LOGIN\r\n", b"S334 x\r\n", b"Cx\r\n", b"S235 x\r\n",
     b"CMAIL FROM:<a@b>\r\nRCPT TO:<@x,@y:\"a\\\"@\"@b.c>\r\nRCPT TO:<a@b.c>\r\nRCPT TO:<a@[IPv6:::1]>\r\nDATA\r\n",
     b"S250 x\r\n250 x\r\n550 x\r\n550 x\r\n354 x\r\n", b"Cx: y\r\n\r\n..x\r\nlonger lines of text\r\n.\r\n", b"S250 x\r\n",
     b"CQUIT\r\n", b"S221 x\r\n"),
    (b"S220 x\r\n", b"CHELO x\r\nSTARTTLS\r\n", b"S250 x\r\n220 x\r\n", b"C\x16\3\1"),
    (b"S* OK x\r\n", b"Ca LOGIN x {2}\r\nyyb UID FETCH 1 x\r\nc AUTHENTICATE x\r\n", b"S+ x\r\na OK x\r\n* 1 FETCH {3+}\r\nx\r\n)\r\nb NO x\r\n",
     b"Cx\r\n", b"Sc BAD x\r\n"), (b"CA1 CAPABILITY\r\n", b"S* x\r\nA1 OK x\r\n"),
    (b"S+OK x\r\n", b"CUSER x\r\nRETR 1\r\nLIST\r\nAUTH x\r\n", b"S+OK\r\n+OK\r\nx\r\n..\r\n.\r\n-ERR x\r\n+ x\r\n", b"Cx\r\n", b"S+OK x\r\n"),
    (b"C0\x17\2\1\1`\x12\2\1\3\4\5cn=me\x80\6SECRET", b"S0\x0c\2\1\1a\7\n\1\x31\4\0\4\0", b"C0\x84\0\0\0\x0d\2\2\1\2c\x84\0\0\0\3abc",
     b"S0\x0c\2\2\1\2d\6SECRET0\x84\0\0\0\x11\2\2\1\2e\x84\0\0\0\7\n\1\0\4\0\4\0", b"C0\5\2\1\3B\0"),
    (b"C\0\0\0\x08\x04\xd2\x16\x2f", b"SN", b"C\0\0\0\x23\0\3\0\0user\0odoo12345\0database\0a@b\0\0",
     b"SR\0\0\0\x0c\0\0\0\x05saltR\0\0\0\x08\0\0\0\0Z\0\0\0\5I"),
    (b"C\0\0\0\x15\0\3\0\0user\0odoo12\0\0", b"SE\0\0\0\x1eSFATAL\0C28P01\0MSECRET no\0\0"),
    (b"CEHLO x\r\n", b"S250 x\r\n", b"CMAIL FROM:<>\r\nBDAT 3\r\nabcBDAT 2 LAST\r\nabRSET\r\n", b"S250 x\r\n250 x\r\n250 x\r\n250 x\r\n"),
    (b"C\5\1\2", b"S\5\2", b"C\1\1u\1p", b"S\1\0", b"C\5\1\0\3\5h.exa\0\x19", b"S\5\0\0\1\1\2\3\4\0\1", b"S220 x\r\n", b"CEHLO x\r\nQUIT\r\n",
     b"S250 x\r\n221 x\r\n"),
    (b"C\4\1\0\x19\0\0\0\1u\0h.example\0", b"S\0\x5a\0\0\0\0\0\0", b"Ca1 NOOP\r\n", b"Sa1 OK x\r\n"),
    (b"C\5\1\0\5\1\0\4" + bytes(range(16)) + b"\0\x50", b"S\5\0\5\5\0\1\0\0\0\0\0\0", b"CGET / HTTP/1.1\r\n\r\n"),
    (b"CPRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\4\0\0\0\0\0\0\0\x11\1\5\0\0\0\1\x82\x86\x84A\x8c\xf1\xe3\xc2\xe5\xf2:k\xa0\xab\x90\xf4\xff"
     b"\0\0\2\1\4\0\0\0\3\x83\xbe\0\0\7\0\x08\0\0\0\3\2abcd\0\0\0\0\0\0\1\0\0\0\3", b"S\0\0\6\4\0\0\0\0\0\0\3\0\0\0d\0\0\5\1\4\0\0\0\1H\x03302"
     b"\0\0\1\0\1\0\0\0\1x\0\0\1\1\5\0\0\0\3\xbe", b"C\0\0\x0d\1\x2c\0\0\0\5\1\0\0\0\0\x10\x82\4\3/a?\xbe\0"),
    (b"S\0\0\6\4\0\0\0\0\0\0\3\0\0\0d", b"CPRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\4\1\0\0\0\0\1\x82\x20\x44\x88\0\0\x08\x09\4\0\0\0\1/12345?a"),
    (b"CCONNECT h:25 HTTP/1.1\r\n\r\n", b"SHTTP/1.1 200 OK\r\n\r\n220 x\r\n", b"CEHLO x\r\nQUIT\r\n", b"S250 x\r\n221 x\r\n"),
)


def turns(session):
    """As the target takes them: a byte with the speaker and how many bytes follow, and those."""
    for turn in session:
        for at in range(1, len(turn), 127):
            piece = turn[at:at + 127]
            yield bytes([(0x80 if turn[:1] == b"S" else 0) | len(piece)]) + piece


# Asks for a.b and h2, with an encrypted ClientHello.
EXTENSIONS = b"\0\0\0\x08\0\6\0\0\3a.b" + b"\0\x10\0\5\0\3\2h2" + b"\xfe\x0d\0\1x"
HELLO = b"\3\3" + bytes(32) + b"\1s\0\2\x13\1\1\0" + len(EXTENSIONS).to_bytes(2, "big") + EXTENSIONS
HELLO = b"\1" + len(HELLO).to_bytes(3, "big") + HELLO

SEEDS = {
    "addons": [bytes([parser]) + text for parser, text in (
        (0, b"python3\0odoo-bin\0--addons-path=/a,b\0-D\0/d\0-c/x\0"), (0, b"python3\0-m\0odoo\0--config\0x\0"),
        (1, b"HOME=/h\0PYTHONPATH=/a:/b\0"),
        (2, b"[options]\naddons_path = /a,\n  /b\n;x\ndata_dir:False\n[DEFAULT]\na=b\n"),
        (3, b"version_info = (19, 0, 0, FINAL, 0, '')\n"), (3, b"version_info = ('saas~18', 2)"))],
    # the last: what is looked at begins in the middle of a line, where a note seems to
    "anchors": [note(1) + note(2), note(1) + note(2)[:-9], b"", b"x" * 39 + note(1) + b"y" * (3 * 1024 - len(note(1)))],
    "attribute": [b"\1\0\7\0" + b"\3\0\0\1" * 2 + b"\6\0\0\0", b"\0\4\0\2\0a\0\x80\xdc", b"\1\0\0\1\2\0\0\0",
                  b"\2\x09\0\1\1b\xfccher.de", b"\2\x10\0\1\1fe80::1%lo"],
    "canonical": [b"\0" + body for body in RECORDS] + [b"\1odoo\xff", b"\1a\0\x1f\xc3\xa9\""],
    "catalogue": [b"[acme]\nname = Acme\nbucket = vendor\nsource = https://acme.example\ndomain = acme.co.uk\nport = 443\n",
                  b"[x]\nhost = *.x.example.com\naddress = 10.0.0.0/8\naddress = 2001:db8::/32\n[y]\nbucket = internal\naddress = ::1\n",
                  b"[v]\nbucket = vendor\nlicence_addon = a\nlicence_call_bytes = 1\nlicence_day_bytes = 99\nhost = a.b\n"],
    "config": [b"[daemon]\nlog_level = debug\n# x\n[capture]\nring_kib = 64\n", b"[daemon]\nuser = a b\n",
               b"[journal]\ncommit_ms = 0\n", b"state_dir = /x\n", b"[daemon]\nstate_dir = /a/../b\n",
               b"[daemon]\norigin = a\norigin = b\n"],
    "compose": [LOST],
    "describe": [b"\1" + body for body in RECORDS + LONG],
    "escape": ["\xff\u202e\u2028\ufeffa\\\x1b[0m\u20ac".encode(), b"\x05\xc0\x80\xed\xa0\x80\xf4\x90\x80\x80"],
    "filter": [b"\0" + text for text in (b"192.0.2.0/24:443", b"[2001:db8::1]:53", b"example.org:25", b":80", b"/run/a",
                                         b"@a", b"2001:db8::/32")] + [b"\1http,https", b"\2open,close", b"\3ff"],
    "index_row": RECORDS,
    "manifest": [b"{'name': 'A' \"B\", 'version': 1.0, 'author': ['A', 'B'],}", b"# -*- c\n({'na\\x6de': u'''A\nB'''})",
                 b"{'a': None, 'b': {1, 2}, 'c': set(), 'd': rb'\\x', 'e': -1-2j, 'f': ..., 'g': 0x1F, 'h': (1,)}",
                 b"{'a': '\\N{BULLET}\\u20ac\\U0001f600\\101\\q\\\n', 'website': R\"\"\"x\"\"\"}"],
    "note": [note(1), note(2 ** 63 - 1)],
    "python": [b"\0" + b"55d0c0000000-55d0c0400000 r-xp 00020000 fe:01 131   /usr/bin/python3.11 (deleted)",
               *(b"\1" + struct.pack("=i", at) + bytes([0xdb, 3, 4, 0xf8, 0xe9, 5, 0x80, 1, 2]) for at in (-1, 0, 2, 8)),
               b"\2" + OFFSETS],
    "libssl": [b"\xf3\x0f\x1e\xfa\x48\x83\xec\x08\xe8\0\0\0\0", b"\x48\x85\xff\x74\0\x55", elf([b"x"], b"", b"c hs traffic"),
               elf([b"SSL_write", b"SSL_read", b"SSL_write_ex", b"SSL_read_ex", b"SSL_ctrl"], b"", b"").replace(
                   struct.pack("=Q", 0x5000), struct.pack("=Q", 0x2010))],
    "python_elf": [b"\0" + elf(PYTHON, PROBES, b"\x003.9.2\0"), b"\x8f" + elf([*PYTHON, b"PyModule_AddObjectRef"], b"", b""),
                   b"\0" + elf([b"Py_Version"], PROBES, b""), b"\0" + elf([b"PyCode_Type"], b"", b""),
                   b"\0" + elf([b"_PyEval_EvalFrameDefault"], b"", LOOP, ".eh_frame_hdr").replace(
                       struct.pack("=QQ", 0x5000, 8), struct.pack("=QQ", 0x2010, 0x40)).ljust(0x1500, b"\xe9")],
    # a state whose tree has more leaves than a head can say, then a request to sign it
    "signer": [bytes.fromhex("41084e4e4eb1030000000000004e4e4e4e4e4e4e000000204e000000000a1a000d4e4effff" + "52" * 26 +
                             "4e" * 5 + "52" * 5 + "272000")],
    "status": [b"\0" + STATUS, b"\x80" + STATUS, b"\1" + STATUS, b"\x80" + EXTREME, b"\1" + EXTREME],
    "target": [bytes([parser]) + text for parser, text in (
        (0, b"python3\0/usr/bin/odoo\0-c\0/etc/odoo/odoo.conf\0--workers=2\0"), (0, b"odoo\0shell\0-d\0db\0"),
        (1, b"odoo: WorkerHTTP 71\0"), (2, b"A=b\0ODOO_RC=/etc/odoo.conf\0"),
        (3, b"0::/system.slice/docker-" + b"a" * 64 + b".scope\n"), (3, b"0::/system.slice/odoo.service\n"),
        (4, b"7 (odoo) S 1 7 7 0 -1 4194304 0 0 0 0 0 0 0 0 20 0 2 0 100 0 0\n"),
        (5, b"   0: 0100007F:1F90 00000000:0000 0A 00000000:00000000 00:00000000 00000000   0 0 12345 1\n"))],
    "dns": [b"\x12\x34" + text for text in (
        b"\1\0\0\1\0\0\0\0\0\1\3www\7example\0\0\1\0\1\0\0\x29\4\xd0\0\0\0\0\0\0",
        b"\x81\x80\0\1\0\2\0\0\0\0\1a\1b\0\0\x1c\0\1\xc0\x0c\0\5\0\1\0\0\0\x3c\0\4\1c\xc0\x0e"
        b"\1c\1b\0\0\x1c\0\1\0\0\0\x3c\0\x10" + bytes(range(16)),
        b"\x81\x83\0\1\0\1\0\0\0\0\0\0\1\0\1\0\0\1\0\1\0\0\0\7\0\4\xc0\0\2\1")],
    "clear": [b"\7" + text for text in (
        b"\x16\3\1" + len(HELLO).to_bytes(2, "big") + HELLO, b"\x16\3\1\0\6" + HELLO[:6] + b"\x16\3\3\0" + bytes([len(HELLO) - 6]) + HELLO[6:],
        b"POST /web/a%40b.c/12345?db=x&y HTTP/1.1\r\nHost: h:1\r\nContent-Length: 9\r\nCookie: v\r\n\r\n123456789GET /x HTTP/1.0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5;x=y\r\nhello\r\nB\r\nhello world\r\n0\r\nT: v\r\n\r\n",
        b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 204 No\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nx",
        b"CONNECT h:443 HTTP/1.1\r\n\r\nGET http://u:p@h/p?k=v HTTP/1.1\r\n\r\nPROPPATCH * HTTP/1.1\r\n\r\n",
        b"PUT /550e8400-e29b-41d4-a716-446655440000 HTTP/1.1\r\nA: b\r\n c\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n")],
    "dialogue": [b"\7" + b"".join(turns(session)) for session in SESSIONS],
    "export": [b"\1" + EXPORT, *(b"\0" + line for line in sorted(EXPORT.split(b"\n"), key=len)[:12])],
    "witness": [b"\1" + COSIGNATURE, b"\0" + b"7 " + COSIGNATURE + b"\n" + b"3 " + COSIGNATURE + b"\n", b"\2" + note(9),
                b"\1witness.example.org/w+7f0a1b2c+" + base64.b64encode(b"\4" + bytes(32))],
    "when": [b"now", b"yesterday", b"10 min ago", b"3w", b"@1800000000", b"14:30:05.25", b"2026-01-31T14:30:05Z",
             b"2026-01-31 14:30+05:30"],
}


def main():
    target, folder = sys.argv[1:]
    os.makedirs(folder, exist_ok=True)
    for number, content in enumerate(SEEDS.get(target, [])):
        with open(os.path.join(folder, str(number)), "wb") as out:
            out.write(content)


if __name__ == "__main__":
    main()
