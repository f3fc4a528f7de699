#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""The census on stock kernels: each kernel in a virtual machine with each kind of hooks forced.

    census.py --build BUILD [--kernels "5.10 6.1"] [--backends "fentry kprobe tracepoint"] [--count N]

The machine runs the workload and the auditor; the comparison is made here. A kernel that its archive no longer has
is a printed skip.
"""
import argparse
import json
import os
import shlex
import shutil
import subprocess
import sys

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
CENSUS = os.path.join(TOP, "tests/system/census")
GONE = 77

sys.path.insert(0, CENSUS)
import run  # pylint: disable=wrong-import-position,wrong-import-order


def fetch_kernel(version):
    done = subprocess.run([os.path.join(TOP, "tools/vm-kernel"), version], stdout=subprocess.PIPE, text=True,
                          check=False)
    if done.returncode == GONE:
        return None
    if done.returncode:
        raise SystemExit(f"test-vm: kernel {version} could not be fetched")
    return done.stdout.strip()


def make_root(build, name, files):
    root = os.path.join(build, "vm", name)
    shutil.rmtree(root, ignore_errors=True)
    subprocess.run([os.path.join(TOP, "tools/vm-root"), root, *files], check=True)
    return root


def make_census_root(build):
    files = [f"{build}/netaudit-bpf:/usr/bin/", f"{build}/netaudit:/usr/bin/",
             f"{build}/tests/census/na-workload:/usr/bin/", f"{build}/tests/census/na-blink:/usr/bin/"]
    files += [f"{CENSUS}/{name}:/census/{name}" for name in ("run.py", "records.py", "compare.py")]
    return make_root(build, "root", files)


def release(kernel):
    return os.listdir(os.path.join(kernel, "lib/modules"))[0]


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
    command = [os.path.join(TOP, "tools/vm-run"), "--timeout", str(options.timeout), "--memory", "1024", "--out", out,
               kernel, root, "sh", "-c", "netaudit doctor --json >/out/doctor.json; exec " + shlex.join(inside)]
    status = subprocess.run(command, check=False).returncode
    if status:
        print(f"test-vm: the machine ended with status {status}")
        log = os.path.join(out, "daemon.log")
        if os.path.exists(log):
            with open(log, encoding="utf-8", errors="replace") as file:
                print(file.read()[-4000:])
    complete = all(os.path.exists(os.path.join(out, name)) for name in ("truth.jsonl", "records.jsonl", "status.json"))
    sys.stdout.flush()
    different = run.compare(out, release(kernel)) if complete else 1
    return not status and not different and loads_default_scope(out, backend)


def each_machine(options, test):
    """Calls test(kernel, version, backend) for every combination; prints what came of each. Returns an exit status."""
    verdicts = []
    for version in options.kernels.split():
        kernel = fetch_kernel(version)
        for backend in options.backends.split():
            title = f"kernel {version} ({release(kernel) if kernel else 'gone from the archive'}), {backend}"
            print(f"\n== {title}", flush=True)
            verdicts.append((title, test(kernel, version, backend) if kernel else None))
    print()
    words = {True: "passed", False: "FAILED", None: "skipped"}
    for title, verdict in verdicts:
        print(f"{words[verdict]:8} {title}")
    counts = [sum(1 for _, verdict in verdicts if verdict is one) for one in (True, False, None)]
    print("{} passed, {} failed, {} skipped".format(*counts))
    return 1 if counts[1] else 0


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--build", required=True)
    parser.add_argument("--kernels", default="5.10 6.1 6.12 7.2")
    parser.add_argument("--backends", default="fentry kprobe tracepoint")
    parser.add_argument("--count", type=int, default=100, help="operations of each kind")
    parser.add_argument("--only", help="only kinds whose name contains this")
    parser.add_argument("--timeout", type=int, default=600, help="seconds for one machine")
    options = parser.parse_args()
    build = os.path.abspath(options.build)
    root = make_census_root(build)
    return each_machine(options, lambda kernel, version, backend: census(
        options, kernel, root, backend, os.path.join(build, "vm/census", f"{version}-{backend}")))


if __name__ == "__main__":
    sys.exit(main())
