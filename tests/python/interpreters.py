#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Is every Python that can be had read right? Starts a program that knows its own stacks under each, and compares.

    interpreters.py STACKS LINES     (two programs built from the files of that name beside this one)

Prints a table. A version before 3.9 must be refused with a reason; any other must be read to the last frame and line.
"""
import json
import os
import subprocess
import sys
import time

import found

HERE = os.path.dirname(os.path.abspath(__file__))
OLDEST = 9
ENOTSUP = 95
READS_INPUT = (["0", "0x0"], ["63", "0x0"])  # read(0, …), on x86-64 and arm64
COMPARED = ("file", "name", "qualname", "module", "line", "first_line")


def read_text(name):
    with open(os.path.join(HERE, name), encoding="utf-8") as file:
        return file.read()


def differences(expected, read):
    """What is wrong with one process's threads."""
    if set(expected) != set(read):
        yield f"threads {sorted(read)}, not {sorted(expected)}"
    for thread in set(expected) & set(read):
        if len(expected[thread]) != len(read[thread]):
            yield f"{len(read[thread])} frames, not {len(expected[thread])}"
        for number, (wanted, got) in enumerate(zip(expected[thread], read[thread])):
            for field in COMPARED:
                if not isinstance(got, dict) or got[field] != wanted[field]:
                    yield f"frame {number}, {field}: {got}, not {wanted}"


def entries(read, interpreter):
    """Frames that C code called are marked from 3.11 on."""
    for frames in read.values():
        for frame in frames:
            wanted = frame["name"] == "called_from_c"
            if interpreter.minor() >= 11 and (frame["name"] in ("called_from_c", "deep")) and frame["entry"] != wanted:
                yield f"{frame['name']}: entry {frame['entry']}"


def wait_until_it_reads(pid):
    """It said what it runs a moment before it waits for its input there: then nothing of it moves any more."""
    for _ in range(10000):
        with open(f"/proc/{pid}/syscall", encoding="ascii") as file:
            if file.read().split()[:2] in READS_INPUT:
                return
        time.sleep(0.001)
    raise TimeoutError("it does not wait for its input")


def check_process(interpreter, said, stacks):
    wait_until_it_reads(said["pid"])
    done = subprocess.run([stacks, str(said["pid"])], stdout=subprocess.PIPE, check=True)
    read = json.loads(done.stdout)
    if interpreter.minor() < OLDEST:
        if read["error"] != ENOTSUP or not read["reason"]:
            return read, [f"not refused: {read}"]
        return read, []
    if read["error"]:
        return read, [f"error {read['error']}: {read['reason']}"]
    wrong = [*differences(said["threads"], read["threads"]), *entries(read["threads"], interpreter)]
    if read["version"] != said["version"].rstrip("+"):
        wrong.append(f"version {read['version']}, not {said['version']}")
    return read, wrong


def check_stacks(interpreter, stacks):
    with subprocess.Popen(interpreter.command + ["-W", "ignore", "-I", "-S", "-c", read_text("known_stack.py")],
                          stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        try:
            results = [check_process(interpreter, json.loads(process.stdout.readline()), stacks) for _ in range(2)]
        finally:
            process.stdin.close()
    frames = sum(len(thread) for read, _ in results for thread in read.get("threads", {}).values())
    return results[0][0], frames, [text for _, wrong in results for text in wrong]


def check_lines(interpreter, lines):
    """Every instruction of some modules: the decoder's line against the interpreter's own."""
    done = subprocess.run(interpreter.command + ["-I", "-S", "-c", read_text("known_lines.py")],
                          stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, check=True)
    decoded = subprocess.run([lines], input=done.stdout, stdout=subprocess.PIPE, check=True)
    count, wrong = decoded.stdout.decode().split("\n", 1)
    return int(count), wrong.splitlines()


def main():
    stacks, lines = sys.argv[1:]
    failed = checked = 0
    print(f"{'where':14}{'version':10}{'in':12}{'audit probe':13}{'frames':>7}{'lines':>8}  result")
    for interpreter in found.interpreters():
        read, frames, wrong = check_stacks(interpreter, stacks)
        supported = interpreter.minor() >= OLDEST
        line_count, wrong_lines = check_lines(interpreter, lines) if supported else (0, [])
        wrong += wrong_lines
        result = "WRONG" if wrong else "right" if supported else f"refused: {read['reason']}"
        place = "a libpython" if read["shared"] else "the program" if supported else ""
        print(f"{interpreter.label:14}{interpreter.version:10}{place:12}{'yes' if read['usdt'] else 'no':13}"
              f"{frames:7}{line_count:8}  {result}", flush=True)
        for text in wrong[:10]:
            print("    " + text)
        failed += bool(wrong)
        checked += 1
    print(f"interpreters: {checked} tried, {failed} wrong")
    return 1 if failed or not checked else 0


if __name__ == "__main__":
    sys.exit(main())
