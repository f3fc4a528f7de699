#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""
Streams of HTTP/1.1 whose right answer is known from how they were made, cut in many ways, through the parser compiled
for user space and through the loaded program: both must say the same, and that. Inputs that fuzzing found are compared too.
"""
import json
import os
import random
import re
import struct
import subprocess
import sys

from siphash import siphash128

KEY = bytes(range(16))
HASHED = 65536
NO_LENGTH = -1
WORDS = ["web", "api", "v1", "res.partner", "login", "mail-thread", "a_b", "index.html", "2024", "x"]
NAMES = ["Accept", "User-Agent", "Cookie", "Authorization", "X-Request-Id", "Content-Type", "Odoo-Session"]


def expected(message):
    """What the parser must tell of a message once it is over; {} of an interim response."""
    body = message["body"]
    return {
        "kind": 1 if "method" in message else 2, "method": message.get("method", ""), "host": message.get("host", ""),
        "path": message.get("path", ""), "keys": "".join(key + "\n" for key in message.get("keys", [])),
        "names": "".join(name.lower() + "\n" for name in message["names"]), "status": message.get("status", 0),
        "body": len(body), "hashed": min(len(body), HASHED),
        "fingerprint": siphash128(KEY, body[:HASHED]) if body else "0" * 32,
        "declared": NO_LENGTH if message["chunked"] or message["bare"] else len(body), "part": 1, "minor": 1,
    }


def chunks(rng, body):
    out, at = [], 0
    while at < len(body):
        size = rng.choice([1, 5, 100, 4096, 70000])
        piece = body[at:at + size]
        out.append(b"%x%s\r\n%s\r\n" % (len(piece), rng.choice([b"", b";name=value"]), piece))
        at += len(piece)
        if len(out) > 40:    # the rest in one: what many tiny chunks cost is bounded, and not followed for ever
            out.append(b"%X\r\n%s\r\n" % (len(body) - at, body[at:]) if at < len(body) else b"")
            break
    return b"".join(out) + b"0\r\n" + rng.choice([b"", b"Trailer: SECRET\r\n"]) + b"\r\n"


def with_fields(rng, start, message):
    names = message["names"]
    fields = [(name, "SECRET-" + "v" * rng.randrange(60)) for name in rng.sample(NAMES, rng.randrange(len(NAMES)))]
    if "host" in message:
        fields.append((rng.choice(["Host", "HOST"]), message["host"]))
    message["bare"] = not message["body"] and not message["chunked"] and rng.random() < 0.5 and "method" in message
    if message["chunked"]:
        fields.append(("Transfer-Encoding", rng.choice(["chunked", "gzip, Chunked"])))
    elif not message["bare"]:
        fields.append(("Content-Length", str(len(message["body"]))))
    rng.shuffle(fields)
    names.extend(name for name, _ in fields)
    head = start + b"".join(f"{name}:{rng.choice(['', ' '])}{value}\r\n".encode() for name, value in fields) + b"\r\n"
    return head + (chunks(rng, message["body"]) if message["chunked"] else message["body"])


def body(rng):
    return rng.randbytes(rng.choice([0, 0, 1, 7, 8, 9, 100, 1000, 5000, 65535, 65536, 65537, 100000]))


def request(rng):
    keys = rng.sample(["id", "token", "db", "q"], rng.randrange(4))
    path = "/" + "/".join(rng.sample(WORDS, rng.randrange(4)))
    query = "&".join(f"{key}=SECRET{rng.randrange(10 ** 9)}" for key in keys)
    message = {"method": rng.choice(["GET", "POST", "PUT", "DELETE", "PATCH", "PROPPATCH", "OPTIONS"]), "path": path,
               "host": "host.example:8069", "keys": keys, "names": [], "body": body(rng), "chunked": rng.random() < 0.4}
    start = f"{message['method']} {path}{'?' if keys else ''}{query} HTTP/1.1\r\n".encode()
    return message, with_fields(rng, start, message)


def response(rng):
    message = {"status": rng.choice([200, 201, 302, 404, 500]), "names": [], "body": body(rng),
               "chunked": rng.random() < 0.4}
    start = f"HTTP/1.1 {message['status']}{rng.choice([' OK', ' ', ' Not SECRET'])}\r\n".encode()
    interim = b"HTTP/1.1 100 Continue\r\n\r\n" if rng.random() < 0.2 else b""
    return message, interim + with_fields(rng, start, message)


def cut(rng, data):
    how = rng.choice(["whole", "halves", "seven", "small", "bytes"])
    if how == "whole":
        return [data]
    if how == "bytes" and len(data) < 3000:
        return [data[i:i + 1] for i in range(len(data))]
    count = {"halves": 1, "seven": 6}.get(how, 1000)
    places = sorted(rng.randrange(len(data) + 1) for _ in range(count))
    return [data[a:b] for a, b in zip([0, *places], [*places, len(data)])]


def streams(rng, count):
    for _ in range(count):
        make = rng.choice([request, response])
        made = [make(rng) for _ in range(rng.choice([1, 1, 3]))]
        yield [expected(message) for message, _ in made], cut(rng, b"".join(data for _, data in made))


# What stands in a target, and what may be kept of it.
MASKS = [
    ("/a/12345/b", "/a/#####/b", ""), ("/a/1234/b", "/a/1234/b", ""), ("/x1234567y", "/x#######y", ""),
    ("/u/550e8400-e29b-41d4-a716-446655440000", "/u/########-####-####-####-############", ""),
    ("/m/jane.doe@example.com/x", "/m/####.###@#######.###/x", ""), ("/m/jane%40example.com", "/m/####%#########.###", ""),
    ("/t/eyJhbGciOiJIUzI1NiIsInR5cCI6", "/t/" + "#" * 28, ""), ("/web/content/my-long-name-of-a-page", None, ""),
    ("/t/aB3dE5gH7jK9mN1p", "/t/################", ""), ("/deadbeef00112233", "/################", ""),
    ("/?bare", "/", "*\n"), ("/?a=SECRET&bare&b=", "/", "a\n*\nb\n"), ("/p?abcdefghijklmnopqrstuvwxyz=1", "/p", "#" * 26 + "\n"),
    ("/" + "a/" * 200, ("/" + "a/" * 200)[:256], ""), ("http://user:SECRET@odoo.example:80/p?q=1", "/p", "q\n"),
    ("/sp%20ce;v=1/é", "/sp%20ce;v=1/??", ""), ("*", "*", ""),
]

# First bytes of other things, and of HTTP that cannot be framed: nothing, or nothing more, may be said.
OPAQUE = [b"EHLO host\r\n", b"\x16\x03\x01\x02\x00", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", b"GETX / HTTP/1.1\r\n\r\n", b"GET /\r\n\r\n",
          b"GET / HTTP/2.0\r\n\r\n", b"\0" * 100, b"HTTP/1.1 20\r\n\r\n", b"get / HTTP/1.1\r\n\r\n",
          b"GET / HTTP/1.1\r\n" + b"X: y\r\n" * 3000 + b"\r\n", b"GET / HTTP/1.1\r\nNoColon\r\n\r\n"]


def extension(number, body):
    return struct.pack(">HH", number, len(body)) + body


def client_hello(rng, name, protocols, encrypted):
    """A ClientHello in records, its extensions in any order."""
    extensions = [extension(rng.randrange(20, 60000), rng.randbytes(rng.randrange(300))) for _ in range(rng.randrange(6))]
    if name:
        extensions.append(extension(0, struct.pack(">HBH", len(name) + 3, 0, len(name)) + name.encode()))
    if protocols:
        offered = b"".join(bytes([len(protocol)]) + protocol.encode() for protocol in protocols)
        extensions.append(extension(16, struct.pack(">H", len(offered)) + offered))
    if encrypted:
        extensions.append(extension(0xfe0d, rng.randbytes(200)))
    rng.shuffle(extensions)
    block = b"".join(extensions)
    session, suites = rng.randbytes(rng.choice([0, 32])), rng.randbytes(2 * rng.randrange(1, 40))
    body = b"\3\3" + rng.randbytes(32) + bytes([len(session)]) + session + struct.pack(">H", len(suites)) + suites + b"\1\0"
    if block:
        body += struct.pack(">H", len(block)) + block
    body = b"\1" + len(body).to_bytes(3, "big") + body
    size = rng.choice([len(body), 100, 7])
    return b"".join(b"\x16\3\1" + struct.pack(">H", len(part)) + part
                    for part in (body[at:at + size] for at in range(0, len(body), size)))


def hellos(rng, count):
    for _ in range(count):
        name = rng.choice(["", "odoo.example", "Shop.Example.ORG", "x" * 250])
        protocols, encrypted = rng.choice([[], ["h2", "http/1.1"], ["imap"]]), rng.random() < 0.3
        data = client_hello(rng, name, protocols, encrypted) + rng.randbytes(50)    # and what follows it
        yield (name.lower(), "".join(protocol + "\n" for protocol in protocols), encrypted), cut(rng, data)


def check_hellos(made, told):
    for (wanted, pieces), got in zip(made, told):
        check(len(got) == 1 and got[0]["kind"] == 3, f"a ClientHello became {got}: {pieces}")
        have = got[0]["host"], got[0]["names"], bool(got[0]["flags"] & 1 << 13)
        check(have == wanted, f"a ClientHello says {wanted}, told was {have}")


def say(command, pieces_of):
    data = bytearray()
    for pieces in pieces_of:
        for piece in pieces:
            data += struct.pack("<I", len(piece)) + piece
        data += struct.pack("<I", 0xffffffff)
    run = subprocess.run(command, input=bytes(data), stdout=subprocess.PIPE, check=False)
    if run.returncode:
        sys.exit(f"test-clear: {' '.join(command)} ended with {run.returncode}")
    told, all_told = [], []
    for line in run.stdout.decode().splitlines():
        message = json.loads(line)
        if message:
            told.append(message)
        else:
            all_told.append(told)
            told = []
    return all_told


def check(condition, what):
    if not condition:
        sys.exit(f"test-clear: {what}")


def check_made(made, told):
    for (wanted, pieces), got in zip(made, told):
        whole = [message for message in got if message["part"] == 1]
        check(len(whole) == len(wanted), f"{len(whole)} messages instead of {len(wanted)} of {pieces[0][:80]}")
        for number, (want, have) in enumerate(zip(wanted, whole)):
            check(have["number"] == number, f"number {have['number']} instead of {number}")
            for key, value in want.items():
                check(have[key] == value, f"{key} is {have[key]!r}, not {value!r}, of {pieces[0][:80]}")
        check("SECRET" not in json.dumps(got), f"a value was kept: {got}")


def check_masks(told):
    for (target, path, keys), got in zip(MASKS, told):
        wanted = target.split("?")[0] if path is None else path
        check(len(got) == 1, f"nothing was told of {target}")
        check((got[0]["path"], got[0]["keys"]) == (wanted, keys), f"{target} became {got[0]['path']} {got[0]['keys']!r}")
        check("SECRET" not in json.dumps(got), f"a value was kept of {target}")


def kernel_version():
    return tuple(int(number) for number in re.findall(r"\d+", os.uname().release)[:2])


def main():
    folder, found = sys.argv[1], sys.argv[2:]
    rng = random.Random(4)
    made = list(streams(rng, 400))
    masks = [[f"GET {target} HTTP/1.1\r\n\r\n".encode()] for target, _, _ in MASKS]
    fuzzed = [[open(os.path.join(path, name), "rb").read()] for path in found for name in sorted(os.listdir(path))]
    noise = [[rng.randbytes(rng.randrange(3000))] for _ in range(200)]
    asked = list(hellos(rng, 200))
    inputs = [pieces for _, pieces in made] + masks + [[data] for data in OPAQUE] + [pieces for _, pieces in asked] + noise + fuzzed
    here = say([folder + "/feed", "here"], inputs)
    check_made(made, here)
    check_masks(here[len(made):])
    opaque = here[len(made) + len(masks):][:len(OPAQUE)]
    check_hellos(asked, here[len(made) + len(masks) + len(OPAQUE):])
    for data, got in zip(OPAQUE, opaque):
        check(not got, f"{data[:40]} was taken for HTTP: {got}")
    messages = sum(len(told) for told in here)
    if kernel_version() < (5, 12):
        print("test-clear: the loaded program was left out: this kernel knows no atomics that return a value")
    else:
        kernel = say([folder + "/feed", "kernel", folder + "/clear.bpf.o"], inputs)
        for pieces, ours, theirs in zip(inputs, here, kernel):
            check(ours[:64] == theirs, f"the loaded program says another thing of {pieces[0][:80]}: {theirs} instead of {ours}")
    print(f"test-clear: {len(inputs)} streams, {messages} messages, all as they should be, here and in the kernel")


main()
