#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Compares what the census did with what the auditor recorded, as multisets, field by field.

    compare.py --records RECORDS [--backend NAME] [--kernel VERSION] [--missed-programs N] TRUTH [TRUTH ...]

RECORDS is the output of `netaudit log --json --all`. Every operation of the truth must be recorded exactly once and
right in every field that the truth states, and nothing else may be recorded of the census's processes or network
namespaces. Differences named in allowed.json for this backend and kernel are explained; any other makes the exit
status 1.
"""
import argparse
import collections
import fnmatch
import json
import os
import sys

import records

# Fields of the truth that have the same name in the facts and must be equal.
EQUAL = ("pid", "tid", "comm", "uid", "netns", "family", "protocol", "protocol_number", "direction", "local", "lport",
         "remote", "rport", "fast_open", "mptcp", "v4_mapped", "errno", "bytes_out", "messages_out", "messages_in",
         "path", "abstract", "peer_pid", "event", "parent_pid")
# What is wrong with a flow whose end, some of its messages, or (direction) whose accept a program did not see.
MISSED_RUN = ("records", "bytes_in", "bytes_out", "messages_in", "messages_out", "result", "errno", "direction")
CLOCK_SLACK_US = 1	# both sides cut nanoseconds off
SHOWN = 2


def differences(operation, happening, progress_us):
    """Yields (field, expected, recorded) for everything that is not as the truth says."""
    facts = happening.facts
    for defect in happening.defects:
        name = defect.split("=")[0] if defect.startswith("open.") else "records"
        yield name, "one consistent account", defect
    for name in EQUAL:
        if name in operation and facts.get(name) != operation[name]:
            yield name, operation[name], facts.get(name)
    right = {operation[name] for name in ("bytes_in", "bytes_in_other") if name in operation}
    if right and facts.get("bytes_in") not in right:
        yield "bytes_in", sorted(right), facts.get("bytes_in")
    if "result" in operation and facts.get("result") not in operation["result"].split("|"):
        yield "result", operation["result"], facts.get("result")
    ended = facts.get("signal") or facts.get("exit_code", 0) << 8  # as wait(2) says it
    if operation.get("status") is not None and ended != operation["status"] & ~0x80:
        yield "exit_code", operation["status"], ended
    if operation["op"] != "stream":
        return
    if operation["direction"] == "outbound" and not (
            operation["begun"] - CLOCK_SLACK_US <= facts["tb"] <= operation["opened"] + CLOCK_SLACK_US):
        yield "tb", f"{operation['begun']}..{operation['opened']}", facts["tb"]
    lived = operation.get("closed", operation["begun"]) - operation["begun"]
    if operation["result"] == "closed" and lived > 2 * progress_us and not facts.get("progress"):
        yield "progress", "at least one record", facts.get("progress")


class Matcher:
    """Pairs operations with happenings of one sort: the perfect pairs first, then the least bad ones."""

    def __init__(self, operations, happenings, progress_us):
        self.progress_us = progress_us
        self.operations = list(enumerate(operations))
        self.free = dict(enumerate(happenings))
        self.pairs, self.missing = [], []

    @staticmethod
    def key(facts, names):
        return tuple(facts.get(name) for name in names)

    def run(self):
        self.pair_perfect(("pid", "event", "lport", "rport", "remote"))
        self.pair_perfect(("pid", "event"))
        self.pair_best(("pid", "event", "lport", "rport", "remote"))
        self.pair_best(("netns", "lport", "rport", "direction"))
        self.pair_best(("pid", "event"))
        self.missing = [operation for _, operation in self.operations]
        return self

    def index(self, names):
        index = collections.defaultdict(list)
        for number, happening in self.free.items():
            index[self.key(happening.facts, names)].append(number)
        return index

    def found(self, operation, candidate):
        return list(differences(operation, self.free[candidate], self.progress_us))

    def pair_perfect(self, names):
        index, left = self.index(names), []
        for number, operation in self.operations:
            candidates = index.get(self.key(operation, names), [])
            perfect = next((c for c in candidates if not self.found(operation, c)), None)
            if perfect is None:
                left.append((number, operation))
                continue
            candidates.remove(perfect)
            self.pairs.append((operation, self.free.pop(perfect), []))
        self.operations = left

    def pair_best(self, names):
        index, offers, paired = self.index(names), [], set()
        for number, operation in self.operations:
            for candidate in index.get(self.key(operation, names), ()):
                found = self.found(operation, candidate)
                offers.append((len(found), number, candidate, operation, found))
        for _, number, candidate, operation, found in sorted(offers, key=lambda offer: offer[:3]):
            if number not in paired and candidate in self.free:
                paired.add(number)
                self.pairs.append((operation, self.free.pop(candidate), found))
        self.operations = [pair for pair in self.operations if pair[0] not in paired]


class Rule:
    """One row of allowed.json: which difference, in which operations, to which value."""

    def __init__(self, row):
        self.row, self.why, self.used = row, row["why"], 0

    def applies(self, kind, field, operation, recorded):
        row = self.row
        if not fnmatch.fnmatch(kind, row["kind"]) or field not in row["fields"]:
            return False
        if any(operation.get(name) != value for name, value in row.get("when", {}).items()):
            return False
        if "recorded" in row and recorded not in row["recorded"]:
            return False
        if "at_least" in row and recorded < row["at_least"]:
            return False
        if row.get("not_less") and recorded < operation[field]:
            return False
        return "same_as" not in row or recorded == operation.get(row["same_as"] + field)


class Allowed:
    """The differences that the hook table announces, from allowed.json."""

    def __init__(self, path, backend, kernel):
        with open(path, encoding="utf-8") as file:
            rows = json.load(file)["rules"]
        self.rules = [Rule(row) for row in rows
                      if any(fnmatch.fnmatch(backend, one) for one in row["backend"].split("|")) and
                      any(kernel == one or kernel.startswith(one + ".") or one == "*" for one in row["kernels"])]

    def explains(self, kind, field, operation=None, recorded=None):
        """`field` is a field's name, or "missing" or "extra"."""
        for rule in self.rules:
            if rule.applies(kind, field, operation or {}, recorded):
                rule.used += 1
                return True
        return False

    def show(self):
        for rule in self.rules:
            if rule.used:
                print(f"explained {rule.used:5}: {rule.why}")


class Misses:
    """
    Runs of our programs that the kernel says it left out: each may have cost one operation its record or its end, no
    more. Where none is counted, none is forgiven.
    """

    def __init__(self, counted):
        self.counted, self.operations = counted, set()

    def forgives(self, operation):
        """`operation` names it: its differences count once."""
        if operation not in self.operations and len(self.operations) >= self.counted:
            return False
        self.operations.add(operation)
        return True

    def show(self):
        if self.counted:
            print(f"counted as missed: {len(self.operations)} operations, of {self.counted} program runs missed")


def admitted(missed):
    """Program runs that `lost` records say were missed, and the records that admit anything else."""
    runs, others = 0, []
    for body in missed:
        if body["kind"] == "lost" and not body.get("count") and not body.get("refused_records"):
            runs += body.get("missed_programs", 0)
        else:
            others.append(body)
    return runs, others


class Summary:
    def __init__(self):
        self.rows = collections.defaultdict(collections.Counter)
        self.details, self.unexplained = collections.defaultdict(list), 0

    def difference(self, kind, column, explained, text, field=""):
        self.rows[kind][column] += 1
        if explained:
            self.rows[kind]["explained"] += 1
            return
        self.unexplained += 1
        self.details[kind, column, field].append(text)

    def show(self):
        columns = ("made", "recorded", "missing", "extra", "wrong field", "explained")
        print(f"{'kind':24}" + "".join(f"{name:>13}" for name in columns))
        total = collections.Counter()
        for kind in sorted(self.rows):
            total.update(self.rows[kind])
            print(f"{kind:24}" + "".join(f"{self.rows[kind][name]:13}" for name in columns))
        print(f"{'all':24}" + "".join(f"{total[name]:13}" for name in columns))
        for (kind, column, field), texts in sorted(self.details.items()):
            print(f"\n{kind}: {column} {field}: {len(texts)}")
            for text in texts[:SHOWN]:
                print("  " + text)


def belongs(happening, pids, namespaces, end_us):
    """
    A process's life belongs to the census when it was forked there: the workload's first process was not. After its
    end the kernel may give the numbers of its processes and namespaces to somebody else.
    """
    if happening.operation == "process":
        return happening.facts["pid"] in pids["process"]
    if happening.facts.get("tb", 0) > end_us:
        return False
    return happening.facts.get("pid") in pids["all"] or happening.facts.get("netns") in namespaces


class Comparison:
    """What was made against what was recorded, one sort of operation after the other."""

    def __init__(self, truth, happenings, allowed, misses):
        self.truth, self.happenings, self.allowed, self.misses = truth, happenings, allowed, misses
        self.pids = {"all": {operation["pid"] for operation in truth},
                     "process": {operation["pid"] for operation in truth if operation["op"] == "process"}}
        self.namespaces = {operation["netns"] for operation in truth if "netns" in operation}
        self.end_us = max((operation.get("ended", 0) for operation in truth), default=0) or float("inf")
        self.summary = Summary()

    def run(self, progress_us):
        for sort in ("stream", "datagram", "unix", "process"):
            made = [operation for operation in self.truth if operation["op"] == sort]
            said = [h for h in self.happenings if h.operation == sort and belongs(h, self.pids, self.namespaces, self.end_us)]
            for operation in made:
                self.summary.rows[operation["kind"]]["made"] += 1
            matcher = Matcher(made, said, progress_us).run()
            for pair in matcher.pairs:
                self.pair(*pair)
            for operation in matcher.missing:
                self.missing(operation)
            for happening in matcher.free.values():
                kind = f"({sort})"
                self.summary.difference(kind, "extra", self.allowed.explains(kind, "extra", happening.facts),
                                        json.dumps(happening.records))
        return self.summary

    def pair(self, operation, happening, found):
        kind = operation["kind"]
        self.summary.rows[kind]["recorded"] += 1
        for field, expected, recorded in found:
            text = f"{field}: expected {expected!r}, recorded {recorded!r}; seq " + \
                ",".join(str(r["seq"]) for r in happening.records) + " " + json.dumps(operation)
            explained = self.allowed.explains(kind, field, operation, recorded) or \
                field in MISSED_RUN and self.misses.forgives(id(operation))
            self.summary.difference(kind, "wrong field", explained, text, field)

    def missing(self, operation):
        explained = self.allowed.explains(operation["kind"], "missing", operation) or \
            self.misses.forgives(id(operation))
        self.summary.difference(operation["kind"], "missing", explained, json.dumps(operation))


def compare(truth, bodies, allowed, progress_us, missed_programs=0):
    """Prints the comparison; returns whether everything is explained."""
    happenings, missed = records.fold(bodies)
    admitted_runs, others = admitted(missed)
    misses = Misses(admitted_runs)
    summary = Comparison(truth, happenings, allowed, misses).run(progress_us)
    summary.show()
    allowed.show()
    misses.show()
    for body in others:
        print("journal says: " + json.dumps(body))
    if admitted_runs < missed_programs:
        print(f"the status counts {missed_programs} missed program runs, the journal admits only {admitted_runs}")
    return not summary.unexplained and not others and admitted_runs >= missed_programs


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--records", required=True)
    parser.add_argument("--backend", default="")
    parser.add_argument("--kernel", default=os.uname().release)
    parser.add_argument("--allowed", default=os.path.join(os.path.dirname(os.path.abspath(__file__)), "allowed.json"))
    parser.add_argument("--progress-us", type=int, default=300_000_000)
    parser.add_argument("--missed-programs", type=int, default=0, help="that the auditor's status counts")
    parser.add_argument("truth", nargs="+")
    options = parser.parse_args()
    truth = [operation for path in options.truth for operation in records.read_lines(path)]
    allowed = Allowed(options.allowed, options.backend, options.kernel)
    equal = compare(truth, records.read_records(options.records), allowed, options.progress_us,
                    options.missed_programs)
    print(f"\ncensus: {len(truth)} operations, " + ("all accounted for" if equal else "NOT all accounted for"))
    return 0 if equal else 1


if __name__ == "__main__":
    sys.exit(main())
