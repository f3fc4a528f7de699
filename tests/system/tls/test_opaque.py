#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""
TLS that nobody sees into is `tls-opaque`, with the name and the protocols that its ClientHello has: a program whose library
is GnuTLS, and one that speaks no TLS but its first message. What OpenSSL says is seen into, and is not. The server writes
down what it was asked for. test_opaque.py BUILD
"""
import os
import re
import socket
import ssl
import subprocess
import sys
import threading

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [os.path.join(os.path.dirname(os.path.dirname(HERE)), "attribution")]
import lab  # noqa: E402
import test_exchanges  # noqa: E402


class Peer:
    """Takes connections, answers one request in each, and keeps what each ClientHello asked for, by the client's port."""

    def __init__(self, folder):
        self.asked, self.context = {}, ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.context.load_cert_chain(f"{folder}/cert.pem", f"{folder}/key.pem")
        self.context.set_alpn_protocols(["http/1.1"])
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self.serve, daemon=True).start()

    def serve(self):
        while True:
            connection, (_, port) = self.listener.accept()
            self.asked[port] = None
            self.context.sni_callback = lambda _connection, name, _context, port=port: self.asked.update({port: name})
            try:
                with self.context.wrap_socket(connection, server_side=True) as wrapped:
                    wrapped.recv(65536)
                    wrapped.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
            except OSError:
                connection.close()


def hello_of(name):
    """A ClientHello as OpenSSL makes it, in a library call: no socket is touched by it."""
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    context = ssl.create_default_context()
    context.check_hostname = bool(name)
    context.set_alpn_protocols(["h2", "http/1.1"])
    try:
        context.wrap_bio(incoming, outgoing, server_hostname=name).do_handshake()
    except ssl.SSLWantReadError:
        return outgoing.read()
    raise SystemExit("FAIL: a handshake without an answer")


def send(port, pieces, wait=True):
    """Sends bytes in pieces, each in a packet of its own; returns its port."""
    with socket.create_connection(("127.0.0.1", port)) as plain:
        plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for piece in pieces:
            plain.sendall(piece)
        plain.shutdown(socket.SHUT_WR)
        while wait and plain.recv(65536):
            pass
        return plain.getsockname()[1]


def in_records(hello, size):
    """The same ClientHello in records of at most so many bytes."""
    body = hello[5:]
    return b"".join(hello[:3] + len(body[at:at + size]).to_bytes(2, "big") + body[at:at + size] for at in range(0, len(body), size))


def cut(data, size):
    return [data[at:at + size] for at in range(0, len(data), size)]


def opaque_calls(peer):
    """Port of the client: (name, protocols) that its flow has to have; None: nothing may be said of it."""
    hello, bare = hello_of("odoo.example"), hello_of(None)
    both = ["h2", "http/1.1"]
    return {
        send(peer.port, [hello]): ("odoo.example", both),
        send(peer.port, cut(hello, 7)): ("odoo.example", both),
        send(peer.port, cut(in_records(hello, 30), 100)): ("odoo.example", both),
        send(peer.port, [bare]): (None, both),
        send(peer.port, [hello[:100]]): None,
        send(peer.port, [hello[:5] + b"\x02" + hello[6:]]): None,
        send(peer.port, [hello[:6] + b"\xff\xff\xff" + hello[9:]]): None,
        send(peer.port, [b"\x16\x03\x01\x00\x00"]): None,
    }


def check(records, peer, opaque, wget, seen):
    closes = {record["sport"]: record for record in records if record["kind"] == "close" and record["direction"] == "outbound"
              and record.get("dport") == peer.port}
    failed = []

    def expect(port, channel, name, protocols):
        record = closes.get(port, {})
        have = record.get("channel"), record.get("tls_sni"), record.get("tls_alpn")
        if have != (channel, name, protocols) or record.get("text_lost"):
            failed.append(f"port {port} is {have}, should be {(channel, name, protocols)}: {record}")

    for port, want in opaque.items():
        expect(port, "tls-opaque" if want else "socket", *(want or (None, None)))
    for ports, channel in ((wget, "tls-opaque"), (seen, "socket")):
        if len(ports) != 1:
            failed.append(f"{channel}: {len(ports)} connections")
        for port in ports:
            expect(port, channel, peer.asked[port], closes.get(port, {}).get("tls_alpn"))
            if peer.asked[port] != "localhost":
                failed.append(f"the server was asked for {peer.asked[port]}")
    return failed


def main():
    build = os.path.abspath(sys.argv[1])
    if tuple(map(int, re.findall(r"\d+", os.uname().release)[:2])) < (5, 15):
        print("test-opaque: left out: this kernel looks at no stream")
        return 0
    lab.enter_own_network()
    folder = os.path.join(build, "tests/opaque")
    os.makedirs(folder, exist_ok=True)
    server = test_exchanges.Server(folder, "https")     # its certificate, and a user of OpenSSL, so that it gets probed
    auditor = lab.Auditor(build, folder, scope="host")
    try:
        test_exchanges.wait_probed(auditor, server.process)
        peer = Peer(folder)
        opaque = opaque_calls(peer)
        before = set(peer.asked)
        subprocess.run(["wget", "-q", "--no-config", "--no-proxy", "--tries=1", f"--ca-certificate={folder}/cert.pem", "-O", "/dev/null",
                        f"https://localhost:{peer.port}/"], check=True, timeout=60)
        wget = set(peer.asked) - before
        subprocess.run(["curl", "-sS", "--noproxy", "*", "--http1.1", "--cacert", f"{folder}/cert.pem", "-o", "/dev/null",
                        f"https://localhost:{peer.port}/"], check=True, timeout=60)
        seen = set(peer.asked) - before - wget
        records = auditor.records()
    finally:
        server.stop()
        auditor.stop()
    failed = check(records, peer, opaque, wget, seen)
    for line in failed:
        print("FAIL " + line)
    print(f"test-opaque: {len(opaque) + 2} connections, {len(failed)} wrong")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
