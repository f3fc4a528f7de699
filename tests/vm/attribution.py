#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Who made the call, on stock kernels: each kernel in a virtual machine with each kind of hooks forced.

    attribution.py --build BUILD [--kernels "5.10 6.1"] [--backends "fentry kprobe tracepoint"] [--count N]
                   [--only "STYLE ..."]

The corpus of tests/attribution/plain.py on this machine's Python: the same calls, and the names that have to be
recorded. The add-ons are made here, because the machine has no compiler. A kernel that its archive no longer has is a
printed skip.
"""
import os
import subprocess
import sys

import machines
from machines import TOP

PYTHON = "/usr/bin/python3"
PROGRAMS = ["/usr/bin/curl", "/usr/bin/openssl", "/etc/ssl/openssl.cnf:/usr/lib/ssl/openssl.cnf"]


def make_root(build):
    parts = ("attribution", "system/census", "system/odoo_fake")
    root = machines.make_root(build, "attribution-root", [
        f"{build}/netaudit-bpf:/build/", f"{build}/netaudit:/build/", *PROGRAMS,
        *(f"{TOP}/tests/{part}:/tests/{part}" for part in parts)])
    subprocess.run([PYTHON, os.path.join(TOP, "tests/attribution/plain.py"), "--build", os.path.join(root, "build"),
                    "--lay-out", PYTHON], check=True)
    return root


def run(options, kernel, root, backend):
    inside = ["env", "NETAUDIT_UNSHARED=1", f"BACKEND={backend}", PYTHON, "/tests/attribution/plain.py", "--build",
              "/build", "--count", str(options.count), "--only", ",".join(options.only.split()), "--laid-out", PYTHON]
    return machines.run_test(options, kernel, root, inside, "--modules", "")


def main():
    parser = machines.parser(__doc__, seconds=1500)
    parser.add_argument("--count", type=int, default=1, help="calls in each cell")
    parser.add_argument("--only", default="", help="styles, separated by blanks")
    options = parser.parse_args()
    root = make_root(options.build)
    return machines.each_machine(options, lambda kernel, version, backend: run(options, kernel, root, backend))


if __name__ == "__main__":
    sys.exit(main())
