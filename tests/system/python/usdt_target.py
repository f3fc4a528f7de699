# SPDX-License-Identifier: GPL-2.0-or-later
"""Calls that an interpreter announces, and calls that it does not: usdt_target.py PORT; cases are read from standard input.

Each case is one line with its name; it is answered with one line when it is done. Nothing leaves this host: names are
asked for as numbers only, so that the resolver looks them up nowhere.
"""
import ctypes
import os
import signal
import socket
import subprocess
import sys
import threading

PORT = int(sys.argv[1])
ADDRESS = ("127.0.0.1", PORT)
NAMES = ["ascii.example", "b\u00fccher.example", "\u043f\u0440\u0438\u043c\u0435\u0440.example", "\U0001f600.example",
         "line\nbreak\x1b[31m.example", ".".join(["x" * 60] * 5), b"bytes.example", "127.0.0.1", "::1", None]
libc = ctypes.CDLL(None, use_errno=True)


def ask(name):
    try:
        socket.getaddrinfo(name, PORT, flags=socket.AI_NUMERICHOST)
    except (OSError, UnicodeError):
        pass


def names():
    for name in NAMES:
        ask(name)


def by_name():
    socket.create_connection(("localhost", PORT)).close()


def by_address():
    ask("before.example")
    socket.create_connection(ADDRESS).close()


def connect():
    with socket.socket() as one:
        one.connect(ADDRESS)


def in_thread():
    thread = threading.Thread(target=connect)
    thread.start()
    thread.join()


def deep(depth=200):
    if depth:
        deep(depth - 1)
    else:
        connect()


def connect_natively():
    """The C library's connect(2), as libraries that are no Python make it."""
    family, port = socket.AF_INET.to_bytes(2, sys.byteorder), PORT.to_bytes(2, "big")
    with socket.socket() as one:
        libc.connect(one.fileno(), family + port + socket.inet_aton(ADDRESS[0]) + bytes(8), 16)


def native():
    ask("native.example")
    connect_natively()


def native_after_datagram():
    with socket.socket(type=socket.SOCK_DGRAM) as one:
        one.connect(ADDRESS)
    connect_natively()


def native_after_second_try():
    with socket.socket() as one:
        one.connect(ADDRESS)
        one.connect_ex(ADDRESS)
    connect_natively()


def announce():
    sys.audit("socket.connect", None, ADDRESS)


def forged():
    """An announcement of what then happens under other frames."""
    announce()
    connect_natively()


def popen():
    subprocess.run(["/bin/true", "popen"], check=True)


def popen_by_spawn():
    subprocess.run(["/bin/true", "popen-by-spawn"], check=True, close_fds=False, restore_signals=False)


def spawn():
    os.waitpid(os.posix_spawn("/bin/true", ["true", "spawn"], {}), 0)


def system():
    os.system("exec /bin/true system")


def fork():
    child = os.fork()
    if not child:
        os.execv("/bin/true", ["true", "fork"])
    os.waitpid(child, 0)


def confine():
    """From now on a system call that this process does not make itself ends it: what a probe must not add."""
    def code(operation, argument, yes=0, no=0):
        return operation.to_bytes(2, sys.byteorder) + bytes([yes, no]) + argument.to_bytes(4, sys.byteorder)

    load, equals, at_least, answer, allow, kill = 0x20, 0x15, 0x35, 0x06, 0x7fff0000, 0x80000000
    # uretprobe and uprobe (335, 336), and whatever lies around them, up to io_uring and pidfds
    program = [code(load, 0), code(at_least, 335, 0, 3), code(at_least, 424, 2, 0), code(equals, 0xffffffff, 1, 0),
               code(answer, kill), code(answer, allow)]
    text = ctypes.create_string_buffer(b"".join(program))
    header = ctypes.create_string_buffer(len(program).to_bytes(8, sys.byteorder) +
                                         ctypes.addressof(text).to_bytes(8, sys.byteorder))
    if libc.prctl(38, 1, 0, 0, 0) or libc.prctl(22, 2, header, 0, 0):
        raise OSError(ctypes.get_errno(), "seccomp")


if __name__ == "__main__":
    signal.alarm(300)
    print(os.getpid(), flush=True)
    for line in sys.stdin:
        globals()[line.strip()]()
        print(line.strip(), flush=True)
