#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Tests the comparison itself: perfect records made from a real truth pass, and every kind of damage is caught.

    selftest.py TRUTH
"""
import contextlib
import copy
import io
import os
import sys

import compare
import records

HERE = os.path.dirname(os.path.abspath(__file__))
COPIED = ("pid", "tid", "comm", "uid", "netns", "family", "protocol", "protocol_number", "direction")
PROGRESS_US = 1_000_000


class Maker:
    """Writes the records that an auditor without fault would write."""

    def __init__(self):
        self.bodies, self.flow = [], 0

    def put(self, body):
        body.update(seq=len(self.bodies) + 1)
        self.bodies.append({key: value for key, value in body.items() if value is not None})

    def common(self, operation):
        body = {name: operation[name] for name in COPIED if name in operation}
        ends = (operation.get("local", "192.0.2.1"), operation.get("lport", 40000 + self.flow % 20000),
                operation.get("remote", "192.0.2.2"), operation.get("rport"))
        near, far = (("src", "sport"), ("dst", "dport"))
        if operation.get("direction") == "inbound":
            near, far = far, near
        body.update({near[0]: ends[0], near[1]: ends[1], far[0]: ends[2], far[1]: ends[3]})
        for flag in ("fast_open", "mptcp", "v4_mapped"):
            if operation.get(flag):
                body[flag] = True
        self.flow += 1
        body["flow"] = f"{self.flow:016x}"
        return body

    def stream(self, operation):
        body = self.common(operation)
        begun, closed = operation["begun"], operation.get("closed", operation["opened"])
        self.put(dict(body, kind="open", tb=begun))
        counters = {"bytes_out": operation["bytes_out"], "bytes_in": operation["bytes_in"], "opened_tb": begun}
        for tb in range(begun + PROGRESS_US, closed, PROGRESS_US):
            self.put(dict(body, kind="progress", tb=tb, duration_us=tb - begun, bytes_out=0, bytes_in=0,
                          opened_tb=begun))
        self.put(dict(body, kind="close", tb=closed, duration_us=closed - begun, errno=operation.get("errno") or None,
                      result=operation["result"].split("|")[0], **counters))

    def datagram(self, operation):
        body = self.common(operation)
        counters = {name: operation.get(name, 0) for name in records.COUNTERS}
        half = {name: value // 2 for name, value in counters.items()}
        self.put(dict(body, kind="datagram", **half))
        self.put(dict(body, kind="datagram", **{name: counters[name] - half[name] for name in counters}))

    def unix(self, operation):
        body = self.common(operation)
        body.update(kind="open", family="unix", path=operation["path"], errno=operation["errno"] or None,
                    abstract=operation["abstract"] or None, peer_pid=operation.get("peer_pid"))
        self.put(body)

    def process(self, operation):
        status = operation.get("status")
        body = {"kind": "process", "event": operation["event"], "pid": operation["pid"],
                "comm": operation.get("comm", "ended"), "parent_pid": operation.get("parent_pid", 1)}
        if status is not None:
            body.update({"signal": status & 0x7f} if status & 0x7f else {"exit_code": status >> 8})
        self.put(body)


def make_records(truth):
    maker = Maker()
    for operation in truth:
        getattr(maker, operation["op"])(operation)
    return maker.bodies


def first(bodies, **wanted):
    for number, body in enumerate(bodies):
        if all(body.get(key) == value for key, value in wanted.items()):
            return number
    raise SystemExit(f"selftest: the truth has no record like {wanted}")


def drop(bodies, **wanted):
    del bodies[first(bodies, **wanted)]


def repeat(bodies, **wanted):
    again = dict(bodies[first(bodies, **wanted)])
    if "flow" in again:
        again["flow"] = "f" * 16
    bodies.append(again)


def change(bodies, field, value, **wanted):
    body = bodies[first(bodies, **wanted)]
    body[field] = value(body.get(field)) if callable(value) else value


def change_flow(bodies, field, value, **wanted):
    flow = bodies[first(bodies, **wanted)]["flow"]
    for body in bodies:
        if body.get("flow") == flow:
            body[field] = value(body.get(field)) if callable(value) else value


def swap_order(bodies):
    number = first(bodies, kind="close")
    bodies[number], bodies[number - 1] = bodies[number - 1], bodies[number]


TCP = {"kind": "close", "protocol": "tcp", "direction": "outbound", "result": "closed"}
SAID = {"kind": "close", "protocol": "tcp", "direction": "inbound", "result": "closed"}
MAPPED = {"kind": "close", "v4_mapped": True, "direction": "outbound"}


def one_more(value):
    return value + 1


MUTATIONS = [(f"{verb.__name__} {kind}", lambda bodies, verb=verb, wanted=wanted: verb(bodies, **wanted))
             for verb in (drop, repeat)
             for kind, wanted in {
                 "open": {"kind": "open", "protocol": "tcp"}, "close": TCP, "inbound close": SAID,
                 "datagram": {"kind": "datagram"}, "unix": {"kind": "open", "family": "unix"},
                 "fork": {"event": "fork"}, "exec": {"event": "exec"}, "exit": {"event": "exit"}}.items()]
MUTATIONS += [(f"another {name} in a whole flow",
               lambda bodies, name=name, value=value: change_flow(bodies, name, value, **TCP))
              for name, value in {
                  "pid": one_more, "tid": one_more, "uid": 1, "comm": "someone", "netns": one_more,
                  "family": "packet", "protocol": "udp", "direction": "inbound", "dst": "192.0.2.9",
                  "src": "192.0.2.8", "dport": one_more, "sport": one_more, "mptcp": lambda old: not old,
                  "fast_open": lambda old: not old, "pre_existing": True}.items()]
MUTATIONS += [(f"another {name} in a close", lambda bodies, name=name, value=value: change(bodies, name, value, **TCP))
              for name, value in {
                  "bytes_out": one_more, "bytes_in": one_more, "result": "reset", "errno": 104, "comm": "someone",
                  "duration_us": lambda old: old + 10, "opened_tb": lambda old: old - 10}.items()]
MUTATIONS += [
    ("v4_mapped lost", lambda bodies: change_flow(bodies, "v4_mapped", None, **MAPPED)),
    ("open before connect", lambda bodies: change_flow(bodies, "tb", lambda old: old - 500, **TCP)),
    ("failure called a success", lambda bodies: change(bodies, "result", "closed", kind="close", result="timed-out")),
    ("wrong errno", lambda bodies: change(bodies, "errno", 110, kind="close", result="refused")),
    ("one message too many", lambda bodies: change(bodies, "messages_out", one_more, kind="datagram")),
    ("one byte too many", lambda bodies: change(bodies, "bytes_in", one_more, kind="datagram")),
    ("other peer", lambda bodies: change_flow(bodies, "dport", one_more, kind="datagram", direction="outbound",
                                              protocol="udp")),
    ("other path", lambda bodies: change(bodies, "path", "/elsewhere", kind="open", family="unix")),
    ("other listener", lambda bodies: change(bodies, "peer_pid", 1, peer_pid=first_peer(bodies))),
    ("name of a process", lambda bodies: change(bodies, "comm", "someone", event="exec")),
    ("parent of a process", lambda bodies: change(bodies, "parent_pid", one_more, event="fork")),
    ("exit status", lambda bodies: change(bodies, "exit_code", 9, event="exit")),
    ("close before open", swap_order),
    ("journal admits a loss", lambda bodies: bodies.append({"kind": "lost", "count": 1, "seq": 0})),
]


def first_peer(bodies):
    return next(body["peer_pid"] for body in bodies if "peer_pid" in body)


def verdict(truth, bodies, allowed=None, missed=0):
    with contextlib.redirect_stdout(io.StringIO()) as output:
        equal = compare.compare(truth, bodies, allowed or compare.Allowed(HERE + "/allowed.json", "none", "0"),
                                PROGRESS_US, missed)
    return equal, output.getvalue()


def check_allowed(truth, perfect):
    """A weaker field is explained on the backend that announces it, with the announced value, and nowhere else."""
    operation = next(o for o in truth if o["op"] == "datagram" and o.get("maker_tid", o["tid"]) != o["tid"])
    wanted = {"kind": "datagram", "tid": operation["tid"]}
    for backend, tid, right in (("tracepoint", operation["maker_tid"], True), ("fentry", operation["maker_tid"], False),
                                ("tracepoint", operation["tid"] + 1_000_000, False)):
        bodies = copy.deepcopy(perfect)
        change_flow(bodies, "tid", tid, **wanted)
        allowed = compare.Allowed(HERE + "/allowed.json", backend, "6.1.0-1")
        if verdict(truth, bodies, allowed)[0] != right:
            yield f"tid {tid} on {backend}: should {'pass' if right else 'be caught'}"


def check_misses(truth, perfect):
    """What a counted missed program cost is forgiven, once for each, and never what it cannot have caused."""
    def forget(bodies, flows):
        for _ in range(flows):
            flow = bodies[first(bodies, **TCP)]["flow"]
            bodies[:] = [body for body in bodies if body.get("flow") != flow]

    for name, damage, status, said, right in (
            ("two lost flows, two misses", lambda bodies: forget(bodies, 2), 2, 2, True),
            ("two lost flows, one miss", lambda bodies: forget(bodies, 2), 1, 1, False),
            ("a lost close, one miss", lambda bodies: drop(bodies, **TCP), 1, 1, True),
            ("another pid, one miss", lambda bodies: change_flow(bodies, "pid", one_more, **TCP), 1, 1, False),
            ("a miss that the journal does not admit", lambda bodies: None, 1, 0, False)):
        bodies = copy.deepcopy(perfect)
        damage(bodies)
        if said:
            bodies.append({"kind": "lost", "count": 0, "missed_programs": said, "seq": 0})
        if verdict(truth, bodies, missed=status)[0] != right:
            yield f"{name}: should {'pass' if right else 'be caught'}"


def main():
    truth = list(records.read_lines(sys.argv[1]))
    perfect = make_records(truth)
    failed = 0
    equal, output = verdict(truth, copy.deepcopy(perfect))
    if not equal:
        print(output)
        print("failed: perfect records do not pass")
        failed += 1
    strangers = copy.deepcopy(perfect) + [dict(perfect[0], flow="e" * 16, pid=1, netns=1)]
    if not verdict(truth, strangers)[0]:
        print("failed: a record of somebody else was held against the census")
        failed += 1
    for name, mutate in MUTATIONS:
        bodies = copy.deepcopy(perfect)
        mutate(bodies)
        if verdict(truth, bodies)[0]:
            print(f"failed: not caught: {name}")
            failed += 1
    for text in [*check_allowed(truth, perfect), *check_misses(truth, perfect)]:
        print("failed: " + text)
        failed += 1
    checks = len(MUTATIONS) + 10
    print(f"{checks - failed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
