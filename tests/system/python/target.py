#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""
The process whose stacks are walked: target.py LOG [CASE ...]

Says which process it is, waits for a line, makes its calls, says what became of it.
"""
import os
import socket
import sys
import tempfile
import threading

import calls
import truth


def accept_all(listener):
    while True:
        try:
            listener.accept()[0].close()
        except OSError:
            return


def echo(made):
    with made:
        while made.recv(100):
            made.sendall(b"answer")


def echo_all(listener):
    while True:
        threading.Thread(target=echo, args=(listener.accept()[0],), daemon=True).start()


def start_peers(folder):
    """In a process of their own, which is not audited. Returns its pid."""
    listener = socket.create_server(("127.0.0.1", 0), backlog=512)
    answering = socket.create_server(("127.0.0.1", 0), backlog=512)
    calls.PEER, calls.ECHO_PEER = listener.getsockname(), answering.getsockname()
    calls.UNIX_PEER = os.path.join(folder, "peer")
    local = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    local.bind(calls.UNIX_PEER)
    local.listen(512)
    datagrams = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    datagrams.bind(calls.PEER)
    child = os.fork()
    if child:
        return child
    for one in (listener, local):
        threading.Thread(target=accept_all, args=(one,), daemon=True).start()
    threading.Thread(target=echo_all, args=(answering,), daemon=True).start()
    while True:
        datagrams.recv(100)


def main():
    truth.open_log(sys.argv[1])
    cases = calls.all_cases()
    wanted = sys.argv[2:] or list(cases)
    with tempfile.TemporaryDirectory(prefix="na-python-") as folder:
        peers = start_peers(folder)
        try:
            print(os.getpid(), flush=True)
            if not sys.stdin.readline():
                return
            for name in wanted:
                cases[name]()
            print("done", flush=True)
            sys.stdin.readline()
        finally:
            os.kill(peers, 9)
            os.waitpid(peers, 0)


if __name__ == "__main__":
    main()
