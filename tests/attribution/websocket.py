# SPDX-License-Identifier: GPL-2.0-or-later
"""As much of a websocket client as it takes to subscribe to a channel of Odoo's bus, and to see the server answer."""
import base64
import json
import os
import socket

TIMEOUT = 60
CLOSE = 8


def frame(opcode, data):
    """One masked frame: RFC 6455, section 5.2."""
    size = bytes([0x80 | len(data)]) if len(data) < 126 else bytes([0x80 | 126]) + len(data).to_bytes(2, "big")
    mask = os.urandom(4)
    return bytes([0x80 | opcode]) + size + mask + bytes(byte ^ mask[at % 4] for at, byte in enumerate(data))


def subscribe(host, port, channel):
    """Connects, subscribes, and waits until the server has closed as it was asked to."""
    with socket.create_connection((host, port), TIMEOUT) as peer:
        key = base64.b64encode(os.urandom(16)).decode()
        peer.sendall(f"GET /websocket?version= HTTP/1.1\r\nHost: {host}:{port}\r\nOrigin: http://{host}:{port}\r\n"
                     f"Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
                     f"Sec-WebSocket-Key: {key}\r\n\r\n".encode())
        stream = peer.makefile("rb")
        status = stream.readline()
        while stream.readline().strip():
            pass
        if b" 101 " not in status:
            raise RuntimeError(f"no websocket: {status!r}")
        order = {"event_name": "subscribe", "data": {"channels": [channel], "last": 0}}
        peer.sendall(frame(1, json.dumps(order).encode()))
        peer.sendall(frame(CLOSE, (1000).to_bytes(2, "big")))
        stream.read()
