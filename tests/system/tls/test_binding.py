#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""
Which flow a connection of OpenSSL goes through: HTTPS connections of seven kinds of clients to four kinds of servers, many
at once. Every request's record, on both ends, has the flow whose ports the server wrote down, or none; none is rare. Where
a relay carries on what a client says, the client's flow is that to the relay; where the client's process is itself that
relay, none.
test_binding.py BUILD [--connections 600] [--standard-library]
"""
import argparse
import collections
import concurrent.futures
import os
import re
import subprocess
import sys

import test_exchanges
from test_exchanges import lab

HERE = os.path.dirname(os.path.abspath(__file__))
KINDS = ("resumed", "memory", "asyncio", "forwarded", "relayed")
SERVERS = ("threads", "asyncio", "retry")
MORE_KINDS, MORE_SERVERS = ("requests", "threads", "aiohttp", "httpx"), ("uvicorn",)    # of libraries
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


def call(folder, kinds, servers, each):
    """All clients, some at once. Returns the ports that some of them have of their own, by path."""
    def run(order):
        kind, mode = order
        return subprocess.run([test_exchanges.PYTHON, f"{HERE}/binding_client.py", kind, f"{folder}/cert.pem",
                               str(servers[mode].port), str(each), f"{kind}.{mode}"], check=True, timeout=900,
                              stdout=subprocess.PIPE, text=True).stdout
    with concurrent.futures.ThreadPoolExecutor(AT_ONCE) as threads:
        lines = "".join(threads.map(run, [(kind, mode) for kind in kinds for mode in servers])).splitlines()
    return {path: (int(near), int(far)) for path, near, far in map(str.split, lines)}


class Tally:
    """Of one kind, one end: its connections by what is known of them."""

    def __init__(self):
        self.seen, self.unbound, self.wrong = set(), set(), []

    def add(self, truth, records, flows, ports):
        self.seen.add(ports[0])
        if len(records) != 1:
            self.wrong.append(f"{truth['path']}: {len(records)} records")
        elif "flow" not in records[0]:
            self.unbound.add(ports[0])
        else:
            flow = flows.get(records[0]["flow"], {})
            ends = flow.get("sport"), flow.get("dport"), flow.get("direction"), flow.get("pid")
            if ends != (*ports, records[0]["direction"], records[0]["pid"]):
                self.wrong.append(f"{truth['path']}: {ends}, should be {ports}")


def compare(records, servers, own):
    flows = {record["flow"]: record for record in records if record["kind"] == "open"}
    exchanges = collections.defaultdict(list)
    for record in records:
        if record["kind"] == "exchange":
            exchanges[record["direction"], record.get("path")].append(record)
    tallies = collections.defaultdict(Tally)
    for mode, server in servers.items():
        for truth in lab.read_lines(server.truth):
            path, ports = truth["path"], (truth["client"], server.port)
            kind = path.split("/")[1].split(".")[0]
            tallies[f"client {kind}"].add(truth, exchanges["outbound", path], flows, own.get(path, ports))
            tallies[f"server {mode}"].add(truth, exchanges["inbound", path], flows, ports)
    return tallies


def judge(tallies):
    failed = 0
    for name, tally in sorted(tallies.items()):
        share = 1 - len(tally.unbound) / len(tally.seen)
        print(f"  {name:16} {len(tally.seen):6} connections, {100 * share:7.3f} % bound, {len(tally.wrong)} wrong")
        for line in tally.wrong[:5]:
            print("FAIL " + line)
        bad = share > 0 if name == "client relayed" else share < BOUND
        if bad:
            print(f"FAIL {name}: of {len(tally.unbound)} connections the flow is not known")
        failed += len(tally.wrong) + bad
    return failed


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("build")
    parser.add_argument("--connections", type=int, default=600)
    parser.add_argument("--standard-library", action="store_true", help="only what Python has of its own")
    options = parser.parse_args()
    kinds = KINDS + (() if options.standard_library else MORE_KINDS)
    modes = SERVERS + (() if options.standard_library else MORE_SERVERS)
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
        servers = {mode: Server(folder, mode) for mode in modes}
        for server in servers.values():
            test_exchanges.wait_probed(auditor, server.process)
        own = call(folder, kinds, servers, max(options.connections // (len(kinds) * len(modes)), 1))
        records = auditor.records()
    finally:
        for server in servers.values():
            server.stop()
        auditor.stop()
    tallies = compare(records, servers, own)
    failed = judge(tallies)
    made = sum(len(tally.seen) for name, tally in tallies.items() if name.startswith("client"))
    print(f"test-binding: {made} connections, both ends, {failed} wrong or too rarely bound")
    return 1 if failed or made < options.connections * 0.9 or len(tallies) != len(kinds) + len(modes) else 0


if __name__ == "__main__":
    sys.exit(main())
