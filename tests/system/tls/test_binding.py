#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""
Which flow a connection of OpenSSL goes through: HTTPS connections of seven kinds of clients to three kinds of servers, many
at once. Every request's record, on both ends, has the flow whose ports the server wrote down, or none; none is rare.
test_binding.py BUILD [--connections 600]
"""
import argparse
import collections
import os
import re
import subprocess
import sys

import test_exchanges
from test_exchanges import lab

HERE = os.path.dirname(os.path.abspath(__file__))
KINDS = ("requests", "threads", "resumed", "memory", "asyncio", "aiohttp", "httpx")
SERVERS = ("threads", "asyncio", "uvicorn")
BOUND = 0.999
AT_ONCE = 3     # clients


class Server:
    def __init__(self, folder, mode):
        for name in ("port", "jsonl"):
            if os.path.exists(f"{folder}/{mode}.{name}"):
                os.unlink(f"{folder}/{mode}.{name}")
        self.truth = f"{folder}/{mode}.jsonl"
        self.process = subprocess.Popen([test_exchanges.PYTHON, f"{HERE}/binding_server.py", folder, mode])
        lab.wait_for(f"the server ({mode})", lambda: os.path.exists(f"{folder}/{mode}.port"), self.process)
        with open(f"{folder}/{mode}.port", encoding="ascii") as file:
            self.port = int(file.read())

    def stop(self):
        self.process.kill()
        self.process.wait()


def call(folder, servers, each):
    """All clients, some at once."""
    orders = [(kind, mode) for kind in KINDS for mode in SERVERS]
    running = []
    while orders or running:
        while orders and len(running) < AT_ONCE:
            kind, mode = orders.pop(0)
            running.append(subprocess.Popen([test_exchanges.PYTHON, f"{HERE}/binding_client.py", kind, f"{folder}/cert.pem",
                                             str(servers[mode].port), str(each), f"{kind}.{mode}"]))
        if running[0].wait(timeout=900):
            raise SystemExit(f"FAIL: a client ended with {running[0].returncode}: {running[0].args}")
        running.pop(0)


class Tally:
    """Of one kind, one end: its connections by what is known of them."""

    def __init__(self):
        self.seen, self.unbound, self.wrong = set(), set(), []

    def add(self, truth, records, flows, port):
        self.seen.add(truth["client"])
        if len(records) != 1:
            self.wrong.append(f"{truth['path']}: {len(records)} records")
        elif "flow" not in records[0]:
            self.unbound.add(truth["client"])
        else:
            flow = flows.get(records[0]["flow"], {})
            ends = flow.get("sport"), flow.get("dport"), flow.get("direction"), flow.get("pid")
            if ends != (truth["client"], port, records[0]["direction"], records[0]["pid"]):
                self.wrong.append(f"{truth['path']}: {ends}, should be {truth['client']}, {port}")


def compare(records, servers):
    flows = {record["flow"]: record for record in records if record["kind"] == "open"}
    exchanges = collections.defaultdict(list)
    for record in records:
        if record["kind"] == "exchange":
            exchanges[record["direction"], record.get("path")].append(record)
    tallies = collections.defaultdict(Tally)
    for mode, server in servers.items():
        for truth in lab.read_lines(server.truth):
            kind = truth["path"].split("/")[1].split(".")[0]
            for direction, name in (("outbound", f"client {kind}"), ("inbound", f"server {mode}")):
                tallies[name].add(truth, exchanges[direction, truth["path"]], flows, server.port)
    return tallies


def judge(tallies):
    failed = 0
    for name, tally in sorted(tallies.items()):
        share = 1 - len(tally.unbound) / len(tally.seen)
        print(f"  {name:16} {len(tally.seen):6} connections, {100 * share:7.3f} % bound, {len(tally.wrong)} wrong")
        for line in tally.wrong[:5]:
            print("FAIL " + line)
        if share < BOUND:
            print(f"FAIL {name}: of {len(tally.unbound)} connections the flow is not known")
        failed += len(tally.wrong) + (share < BOUND)
    return failed


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("build")
    parser.add_argument("--connections", type=int, default=600)
    options = parser.parse_args()
    if tuple(map(int, re.findall(r"\d+", os.uname().release)[:2])) < (5, 15):
        print("test-binding: left out: this kernel has no cookies for probes")
        return 0
    lab.enter_own_network()
    folder = os.path.join(os.path.abspath(options.build), "tests/binding")
    os.makedirs(folder, exist_ok=True)
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2", "-subj",
                    "/CN=localhost", "-addext", "subjectAltName=DNS:localhost", "-keyout", f"{folder}/key.pem", "-out",
                    f"{folder}/cert.pem"], check=True, stderr=subprocess.DEVNULL)
    auditor = lab.Auditor(options.build, folder, scope="host")
    servers = {}
    try:
        servers = {mode: Server(folder, mode) for mode in SERVERS}
        for server in servers.values():
            test_exchanges.wait_probed(auditor, server.process)
        call(folder, servers, max(options.connections // (len(KINDS) * len(SERVERS)), 1))
        records = auditor.records()
    finally:
        for server in servers.values():
            server.stop()
        auditor.stop()
    tallies = compare(records, servers)
    failed = judge(tallies)
    made = sum(len(tally.seen) for name, tally in tallies.items() if name.startswith("client"))
    print(f"test-binding: {made} connections, both ends, {failed} wrong or too rarely bound")
    return 1 if failed or made < options.connections * 0.9 or len(tallies) != len(KINDS) + len(SERVERS) else 0


if __name__ == "__main__":
    sys.exit(main())
