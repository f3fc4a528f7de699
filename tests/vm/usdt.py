#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""What interpreters announce, on stock kernels: each kernel in a virtual machine with each kind of hooks forced.

    usdt.py --build BUILD [--kernels "6.1 6.12"] [--backends "fentry kprobe tracepoint"] [TEST ...]

What is compared is in tests/system/test_usdt.py, which runs inside. 5.10 has no cookies, and so no second witness. A
kernel that its archive no longer has is a printed skip.
"""
import os
import sys

import machines
from machines import TOP

USERS = "netaudit:x:901:901:netaudit:/:/bin/sh\nnetaudit-sign:x:902:902:netaudit-sign:/:/bin/sh\n"
FILES = ("test_usdt.py", "test_daemon_life.py", "python/usdt_target.py")


def add_text(root, name, text):
    with open(os.path.join(root, "etc", name), "a", encoding="ascii") as file:
        file.write(text)


def make_root(build):
    root = machines.make_root(build, "usdt-root", [
        f"{build}/netaudit-bpf:/build/", f"{build}/netaudit:/build/", "/usr/bin/readelf",
        *(f"{TOP}/tests/system/{name}:/tests/system/{name}" for name in FILES)])
    add_text(root, "passwd", USERS)
    add_text(root, "hosts", "127.0.0.1 localhost\n")
    add_text(root, "nsswitch.conf", "passwd: files\nhosts: files\n")
    return root


def run(options, kernel, root, backend):
    inside = ["env", "NETAUDIT_PATIENCE=300", "PYTHONDONTWRITEBYTECODE=1", "python3",
              "/tests/system/test_usdt.py", "/build", backend, *options.test]
    return machines.run_test(options, kernel, root, inside)


def main():
    parser = machines.parser(__doc__, kernels="6.1 6.12 7.2")
    parser.add_argument("test", nargs="*")
    options = parser.parse_args()
    root = make_root(options.build)
    return machines.each_machine(options, lambda kernel, version, backend: run(options, kernel, root, backend))


if __name__ == "__main__":
    sys.exit(main())
