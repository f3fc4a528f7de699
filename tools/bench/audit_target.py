#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Announces what audit.py measures: a line `DEED FRAMES COUNT` gives a line of nanoseconds of processor time a deed."""
import os
import sys
import time

DEEDS = {
    "other": lambda: sys.audit("netaudit.bench", "name.example", 80),
    "announced": lambda: sys.audit("socket.connect", None, ("127.0.0.1", 80)),
    "name": lambda: sys.audit("socket.getaddrinfo", "name.example", 80, 0, 0, 0),
}


def under(frames, deed, count):
    if frames > 4:	# this function, its caller, the module, the deed
        return under(frames - 1, deed, count)
    began = time.process_time_ns()
    for _ in range(count):
        deed()
    return (time.process_time_ns() - began) / count


def serve():
    print(os.getpid(), flush=True)
    for line in sys.stdin:
        deed, frames, count = line.split()
        print(under(int(frames), DEEDS[deed], int(count)), flush=True)


if __name__ == "__main__":
    serve()
