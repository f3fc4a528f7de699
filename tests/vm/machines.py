# SPDX-License-Identifier: GPL-2.0-or-later
"""What the suites on stock kernels share: the kernels, what is in a machine, its options, and one run in it.

A kernel that its archive no longer has is a printed skip.
"""
import argparse
import os
import shlex
import shutil
import subprocess
import sys

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
GONE = 77
WORDS = {True: "passed", False: "FAILED", None: "skipped"}


def parser(description, kernels="5.10 6.1 6.12 7.2", seconds=900):
    """The options every suite has; `seconds` is what one machine may take."""
    made = argparse.ArgumentParser(description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
    made.add_argument("--build", required=True, type=os.path.abspath)
    made.add_argument("--kernels", default=kernels)
    made.add_argument("--backends", default="fentry kprobe tracepoint")
    made.add_argument("--timeout", type=int, default=seconds, help="seconds for one machine")
    return made


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


def release(kernel):
    return os.listdir(os.path.join(kernel, "lib/modules"))[0]


def run(options, kernel, root, command, *more):
    """The command in a machine of its own, `more` are options of tools/vm-run. Returns the exit status."""
    sys.stdout.flush()
    return subprocess.run([os.path.join(TOP, "tools/vm-run"), "--timeout", str(options.timeout), "--memory", "1024", *more,
                           kernel, root, "sh", "-c", command], check=False).returncode


def run_test(options, kernel, root, inside, *more):
    """A test program that is in the machine. Returns whether it passed."""
    return not run(options, kernel, root, shlex.join(inside) + " 2>&1", *more)


def title(version, kernel):
    return f"kernel {version} ({release(kernel) if kernel else 'gone from the archive'})"


def summary(verdicts):
    """[(title, passed or None)]. Prints what came of each. Returns an exit status."""
    print()
    for name, verdict in verdicts:
        print(f"{WORDS[verdict]:8} {name}")
    counts = [sum(1 for _, verdict in verdicts if verdict is one) for one in (True, False, None)]
    print("{} passed, {} failed, {} skipped".format(*counts))
    return 1 if counts[1] else 0


def each_machine(options, test):
    """Calls test(kernel, version, backend) for every combination. Returns an exit status."""
    verdicts = []
    for version in options.kernels.split():
        kernel = fetch_kernel(version)
        for backend in options.backends.split():
            name = f"{title(version, kernel)}, {backend}"
            print(f"\n== {name}", flush=True)
            verdicts.append((name, test(kernel, version, backend) if kernel else None))
    return summary(verdicts)
