#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Process 1 of a test machine, which accepts connections and executes a service with each, like systemd (Accept=yes).

    activator.py PORT PATH INIT    listens on 127.0.0.1 and on a unix socket; runs INIT, the machine's own first program
"""
import os
import selectors
import signal
import socket
import sys

PYTHON, SERVER = "/usr/bin/python3", "/tests/system/scope/server.py"
FIRST_HANDED = 3    # sd_listen_fds(3)


def start(*command, connection=None):
    if os.fork():
        return
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    if connection:
        os.dup2(connection.fileno(), FIRST_HANDED)
        os.set_inheritable(FIRST_HANDED, True)
    os.execv(command[0], command)


def main():
    port, path, init = sys.argv[1:]
    listeners = socket.create_server(("127.0.0.1", int(port))), socket.socket(socket.AF_UNIX)
    listeners[1].bind(path)
    listeners[1].listen()
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)     # nobody is waited for
    start(init)
    with selectors.DefaultSelector() as selector:
        for listener in listeners:
            selector.register(listener, selectors.EVENT_READ)
        while True:
            for key, _ in selector.select():
                connection, _ = key.fileobj.accept()
                start(PYTHON, SERVER, "--connection", str(FIRST_HANDED), connection=connection)
                connection.close()


if __name__ == "__main__":
    main()
