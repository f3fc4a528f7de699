#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""The other side of every call of the corpus: answers, and writes down who the call itself says had made it.

    peers.py FOLDER

A call carries its truth as payload, which the auditor does not read: a token "corpus.ADDON.STYLE.ROLE.NUMBER" in a
header's value, a body, a mail, the name of a mailbox or a datagram. One line of FOLDER/truth.jsonl is one token with
the ports it came over; a connection that brought none is a line with "token": null. FOLDER/peers.json, written when
everything listens, names the ports. Ends with its standard input.
"""
import http.server
import json
import os
import re
import socket
import ssl
import subprocess
import sys
import threading
import time

HOST = "127.0.0.1"
TOKEN = re.compile(rb"corpus(?:\.[A-Za-z0-9_]+){4}")
TIMEOUT = 60    # seconds a connection may stay silent


class Truth:
    def __init__(self, path):
        self.file, self.lock = open(path, "w", encoding="ascii"), threading.Lock()

    def write(self, protocol, port, peer_port, token, use):
        line = json.dumps({"t": time.time_ns() // 1000, "protocol": protocol, "dport": port, "sport": peer_port,
                           "token": token.decode() if token else None, "use": use})
        with self.lock:
            self.file.write(line + "\n")
            self.file.flush()


class Connection:
    """One accepted connection: every token that is found in what arrives over it, once."""

    def __init__(self, truth, peer):
        self.truth, self.port, self.peer_port, self.uses = truth, peer.getsockname()[1], peer.getpeername()[1], 0

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if not self.uses:
            self.truth.write("tcp", self.port, self.peer_port, None, 0)

    def look(self, data):
        for token in dict.fromkeys(TOKEN.findall(data)):
            self.truth.write("tcp", self.port, self.peer_port, token, self.uses)
            self.uses += 1


class Web(http.server.BaseHTTPRequestHandler):
    """HTTP with connections that stay open, XML-RPC and JSON-RPC."""
    protocol_version = "HTTP/1.1"
    timeout = TIMEOUT
    ANSWERS = {"/xmlrpc": ("text/xml", b"<?xml version='1.0'?><methodResponse><params><param><value><int>1</int>"
                                       b"</value></param></params></methodResponse>"),
               "/jsonrpc": ("application/json", b'{"jsonrpc": "2.0", "id": null, "result": 1}')}

    def setup(self):
        super().setup()
        self.told = Connection(self.server.truth, self.request)

    def finish(self):
        with self.told:
            super().finish()

    def do_GET(self):
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.told.look(str(self.headers).encode() + body)
        kind, answer = self.ANSWERS.get(self.path, ("text/plain", b"ok"))
        self.send_response(200)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(answer)))
        if self.close_connection:
            self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.write(answer)

    do_POST = do_GET

    def log_message(self, *_):
        pass


class WebServer(http.server.ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128

    def __init__(self, truth, tls=None):
        self.truth, self.tls = truth, tls
        super().__init__((HOST, 0), Web)

    def finish_request(self, request, client_address):
        """In the thread of the connection, so that a slow handshake keeps nobody waiting."""
        if self.tls:
            request = self.tls.wrap_socket(request, server_side=True)
        super().finish_request(request, client_address)

    def handle_error(self, request, client_address):
        """A client that is gone before its answer is none of our business; the truth says what arrived."""


def lines_until(stream, told, end=None):
    for line in iter(stream.readline, b""):
        told.look(line)
        yield line
        if end is not None and line.strip() == end:
            return


def serve_raw(peer, told, _):
    with peer.makefile("rwb") as stream:
        for _ in lines_until(stream, told):
            stream.write(b"ok\n")
            stream.flush()


def serve_smtp(peer, told, tls):
    """As much of SMTP as a client needs that insists on STARTTLS."""
    stream = peer.makefile("rwb")

    def say(text):
        stream.write(text + b"\r\n")
        stream.flush()

    say(b"220 peer ESMTP")
    for line in lines_until(stream, told):
        word = line.split()[0].upper() if line.split() else b""
        if word == b"EHLO":
            say(b"250-peer\r\n250 STARTTLS")
        elif word == b"STARTTLS":
            say(b"220 go on")
            stream.close()
            serve_smtp_inside(tls.wrap_socket(peer, server_side=True), told)
            return
        elif word == b"QUIT":
            say(b"221 bye")
            return
        else:
            say(b"530 STARTTLS first")


def serve_smtp_inside(peer, told):
    with peer, peer.makefile("rwb") as stream:
        for line in lines_until(stream, told):
            word = line.split()[0].upper() if line.split() else b""
            answer = {b"EHLO": b"250 peer", b"DATA": b"354 go on", b"QUIT": b"221 bye"}.get(word, b"250 ok")
            stream.write(answer + b"\r\n")
            stream.flush()
            if word == b"QUIT":
                return
            if word == b"DATA":
                for _ in lines_until(stream, told, b"."):
                    pass
                stream.write(b"250 taken\r\n")
                stream.flush()


def serve_imap(peer, told, tls):
    with tls.wrap_socket(peer, server_side=True) as inside, inside.makefile("rwb") as stream:
        stream.write(b"* OK peer\r\n")
        stream.flush()
        for line in lines_until(stream, told):
            tag, command = line.split()[0], line.split()[1].upper()
            extra = {b"CAPABILITY": b"* CAPABILITY IMAP4REV1\r\n", b"SELECT": b"* 0 EXISTS\r\n",
                     b"LOGOUT": b"* BYE\r\n"}.get(command, b"")
            stream.write(extra + tag + b" OK done\r\n")
            stream.flush()
            if command == b"LOGOUT":
                return


def serve_connection(serve, peer, truth, tls):
    try:
        peer.settimeout(TIMEOUT)
        with peer, Connection(truth, peer) as told:
            serve(peer, told, tls)
    except (OSError, IndexError):
        pass    # the truth says what arrived


def accept_loop(listener, serve, truth, tls):
    while True:
        peer, _ = listener.accept()
        threading.Thread(target=serve_connection, args=(serve, peer, truth, tls), daemon=True).start()


def datagram_loop(listener, truth):
    while True:
        data, sender = listener.recvfrom(2048)
        found = TOKEN.search(data)
        truth.write("udp", listener.getsockname()[1], sender[1], found[0] if found else None, 0)
        listener.sendto(b"ok", sender)


def make_certificate(folder):
    """Self-signed, for the loopback address; also the one that the callers trust."""
    path = os.path.join(folder, "peer.pem")
    subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "30", "-subj", "/CN=peer",
                    "-addext", f"subjectAltName=IP:{HOST}", "-addext", "keyUsage=digitalSignature,keyCertSign",
                    "-keyout", path + ".key", "-out", path], check=True, stderr=subprocess.DEVNULL)
    os.chmod(path, 0o644)
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(path, path + ".key")
    return tls


def main():
    folder = sys.argv[1]
    tls, truth, ports = make_certificate(folder), Truth(os.path.join(folder, "truth.jsonl")), {}
    for name, context in (("http", None), ("https", tls)):
        server = WebServer(truth, context)
        ports[name] = server.server_port
        threading.Thread(target=server.serve_forever, daemon=True).start()
    for name, serve in (("raw", serve_raw), ("smtp", serve_smtp), ("imap", serve_imap)):
        listener = socket.create_server((HOST, 0), backlog=128)
        ports[name] = listener.getsockname()[1]
        threading.Thread(target=accept_loop, args=(listener, serve, truth, tls), daemon=True).start()
    listener = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    listener.bind((HOST, 0))
    ports["udp"] = listener.getsockname()[1]
    threading.Thread(target=datagram_loop, args=(listener, truth), daemon=True).start()
    with open(os.path.join(folder, "peers.new"), "w", encoding="ascii") as file:
        json.dump(ports, file)
    os.rename(os.path.join(folder, "peers.new"), os.path.join(folder, "peers.json"))
    sys.stdin.read()


if __name__ == "__main__":
    main()
