#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""The tests of relays on stock kernels: each kernel in a virtual machine with each kind of hooks forced.

    scope.py --build BUILD [--kernels "5.10 6.1"] [--backends "fentry kprobe tracepoint"] [TEST ...]

Process 1 of the machine is activator.py.
"""
import os
import sys

import machines
from machines import TOP

PORT, PLACE = 7001, "/activated"


def make_root(build):
    root = machines.make_root(build, "scope-root", [
        f"{build}/netaudit-bpf:/build/", f"{build}/netaudit:/build/", f"{build}/tests/census/na-blink:/build/tests/census/",
        f"{TOP}/tests/system/scope:/tests/system/scope", f"{TOP}/tests/system/odoo_fake:/tests/system/odoo_fake",
        f"{TOP}/tests/system/census:/tests/system/census", f"{TOP}/tests/vm/activator.py:/activator.py"])
    first = os.path.join(root, "first")
    with open(first, "w", encoding="ascii") as script:
        script.write(f"#!/bin/sh\nexec /usr/bin/python3 /activator.py {PORT} {PLACE} /init\n")
    os.chmod(first, 0o755)
    return root


def run(options, kernel, root, backend):
    inside = ["env", "NETAUDIT_UNSHARED=1", f"NETAUDIT_ACTIVATOR={PORT} {PLACE}", "BUILD=/build", f"BACKEND={backend}",
              "python3", "/tests/system/scope/test_relays.py", *options.test]
    return machines.run_test(options, kernel, root, inside, "--append", "rdinit=/first")


def main():
    parser = machines.parser(__doc__)
    parser.add_argument("test", nargs="*")
    options = parser.parse_args()
    root = make_root(options.build)
    return machines.each_machine(options, lambda kernel, version, backend: run(options, kernel, root, backend))


if __name__ == "__main__":
    sys.exit(main())
