#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""What the journal costs: appending, verifying and pruning, each beside what it can be compared with.

Usage: journal.py FOLDER RECORDS ROUNDS [--check]   (FOLDER: the build; medians over the rounds, all in one run)
"""
import os
import re
import shutil
import statistics
import subprocess
import sys
import tempfile

APPEND_AIM, VERIFY_AIM, ROLLUP_AIM = 0.8, 0.5, 0.15


class Bench:
    def __init__(self, build, records, rounds):
        self.tool, self.driver = build + "/tools/bench/journal", build + "/tests/journal_driver"
        self.records, self.rounds = records, rounds
        self.root = tempfile.mkdtemp(prefix="bench-journal-", dir=os.environ.get("BENCH_FOLDER"))

    def path(self, *names):
        return os.path.join(self.root, *names)

    def run(self, *arguments):
        done = subprocess.run([self.tool, *map(str, arguments)], check=True, capture_output=True, text=True)
        return float(done.stdout)

    def append(self):
        """Turn about, so that all meet the same disk; each into a new file."""
        ours, bare, sums = [], [], []
        for _ in range(self.rounds):
            ours.append(self.run("append", self.path("append"), self.records))
            shutil.rmtree(self.path("append"))
            bare.append(self.run("bare", self.path("bare.db"), self.records))
            sums.append(self.run("rollup", self.path("rollup.db"), self.records))
            for name in ("bare.db", "rollup.db"):
                os.unlink(self.path(name))
        return (statistics.median(ours), statistics.median(bare), statistics.median(b / o for o, b in zip(ours, bare)),
                statistics.median(s / o for o, s in zip(ours, sums)))

    def fill(self):
        subprocess.run([self.driver, "fill", self.path("full"), str(self.records)], check=True, capture_output=True)
        return self.path("full", "journal"), self.path("full", "journal", "journal.db")

    def verify(self, directory, file, threads, cold):
        """Verifying and only reading, turn about. Returns the medians and that of the ratio."""
        verified, read = [], []
        for _ in range(self.rounds):
            for work, where, times in (("verify", directory, verified), ("read", file, read)):
                if cold:
                    self.run("forget", file)
                times.append(self.run(work, where, threads))
        return statistics.median(verified), statistics.median(read), statistics.median(r / v for v, r in zip(verified, read))

    def prune(self, keep_bytes):
        """Half of a filled journal, each time a copy."""
        rates = []
        for _ in range(self.rounds):
            shutil.copytree(self.path("full"), self.path("pruned"))
            done = subprocess.run([self.driver, "prune", self.path("pruned"), "0", "0", str(keep_bytes)], check=True,
                                  capture_output=True, text=True)
            rates.append(float(re.search(r"rate=(\S+)", done.stdout)[1]))
            shutil.rmtree(self.path("pruned"))
        return statistics.median(rates)


def openssl_rate(bytes_at_once):
    """Bytes a second of one thread, as `openssl speed` has it."""
    done = subprocess.run(["openssl", "speed", "-mr", "-seconds", "1", "-bytes", str(bytes_at_once), "-evp", "sha256"],
                          capture_output=True, text=True, check=True)
    return float(re.search(r"^\+F:.*:([\d.]+)$", done.stdout, re.M)[1])


def main():
    build, records, rounds = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
    bench = Bench(build, records, rounds)
    missed = []
    try:
        ours, bare, ratio, sums = bench.append()
        print(f"append        {records / ours:9,.0f} records/s; bare SQLite {records / bare:9,.0f}; {ratio:.2f} of it (aim {APPEND_AIM})")
        missed += ["append"] if ratio < APPEND_AIM / 2 else []
        print(f"rollup        {sums:9.2f} of appending is added by the report's sums (aim {ROLLUP_AIM})")
        missed += ["rollup"] if sums > 2 * ROLLUP_AIM else []
        directory, file = bench.fill()
        size = os.path.getsize(file)
        for threads, cold in ((1, False), (2, False), (2, True)):
            ours, read, ratio = bench.verify(directory, file, threads, cold)
            print(f"verify {'cold' if cold else 'warm'} {threads}t {records / ours:9,.0f} records/s; only reading {records / read:9,.0f}; "
                  f"{ratio:.2f} of it (aim {VERIFY_AIM} at 2 threads)")
            if threads == 2:
                missed += ["verify"] if ratio < VERIFY_AIM / 2 else []
        each = size // records
        rate = openssl_rate(each)
        print(f"SHA-256       {rate / each:9,.0f} records/s would be hashed by one thread at openssl speed's rate of "
              f"{rate / 1e6:.0f} MB/s for {each} bytes at once")
        print(f"prune         {bench.prune(size // 2):9,.0f} records/s, the room given back included")
        print(f"disk          {each} bytes a record")
    finally:
        shutil.rmtree(bench.root)
    if "--check" in sys.argv and missed:
        print("past twice the aim:", *missed)
        return 1
    return 0


sys.exit(main())
