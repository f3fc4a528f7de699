# SPDX-License-Identifier: GPL-2.0-or-later
"""An honest add-on, whose name others would like to call under. Also works through orders of its own."""
import concurrent.futures
import os
import socket

HOST = "127.0.0.1"
POOL = concurrent.futures.ThreadPoolExecutor(1)


def run(function, *arguments):
    """Somebody else's function, called by us."""
    return function(*arguments)


def start_pool():
    """A pool whose only thread has worked for us."""
    POOL.submit(os.getpid).result()
    return POOL


def unconnected():
    sock = socket.socket()
    sock.bind((HOST, 0))
    return sock


def in_process(number, function):
    """In a child with that process number, or as soon as one can be had with it; None: somebody else was faster."""
    for _ in range(2000):
        with open("/proc/sys/kernel/ns_last_pid", "w") as last:
            last.write(str(number - 1))
        child = os.fork()
        if child == 0:
            try:
                if os.getpid() == number:
                    function()
            finally:
                os._exit(0)
        os.waitpid(child, 0)
        if child == number:
            return child
    return None


def by_fork(to):
    """Our call from a child that has the number of another add-on's."""
    with unconnected() as sock:
        port = sock.getsockname()[1]
        return [port] if in_process(to["pid"], lambda: sock.connect((HOST, to["raw"]))) else []


def by_curl(to):
    """Our curl has the number that another add-on's had."""
    with unconnected() as sock:
        port = str(sock.getsockname()[1])
    command = ["curl", "-s", "-o", "/dev/null", "--local-port", port, "http://{}:{}/".format(HOST, to["http"])]
    return [int(port)] if in_process(to["pid"], lambda: os.execv("/usr/bin/curl", command)) else []


def call(case, to):
    return {"fork_with_used_pid": by_fork, "curl_with_used_pid": by_curl}[case](to)
