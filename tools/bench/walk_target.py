#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Makes connects that fail at once, under as many Python frames as it is told: a line `FRAMES COUNT` gives a line of ns."""
import os
import socket
import sys
import time


def connects(count):
    made, nobody = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM), "/nonexistent/netaudit"
    began = time.perf_counter_ns()
    for _ in range(count):
        made.connect_ex(nobody)
    return time.perf_counter_ns() - began


def under(frames, count):
    return connects(count) if frames <= 1 else under(frames - 1, count)


def main():
    print(os.getpid(), flush=True)
    for line in sys.stdin:
        frames, count = map(int, line.split())
        print(under(frames - 2, count), flush=True)		# this function's frame and the module's are there already


if __name__ == "__main__":
    main()
