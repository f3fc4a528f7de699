#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Runs the census under a live auditor: start, work, drain, stop, export, verify, compare.

    run.py --programs FOLDER --workload FOLDER --out FOLDER [--backend NAME] [--count N] [--no-compare]

Leaves truth.jsonl, records.jsonl, status.json and daemon.log in the output folder. The auditor keeps its journal in
a folder of its own there, so nothing that is installed on the machine is touched. Readiness and draining are read
from the auditor itself (sd_notify, status.json).
"""
import argparse
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
PROGRESS_SECONDS = 2
HOLD_SECONDS = 6	# of the flow that must show progress
READY_SECONDS = 120
DRAIN_SECONDS = 120
STOP_SECONDS = 60
VERIFIED_WITH_LOSSES = 4	# netaudit(1): the chain holds, and admits that something was missed


class Auditor:
    def __init__(self, options, scope="host", settings=()):
        self.out = options.out
        self.state_dir, self.run_dir = (os.path.join(self.out, name) for name in ("state", "run"))
        for folder in (self.state_dir, self.run_dir):
            shutil.rmtree(folder, ignore_errors=True)
            os.makedirs(folder, 0o755)
        self.notify = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        address = f"\0netaudit-census-{os.getpid()}"
        self.notify.bind(address)
        command = [os.path.join(options.programs, "netaudit-bpf"), "--state-dir", self.state_dir,
                   "--run-dir", self.run_dir, "--scope", scope, "--backend", options.backend,
                   "--user", "nobody", "--sign-user", "daemon", "--progress-seconds", str(PROGRESS_SECONDS), *settings]
        with open(os.path.join(self.out, "daemon.log"), "w", encoding="utf-8") as log:
            self.process = subprocess.Popen(command, stdout=log, stderr=log, stdin=subprocess.DEVNULL,
                                            env=dict(os.environ, NOTIFY_SOCKET="@" + address[1:]))

    def wait_ready(self):
        deadline = time.monotonic() + READY_SECONDS
        self.notify.settimeout(1)
        while time.monotonic() < deadline:
            if self.process.poll() is not None:
                raise SystemExit(f"census: the auditor ended with status {self.process.returncode}:\n{self.log()}")
            try:
                if b"READY=1" in self.notify.recv(4096).split(b"\n"):
                    return
            except socket.timeout:
                pass
        raise SystemExit("census: the auditor did not become ready:\n" + self.log())

    def log(self):
        with open(os.path.join(self.out, "daemon.log"), encoding="utf-8", errors="replace") as log:
            return log.read()

    def status(self):
        with open(os.path.join(self.run_dir, "status.json"), encoding="utf-8") as file:
            return json.load(file)

    def wait_drained(self):
        """Until a status written after now shows every event settled and every record committed."""
        begun_ns = time.clock_gettime_ns(time.CLOCK_BOOTTIME)
        deadline = time.monotonic() + DRAIN_SECONDS
        while time.monotonic() < deadline:
            status = self.status()
            if status["now_boottime_ns"] > begun_ns + 2_000_000_000 and not status["queue_used_bytes"] and \
                    sum(status["events_received"].values()) <= status["events_settled"]:
                return status
            time.sleep(0.2)
        print("census: not drained in time: " + json.dumps(status))
        return status

    def stop(self):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        try:
            return self.process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            return -signal.SIGKILL


def run_workload(options):
    command = [os.path.join(options.workload, "na-workload"), "--truth", os.path.join(options.out, "truth.jsonl"),
               "--count", str(options.count), "--seed", str(options.seed), "--hold", str(HOLD_SECONDS)]
    if options.only:
        command += ["--only", options.only]
    return subprocess.run(command, check=False).returncode


def ask(options, place, *arguments, output=None):
    command = [os.path.join(options.programs, "netaudit"), arguments[0], "--state-dir", place, *arguments[1:]]
    return subprocess.run(command, check=False, stdout=output).returncode


def measure(options):
    """Everything but the comparison. Returns the number of steps that failed."""
    auditor, failed = Auditor(options), 0
    try:
        auditor.wait_ready()
        if run_workload(options):
            print("census: the workload failed")
            failed += 1
        status = auditor.wait_drained()
    finally:
        stopped = auditor.stop()
    with open(os.path.join(options.out, "status.json"), "w", encoding="utf-8") as file:
        json.dump(status, file, indent=1)
    if stopped:
        print(f"census: the auditor ended with status {stopped}:\n{auditor.log()}")
        failed += 1
    with open(os.path.join(options.out, "records.jsonl"), "wb") as file:
        if ask(options, auditor.state_dir, "log", "--json", "--all", "--lines", "0", output=file):
            print("census: the journal could not be read")
            failed += 1
    verified = ask(options, auditor.state_dir, "verify")
    if verified not in ((0, VERIFIED_WITH_LOSSES) if status["missed_programs"] else (0,)):
        print(f"census: netaudit verify ended with status {verified}")
        failed += 1
    print(f"census: backend {status['backend']}, kernel {os.uname().release}, lost {status['lost_ring']} in rings and "
          f"{status['lost_map']} in maps, {status['missed_programs']} program runs missed")
    if not options.keep:
        shutil.rmtree(auditor.state_dir)
        shutil.rmtree(auditor.run_dir)
    return failed


def compare(out, kernel=os.uname().release):
    with open(os.path.join(out, "status.json"), encoding="utf-8") as file:
        status = json.load(file)
    command = [sys.executable, os.path.join(HERE, "compare.py"), "--backend", status["backend"], "--kernel", kernel,
               "--missed-programs", str(status["missed_programs"]), "--progress-us", str(PROGRESS_SECONDS * 1_000_000),
               "--records", os.path.join(out, "records.jsonl"), os.path.join(out, "truth.jsonl")]
    return subprocess.run(command, check=False).returncode


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--programs", required=True, help="where netaudit-bpf and netaudit are")
    parser.add_argument("--workload", required=True, help="where na-workload and na-blink are")
    parser.add_argument("--out", required=True)
    parser.add_argument("--backend", default="auto")
    parser.add_argument("--count", type=int, default=100)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--only", help="only kinds whose name contains this")
    parser.add_argument("--keep", action="store_true", help="keep the journal")
    parser.add_argument("--no-compare", action="store_true", help="somebody else compares")
    options = parser.parse_args()
    options.out = os.path.abspath(options.out)
    os.makedirs(options.out, exist_ok=True)
    failed = measure(options)
    if not options.no_compare:
        failed += compare(options.out)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
