#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Python stacks on stock kernels: each kernel in a virtual machine with each kind of hooks forced.

    python.py --build BUILD [--kernels "5.10 6.1"] [--backends "fentry kprobe tracepoint"]

What is compared, and how, is in tests/system/python/run.py, which runs inside. A kernel that its archive no longer has
is a printed skip.
"""
import os
import shlex
import shutil
import sys

import machines

PYTHON = os.path.join(machines.TOP, "tests/system/python")


def make_root(build):
    return machines.make_root(build, "python-root", [f"{build}/tests/python/walk:/usr/bin/", f"{PYTHON}:/python"])


def run_backends(options, kernel, root, backends):
    """One machine for all: booting takes longer than the test. Returns {backend: passed}."""
    out = os.path.join(options.build, "vm/python", os.path.basename(kernel))
    shutil.rmtree(out, ignore_errors=True)
    os.makedirs(out)
    script = "; ".join(f"python3 /python/run.py --walk /usr/bin/walk --backend {shlex.quote(backend)}; "
                       f"echo $? >/out/{backend}" for backend in backends)
    machines.run(options, kernel, root, script, "--modules", "", "--out", out)
    passed = {}
    for backend in backends:
        try:
            with open(os.path.join(out, backend), encoding="ascii") as file:
                passed[backend] = file.read().strip() == "0"
        except OSError:
            passed[backend] = False
    return passed


def main():
    options = machines.parser(__doc__, seconds=600).parse_args()
    root, verdicts = make_root(options.build), []
    for version in options.kernels.split():
        kernel, backends = machines.fetch_kernel(version), options.backends.split()
        print(f"\n== {machines.title(version, kernel)}", flush=True)
        found = run_backends(options, kernel, root, backends) if kernel else dict.fromkeys(backends)
        verdicts += [(f"kernel {version}, {backend}", verdict) for backend, verdict in found.items()]
    return machines.summary(verdicts)


if __name__ == "__main__":
    sys.exit(main())
