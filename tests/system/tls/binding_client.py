#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""
Makes HTTPS connections in one way, two requests on each: binding_client.py KIND CERTIFICATE PORT CONNECTIONS NAME. Paths are
/NAME/number. Kinds that go through a relay print for each the two ports of the client's own connection.
"""
import asyncio
import concurrent.futures
import itertools
import os
import socket
import ssl
import sys
import threading

KIND, CERTIFICATE, PORT, CONNECTIONS, NAME = sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4]), sys.argv[5]
ORIGIN = f"https://localhost:{PORT}"
AT_ONCE = 10
COUNTER = itertools.count()
ENDING = b"bound"


def path():
    return f"/{NAME}/{next(COUNTER)}"


def rounds():
    """How many connections at a time."""
    for at in range(0, CONNECTIONS, AT_ONCE):
        yield min(AT_ONCE, CONNECTIONS - at)


def context(version=None):
    made = ssl.create_default_context(cafile=CERTIFICATE)
    if version:
        made.maximum_version = version
    return made


def connect():
    plain = socket.create_connection(("127.0.0.1", PORT))
    plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return plain


def request(wanted=None):
    return f"GET {wanted or path()} HTTP/1.1\r\nHost: localhost:{PORT}\r\n\r\n".encode()


def use_requests():
    import requests
    for _ in range(CONNECTIONS):
        with requests.Session() as session:
            session.trust_env = False
            for _ in range(2):
                session.get(ORIGIN + path(), verify=CERTIFICATE).raise_for_status()


def use_threads():
    """A pool of connections that threads share: which of them gets which is not known here."""
    import urllib3
    for count in rounds():
        pool = urllib3.PoolManager(maxsize=count, block=True, ca_certs=CERTIFICATE, cert_reqs="CERT_REQUIRED")
        with concurrent.futures.ThreadPoolExecutor(count) as threads:
            for answer in threads.map(lambda _, to=pool: to.request("GET", ORIGIN + path()), range(2 * count)):
                assert answer.status == 200
        pool.clear()


def use_resumed():
    """Each handshake after the first resumes a session, of TLS 1.3 and 1.2 by turns."""
    contexts = [context(), context(ssl.TLSVersion.TLSv1_2)]
    sessions = [None, None]
    for i in range(CONNECTIONS):
        with contexts[i & 1].wrap_socket(connect(), server_hostname="localhost", session=sessions[i & 1]) as connection:
            for _ in range(2):
                connection.sendall(request())
                data = b""
                while not data.endswith(ENDING):
                    data += connection.recv(4096)
            assert connection.session_reused or i < 2, "no session was resumed"
            sessions[i & 1] = connection.session


class Memory:
    """A connection whose calls of OpenSSL touch no socket; its first flight leaves in small segments."""

    def __init__(self, made, session):
        self.plain = connect()
        self.arrived, self.leaving = ssl.MemoryBIO(), ssl.MemoryBIO()
        self.tls = made.wrap_bio(self.arrived, self.leaving, server_hostname="localhost", session=session)
        self.piece = 37
        self.do(self.tls.do_handshake)
        self.piece = 1 << 20

    def send(self):
        data = self.leaving.read()
        for at in range(0, len(data), self.piece):
            self.plain.sendall(data[at:at + self.piece])

    def do(self, call, *arguments):
        while True:
            try:
                result = call(*arguments)
                self.send()
                return result
            except ssl.SSLWantReadError:
                self.send()
                data = self.plain.recv(65536)
                assert data, "the server ended the connection"
                self.arrived.write(data)

    def ask(self):
        self.do(self.tls.write, request())
        data = b""
        while not data.endswith(ENDING):
            data += self.do(self.tls.read, 4096)


def use_memory():
    def call(made, session):
        for _ in range(CONNECTIONS // 4 or 1):
            connection = Memory(made, session)
            connection.ask()
            connection.ask()
            session = connection.tls.session
            connection.plain.close()
    contexts = [context(), context(ssl.TLSVersion.TLSv1_2)]
    with concurrent.futures.ThreadPoolExecutor(4) as threads:
        for done in [threads.submit(call, contexts[i & 1], None) for i in range(4)]:
            done.result()


async def ask_stream(made):
    reader, writer = await asyncio.open_connection("127.0.0.1", PORT, ssl=made, server_hostname="localhost")
    for _ in range(2):
        writer.write(request())
        await reader.readuntil(ENDING)
    writer.close()


async def use_asyncio():
    made = context()
    for count in rounds():
        await asyncio.gather(*[ask_stream(made) for _ in range(count)])


async def use_aiohttp():
    import aiohttp

    async def ask(session):
        async with session.get(ORIGIN + path()) as answer:
            assert await answer.read() == ENDING
    made = context()
    for count in rounds():
        async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=count, ssl=made)) as session:
            await asyncio.gather(*[ask(session) for _ in range(2 * count)])


async def use_httpx():
    import httpx
    made = context()
    for count in rounds():
        limits = httpx.Limits(max_connections=count, max_keepalive_connections=count)
        async with httpx.AsyncClient(verify=made, trust_env=False, limits=limits, timeout=60) as client:
            for answer in await asyncio.gather(*[client.get(ORIGIN + path()) for _ in range(2 * count)]):
                answer.raise_for_status()


def pump(source, target):
    try:
        while True:
            data = source.recv(65536)
            target.sendall(data)
            if not data:
                target.shutdown(socket.SHUT_WR)
                return
    except OSError:
        pass


def relay(listening):
    while True:
        near, far = listening.accept()[0], connect()
        for pair in ((near, far), (far, near)):
            threading.Thread(target=pump, args=pair, daemon=True).start()


async def ask_relayed(made, port):
    reader, writer = await asyncio.open_connection("127.0.0.1", port, ssl=made, server_hostname="localhost")
    own = writer.get_extra_info("sockname")[1]
    for _ in range(2):
        wanted = path()
        print(wanted, own, port)
        writer.write(request(wanted))
        await reader.readuntil(ENDING)
    writer.close()


async def use_relayed(listening=None):
    """This process passes its own handshake on: two of its flows have the same random."""
    made, own = context(), listening or socket.create_server(("127.0.0.1", 0))
    if not listening:
        threading.Thread(target=relay, args=(own,), daemon=True).start()
    for count in rounds():
        await asyncio.gather(*[ask_relayed(made, own.getsockname()[1]) for _ in range(count)])


async def use_forwarded():
    """Another process does."""
    listening = socket.create_server(("127.0.0.1", 0))
    child = os.fork()
    if not child:
        relay(listening)
    try:
        await use_relayed(listening)
    finally:
        os.kill(child, 9)
        os.waitpid(child, 0)


use = globals()["use_" + KIND]
if asyncio.iscoroutinefunction(use):
    asyncio.run(use())
else:
    use()
