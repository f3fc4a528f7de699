#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""One way to make requests with Python: client.py HOW CERTIFICATE PORT; certificate "plain": HTTP. Prints its process id."""
import asyncio
import os
import select
import socket
import ssl
import sys
import urllib.request

HOW, CERTIFICATE, PORT = sys.argv[1], sys.argv[2], int(sys.argv[3])
CONTEXT = None if CERTIFICATE == "plain" else ssl.create_default_context(cafile=CERTIFICATE)
ORIGIN = f"{'https' if CONTEXT else 'http'}://localhost:{PORT}"
BODY = bytes(range(256)) * 80


def connect():
    plain = socket.create_connection(("127.0.0.1", PORT))
    return CONTEXT.wrap_socket(plain, server_hostname="localhost") if CONTEXT else plain


def request(path, body, *fields):
    lines = [f"POST {path} HTTP/1.1", f"Host: localhost:{PORT}", f"Content-Length: {len(body)}", *fields, "", ""]
    return "\r\n".join(lines).encode() + body


def read_answer(connection):
    data = b""
    while b"\r\n\r\n" not in data or len(data) - data.index(b"\r\n\r\n") - 4 < 192:
        more = connection.recv(65536)
        if not more:
            raise SystemExit("the server ended the connection")
        data += more


def use_urllib():
    handlers = [urllib.request.HTTPSHandler(context=CONTEXT)] if CONTEXT else []
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}), *handlers)
    opener.open(f"{ORIGIN}/urllib/page").read()
    opener.open(f"{ORIGIN}/urllib/form?db=v&x", data=b"a=b").read()


def use_requests():
    import requests
    session = requests.Session()
    session.trust_env = False
    for i in range(5):
        session.post(f"{ORIGIN}/requests/{i}", json={"n": i}, verify=CERTIFICATE if CONTEXT else None,
                     headers={"X-Chunked": "1"} if i & 1 else {"X-Status": "404"})


def use_cuts():
    """The same body in 1, 2, 7 and 1,000 writes."""
    with connect() as connection:
        for count in (1, 2, 7, 1000):
            data = request(f"/cuts/{count}", BODY)
            step = -(-len(data) // count)
            for at in range(0, len(data), step):
                connection.sendall(data[at:at + step])
            read_answer(connection)


def use_nonblocking():
    """Writes that would block, and are done again with the same bytes."""
    plain = socket.socket()
    plain.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 8192)
    plain.connect(("127.0.0.1", PORT))
    with CONTEXT.wrap_socket(plain, server_hostname="localhost") if CONTEXT else plain as connection:
        connection.setblocking(False)
        data, at, blocked = request("/nonblocking", BODY * 100), 0, 0
        while at < len(data):
            try:
                at += connection.send(data[at:at + 100000])
            except (ssl.SSLWantWriteError, ssl.SSLWantReadError, BlockingIOError):
                blocked += 1
                select.select([connection], [connection], [])
        if not blocked:
            raise SystemExit("no write would have blocked")
        connection.setblocking(True)
        read_answer(connection)


def use_asyncio():
    async def ask():
        reader, writer = await asyncio.open_connection("127.0.0.1", PORT, ssl=CONTEXT,
                                                       server_hostname="localhost" if CONTEXT else None)
        writer.write(request("/asyncio", b"memory"))
        await reader.readuntil(b"\r\n\r\n")
        await reader.readexactly(192)
        writer.close()
    asyncio.run(ask())


def use_pause():
    """Stops in the middle of a body and goes on when told to. The secret is on no command line."""
    secret = sys.stdin.readline().strip()
    body = (secret * 400).encode()
    with connect() as connection:
        data = request(f"/pause?token={secret}&{secret}", body, f"Cookie: session={secret}", f"Authorization: Bearer {secret}")
        connection.sendall(data[:len(data) // 2 + 3])
        print("paused", flush=True)
        sys.stdin.readline()
        connection.sendall(data[len(data) // 2 + 3:])
        read_answer(connection)


print(os.getpid(), flush=True)
globals()["use_" + HOW]()
