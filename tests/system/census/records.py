# SPDX-License-Identifier: GPL-2.0-or-later
"""The auditor's records, folded into what they say happened: one thing per operation of the census.

A stream call is an `open` and a `close` of one flow, with any number of `progress` between; a datagram flow is all
its `datagram` records added up; a unix connection and an event of a process are one record each.
"""
import json
from dataclasses import dataclass, field

DEFAULTS = {"errno": 0, "fast_open": False, "mptcp": False, "v4_mapped": False, "abstract": False}
COUNTERS = ("messages_out", "bytes_out", "messages_in", "bytes_in")


@dataclass
class Happening:
    """What the records say of one operation, and the records that say it."""
    operation: str
    facts: dict
    records: list = field(default_factory=list)
    defects: list = field(default_factory=list)	# what is wrong whatever the truth is


def read_lines(path):
    with open(path, encoding="utf-8") as file:
        for number, line in enumerate(file, 1):
            if line.strip():
                try:
                    yield json.loads(line)
                except ValueError as error:
                    raise SystemExit(f"{path}:{number}: {error}") from None


def read_records(path):
    """Bodies with the position in the journal beside them, in the journal's order."""
    for wrapper in read_lines(path):
        body = dict(wrapper["body"])
        body["seq"] = wrapper.get("seq")
        yield body


def facts_of(body):
    facts = dict(DEFAULTS)
    facts.update(body)
    if "comm_hex" in body:
        facts["comm"] = bytes.fromhex(body["comm_hex"]).decode("utf-8", "replace")
    near, far = ("src", "sport"), ("dst", "dport")
    if body.get("direction") == "inbound":
        near, far = far, near
    facts.update(local=body.get(near[0]), lport=body.get(near[1]), remote=body.get(far[0]), rport=body.get(far[1]))
    return facts


IDENTITY = ("pid", "tid", "comm", "uid", "netns", "family", "protocol", "protocol_number", "direction", "local",
            "lport", "remote", "rport", "fast_open", "mptcp", "v4_mapped", "pid_start", "parent_pid")


def fold_stream(records):
    opens = [r for r in records if r["kind"] == "open"]
    closes = [r for r in records if r["kind"] == "close"]
    progress = [r for r in records if r["kind"] == "progress"]
    last = facts_of((closes or progress or opens)[-1])
    happening = Happening("stream", last, records)
    if len(opens) != 1 or len(closes) != 1:
        happening.defects.append(f"{len(opens)} open and {len(closes)} close records")
        return happening
    first = facts_of(opens[0])
    for name in IDENTITY:
        if first.get(name) != last.get(name):
            happening.defects.append(f"open.{name}={first.get(name)!r} but close.{name}={last.get(name)!r}")
    last["tb"] = first["tb"]
    last["progress"] = len(progress)
    close = closes[0]
    if abs(close["tb"] - close["opened_tb"] - close["duration_us"]) > 2 or abs(close["opened_tb"] - first["tb"]) > 1:
        happening.defects.append("times of open and close do not fit together")
    if [r["kind"] for r in records] != ["open"] + ["progress"] * len(progress) + ["close"]:
        happening.defects.append("records out of order: " + " ".join(r["kind"] for r in records))
    for name in ("bytes_in", "bytes_out"):
        values = [r[name] for r in records if name in r]
        if values != sorted(values):
            happening.defects.append(f"{name} shrinks: {values}")
    if last.get("pre_existing"):
        happening.defects.append("marked as open before the auditor started")
    return happening


def fold_datagram(records):
    facts = facts_of(records[0])
    happening = Happening("datagram", facts, records)
    for name in COUNTERS:
        facts[name] = sum(r[name] for r in records)
    for name in IDENTITY:
        if any(facts_of(r).get(name) != facts.get(name) for r in records):
            happening.defects.append(f"{name} differs between records of one flow")
    if facts.get("pre_existing"):
        happening.defects.append("marked as open before the auditor started")
    return happening


def fold(bodies):
    """Returns the happenings and the records that say something was missed."""
    flows, others, missed = {}, [], []
    for body in bodies:
        kind = body["kind"]
        if kind in ("lost", "gap"):
            missed.append(body)
        elif kind == "process":
            others.append(Happening("process", facts_of(body), [body]))
        elif kind == "open" and body.get("family") == "unix":
            others.append(Happening("unix", facts_of(body), [body]))
        elif kind in ("open", "close", "progress", "datagram"):
            flows.setdefault(body["flow"], []).append(body)
    for records in flows.values():
        fold_one = fold_datagram if records[0]["kind"] == "datagram" else fold_stream
        others.append(fold_one(records))
    return others, missed
