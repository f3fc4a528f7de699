#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Which flow a connection of OpenSSL goes through, on stock kernels: the clients and servers that Python has of its own.

    binding.py --build BUILD [--kernels "6.1 6.12"] [--backends "fentry kprobe tracepoint"] [--connections 300]

5.10 looks into no TLS.
"""
import os
import sys

import machines
from machines import TOP


def make_root(build):
    files = [f"{build}/netaudit-bpf:/build/", f"{build}/netaudit:/build/", "/usr/bin/openssl:/usr/bin/",
             "/etc/ssl/openssl.cnf:/usr/lib/ssl/"]
    for folder in ("system/tls", "system/census", "attribution", "clear"):
        files.append(f"{TOP}/tests/{folder}:/tests/{folder}")
    return machines.make_root(build, "binding-root", files)


def main():
    parser = machines.parser(__doc__, kernels="6.1 6.12 7.2")
    parser.add_argument("--connections", type=int, default=300)
    options = parser.parse_args()
    root = make_root(options.build)
    os.makedirs(os.path.join(root, "build/tests"), exist_ok=True)

    def test(kernel, _, backend):
        inside = ["env", "NETAUDIT_UNSHARED=1", f"BACKEND={backend}", "python3", "/tests/system/tls/test_binding.py", "/build",
                  "--standard-library", "--connections", str(options.connections)]
        return machines.run_test(options, kernel, root, inside)
    return machines.each_machine(options, test)


if __name__ == "__main__":
    sys.exit(main())
