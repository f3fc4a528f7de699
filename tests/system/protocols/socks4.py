#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""A proxy of SOCKS 4 and 4a, which writes down whom it was to reach: socks4.py PORT LOG."""
import socket
import socketserver
import struct
import sys
import threading


def read_text(file):
    data = b""
    while (byte := file.read(1)) != b"\0":
        data += byte
    return data.decode()


def copy(source, target):
    try:
        while data := source.recv(65536):
            target.sendall(data)
        target.shutdown(socket.SHUT_WR)
    except OSError:
        pass


class Handler(socketserver.BaseRequestHandler):
    def handle(self):
        with self.request.makefile("rb", buffering=0) as file:
            _, _, port, address = struct.unpack(">BBHI", file.read(8))
            read_text(file)
            host = read_text(file) if 0 < address < 256 else socket.inet_ntoa(struct.pack(">I", address))
        with open(sys.argv[2], "a", encoding="ascii") as log:
            log.write(f"{host}:{port}\n")
        try:
            target = socket.create_connection((host, port))
        except OSError:
            self.request.sendall(struct.pack(">BBHI", 0, 91, 0, 0))
            return
        self.request.sendall(struct.pack(">BBHI", 0, 90, 0, 0))
        with target:
            back = threading.Thread(target=copy, args=(target, self.request))
            back.start()
            copy(self.request, target)
            back.join()


socketserver.ThreadingTCPServer.allow_reuse_address = True
with socketserver.ThreadingTCPServer(("127.0.0.1", int(sys.argv[1])), Handler) as server:
    server.daemon_threads = True
    server.serve_forever()
