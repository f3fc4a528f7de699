# SPDX-License-Identifier: GPL-2.0-or-later
"""Connects with and without native code on the stack; says which local port each connect had: native_target.py OBJECT WHEN

WHEN it is loaded: early, or late, just before the first of these calls. On a line "rest" it only makes a plain call.
"""
import ctypes
import json
import os
import socket
import sys


def load():
    loaded = ctypes.PyDLL(sys.argv[1])
    for name in ("call", "call_from_sort"):
        getattr(loaded, name).restype = ctypes.py_object
        getattr(loaded, name).argtypes = [ctypes.py_object] + ([ctypes.c_int] if name == "call_from_sort" else [])
    return loaded


def leaf():
    with socket.create_connection(peer) as connection:
        return connection.getsockname()[1]


def frames_between(depth):
    return leaf() if not depth else frames_between(depth - 1)


def direct():
    with socket.socket() as connection:
        if native.connect_here(connection.fileno(), peer[1]):
            raise OSError("connect_here")
        return connection.getsockname()[1]


def in_clone():
    """The child has run nothing of the code that it will return to; it stays as long as its parent."""
    told, tell = os.pipe()
    if os.fork() == 0:
        os.close(life[1])
        os.write(tell, str(leaf()).encode())
        os.read(life[0], 1)
        os._exit(0)
    return int(os.read(told, 10))


def after_traces():
    native.leave_traces(400)
    return frames_between(3)


CASES = {
    "plain": lambda: frames_between(4),
    "called": lambda: native.call(leaf),
    "called deep": lambda: native.call(lambda: frames_between(20)),
    "in a clone": lambda: native.call(in_clone),
    "called twice": lambda: native.call(lambda: native.call(leaf)),
    "from sort": lambda: native.call_from_sort(leaf, 50),
    "direct": direct,
    "after traces": after_traces,
    "by the core": lambda: list(map(lambda _: leaf(), [1]))[0],
    "core around": lambda: list(map(lambda _: native.call(leaf), [1]))[0],
}

life = os.pipe()
with socket.create_server(("127.0.0.1", 0), backlog=64) as server:
    peer = server.getsockname()
    native = load() if sys.argv[2] == "early" else None
    print(os.getpid(), flush=True)
    for line in sys.stdin:
        if line == "rest\n":
            print(json.dumps(leaf()), flush=True)
            continue
        native = native or load()
        native.stepped()    # under probes, the kernel maps pages of its own here
        native.jumped()
        for name, case in CASES.items():
            print(json.dumps([name, case()]), flush=True)
        print("done", flush=True)
