#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Native code of an add-on is found on the C stack exactly where it is: native.py --walk PROGRAM [PYTHON ...]

Each PYTHON is a program, or ROOT:PROGRAM for one inside a root folder.
"""
import argparse
import collections
import ctypes
import json
import os
import re
import shutil
import struct
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
    "in a clone": r"-+E-+O-+(E-*)+",
    "called twice": r"-+E-+O-+E-+O-+(E-*)+",
    "from sort": r"-+E-+O-+O-+(E-*)+",
    "direct": r"-+O-+(E-*)+",
    "after traces": PLAIN,
    "by the core": r"-+E-+(E-*)+",
    "core around": r"-+E-+O-+E-+(E-*)+",
}
ENTRY = 1


# (when the object is loaded, whether the kernel was told before, whether probes are hit after that): is the C stack of
# the second plain call wanted, and does the kernel know which of the later calls' words are code?
Mode = collections.namedtuple("Mode", "load told probed wanted listed")
MODES = [Mode("early", True, False, True, True), Mode("early", False, False, True, False),
         Mode("late", True, False, False, False), Mode("late", False, False, True, False),
         Mode("early", True, True, True, True)]
PROBED = ("stepped", "jumped")
SYS_PERF_EVENT_OPEN, CLOSE_ON_EXEC = 298, 8


def tell(walker, *command):
    result = walker.tell(*command)
    if result:
        raise SystemExit(f"test-native: {command[0]}: {os.strerror(-result)}")


def attach(path):
    """Descriptors of probes that only count, at the functions that are there for them."""
    libc, held = ctypes.CDLL(None, use_errno=True), []
    symbols = subprocess.run(["nm", "-D", path], check=True, stdout=subprocess.PIPE, text=True).stdout.split()
    with open("/sys/bus/event_source/devices/uprobe/type", encoding="ascii") as file:
        kind = int(file.read())
    name = ctypes.create_string_buffer(path.encode())
    for function in PROBED:     # the linker leaves code at the place in the file that is its address
        place = int(symbols[symbols.index(function) - 2], 16)
        # perf_event_attr: type, size; from uprobe_path on: 56 bytes later
        event = struct.pack("<II48xQQ", kind, 72, ctypes.addressof(name), place)
        held.append(libc.syscall(SYS_PERF_EVENT_OPEN, event, -1, 0, -1, CLOSE_ON_EXEC))
        if held[-1] < 0:
            raise SystemExit(f"test-native: no probe at {function}: {os.strerror(ctypes.get_errno())}")
    return held


def has_page_of_probes(pid):
    with open(f"/proc/{pid}/maps", encoding="utf-8") as file:
        return any(line.endswith("[uprobes]\n") for line in file)


def run_target(walker, command, folder, mode):
    """{case: its local port}"""
    target = subprocess.Popen([*command, folder + "/native_target.py", folder + "/addon.so", mode.load],
                              stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1)

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
    if has_page_of_probes(pid) != mode.probed:
        raise SystemExit(f"test-native: the kernel has {'no' if mode.probed else 'a'} page of its own for probes there")
    walker.tell("forget")
    target.stdin.close()
    target.wait()
    target.stdout.close()
    return cases


def check(name, stack, native, entries_known):
    calls, pattern = native["calls"], EXPECTED.get(name, PLAIN)
    if not entries_known:   # each frame is an activation
        pattern = pattern.replace("E-+", "(E-+)+")
    activations = sum(1 for frame in stack["frames"] if frame[2] & ENTRY or not entries_known)
    if not native["complete"]:
        return f"the chain breaks off after {calls}"
    if not re.fullmatch(pattern, calls):
        return f"{calls} is not {pattern}"
    if calls.count("E") != activations:
        return f"{calls.count('E')} activations of the interpreter, {activations} of the frames"
    return None


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--walk", required=True)
    parser.add_argument("--backend", default="auto")
    parser.add_argument("pythons", nargs="*")
    options = parser.parse_args()
    if os.uname().machine != "x86_64":
        print("skip: C stacks are followed on x86-64 only")
        return 0
    walker = Walker(options.walk, options.backend)
    pythons = options.pythons or [sys.executable]
    failed = sum(run_python(walker, python) for python in pythons)
    walker.end()
    count = len(pythons) * len(MODES) * (len(EXPECTED) + 2)
    print(f"test-native: {count - failed} right, {failed} wrong ({walker.backend})")
    return 1 if failed else 0


def run_python(walker, python):
    root, _, program = python.rpartition(":")
    command = ["chroot", root, program] if root else [program]
    entries_known = not subprocess.run([*command, "-c", "import sys; sys.exit(sys.version_info < (3, 11))"],
                                       check=False).returncode
    failed = 0
    with tempfile.TemporaryDirectory(prefix="netaudit-native-", dir=root + "/tmp") as folder:
        shutil.copy(os.path.join(HERE, "native_target.py"), folder)
        subprocess.run(["gcc", "-O2", "-shared", "-fPIC", "-fomit-frame-pointer", "-o", os.path.join(folder, "addon.so"),
                        os.path.join(HERE, "native_addon.c")], check=True)
        for mode in MODES:
            print(f"{python}: loaded {mode.load}, the kernel was {'told' if mode.told else 'not told'} before"
                  f"{', probes are hit' if mode.probed else ''}")
            walker.events.clear()
            probes = attach(os.path.join(folder, "addon.so")) if mode.probed else []
            failed += verdict(run_target(walker, command, folder[len(root):], mode), walker.events, mode,
                              entries_known)
            for probe in probes:
                os.close(probe)
    return failed


def verdict(cases, events, mode, entries_known):
    flows = {event["local_port"]: event["flow"] for event in events if event["event"] == "open"}
    stacks = {event["flow"]: event for event in events if event["event"] == "stack"}
    natives = {event["flow"]: event for event in events if event["event"] == "native"}
    told = {"never looked at": (True, True), "at rest": (mode.wanted, not mode.told)}
    pages = {stacks[flows[cases[name]]]["code_pages"] for name in ("at rest", "plain", "in a clone")
             if flows.get(cases.get(name)) in stacks}
    failed = int(mode.load == "early" and len(pages) != 1)
    if failed:
        print(f"  wrong  pages of code, of it and of its clone: {sorted(pages)}")
    for name in (*told, *EXPECTED):
        wanted, unlisted = told.get(name, (True, not mode.listed))
        stack, native = (found.get(flows.get(cases.get(name))) for found in (stacks, natives))
        problem = "not seen" if not stack or bool(native) != wanted else \
            native and (check(name, stack, native, entries_known) or native["unlisted"] != unlisted and f"unlisted: {not unlisted}")
        print(f"  {'wrong' if problem else 'right'}  {name:16}{problem or native and native['calls'] or 'not asked for'}")
        failed += bool(problem)
    return failed


if __name__ == "__main__":
    sys.exit(main())
