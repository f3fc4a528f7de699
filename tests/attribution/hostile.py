#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Hostile programs, each with the one answer it must get (docs/attribution.md has the reasons).

    hostile.py --build FOLDER [--truth-only] [CASE ...]

A case is a function of hostile/corpus_hostile/calls.py, run in the stand-in for Odoo; it says which source ports its
calls had. With --truth-only no auditor runs: are all cases able to make their calls?
"""
import argparse
import collections
import ctypes.util
import json
import os
import shutil
import subprocess
import sys

import addons
import lab
import plain

N, M = "corpus_hostile", "corpus_victim"
PRETENDER = os.path.join(lab.HERE, "hostile", "pretender")
DEATHS, THREADS = 20, 1000
SELF = os.path.join(N, "calls.py")

# What a record has to say; author "nobody": neither Odoo nor an add-on.
Answer = collections.namedtuple("Answer", "author addon reason more", defaults=(None, None, {}))


def named(addon, evidence="python-stack", **more):
    return Answer("addon", addon, None, dict(more, evidence=evidence))


def unknown(reason, **more):
    return Answer("unknown", None, reason, more)


CONFLICT = unknown("file and globals name different add-ons", addons=[M, N], disagree=True)
RENAMED = unknown("file and globals name different add-ons", addons=[N, M, N], disagree=True)
UNPROVEN = unknown("a name without proof", addons=[M, N])
NAMELESS = unknown("code of no known add-on")
CUT = named(N, addons_truncated=True)
ANSWERS = {
    "file_of_another": CONFLICT,
    "file_of_a_library": named(N, "module-globals", disagree=True),
    "file_of_odoo": named(N, "module-globals", disagree=True),
    "file_of_another_without_globals": UNPROVEN,
    "own_file_without_globals": unknown("a name without proof", addons=[N]),
    "text_that_names_another": UNPROVEN,
    "exec": named(N),
    "exec_without_globals": named(N, frame_function="case_exec_without_globals"),
    "eval": named(N, frame_function="case_eval"),
    "nameless_called_by_odoo": NAMELESS,
    "nameless_called_by_another": NAMELESS,
    "text_that_calls_odoo_only": NAMELESS,
    "name_of_another": RENAMED,
    "name_of_another_and_invented_file": unknown("not the module of that name"),
    "behind_a_link": named("corpus_linked"),
    "first_twin": named("corpus_twin", frame_file="addons/corpus_twin/calls.py"),
    "second_twin": named("corpus_twin", frame_file="addons2/corpus_twin/calls.py"),
    "frames_that_loop": CUT,
    "frame_at_an_unmapped_address": CUT,
    "frame_at_a_wild_address": CUT,
    "frame_full_of_garbage": CUT,
    "deep_recursion": CUT,
    "deep_recursion_in_a_library": unknown("more frames than are read"),
    "dies_after_the_call": named(N),
    "fork": named(N),
    "fork_with_used_pid": named(M),
    "curl": named(N, "process-parent"),
    "curl_with_used_pid": named(M, "process-parent"),
    "threads_by_the_thousand": named(N, "thread-parent"),
    "pool_of_another": unknown("work handed to a pool"),
    "thread_of_a_library": unknown("a thread that serves others"),
    "finalizer_of_a_library": unknown("a finalizer ran"),
    "python_that_comes_later": named(M),
    "pretender": Answer("nobody"),
    "pretender_with_a_file_of_another": Answer("nobody"),
}
FORGED_FRAMES = {"frames_that_loop", "frame_at_an_unmapped_address", "frame_at_a_wild_address", "frame_full_of_garbage"}
LATE = "python_that_comes_later"
FORGED_IN = "3.11"      # the layout that those write to
AGAIN = {"fork": "fork_with_used_pid", "curl": "curl_with_used_pid"}     # needs the process number of the first


def differences(answer, body):
    """What the record says otherwise than it has to."""
    if answer.author == "nobody":
        return [f"author is {body.get('author')}"] if body.get("author") not in ("unknown", "library") else []
    said = {"author": body.get("author"), "addon": body.get("addon"), "reason": body.get("author_reason")}
    wanted = {"author": answer.author, "addon": answer.addon, "reason": answer.reason}
    found = [f"{name} is {said[name]!r} instead of {wanted[name]!r}" for name in said if said[name] != wanted[name]]
    for name, value in answer.more.items():
        right = str(body.get(name)).endswith(value) if name == "frame_file" else body.get(name) == value
        if not right:
            found.append(f"{name} is {body.get(name)!r} instead of {value!r}")
    return found


class Hostile(plain.Python):
    """The stand-in with the add-ons of the hostile cases instead of those of the corpus."""

    def lay_out(self):
        source = os.path.join(lab.HERE, "hostile")
        for folder, name in (("addons", N), ("addons", M), ("addons", "corpus_twin"), ("addons2", "corpus_twin"),
                             ("elsewhere", "corpus_twin")):
            addon = os.path.join(self.folder, folder, name)
            shutil.copytree(os.path.join(source, name), addon)
            shutil.copy(os.path.join(source, "orders.py"), addon)
            for file, text in (("__init__.py", "# SPDX-License-Identifier: GPL-2.0-or-later\n"),
                               ("__manifest__.py", addons.MANIFEST.format(name=name, depends=[]))):
                with open(os.path.join(addon, file), "w", encoding="ascii") as made:
                    made.write(text)
        os.rename(os.path.join(self.folder, "elsewhere", "corpus_twin"), os.path.join(self.folder, "elsewhere", "real"))
        os.symlink("../elsewhere/real", os.path.join(self.folder, "addons", "corpus_linked"))
        return {}

    def do(self, addon, case, to):
        """(source ports, process numbers) of a case."""
        path = os.path.join(self.folder, "orders-" + case)
        with open(path, "w", encoding="ascii") as file:
            file.write(json.dumps([case, to]) + "\n")
        self.process.stdin.write(f"http {addon} {path}\n")
        self.process.stdin.flush()
        if self.process.stdout.readline().strip() != path:
            raise SystemExit(f"FAIL: {case}: the worker ended")
        with open(path + ".done", encoding="utf-8") as file:
            _, numbers, problem = json.loads(file.readline())
        if problem:
            raise SystemExit(f"FAIL: {case}: {problem}")
        return [number for number in numbers if number > 0], [-number for number in numbers if number < 0]


def pretend(python, to, *more):
    """A program that has Odoo's name, command line and title, and nothing of Odoo in it."""
    process = subprocess.run([*python.command, os.path.join(PRETENDER, "odoo-bin"), "-c", python.folder + "/odoo.conf",
                              f"--addons-path={python.folder}/addons", str(to["raw"]), *more], check=True,
                             stdout=subprocess.PIPE, text=True, env=lab.CLEAN)
    return [int(process.stdout)]


def run(python, peers, build, only):
    """{case: source ports}"""
    to = dict(peers.ports, deaths=DEATHS, threads=THREADS, second_twin=f"{python.folder}/addons2/corpus_twin/calls.py")
    to.update(embed=os.path.join(build, "tests", "interpreters", "embed"),
              library=ctypes.util.find_library("python" + FORGED_IN))
    made, skipped = {}, FORGED_FRAMES if not python.name.startswith(FORGED_IN + " ") else set()
    for case in sorted(skipped):
        print(f"skip: {case}: forges frames of Python {FORGED_IN}")
    if not to["library"]:
        print(f"skip: {LATE}: there is no libpython{FORGED_IN}")
        skipped = skipped | {LATE}
    python.start()
    try:
        for case in ANSWERS:
            if case in skipped or case in AGAIN.values() or case.startswith("pretender") or only and case not in only:
                continue
            made[case], numbers = python.do(N, case, to)
            if case in AGAIN:
                made[AGAIN[case]], _ = python.do(M, AGAIN[case], dict(to, pid=numbers[0]))
                if not made[AGAIN[case]]:
                    print(f"skip: {AGAIN[case]}: the process number {numbers[0]} was never free")
        if not only or "pretender" in only:
            made["pretender"] = pretend(python, to)
            made["pretender_with_a_file_of_another"] = pretend(python, to, os.path.join(python.folder, "addons", M))
    finally:
        python.stop()
    return made


def judge(made, records):
    """Prints one line per case; returns how many are wrong. A port that was used again is told by the order of calls."""
    flows = collections.defaultdict(list)
    for body in sorted(records, key=lambda body: body["t"]):
        if body["kind"] == "open" and body.get("direction") == "outbound" and body.get("netns") == lab.own_network():
            flows[body.get("sport")].append(body)
    failed = 0
    for case, ports in made.items():
        problems = collections.Counter()
        for port in ports:
            problems.update(differences(ANSWERS[case], flows[port].pop(0)) if flows[port] else ["there is no record"])
        print(f"{'FAIL' if problems else 'ok'}: {case}" + (f" ({len(ports)} calls)" if len(ports) > 1 else ""))
        for problem, count in problems.most_common(8):
            print(f"      {count}x {problem}")
        failed += bool(problems)
    return failed


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--build", required=True)
    parser.add_argument("--truth-only", action="store_true")
    parser.add_argument("cases", nargs="*")
    options = parser.parse_args()
    lab.enter_own_network()
    folder = os.path.join(os.path.abspath(options.build), "tests", "attribution-hostile")
    os.makedirs(folder, exist_ok=True)
    python = Hostile("/usr/bin/python3", folder, "addons,addons2")
    peers, auditor = lab.Peers(folder), None
    try:
        auditor = None if options.truth_only else lab.Auditor(options.build, folder)
        made = run(python, peers, os.path.abspath(options.build), options.cases)
        records = auditor.records() if auditor else []
    finally:
        if auditor:
            auditor.stop()
        peers.stop()
    failed = 0 if options.truth_only else judge(made, records)
    print(f"{len(made)} hostile cases, {sum(map(len, made.values()))} calls, {failed} wrong answers")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
