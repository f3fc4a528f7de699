#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Is every Python that can be had read right? Starts a program that knows its own stacks under each, and compares.

    interpreters.py STACKS LINES EMBED     (programs built from the files of that name beside this one)

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
    results = run_known_stack(interpreter.command, lambda said: check_process(interpreter, said, stacks))
    frames = sum(len(thread) for read, _ in results for thread in read.get("threads", {}).values())
    return results[0][0], frames, [text for _, wrong in results for text in wrong]


def run_known_stack(command, check):
    with subprocess.Popen(command + ["-W", "ignore", "-I", "-S", "-c", read_text("known_stack.py")],
                          stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        try:
            return [check(json.loads(process.stdout.readline())) for _ in range(2)]
        finally:
            process.stdin.close()


def check_without_symbols(interpreter, stacks):
    """From 3.13 on a section is enough, where names are hidden. Returns what is wrong, or None: not tried."""
    if interpreter.minor() < 13 or interpreter.shared():
        return None
    with open(interpreter.program(), "rb") as file:
        program = file.read()
    for name in (b"_PyRuntime", b"PyCode_Type", b"PyUnicode_Type"):
        program = program.replace(b"\0" + name + b"\0", b"\0" + name[:-1] + b"~\0")
    with interpreter.file_in_its_root(program) as command:
        results = run_known_stack(command, lambda said: check_process(interpreter, said, stacks))
    return [text for _, wrong in results for text in wrong]


def check_embedded(interpreter, stacks, embed):
    """In a program of another language: at rest, and with code in a second interpreter. None: not tried."""
    library = interpreter.library()
    if library is None:
        return None
    wrong = []
    with open(embed, "rb") as file, interpreter.file_in_its_root(file.read()) as command:
        for mode, functions in (("idle", []), ("second", ["inner", "outer", "<module>"])):
            with subprocess.Popen(command + [library, mode], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                  stderr=subprocess.DEVNULL, env={**os.environ, "PYTHONHOME": interpreter.prefix}) as process:
                if process.stdout.read(1) != b"r":
                    return None  # this system's C library is too new for that root
                wait_until_it_reads(process.pid)
                read = json.loads(subprocess.run([stacks, str(process.pid)], stdout=subprocess.PIPE, check=True).stdout)
                process.stdin.close()
            seen = {tuple(frame["name"] for frame in frames) for frames in read.get("threads", {}).values()}
            if read["error"] or seen != {tuple(functions)}:
                wrong.append(f"embedded, {mode}: {read['error']} {read['reason']} {seen}")
    return wrong


def check_lines(interpreter, lines):
    """Every instruction of some modules: the decoder's line against the interpreter's own."""
    done = subprocess.run(interpreter.command + ["-I", "-S", "-c", read_text("known_lines.py")],
                          stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, check=True)
    decoded = subprocess.run([lines], input=done.stdout, stdout=subprocess.PIPE, check=True)
    count, wrong = decoded.stdout.decode().split("\n", 1)
    return int(count), wrong.splitlines()


def check(interpreter, stacks, lines, embed):
    """Prints its row of the table; returns what is wrong."""
    read, frames, wrong = check_stacks(interpreter, stacks)
    supported = interpreter.minor() >= OLDEST
    line_count, extras = 0, [None, None]
    if supported:
        line_count, wrong_lines = check_lines(interpreter, lines)
        extras = [check_embedded(interpreter, stacks, embed), check_without_symbols(interpreter, stacks)]
        wrong = [*wrong, *wrong_lines, *(text for extra in extras for text in extra or [])]
    result = "WRONG" if wrong else "right" if supported else f"refused: {read['reason']}"
    place = "" if not supported else "a libpython" if read["shared"] else "the program"
    tried = ["-" if extra is None else "right" if not extra else "WRONG" for extra in extras]
    print(f"{interpreter.label:14}{interpreter.version:10}{place:13}{'yes' if read['usdt'] else '-':7}{frames:7}{line_count:8}"
          f"  {tried[0]:10}{tried[1]:11}{result}", flush=True)
    return wrong


def main():
    stacks, lines, embed = sys.argv[1:]
    failed = checked = 0
    print(f"{'where':14}{'version':10}{'python in':13}{'audit':7}{'frames':>7}{'lines':>8}  {'embedded':10}{'no symbols':11}")
    for interpreter in found.interpreters():
        wrong = check(interpreter, stacks, lines, embed)
        for text in wrong[:10]:
            print("    " + text)
        failed += bool(wrong)
        checked += 1
    print(f"interpreters: {checked} tried, {failed} wrong")
    return 1 if failed or not checked else 0


if __name__ == "__main__":
    sys.exit(main())
