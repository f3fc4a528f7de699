#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Compares what the census did with what the auditor recorded, as multisets, field by field.

    compare.py --records RECORDS [--backend NAME] [--kernel VERSION] TRUTH [TRUTH ...]

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
    if operation.get("status") is not None and facts.get("exit_code") != operation["status"]:
        yield "exit_code", operation["status"], facts.get("exit_code")
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


class Allowed:
    """The differences that the hook table announces, from allowed.json."""

    def __init__(self, path, backend, kernel):
        with open(path, encoding="utf-8") as file:
            rules = json.load(file)["rules"]
        self.rules = [rule for rule in rules if fnmatch.fnmatch(backend, rule["backend"]) and
                      any(kernel == one or kernel.startswith(one + ".") or one == "*" for one in rule["kernels"])]
        self.used = collections.Counter()

    def explains(self, kind, field, operation=None, recorded=None):
        """`field` is a field's name, or "missing" or "extra"."""
        for number, rule in enumerate(self.rules):
            if fnmatch.fnmatch(kind, rule["kind"]) and field in rule["fields"] and \
                    rule.get("direction") in (None, (operation or {}).get("direction")) and \
                    ("recorded" not in rule or recorded in rule["recorded"]) and \
                    ("same_as" not in rule or recorded == operation.get(rule["same_as"] + field)):
                self.used[number] += 1
                return True
        return False

    def show(self):
        for number, count in sorted(self.used.items()):
            print(f"explained {count:5}: {self.rules[number]['why']}")


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


def belongs(happening, pids, namespaces):
    """A process's life belongs to the census when it was forked there: the workload's first process was not."""
    if happening.operation == "process":
        return happening.facts["pid"] in pids["process"]
    return happening.facts.get("pid") in pids["all"] or happening.facts.get("netns") in namespaces


def compare(truth, bodies, allowed, progress_us):
    """Prints the comparison; returns whether everything is explained."""
    happenings, missed = records.fold(bodies)
    pids = {"all": {operation["pid"] for operation in truth},
            "process": {operation["pid"] for operation in truth if operation["op"] == "process"}}
    namespaces = {operation["netns"] for operation in truth if "netns" in operation}
    summary = Summary()
    for sort in ("stream", "datagram", "unix", "process"):
        made = [operation for operation in truth if operation["op"] == sort]
        said = [h for h in happenings if h.operation == sort and belongs(h, pids, namespaces)]
        matcher = Matcher(made, said, progress_us).run()
        for operation in made:
            summary.rows[operation["kind"]]["made"] += 1
        for operation, happening, found in matcher.pairs:
            kind = operation["kind"]
            summary.rows[kind]["recorded"] += 1
            for field, expected, recorded in found:
                text = f"{field}: expected {expected!r}, recorded {recorded!r}; seq " + \
                    ",".join(str(r["seq"]) for r in happening.records) + " " + json.dumps(operation)
                summary.difference(kind, "wrong field", allowed.explains(kind, field, operation, recorded),
                                   text, field)
        for operation in matcher.missing:
            summary.difference(operation["kind"], "missing", allowed.explains(operation["kind"], "missing", operation),
                               json.dumps(operation))
        for happening in matcher.free.values():
            kind = f"({sort})"
            summary.difference(kind, "extra", allowed.explains(kind, "extra"), json.dumps(happening.records))
    summary.show()
    allowed.show()
    for body in missed:
        print("journal says: " + json.dumps(body))
    return not summary.unexplained and not missed


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--records", required=True)
    parser.add_argument("--backend", default="")
    parser.add_argument("--kernel", default=os.uname().release)
    parser.add_argument("--allowed", default=os.path.join(os.path.dirname(os.path.abspath(__file__)), "allowed.json"))
    parser.add_argument("--progress-us", type=int, default=300_000_000)
    parser.add_argument("truth", nargs="+")
    options = parser.parse_args()
    truth = [operation for path in options.truth for operation in records.read_lines(path)]
    allowed = Allowed(options.allowed, options.backend, options.kernel)
    equal = compare(truth, records.read_records(options.records), allowed, options.progress_us)
    print(f"\ncensus: {len(truth)} operations, " + ("all accounted for" if equal else "NOT all accounted for"))
    return 0 if equal else 1


if __name__ == "__main__":
    sys.exit(main())
