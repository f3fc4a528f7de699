# SPDX-License-Identifier: GPL-2.0-or-later
"""Wraps socket, ssl and http.client, and writes one record per connection with the fields that netaudit records.

Who, where, when, how much; of HTTP the method, host, path, names of keys and headers, status and a keyed fingerprint of
the body; the add-on from the Python stack. Records are lines of JSON, each with the hash of the one before.
"""
import functools
import hashlib
import http.client
import json
import os
import socket
import ssl
import sys
import threading
import time
import urllib.parse
import weakref

KEY = os.urandom(16)
PATH = "/var/lib/odoo/interceptor.jsonl"
FRAMES = 96

flows = weakref.WeakKeyDictionary()
lock = threading.Lock()
chain = [hashlib.sha256().digest()]
count = [0]
wrapped = {}


def author():
    """(innermost add-on, all of them, deciding frame)"""
    addons, deciding, frame = [], None, sys._getframe(2)
    for _ in range(FRAMES):
        if frame is None:
            break
        name = frame.f_globals.get("__name__", "")
        if name.startswith("odoo.addons.") and not name.startswith(("odoo.addons.base.", __package__)):
            addon = name.split(".")[2]
            if not addons or addons[-1] != addon:
                addons.append(addon)
            deciding = deciding or (frame.f_code.co_filename, frame.f_code.co_name, frame.f_lineno)
        frame = frame.f_back
    return addons[0] if addons else None, addons, deciding


def begin(sock, direction):
    flow = {"t": time.time_ns() // 1000, "direction": direction, "pid": os.getpid(), "tid": threading.get_native_id(),
            "bytes_out": 0, "bytes_in": 0}
    flow["addon"], flow["addons"], flow["frame"] = author()
    flows[sock] = flow
    return flow


def flow_of(sock):
    flow = flows.get(sock)
    return begin(sock, "inbound") if flow is None else flow


def write(flow):
    with lock:
        body = json.dumps(flow, sort_keys=True).encode()
        chain[0] = hashlib.sha256(chain[0] + body).digest()
        with open(PATH, "ab") as file:
            file.write(body + b" " + chain[0].hex().encode() + b"\n")
        count[0] += 1


def connecting(call, sock, address):
    flow = begin(sock, "outbound")
    try:
        return call(sock, address)
    except OSError as error:
        flow["errno"] = error.errno
        raise
    finally:
        if isinstance(address, tuple):
            flow["dst"], flow["dport"] = address[:2]


def sending(call, sock, data, *more):
    sent = call(sock, data, *more)
    flow_of(sock)["bytes_out"] += len(data) if sent is None else sent
    return sent


def receiving(call, sock, *more):
    got = call(sock, *more)
    flow_of(sock)["bytes_in"] += got if isinstance(got, int) else len(got)
    return got


def closing(call, sock):
    flow = flows.pop(sock, None)
    if flow is not None:
        try:
            flow["src"], flow["sport"] = sock.getsockname()[:2]
        except (OSError, ValueError):
            pass
        flow["duration_us"] = time.time_ns() // 1000 - flow["t"]
        write(flow)
    return call(sock)


def detaching(call, sock):
    """The descriptor moves on to a TLS socket: so does what is known of it."""
    wrapped.setdefault("moved", {})[sock.fileno()] = flows.pop(sock, None)
    return call(sock)


def handshaking(call, sock, *more):
    flow = wrapped.setdefault("moved", {}).pop(sock.fileno(), None)
    if flow is not None:
        flows[sock] = flow
    result = call(sock, *more)
    flow_of(sock).update(tls=sock.version(), sni=sock.server_hostname)
    return result


def requesting(call, connection, method, url, body=None, headers=(), **more):
    parts = urllib.parse.urlsplit(url)
    said = {"method": method, "host": connection.host, "path": parts.path, "headers": sorted(dict(headers)),
            "keys": sorted(key for key, _ in urllib.parse.parse_qsl(parts.query))}
    if isinstance(body, (bytes, str)):
        data = body.encode() if isinstance(body, str) else body
        said.update(body_bytes=len(data), fingerprint=hashlib.blake2b(data, digest_size=8, key=KEY).hexdigest())
    result = call(connection, method, url, body, dict(headers), **more)
    if connection.sock is not None:
        flow_of(connection.sock)["http"] = said
    return result


def answering(call, connection, *more):
    sock, answer = connection.sock, call(connection, *more)
    if sock is not None and sock in flows:
        flows[sock]["status"] = answer.status
    return answer


POINTS = [(socket.socket, "connect", connecting), (socket.socket, "send", sending), (socket.socket, "sendall", sending),
          (socket.socket, "recv", receiving), (socket.socket, "recv_into", receiving),
          (socket.socket, "close", closing), (socket.socket, "detach", detaching), (ssl.SSLSocket, "send", sending), (ssl.SSLSocket, "sendall", sending),
          (ssl.SSLSocket, "recv", receiving), (ssl.SSLSocket, "recv_into", receiving),
          (ssl.SSLSocket, "do_handshake", handshaking), (http.client.HTTPConnection, "request", requesting),
          (http.client.HTTPConnection, "getresponse", answering)]


def install():
    for owner, name, around in POINTS:
        if (owner, name) not in wrapped:
            call = getattr(owner, name)
            wrapped[owner, name] = owner.__dict__.get(name)

            @functools.wraps(call)
            def method(self, *arguments, _call=call, _around=around, **named):
                return _around(_call, self, *arguments, **named)
            setattr(owner, name, method)


def remove():
    for owner, name, _ in POINTS:
        if (owner, name) in wrapped:
            original = wrapped.pop((owner, name))
            delattr(owner, name) if original is None else setattr(owner, name, original)
    flows.clear()


def written():
    return count[0]
