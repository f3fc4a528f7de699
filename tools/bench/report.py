#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""What it takes to read a large journal: the report and pages of the log, beside reading every record once.

Usage: report.py FOLDER RECORDS ROUNDS [--check]   (FOLDER: the build; medians over the rounds, all in one run)
"""
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

DAYS = 90
REPORT_AIM, PAGE_MS = 100, 200    # times faster than the scan; milliseconds of a filtered page
CATALOGUE = os.path.abspath("catalogue")
REPORT = ("report", "--quick", "--json", "--shipped", CATALOGUE, "--site", "/nonexistent")
QUESTIONS = (
    ("report, last day", REPORT),
    (f"report, {DAYS} days", (*REPORT, "--since", f"{DAYS} days ago")),
    ("log, newest page", ("log",)),
    ("log --addon", ("log", "--addon", "addon_07")),
    ("log --destination NAME", ("log", "--destination", "host123.example")),
    ("log --destination ADDRESS", ("log", "--destination", "198.51.100.17")),
    ("log --bucket", ("log", "--bucket", "third-party")),
    ("log --worker", ("log", "--worker", "cron")),
    ("log of an hour, 60 days ago", ("log", "--since", "60 days ago", "--until", "1439 hours ago", "--lines", "50")),
    ("log, nothing found", ("log", "--addon", "no_such_addon")),
)


def timed(*command):
    began = time.monotonic()
    done = subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, check=False, text=True)
    if done.returncode:
        raise SystemExit(f"{' '.join(command)}: {done.returncode}: {done.stderr}")
    return time.monotonic() - began


def main():
    build, records, rounds = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
    root, missed = tempfile.mkdtemp(prefix="bench-report-", dir=os.environ.get("BENCH_FOLDER")), []
    os.mkdir(root + "/state")
    where = ("--state-dir", root + "/state", "--run-dir", root)
    try:
        print(f"filling        {timed(build + '/tools/bench/report_fill', root + '/state/journal', str(records), str(DAYS)):.0f} s "
              f"for {records:,} records of {DAYS} days, the index included", flush=True)
        scan, answers = [], {name: [] for name, _ in QUESTIONS}
        for _ in range(rounds):
            scan.append(timed(build + "/tools/bench/journal", "read", root + "/state/journal/journal.db", "1"))
            for name, question in QUESTIONS:
                answers[name].append(timed(build + "/netaudit", *question, *where))
        print(f"reading all    {statistics.median(scan):.2f} s, one thread, nothing done with it")
        for name, times in answers.items():
            ratio = statistics.median(all_ / one for all_, one in zip(scan, times))
            print(f"{name:30} {1000 * statistics.median(times):8.1f} ms, {ratio:7.0f} times faster")
            slow = ratio < REPORT_AIM / 2 if name.startswith("report") else 1000 * statistics.median(times) > 2 * PAGE_MS
            missed += [name] if slow else []
        print(f"recount        {'equal' if deep_is_equal(build, where) else 'DIFFERENT'}: verify --deep makes the sums again")
        print(f"disk           {os.path.getsize(root + '/state/journal/journal.db') // records} bytes a record, "
              f"index {os.path.getsize(root + '/state/journal/index.db') // records}")
    finally:
        shutil.rmtree(root)
    if "--check" in sys.argv and missed:
        print("past twice the aim:", *missed, sep="\n    ")
        return 1
    return 0


def deep_is_equal(build, where):
    """The journal has no head, which is remarked too; the remark about the index must not be there."""
    done = subprocess.run([build + "/netaudit", "verify", "--deep", *where[:2]], capture_output=True, text=True, check=False)
    return "index.db says something else" not in done.stdout and done.returncode in (0, 4)


sys.exit(main())
