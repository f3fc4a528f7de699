#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""A local service that can be told to make calls of its own: what a relay is made of.

    server.py WHERE [--fork]      listens; --fork: a process per connection
    server.py --inherit NUMBER    accepts from the listening socket on that descriptor (socket activation)
    server.py --connection NUMBER answers the one connection on that descriptor, accepted by another process
    server.py --activate WHERE    listens, and leaves the accepting to another process that it starts
    server.py --abandon WHERE     the same, and ends
    server.py --mail WHERE        takes mail: as much of SMTP as a client needs
    server.py --hang-up WHERE     closes every connection at once
    server.py --datagrams WHERE   receives datagrams, and answers those that say where they come from
    ... --wait                    begins to accept only when it is told to

WHERE is a port of 127.0.0.1, ADDRESS,PORT, or the path of a unix socket.
Every connection is lines, every datagram one; each is answered by one line of JSON that says who served it (pid, tid):
    call HOST PORT       connects there and closes; lport and error say what came of it
    peers COUNT          waits for so many connections or datagrams since the last time it was asked; ports are theirs
    begin                begins to accept
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


accepted, news, begun = [], threading.Condition(), threading.Event()


def take_peers(count):
    with news:
        news.wait_for(lambda: len(accepted) >= count)
        taken = accepted[:]
        accepted.clear()
    return taken


def obey(words):
    report = {"pid": os.getpid(), "tid": threading.get_native_id(), "lport": None, "error": 0}
    if words[:1] == ["begin"]:
        begun.set()
    if words[:1] == ["call"]:
        with socket.socket(socket.AF_INET6 if ":" in words[1] else socket.AF_INET) as peer:
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


def serve_mail(connection):
    with connection, connection.makefile("rw", errors="replace", newline="\n") as stream:
        def say(line):
            stream.write(line + "\r\n")
            stream.flush()

        say("220 sink")
        for line in stream:
            verb = line[:4].upper()
            if verb == "DATA":
                say("354 go on")
                while stream.readline().strip() != ".":
                    pass
            say("221 bye" if verb == "QUIT" else "250 sink")
            if verb == "QUIT":
                return


def met(client):
    with news:
        accepted.append(client[1] if client else None)
        news.notify()


def accept_for_ever(listener, fork, answer):
    begun.wait()
    while True:
        connection, client = listener.accept()
        met(client)
        if not fork:
            answer(connection)
        elif os.fork() == 0:
            listener.close()
            answer(connection)
            os._exit(0)
        else:
            connection.close()


def receive_for_ever(receiver):
    begun.wait()
    while True:
        line, client = receiver.recvfrom(4096)
        answer = obey(line.decode(errors="replace").split())
        met(client)
        if client:
            receiver.sendto(answer.encode(), client)


def make_socket(options):
    """A socket that is bound, and listens if it can."""
    if options.inherit:
        return socket.socket(fileno=options.inherit)
    kind = socket.SOCK_DGRAM if options.datagrams else socket.SOCK_STREAM
    if options.where.startswith("/"):
        made, address = socket.socket(socket.AF_UNIX, kind), options.where
    else:
        host, _, port = options.where.rpartition(",")
        host, family = host or "127.0.0.1", socket.AF_INET6 if ":" in host else socket.AF_INET
        made, address = socket.socket(family, kind), (host, int(port))
        made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    made.bind(address)
    if not options.datagrams:
        made.listen()
    return made


def activate(options):
    """Starts another process that accepts from our socket."""
    listener = make_socket(options)
    descriptor = listener.fileno()
    os.set_inheritable(descriptor, True)
    command = [sys.executable, sys.argv[0], "--inherit", str(descriptor)] + ["--wait"] * options.wait
    with subprocess.Popen(command, close_fds=False) as accepting:
        if options.abandon:
            os._exit(0)
        return accepting.wait()


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("where", nargs="?")
    for name in ("--inherit", "--connection"):
        parser.add_argument(name, type=int)
    for name in ("--fork", "--mail", "--hang-up", "--activate", "--abandon", "--datagrams", "--wait"):
        parser.add_argument(name, action="store_true")
    options = parser.parse_args()
    if options.activate or options.abandon:
        return activate(options)
    if options.connection is not None:
        serve(socket.socket(fileno=options.connection))
        return 0
    if not options.wait:
        begun.set()
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    answer = serve_mail if options.mail else socket.socket.close if options.hang_up else serve
    arguments = make_socket(options), options.fork, answer
    if options.datagrams:
        threading.Thread(target=receive_for_ever, args=arguments[:1], daemon=True).start()
    else:
        threading.Thread(target=accept_for_ever, args=arguments, daemon=True).start()
    print("ready", flush=True)
    for line in sys.stdin:
        print(obey(line.split()), end="", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
