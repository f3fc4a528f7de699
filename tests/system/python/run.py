#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Compares the Python frames that the kernel walked with those Python itself saw: run.py --walk PROGRAM [CASE ...]"""
import argparse
import collections
import json
import os
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
COMPLETE, TRUNCATED = 0, 1
STATUS = ["complete", "truncated", "broken", "no-python", "no-state", "busy", "code-lost"]
CONNECT, DATAGRAM, WRITE, THREAD, PROCESS = 1, 2, 3, 4, 5
FRAMES, FILE_BYTES, NAME_BYTES = 96, 256, 96
ENCODINGS = {1: "latin-1", 2: "utf-16-le", 4: "utf-32-le"}


class Walker:
    """The program that loads the hooks and prints what they say."""

    def __init__(self, program, backend, ring_kib="4096"):
        self.process = subprocess.Popen([program, backend, ring_kib], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
                                        bufsize=1)
        self.events = []
        self.backend = self.until("ready")["backend"]

    def until(self, kind):
        for line in self.process.stdout:
            event = json.loads(line)
            if event["event"] == kind:
                return event
            self.events.append(event)
        raise SystemExit("test-python: the walker ended")

    def tell(self, *words):
        print(*words, file=self.process.stdin, flush=True)
        return self.until("answer")["result"]

    def end(self):
        print("quit", file=self.process.stdin, flush=True)
        counts = self.until("counts")
        self.process.stdin.close()
        self.process.wait()
        return counts


class Target:
    def __init__(self, log, cases, script="target.py"):
        self.process = subprocess.Popen([sys.executable, os.path.join(HERE, script), log, *cases],
                                        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1)
        self.pid = int(self.process.stdout.readline())

    def go(self):
        print("go", file=self.process.stdin, flush=True)
        return self.process.stdout.readline().strip()

    def end(self):
        self.process.stdin.close()
        return self.process.wait()


def introduce(walker, target):
    for command in ("scope", "python"):
        result = walker.tell(command, target.pid)
        if result:
            raise SystemExit(f"test-python: {command} {target.pid}: {os.strerror(-result)}")


def read_log(path):
    with open(path, encoding="ascii") as file:
        return [json.loads(line) for line in file]


def text_of(text):
    if not text["unit"]:
        return None
    return bytes.fromhex(text["hex"]).decode(ENCODINGS[text["unit"]], "surrogatepass")


def unit_of(text):
    most = max(map(ord, text), default=0)
    return 1 if most < 256 else 2 if most < 65536 else 4


def cut(text, size, tail):
    """As the kernel hands it over: the last or first bytes."""
    if text is None:
        return None
    room = size // unit_of(text)
    if len(text) <= room:
        return text
    return text[-room:] if tail else text[:room]


class Seen:
    """What the walker said, in the order of time."""

    def __init__(self, events):
        self.codes, self.stacks, self.problems = {}, collections.defaultdict(list), []
        self.closes = collections.defaultdict(list)
        flows, order = {}, sorted(events, key=lambda event: event.get("time", 0))
        for event in order:
            if event["event"] in ("open", "datagram"):
                flows[event["flow"]] = f"port {event['local_port']}"
            elif event["event"] == "close":
                self.closes[f"port {event['local_port']}"].append(event)
            elif event["event"] == "unix":
                flows[event["flow"]] = f"unix {event['pid']} {event['tid']}"
        for event in order:
            if event["event"] == "code":
                self.codes[event["code"]] = event
            elif event["event"] == "stack":
                unknown = [frame for frame in event["frames"] if frame[0] and frame[0] not in self.codes]
                if unknown:
                    self.problems.append(f"a stack has {len(unknown)} code objects that were not described before it")
                self.stacks[self.key(event, flows)].append(event)

    @staticmethod
    def key(event, flows):
        if event["reason"] == THREAD:
            return f"thread {event['subject']}"
        if event["reason"] == PROCESS:
            return f"process {event['subject']}"
        flow = flows.get(event["flow"], "no flow")
        return f"exchange {flow}" if event["reason"] == WRITE else flow


def frame_differs(seen, frame, expected, lines):
    """Returns what is different, or None. `expected`: file, function, first line, offset, line, module."""
    code = seen.codes.get(frame[0])
    if code is None:
        return "no code"
    file, function, first, offset, line, module = expected
    if text_of(code["file"]) != cut(file, FILE_BYTES, True):
        return f"file {text_of(code['file'])!r}"
    if text_of(code["name"]) != cut(function, NAME_BYTES, False):
        return f"function {text_of(code['name'])!r}"
    if code["line"] != first:
        return f"first line {code['line']}"
    if text_of(code["module"]) != cut(module, NAME_BYTES, False):
        return f"module {text_of(code['module'])!r}"
    if offset is not None and frame[1] != offset:
        return f"offset {frame[1]}"
    if offset is None and line not in [at for start, end, at in lines if start <= frame[1] < end]:
        return f"offset {frame[1]} which is not on the line"
    return None


def stack_differs(seen, stack, truth):
    expected, frames = truth["frames"], stack["frames"]
    if truth.get("outer"):
        frames = frames[len(frames) - len(expected):] if expected else []
    wanted = TRUNCATED if len(expected) > FRAMES else COMPLETE
    if stack["status"] != wanted:
        return f"status {STATUS[stack['status']]} with {len(frames)} frames of {len(expected)}"
    expected = expected[:FRAMES]
    if len(frames) != len(expected):
        return f"{len(frames)} frames of {len(expected)}"
    for number, (frame, one) in enumerate(zip(frames, expected)):
        different = frame_differs(seen, frame, one, truth["lines"] if number == 0 else [])
        if different:
            return f"frame {number} {one}: {different}"
    return None


def count_differs(seen, truth):
    """Of a connection's exchanges: all are counted, and those without a stack are said to be without."""
    port = truth["key"].removeprefix("count ")
    stacks = len(seen.stacks.get(f"exchange {port}", []))
    counted = [(close["exchanges"], close["unexamined"]) for close in seen.closes[port]]
    # connections without exchanges may have had the same port before
    if (truth["count"], truth["count"] - stacks) in counted and 16 <= stacks < truth["count"]:
        return None
    return f"{port}: {stacks} stacks, counted {counted} of {truth['count']}"


def kernel_is(*least):
    return tuple(map(int, os.uname().release.split(".")[:2])) >= least


def sends_are_seen(backend):
    """Tracepoints tell in the sending thread that something was sent only from 6.3 on (docs/hooks.md)."""
    return backend != "tracepoint" or kernel_is(6, 3)


def was_busy(stack, calls):
    """From 6.19 on walks may be preempted by walks, those too: more than two at once on one processor are rare."""
    return kernel_is(6, 19) and STATUS[stack["status"]] == "busy" and calls >= 100


def compare(events, truths, backend, missed=0):
    """Returns the number of differences. `missed`: so many runs of programs were shut out, and counted (second_copy.h)."""
    seen, busy = Seen(events), 0
    tally, done, wrong = collections.Counter(), collections.Counter(), collections.defaultdict(list)
    keys = collections.Counter(truth["key"] for truth in truths)
    for truth in truths:
        key, stacks = truth["key"], seen.stacks.get(truth["key"], [])
        tally[truth["case"]] += 1
        if (truth["case"].startswith("udp") or key.startswith(("exchange", "count"))) and not sends_are_seen(backend):
            keys[key] = 0
            if not stacks:
                continue
        elif "count" in truth:
            different = count_differs(seen, truth)
            wrong[truth["case"]] += [different] if different else []
            continue
        if not stacks and keys[key] == 1 and missed:
            missed -= 1
            tally[truth["case"] + " (shut out)"] += 1
            tally[truth["case"]] -= 1
            continue
        if len(stacks) != keys[key]:
            wrong[truth["case"]].append(f"{key}: {len(stacks)} stacks of {keys[key]}")
            continue
        # a port may be used again: both sides are in the order of time
        nth = done[key]
        done[key] += 1
        if was_busy(stacks[nth], len(truths)) and busy < len(truths) // 100:
            busy += 1
            tally[truth["case"] + " (busy)"] += 1
            tally[truth["case"]] -= 1
            continue
        different = stack_differs(seen, stacks[nth], truth)
        if different:
            wrong[truth["case"]].append(f"{key}: {different}")
    for case, count in tally.items():
        if case.endswith("(shut out)"):
            print(f"  {case}: {count}, counted as missed")
            continue
        if case.endswith("(busy)"):
            print(f"  {case}: {count}, said to be unknown")
            continue
        print(f"  {case:<16} {count - len(wrong[case]):5} of {count:5} stacks as Python saw them")
        for one in wrong[case][:5]:
            print(f"      {one}")
    for problem in seen.problems[:5]:
        print(f"  {problem}")
    return sum(map(len, wrong.values())) + len(seen.problems)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--walk", required=True)
    parser.add_argument("--backend", default="auto")
    parser.add_argument("cases", nargs="*")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="na-walk-") as folder:
        log = os.path.join(folder, "truth")
        target = Target(log, options.cases)
        walker = Walker(options.walk, options.backend)
        introduce(walker, target)
        done = target.go() == "done"
        counts = walker.end()
        done = target.end() == 0 and done
        truths = read_log(log)
        different = compare(walker.events, truths, walker.backend, counts["missed"])
    print(f"backend {walker.backend}: {len(truths)} stacks compared, {different} different; {counts['codes']} code objects "
          f"described, {counts['stacks_lost'] + counts['codes_lost']} events lost")
    return 1 if different or not done or not truths or counts["stacks_lost"] or counts["codes_lost"] else 0


if __name__ == "__main__":
    sys.exit(main())
