# SPDX-License-Identifier: GPL-2.0-or-later
"""Calls for the quickstart: three HTTPS requests, one refused connection, one UDP exchange."""
import socket
import ssl
import sys
import urllib.request

certificate, tls_port, udp_port = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
context = ssl.create_default_context(cafile=certificate)
for number in range(3):
    with urllib.request.urlopen(f"https://localhost:{tls_port}/call/{number}", context=context) as answer:
        print(f"python: HTTP {answer.status}, {len(answer.read())} bytes")
with socket.socket() as unused:
    unused.bind(("127.0.0.1", 0))
    refused_port = unused.getsockname()[1]
try:
    socket.create_connection(("127.0.0.1", refused_port))
except ConnectionRefusedError:
    print(f"python: port {refused_port} refused, as it should")
with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as datagram:
    datagram.sendto(b"ping", ("127.0.0.1", udp_port))
    print(f"python: {len(datagram.recv(100))} bytes back over UDP")
