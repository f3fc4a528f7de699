#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""
A server that writes down what it was asked: server.py FOLDER [plain]. In FOLDER are key.pem and cert.pem, unless it is to
speak HTTP without TLS; it writes port and truth.jsonl.
"""
import hashlib
import http.server
import json
import os
import ssl
import sys
import threading

FOLDER = sys.argv[1]
LOCK = threading.Lock()


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def read_chunks(self):
        body = b""
        while True:
            size = int(self.rfile.readline().split(b";")[0], 16)
            body += self.rfile.read(size)
            self.rfile.readline()
            if not size:
                return body

    def answer(self):
        if "chunked" in self.headers.get("Transfer-Encoding", ""):
            body = self.read_chunks()
        else:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        status = int(self.headers.get("X-Status", 200))
        said = hashlib.sha256(body).hexdigest().encode() * 3
        # before the answer: whoever has it may ask for the truth at once
        with LOCK, open(os.path.join(FOLDER, "truth.jsonl"), "a", encoding="ascii") as truth:
            truth.write(json.dumps({
                "method": self.command, "target": self.path, "host": self.headers["Host"], "body": body.hex(),
                "names": [name.lower() for name in self.headers.keys()], "status": status,
                "said": "" if self.command == "HEAD" or status == 204 else said.hex(),
                "client": self.client_address[1], "pid": os.getpid()}) + "\n")
        self.send_response(status)
        if status == 204:
            self.end_headers()
        elif "X-Chunked" in self.headers:
            self.send_header("Transfer-Encoding", "chunked")
            self.end_headers()
            for piece in (said[:50], said[50:]):
                self.wfile.write(b"%x\r\n%s\r\n" % (len(piece), piece))
            self.wfile.write(b"0\r\n\r\n")
        else:
            self.send_header("Content-Length", str(len(said)))
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(said)

    do_GET = do_POST = do_PUT = do_DELETE = do_PATCH = do_HEAD = answer

    def log_message(self, *_):
        pass


def main():
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    if "plain" not in sys.argv[2:]:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(os.path.join(FOLDER, "cert.pem"), os.path.join(FOLDER, "key.pem"))
        server.socket = context.wrap_socket(server.socket, server_side=True)
    with open(os.path.join(FOLDER, "port.new"), "w", encoding="ascii") as file:
        file.write(str(server.server_port))
    os.rename(os.path.join(FOLDER, "port.new"), os.path.join(FOLDER, "port"))
    server.serve_forever()


main()
