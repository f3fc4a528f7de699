# SPDX-License-Identifier: GPL-2.0-or-later
"""Peers for the quickstart: an HTTPS server and a UDP echo on loopback; writes their ports to DIR/ports."""
import http.server
import os
import socket
import ssl
import sys
import threading

directory = sys.argv[1]


class Answer(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        body = b"hello\n"
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *arguments):
        pass


web = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Answer)
context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain(directory + "/cert.pem", directory + "/key.pem")
web.socket = context.wrap_socket(web.socket, server_side=True)
echo = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
echo.bind(("127.0.0.1", 0))


def answer_datagrams():
    while True:
        data, peer = echo.recvfrom(2048)
        echo.sendto(data, peer)


threading.Thread(target=answer_datagrams, daemon=True).start()
with open(directory + "/ports.new", "w") as file:
    print(web.server_address[1], echo.getsockname()[1], file=file)
os.rename(directory + "/ports.new", directory + "/ports")
web.serve_forever()
