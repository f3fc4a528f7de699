#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Native code of an add-on is found on the C stack exactly where it is: native.py --walk PROGRAM"""
import argparse
import collections
import json
import os
import re
import subprocess
import sys
import tempfile

from run import HERE, Walker

# letters of walk.c: E evaluates Python, O the add-on's object, - anything else
PLAIN = r"-+(E-*)+"
EXPECTED = {
    "plain": PLAIN,
    "called": r"-+E-+O-+(E-*)+",
    "called deep": r"-+E-+O-+(E-*)+",
    "called twice": r"-+E-+O-+E-+O-+(E-*)+",
    "from sort": r"-+E-+O-+O-+(E-*)+",
    "direct": r"-+O-+(E-*)+",
    "after traces": PLAIN,
    "by the core": r"-+E-+(E-*)+",
    "core around": r"-+E-+O-+E-+(E-*)+",
}
ENTRY = 1


# (when the object is loaded, whether the kernel was told before): is the C stack of the second plain call wanted,
# and does the kernel know which of the later calls' words are code?
Mode = collections.namedtuple("Mode", "load told wanted listed")
MODES = [Mode("early", True, True, True), Mode("early", False, True, False), Mode("late", True, False, False),
         Mode("late", False, True, False)]


def tell(walker, *command):
    result = walker.tell(*command)
    if result:
        raise SystemExit(f"test-native: {command[0]}: {os.strerror(-result)}")


def run_target(walker, folder, mode):
    """{case: its local port}"""
    target = subprocess.Popen([sys.executable, os.path.join(HERE, "native_target.py"), os.path.join(folder, "addon.so"),
                               mode.load], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1)

    def rest():
        print("rest", file=target.stdin, flush=True)
        return json.loads(target.stdout.readline())

    pid = int(target.stdout.readline())
    for command in (("scope", pid), ("python", pid), ("watch", folder)):
        tell(walker, *command)
    cases = {"never looked at": rest()}
    if mode.told:
        tell(walker, "native", pid)
    cases["at rest"] = rest()
    print("go", file=target.stdin, flush=True)
    for line in target.stdout:
        if line == "done\n":
            break
        name, port = json.loads(line)
        cases[name] = port
    walker.tell("forget")
    target.stdin.close()
    target.wait()
    target.stdout.close()
    return cases


def check(name, stack, native):
    calls, activations = native["calls"], native["calls"].count("E")
    entered = sum(1 for frame in stack["frames"] if frame[2] & ENTRY)
    if not native["complete"]:
        return f"the chain breaks off after {calls}"
    if not re.fullmatch(EXPECTED.get(name, PLAIN), calls):
        return f"{calls} is not {EXPECTED.get(name, PLAIN)}"
    if activations != entered:
        return f"{activations} activations of the interpreter, {entered} entries among the frames"
    return None


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--walk", required=True)
    parser.add_argument("--backend", default="auto")
    options = parser.parse_args()
    if os.uname().machine != "x86_64":
        print("skip: C stacks are followed on x86-64 only")
        return 0
    failed, walker = 0, Walker(options.walk, options.backend)
    with tempfile.TemporaryDirectory(prefix="netaudit-native-") as folder:
        subprocess.run(["gcc", "-O2", "-shared", "-fPIC", "-fomit-frame-pointer", "-o", os.path.join(folder, "addon.so"),
                        os.path.join(HERE, "native_addon.c")], check=True)
        for mode in MODES:
            print(f"loaded {mode.load}, the kernel was {'told' if mode.told else 'not told'} before")
            walker.events.clear()
            failed += verdict(run_target(walker, folder, mode), walker.events, mode)
    walker.end()
    count = len(MODES) * (len(EXPECTED) + 2)
    print(f"test-native: {count - failed} right, {failed} wrong ({walker.backend})")
    return 1 if failed else 0


def verdict(cases, events, mode):
    flows = {event["local_port"]: event["flow"] for event in events if event["event"] == "open"}
    stacks = {event["flow"]: event for event in events if event["event"] == "stack"}
    natives = {event["flow"]: event for event in events if event["event"] == "native"}
    told = {"never looked at": (True, True), "at rest": (mode.wanted, not mode.told)}
    failed = 0
    for name in (*told, *EXPECTED):
        wanted, unlisted = told.get(name, (True, not mode.listed))
        stack, native = (found.get(flows.get(cases.get(name))) for found in (stacks, natives))
        problem = "not seen" if not stack or bool(native) != wanted else \
            native and (check(name, stack, native) or native["unlisted"] != unlisted and f"unlisted: {not unlisted}")
        print(f"  {'wrong' if problem else 'right'}  {name:16}{problem or native and native['calls'] or 'not asked for'}")
        failed += bool(problem)
    return failed


if __name__ == "__main__":
    sys.exit(main())
