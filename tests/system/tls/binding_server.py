#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""
An HTTPS server that writes down which client's port asked for which path: binding_server.py FOLDER threads|asyncio|retry|uvicorn;
retry: asyncio's, which asks for a second ClientHello. In FOLDER are key.pem and cert.pem; it writes MODE.port and MODE.jsonl.
"""
import asyncio
import http.server
import json
import os
import socket
import ssl
import sys
import threading

FOLDER, MODE = sys.argv[1:]
ANSWER = b"bound"
LOCK = threading.Lock()
TRUTH = open(os.path.join(FOLDER, f"{MODE}.jsonl"), "w", encoding="ascii")


def note(path, port):
    """Before the answer: whoever has that may ask for the truth at once."""
    with LOCK:
        TRUTH.write(json.dumps({"path": path, "client": port}) + "\n")
        TRUTH.flush()


def tell_port(port):
    with open(os.path.join(FOLDER, "port.new"), "w", encoding="ascii") as file:
        file.write(str(port))
    os.rename(os.path.join(FOLDER, "port.new"), os.path.join(FOLDER, f"{MODE}.port"))


def context():
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    made.load_cert_chain(os.path.join(FOLDER, "cert.pem"), os.path.join(FOLDER, "key.pem"))
    return made


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        note(self.path, self.client_address[1])
        self.send_response(200)
        self.send_header("Content-Length", str(len(ANSWER)))
        self.end_headers()
        self.wfile.write(ANSWER)

    def log_message(self, *_):
        pass


class Threads(http.server.ThreadingHTTPServer):
    """A thread for each connection, and its handshake in it."""
    request_queue_size = 256
    tls = context()

    def get_request(self):
        plain, address = super().get_request()
        return self.tls.wrap_socket(plain, server_side=True, do_handshake_on_connect=False), address


def serve_threads():
    server = Threads(("127.0.0.1", 0), Handler)
    tell_port(server.server_port)
    server.serve_forever()


async def answer(reader, writer):
    try:
        while True:
            head = (await reader.readuntil(b"\r\n\r\n")).decode()
            note(head.split(" ")[1], writer.get_extra_info("peername")[1])
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s" % (len(ANSWER), ANSWER))
            await writer.drain()
    except (asyncio.IncompleteReadError, OSError):
        writer.close()


async def serve_asyncio(curve):
    made = context()
    if curve:
        made.set_ecdh_curve(curve)
    server = await asyncio.start_server(answer, "127.0.0.1", 0, ssl=made, backlog=256)
    tell_port(server.sockets[0].getsockname()[1])
    await server.serve_forever()


async def application(scope, receive, send):
    if scope["type"] != "http":
        return
    await receive()
    note(scope["path"], scope["client"][1])
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"%d" % len(ANSWER))]})
    await send({"type": "http.response.body", "body": ANSWER})


def serve_uvicorn():
    import uvicorn
    listening = socket.create_server(("127.0.0.1", 0), backlog=256)
    tell_port(listening.getsockname()[1])
    config = uvicorn.Config(application, ssl_certfile=os.path.join(FOLDER, "cert.pem"), lifespan="off", log_level="critical",
                            ssl_keyfile=os.path.join(FOLDER, "key.pem"), fd=listening.fileno())
    uvicorn.Server(config).run(sockets=[listening])


if MODE in ("asyncio", "retry"):
    asyncio.run(serve_asyncio("secp384r1" if MODE == "retry" else None))
else:
    {"threads": serve_threads, "uvicorn": serve_uvicorn}[MODE]()
