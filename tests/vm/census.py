#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""The census on stock kernels: each kernel in a virtual machine with each kind of hooks forced.

    census.py --build BUILD [--kernels "5.10 6.1"] [--backends "fentry kprobe tracepoint"] [--count N]

The machine runs the workload and the auditor; the comparison is made here. A kernel that its archive no longer has
is a printed skip.
"""
import json
import os
import shlex
import shutil
import sys

import machines
from machines import TOP

CENSUS = os.path.join(TOP, "tests/system/census")

sys.path.insert(0, CENSUS)
import run  # pylint: disable=wrong-import-position,wrong-import-order


def make_census_root(build):
    files = [f"{build}/netaudit-bpf:/usr/bin/", f"{build}/netaudit:/usr/bin/",
             f"{build}/tests/census/na-workload:/usr/bin/", f"{build}/tests/census/na-blink:/usr/bin/"]
    files += [f"{CENSUS}/{name}:/census/{name}" for name in ("run.py", "records.py", "compare.py")]
    return machines.make_root(build, "root", files)


def loads_default_scope(out, backend):
    """The census audits the whole host; doctor loads what the default scope needs, which the verifier must take too."""
    try:
        with open(os.path.join(out, "doctor.json"), encoding="utf-8") as file:
            checks = json.load(file)["checks"]
    except (OSError, ValueError) as error:
        print(f"test-vm: doctor said nothing that can be read: {error}")
        return False
    found = [check for check in checks if check["check"] == f"backend {backend}"]
    if len(found) == 1 and found[0]["verdict"] == "ok":
        return True
    print(f"test-vm: doctor does not load {backend} for the default scope: {found}")
    return False


def census(options, kernel, root, backend, out):
    """Returns whether the machine did its part and the comparison found everything."""
    shutil.rmtree(out, ignore_errors=True)
    os.makedirs(out)
    inside = ["python3", "/census/run.py", "--programs", "/usr/bin", "--workload", "/usr/bin", "--out", "/out",
              "--no-compare", "--backend", backend, "--count", str(options.count)]
    if options.only:
        inside += ["--only", options.only]
    status = machines.run(options, kernel, root, "netaudit doctor --json >/out/doctor.json; exec " + shlex.join(inside),
                          "--out", out)
    if status:
        print(f"test-vm: the machine ended with status {status}")
        log = os.path.join(out, "daemon.log")
        if os.path.exists(log):
            with open(log, encoding="utf-8", errors="replace") as file:
                print(file.read()[-4000:])
    complete = all(os.path.exists(os.path.join(out, name)) for name in ("truth.jsonl", "records.jsonl", "status.json"))
    sys.stdout.flush()
    different = run.compare(out, machines.release(kernel)) if complete else 1
    return not status and not different and loads_default_scope(out, backend)


def main():
    parser = machines.parser(__doc__, seconds=600)
    parser.add_argument("--count", type=int, default=100, help="operations of each kind")
    parser.add_argument("--only", help="only kinds whose name contains this")
    options = parser.parse_args()
    root = make_census_root(options.build)
    return machines.each_machine(options, lambda kernel, version, backend: census(
        options, kernel, root, backend, os.path.join(options.build, "vm/census", f"{version}-{backend}")))


if __name__ == "__main__":
    sys.exit(main())
