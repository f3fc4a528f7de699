#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""What the probe python:audit costs a Python program for each event that its interpreter announces.

    audit.py --build FOLDER [--rounds N]

Processor time of the program that announces, in nanoseconds an event: without the auditor; out of its scope, while a
stand-in for an Odoo has the same interpreter listened to; and in scope. What the figures mean: docs/cost.md.
"""
import argparse
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

from auditor import Auditor, BenchError

PYTHON = "/usr/bin/python3"
FRAMES = (10, 40)
# Names are stacks in a ring: so few that all of them fit while the observer is not waited for.
EVENTS = {"other": 50000, "announced": 5000, "name": 400}
WARM_UP = 50
PATIENCE_SECONDS = 30

class Target:
    def __init__(self, script):
        self.process = subprocess.Popen([PYTHON, "-I", script], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                        text=True, bufsize=1)
        self.process.stdout.readline()

    def nanoseconds(self, deed, frames, count):
        print(deed, frames, count, file=self.process.stdin, flush=True)
        return float(self.process.stdout.readline())

    def stop(self):
        self.process.stdin.close()
        self.process.wait()


def measure(script):
    target = Target(script)
    try:
        figures = {}
        for deed, count in EVENTS.items():
            for frames in FRAMES:
                target.nanoseconds(deed, frames, WARM_UP)
                figures[deed, frames] = target.nanoseconds(deed, frames, count)
        return figures
    finally:
        target.stop()


def with_auditor(build, scope, script):
    """The same with the auditor; a stand-in for an Odoo sees to it that the probe is there in every scope."""
    auditor = Auditor(os.path.join(build, "netaudit-bpf"), scope)
    odoo = None
    try:
        with tempfile.TemporaryDirectory() as folder:
            shutil.copy(script, os.path.join(folder, "odoo-bin"))
            odoo = Target(os.path.join(folder, "odoo-bin"))
            deadline = time.monotonic() + PATIENCE_SECONDS
            while not auditor.status().get("probes"):
                if time.monotonic() > deadline:
                    raise BenchError(f"no probe is attached: has {PYTHON} one (readelf --notes)?")
                time.sleep(0.1)
            time.sleep(1)
            return measure(script)
    finally:
        if odoo:
            odoo.stop()
        auditor.stop()


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--build", required=True)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    script = os.path.join(os.path.dirname(os.path.abspath(__file__)), "audit_target.py")
    rounds = {"without": [], "out of scope": [], "in scope": []}
    for _ in range(options.rounds):
        rounds["without"].append(measure(script))
        rounds["out of scope"].append(with_auditor(options.build, "odoo", script))
        rounds["in scope"].append(with_auditor(options.build, "host", script))
    print(f"load {os.getloadavg()[0]:.1f}; ns an event, medians of {options.rounds} rounds")
    print(f"{'':24}" + "".join(f"{state:>14}" for state in rounds))
    for deed in EVENTS:
        for frames in FRAMES:
            figures = [statistics.median(figure[deed, frames] for figure in done) for done in rounds.values()]
            print(f"{deed + f', {frames} frames':24}" + "".join(f"{figure:14,.0f}" for figure in figures), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
