# SPDX-License-Identifier: GPL-2.0-or-later
"""Loaded only when it is used: its call is the first thing that is ever seen of it."""
import socket


def call(port, token):
    with socket.create_connection(("127.0.0.1", port)) as peer:
        peer.sendall(token.encode() + b"\n")
        peer.recv(10)
