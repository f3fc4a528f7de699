#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Processes that lie about their frames, die while they are walked, or have more than fits: hostile.py --walk PROGRAM"""
import argparse
import collections
import os
import signal
import subprocess
import sys
import tempfile
import time

import run

NO_PYTHON, NO_STATE, CODE_LOST = 3, 4, 6
SCRIPT = "hostile_target.py"
problems = []


def check(condition, what):
    print(f"  {'right' if condition else 'WRONG'}  {what}")
    if not condition:
        problems.append(what)


def ask(target, line):
    print(line, file=target.process.stdin, flush=True)
    return target.process.stdout.readline()


def told(walker):
    """Everything the walker has said since the last time. Commands are answered after what came before them."""
    walker.tell("forget")
    walker.tell("forget")
    events, walker.events = walker.events, []
    return events


def lies(walker, folder):
    log = os.path.join(folder, "lies")
    target = run.Target(log, [], SCRIPT)
    run.introduce(walker, target)
    ask(target, "lies")
    seen = run.Seen(told(walker))
    for lie in run.read_log(log):
        stacks = seen.stacks.get(lie["key"], [])
        stack = stacks[0] if len(stacks) == 1 else {"status": None, "frames": []}
        count = len(stack["frames"])
        right = stack["status"] == lie["status"] and lie.get("count", count) == count
        if right and "no_file" in lie:
            right = run.text_of(seen.codes[stack["frames"][lie["no_file"]][0]]["file"]) is None
        names = [run.text_of(seen.codes[frame[0]]["name"]) for frame in stack["frames"][:2] if frame[0] in seen.codes]
        check(right and names == ["connect", "in_between"], f"{lie['case']}: status {stack['status']}, {count} frames")
    walker.tell("set", target.pid, "frame_back", 8)
    ask(target, "connects 3")
    walker.tell("set", target.pid, "frame_back", 48)
    walker.tell("set", target.pid, "code_file", 24)
    ask(target, "connects 3")
    events = told(walker)
    check(len([event for event in events if event["event"] == "stack"]) == 6, "a wrong layout is walked and ends")
    check(target.end() == 0, "the liar goes on undisturbed")


def native(walker, folder):
    target = run.Target(os.path.join(folder, "native"), [], SCRIPT)
    run.introduce(walker, target)
    ask(target, "native")
    stacks = [event for event in told(walker) if event["event"] == "stack" and event["pid"] == target.pid]
    others = [stack for stack in stacks if stack["reason"] == run.CONNECT and stack["tid"] != target.pid]
    check(others and all(stack["status"] == NO_STATE and not stack["frames"] for stack in others),
          f"{len(others)} connects of a thread that is not Python's have no frames")
    target.end()


def threads(walker, folder, count):
    log = os.path.join(folder, "threads")
    target = run.Target(log, [], SCRIPT)
    run.introduce(walker, target)
    ask(target, f"threads {count}")
    truths = run.read_log(log)
    check(len(truths) == count, f"{len(truths)} threads connected")
    check(run.compare(told(walker), truths, walker.backend) == 0, "each with its own frames")
    target.end()


def deaths(program, backend, folder, rounds):
    walker = run.Walker(program, backend)	# its ring may overflow
    stacks = collections.Counter()
    for number in range(rounds):
        target = run.Target(os.path.join(folder, f"storm{number}"), [], SCRIPT)
        run.introduce(walker, target)
        ask(target, "storm")
        deadline = time.monotonic() + 20
        while not stacks and time.monotonic() < deadline:
            stacks.update(event["status"] for event in told(walker) if event["event"] == "stack")
        target.process.send_signal(signal.SIGKILL)
        target.process.wait()
        events = told(walker)
        stacks.update(event["status"] for event in events if event["event"] == "stack")
        broken = [event for event in events if event["event"] == "stack" and event["status"] == 2]
        check(not broken, f"killed while it was walked: {sum(stacks.values())} stacks so far, none broken")
    walker.end()


def executes(walker, folder):
    """After an exec the old layout is forgotten, and user space is asked once."""
    later = "import socket\nfor _ in range(5): socket.socket(socket.AF_UNIX).connect_ex('/nonexistent/netaudit')"
    first = f"import os, sys\nprint(os.getpid(), flush=True)\nsys.stdin.readline()\n" \
            f"os.execv(sys.executable, [sys.executable, '-c', {later!r}])"
    target = subprocess.Popen([sys.executable, "-c", first], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    pid = int(target.stdout.readline())
    check(walker.tell("scope", pid) == 0 and walker.tell("python", pid) == 0, "a process that will execute another")
    check(walker.tell("set", pid, "start_ns", 10 ** 9) < 0, "a layout for another start time is refused")
    check(walker.tell("python", pid) == 0, "and the right one taken again")
    target.communicate("go\n")
    stacks = [event["status"] for event in told(walker) if event["event"] == "stack" and event["pid"] == pid]
    check(stacks == [NO_PYTHON], f"five connects after the exec: asked about once ({stacks})")


def full_ring(program, backend, folder):
    """What does not fit is counted: stacks by stacks, code by code."""
    walker = run.Walker(program, backend, "4")
    target = run.Target(os.path.join(folder, "ring"), [], SCRIPT)
    run.introduce(walker, target)
    walker.tell("pause")
    ask(target, "connects 300")
    stacks = [event for event in told(walker) if event["event"] == "stack"]
    target.end()
    counts = walker.end()
    check(counts["stacks"] + counts["stacks_lost"] == 300 and counts["stacks_lost"] > 0,
          f"a full ring: {counts['stacks']} stacks handed over and {counts['stacks_lost']} counted as lost of 300")
    check(counts["stacks"] >= len(stacks), "nothing was handed over twice")


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--walk", required=True)
    parser.add_argument("--backend", default="auto")
    parser.add_argument("--threads", type=int, default=1500)
    options = parser.parse_args()
    if sys.version_info[:2] != (3, 11):
        print("test-python-hostile: skipped, the lies are written for CPython 3.11")
        return 0
    walker = run.Walker(options.walk, options.backend, "16384")
    with tempfile.TemporaryDirectory(prefix="na-hostile-") as folder:
        lies(walker, folder)
        native(walker, folder)
        threads(walker, folder, options.threads)
        executes(walker, folder)
        counts = walker.end()
        check(counts["stacks_lost"] == counts["codes_lost"] == 0, "nothing was lost until here")
        deaths(options.walk, options.backend, folder, 5)
        full_ring(options.walk, options.backend, folder)
    print(f"test-python-hostile: {len(problems)} wrong ({walker.backend})")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
