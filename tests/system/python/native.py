#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Native code of an add-on is found on the C stack exactly where it is: native.py --walk PROGRAM"""
import argparse
import json
import os
import re
import subprocess
import sys
import tempfile

from run import HERE, Walker

# letters of walk.c: E evaluates Python, O the add-on's object, - anything else
EXPECTED = {
    "plain": r"-+(E-*)+",
    "called": r"-+E-+O-+(E-*)+",
    "called deep": r"-+E-+O-+(E-*)+",
    "called twice": r"-+E-+O-+E-+O-+(E-*)+",
    "from sort": r"-+E-+O-+O-+(E-*)+",
    "direct": r"-+O-+(E-*)+",
    "after traces": r"-+(E-*)+",
    "by the core": r"-+E-+(E-*)+",
    "core around": r"-+E-+O-+E-+(E-*)+",
}
ENTRY = 1


def run_target(walker, folder, addon):
    target = subprocess.Popen([sys.executable, os.path.join(HERE, "native_target.py"), addon], stdin=subprocess.PIPE,
                              stdout=subprocess.PIPE, text=True, bufsize=1)
    pid = int(target.stdout.readline())
    for command in (("scope", pid), ("python", pid), ("native", pid, folder)):
        result = walker.tell(*command)
        if result:
            raise SystemExit(f"test-native: {command[0]}: {os.strerror(-result)}")
    print("go", file=target.stdin, flush=True)
    cases = {}
    for line in target.stdout:
        if line == "done\n":
            break
        name, port = json.loads(line)
        cases[name] = port
    walker.tell("forget")
    target.stdin.close()
    target.wait()
    return cases


def check(name, stack, native):
    calls, activations = native["calls"], native["calls"].count("E")
    entered = sum(1 for frame in stack["frames"] if frame[2] & ENTRY)
    if not native["complete"]:
        return f"the chain breaks off after {calls}"
    if not re.fullmatch(EXPECTED[name], calls):
        return f"{calls} is not {EXPECTED[name]}"
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
    with tempfile.TemporaryDirectory(prefix="netaudit-native-") as folder:
        addon = os.path.join(folder, "addon.so")
        subprocess.run(["gcc", "-O2", "-shared", "-fPIC", "-fomit-frame-pointer", "-o", addon,
                        os.path.join(HERE, "native_addon.c")], check=True)
        walker = Walker(options.walk, options.backend)
        cases = run_target(walker, folder, addon)
        walker.end()
    flows = {event["local_port"]: event["flow"] for event in walker.events if event["event"] == "open"}
    stacks = {event["flow"]: event for event in walker.events if event["event"] == "stack"}
    natives = {event["flow"]: event for event in walker.events if event["event"] == "native"}
    failed = 0
    for name, pattern in EXPECTED.items():
        flow = flows.get(cases.get(name))
        problem = "not seen" if flow not in natives or flow not in stacks else check(name, stacks[flow], natives[flow])
        print(f"  {'wrong' if problem else 'right'}  {name:14} {problem or natives[flow]['calls']}")
        failed += bool(problem)
    print(f"test-native: {len(EXPECTED) - failed} right, {failed} wrong ({walker.backend})")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
