#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Lets every file-system call of journal and signer go wrong, one life for each, and looks what is left.

A life: a journal is taken up, gets records and heads, is pruned, and stops. After the fault the next life must begin,
finish the pruning and end well; every record that was committed must be there, and nothing may have been signed that
was not on disk. Usage: every_call.py FOLDER COUNT   (COUNT: lives to sample for each way to fail; 0: all)
"""
import json
import os
import shutil
import sqlite3
import struct
import sys

from lab import NOTED, OK, Lab

HOW = ("eio", "enospc", "short", "kill")
LIFE = ("prune", 300, 0, 120000)


def live(lab, folder, number, how):
    """Returns calls made, faults made, what the driver printed, its status, and the order of writes and syncs."""
    state, log = os.path.join(lab.root, "state"), os.path.join(lab.root, "log")
    open(state, "wb").write(bytes(16))
    open(log, "wb").close()
    out, status = lab.drive(LIFE[0], lab.dir, *LIFE[1:], LD_PRELOAD=os.path.join(lab.build, "failing_calls.so"),
                            FAIL_FOLDER=f"{lab.dir}/{folder}", FAIL_AT=str(number), FAIL_HOW=how, FAIL_STATE=state, FAIL_LOG=log)
    calls, faults = struct.unpack("qq", open(state, "rb").read())
    return calls, faults, out, status, open(log, encoding="utf-8", errors="replace").read().split("\n")


def signed_too_early(log):
    """A new signer's state while a write to the WAL had not been synced."""
    pending = False
    for line in log:
        what, _, name = line.partition(" ")
        if name == "journal.db-wal":
            pending = what == "write" or (pending and what != "sync")
        if what == "rename" and name == "state" and pending:
            return True
    return False


def rows(lab):
    db = sqlite3.connect(lab.journal)
    try:
        return db.execute("SELECT seq, body FROM record ORDER BY seq").fetchall()
    finally:
        db.close()


def committed(out):
    return max((int(word[10:]) for word in out.split() if word.startswith("committed=")), default=0)


def check(lab, folder, number, how):
    """One life that goes wrong and the next. Returns what is wrong, or None."""
    shutil.copytree(lab.pristine, lab.dir)
    try:
        _, faults, out, _, log = live(lab, folder, number, how)
        if not faults:
            return None
        if signed_too_early(log):
            return "a head was signed over records that were not on disk"
        again, status = lab.drive(LIFE[0], lab.dir, 5, 0, 0)
        if status:
            return f"the next life ended with {status}: {lab.said}"
        answer = lab.verify()
        if answer["verdict"] not in (OK, NOTED) or "pruning" in answer["why"]:
            return f"not verified: {answer}"
        there = rows(lab)
        if there[-1][0] < committed(out):
            return f"record {committed(out)} was committed, {there[-1][0]} is the last: {again}"
        flows = [int(body["flow"], 16) for body in (json.loads(body) for _, body in there) if body["kind"] == "close"]
        jumps = [pair for pair in zip(flows, flows[1:]) if pair[1] not in (pair[0] + 1, 0)]
        return f"records are missing: {jumps}" if jumps else None
    finally:
        shutil.rmtree(lab.dir, ignore_errors=True)


def main():
    lab, wanted = Lab(sys.argv[1]), int(sys.argv[2])
    wrong, lives = [], 0
    for folder in ("journal", "signer"):
        shutil.copytree(lab.pristine, lab.dir)
        calls, _, _, status, log = live(lab, folder, 0, "eio")
        shutil.rmtree(lab.dir)
        assert status == 0 and calls > 20 and not signed_too_early(log), (folder, calls, status, lab.said)
        assert "rename state" in log, "the order of signing was not seen"
        step = max(1, calls // wanted) if wanted else 1
        for kind, how in enumerate(HOW):
            numbers = range(1 + kind % step, calls + 1, step)
            found = [(folder, how, number, what) for number in numbers if (what := check(lab, folder, number, how))]
            print(f"{folder:8} {how:7} {len(numbers):5} of {calls} calls failed, one a life: {len(found)} badly taken")
            wrong += found
            lives += len(numbers)
    lab.close()
    for one in wrong[:20]:
        print("FAIL ", *one)
    print(f"{lives - len(wrong)} lives with a fault ended well, {len(wrong)} did not")
    return 1 if wrong else 0


sys.exit(main())
