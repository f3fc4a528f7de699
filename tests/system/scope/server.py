#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""A local service that can be told to make calls of its own: what a relay is made of.

    server.py PORT|PATH [--fork]  listens on loopback or on a unix socket; --fork: a process per connection
    server.py --inherit NUMBER    accepts from the listening socket on that descriptor (socket activation)

    server.py --activate PORT|PATH    listens, and leaves the accepting to another process that it starts

Every connection is lines; each is answered by one line of JSON that says who served it (pid, tid):
    call HOST PORT       connects there and closes; lport and error say what came of it
    peers COUNT          waits for so many connections since the last time it was asked; ports are their clients'
    an empty line        ends the connection, so that curl comes to an end
    anything else        is only answered
The same lines are understood on standard input, so that a test can give orders without a connection.
Prints "ready" once it listens.
"""
import argparse
import json
import os
import signal
import socket
import subprocess
import sys
import threading


accepted, news = [], threading.Condition()


def take_peers(count):
    with news:
        news.wait_for(lambda: len(accepted) >= count)
        taken = accepted[:]
        accepted.clear()
    return taken


def obey(words):
    report = {"pid": os.getpid(), "tid": threading.get_native_id(), "lport": None, "error": 0}
    if words[:1] == ["call"]:
        with socket.socket() as peer:
            try:
                peer.connect((words[1], int(words[2])))
                report["lport"] = peer.getsockname()[1]
            except OSError as error:
                report["error"] = error.errno
    if words[:1] == ["peers"]:
        report["ports"] = take_peers(int(words[1]))
    return json.dumps(report) + "\n"


def serve(connection):
    with connection, connection.makefile("r", errors="replace") as stream:
        for line in stream:
            if not line.strip():
                return     # the end of an HTTP request's head
            try:
                connection.sendall(obey(line.split()).encode())
            except OSError:
                return     # whoever asked did not wait


def accept_for_ever(listener, fork):
    while True:
        connection, client = listener.accept()
        with news:
            accepted.append(client[1] if client else None)
            news.notify()
        if not fork:
            serve(connection)
        elif os.fork() == 0:
            listener.close()
            serve(connection)
            os._exit(0)
        else:
            connection.close()


def make_listener(options):
    if options.inherit:
        return socket.socket(fileno=options.inherit)
    if not options.where.startswith("/"):
        return socket.create_server(("127.0.0.1", int(options.where)))
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(options.where)
    listener.listen()
    return listener


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("where", nargs="?")
    parser.add_argument("--fork", action="store_true")
    parser.add_argument("--inherit", type=int)
    parser.add_argument("--activate", action="store_true")
    options = parser.parse_args()
    if options.activate:
        listener = make_listener(options)
        descriptor = listener.fileno()
        os.set_inheritable(descriptor, True)
        return subprocess.call([sys.executable, sys.argv[0], "--inherit", str(descriptor)], close_fds=False)
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    threading.Thread(target=accept_for_ever, args=(make_listener(options), options.fork), daemon=True).start()
    print("ready", flush=True)
    for line in sys.stdin:
        print(obey(line.split()), end="", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
