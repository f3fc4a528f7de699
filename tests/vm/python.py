#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Python stacks on stock kernels: each kernel in a virtual machine with each kind of hooks forced.

    python.py --build BUILD [--kernels "5.10 6.1"] [--backends "fentry kprobe tracepoint"]

What is compared, and how, is in tests/system/python/run.py, which runs inside. A kernel that its archive no longer has
is a printed skip.
"""
import argparse
import os
import shlex
import shutil
import subprocess
import sys

import census

PYTHON = os.path.join(census.TOP, "tests/system/python")


def make_root(build):
    root = os.path.join(build, "vm/python-root")
    shutil.rmtree(root, ignore_errors=True)
    subprocess.run([os.path.join(census.TOP, "tools/vm-root"), root, f"{build}/tests/python/walk:/usr/bin/",
                    f"{PYTHON}:/python"], check=True)
    return root


def run_backends(options, kernel, root, backends):
    """One machine for all: booting takes longer than the test. Returns {backend: passed}."""
    out = os.path.join(os.path.abspath(options.build), "vm/python", os.path.basename(kernel))
    shutil.rmtree(out, ignore_errors=True)
    os.makedirs(out)
    script = "; ".join(f"python3 /python/run.py --walk /usr/bin/walk --backend {shlex.quote(backend)}; "
                       f"echo $? >/out/{backend}" for backend in backends)
    subprocess.run([os.path.join(census.TOP, "tools/vm-run"), "--timeout", str(options.timeout), "--memory", "1024",
                    "--modules", "", "--out", out, kernel, root, "sh", "-c", script], check=False)
    passed = {}
    for backend in backends:
        try:
            with open(os.path.join(out, backend), encoding="ascii") as file:
                passed[backend] = file.read().strip() == "0"
        except OSError:
            passed[backend] = False
    return passed


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--build", required=True)
    parser.add_argument("--kernels", default="5.10 6.1 6.12 7.2")
    parser.add_argument("--backends", default="fentry kprobe tracepoint")
    parser.add_argument("--timeout", type=int, default=600, help="seconds for one machine")
    options = parser.parse_args()
    root, verdicts = make_root(os.path.abspath(options.build)), []
    for version in options.kernels.split():
        kernel, backends = census.fetch_kernel(version), options.backends.split()
        print(f"\n== kernel {version} ({census.release(kernel) if kernel else 'gone from the archive'})", flush=True)
        found = run_backends(options, kernel, root, backends) if kernel else dict.fromkeys(backends)
        verdicts += [(f"kernel {version}, {backend}", verdict) for backend, verdict in found.items()]
    words = {True: "passed", False: "FAILED", None: "skipped"}
    for title, verdict in verdicts:
        print(f"{words[verdict]:8} {title}")
    counts = [sum(1 for _, verdict in verdicts if verdict is one) for one in (True, False, None)]
    print("{} passed, {} failed, {} skipped".format(*counts))
    return 1 if counts[1] else 0


if __name__ == "__main__":
    sys.exit(main())
