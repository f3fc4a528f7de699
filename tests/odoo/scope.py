#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""The default scope on two real Odoo and their PostgreSQL: every call once, with instance and worker, and no other.

    scope.py --build FOLDER --root ODOO_ROOT [--prepared]

One Odoo is started before the auditor, the other after it; both run prefork, with two HTTP workers, a cron and a
gevent worker. What happened is told by others than the auditor: PostgreSQL's log, the peers, the test's own requests;
who it was, by Odoo's log. Everything runs in a network namespace of its own, so whatever is recorded there must be
one of these calls, and the other way round.
"""
import argparse
import collections
import http.client
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time

import server
from server import HOST, PATIENCE

sys.path[:0] = [os.path.join(os.path.dirname(server.HERE), "system", "scope")]
import lab  # noqa: E402

DATABASE_PORT = 54329
PROBE = server.OWN + "/scope-addons"
TRIES = 60      # requests until each worker has served one
STRANGER = """
import socket, sys
for port in sys.argv[1:]:
    with socket.create_connection(("127.0.0.1", int(port))) as peer:
        print(peer.getsockname()[1])
"""

Flow = collections.namedtuple("Flow", "direction client server")


class Instance(server.Server):
    """One of several Odoo in a root that is set up already."""

    def __init__(self, other, name, http_port):
        # what is mounted, and the database, are those of the other one
        self.root, self.private, self.own = other.root, other.private, other.own
        self.http_port, self.gevent_port = http_port, http_port + 3
        self.config = f"{server.OWN}/{name}.conf"
        self.log_path = os.path.join(self.private, name + ".log")
        self.master = None
        self.name, self.instance, self.others = name, "config:" + self.root + self.config, {}
        self.configure(PROBE, db_host=HOST, db_user="odoo", http_port=http_port, gevent_port=self.gevent_port,
                       server_wide_modules="base,web,netaudit_probe")

    def start(self):
        with open(self.log_path, "wb") as log:
            self.master = subprocess.Popen(self.command(), stdout=log, stderr=log, env=self.environment())
        self.wait("Evented Service (longpolling) running", "WorkerCron")
        deadline = time.monotonic() + PATIENCE
        while sorted(self.roles().values()) != ["cron", "gevent", "http", "http", "master"]:
            if time.monotonic() > deadline:
                raise SystemExit(f"FAIL: not all workers are in the log: {self.roles()}")
            time.sleep(0.2)

    def roles(self):
        """{pid: role} of everybody who ever was one, as Odoo's log says; and of those the test knows itself."""
        text = self.log()
        roles = {int(pid): {"HTTP": "http", "Cron": "cron"}[kind]
                 for kind, pid in re.findall(r"Worker Worker(HTTP|Cron) \((\d+)\) alive", text)}
        roles.update((int(pid), "gevent") for pid in
                     re.findall(r" (\d+) INFO .*Evented Service \(longpolling\) running", text))
        return {**roles, **self.others, self.master.pid: "master"}


class Truth:
    """What was done: {flow: what must be on its record}."""

    def __init__(self):
        self.flows, self.problems = {}, []

    def add(self, flow, **facts):
        if flow in self.flows:
            self.problems.append(f"the test itself used {flow} twice")
        self.flows[flow] = facts

    def request(self, odoo, path, gevent=False, **arguments):
        """The answer of a route of the add-on; the request is an inbound call itself."""
        port = odoo.gevent_port if gevent else odoo.http_port
        connection = http.client.HTTPConnection(HOST, port, timeout=PATIENCE)
        connection.connect()
        name = connection.sock.getsockname()[1]
        connection.request("GET", f"/netaudit_probe/{path}?" + "&".join(f"{k}={v}" for k, v in arguments.items()))
        answer = connection.getresponse()
        text = answer.read().decode(errors="replace")
        connection.close()
        if answer.status != 200:
            raise SystemExit(f"FAIL: {path}: status {answer.status}: {text[-2000:]}\n{odoo.log()[-4000:]}")
        answer = json.loads(text)
        self.add(Flow("inbound", name, port), pid=answer["pid"], tid=answer["tid"], instance=odoo.instance,
                 worker="gevent" if gevent else "http", via=None, pre_existing=False)
        return answer


class Test:
    def __init__(self, options, folder):
        self.options, self.folder, self.truth = options, folder, Truth()
        self.setup = server.Server(options.root, os.path.join(folder, "root"))
        self.helpers, self.strangers, self.strange_ports, self.auditor = [], set(), set(), None

    def sink(self, *options):
        self.helpers.append(lab.Sink(*options))
        return self.helpers[-1]

    def start_database(self):
        self.setup.start_database_for_tcp("-c log_connections=on")
        self.setup.inside("runuser", "-u", "postgres", "--", "psql", "-q", "-p", str(DATABASE_PORT), "-c",
                          "CREATE EXTENSION IF NOT EXISTS dblink", server.DATABASE)

    def database_clients(self):
        """Ports from which somebody connected, in order, as PostgreSQL's log says."""
        folder = self.setup.root + "/var/log/postgresql"
        text = "".join(open(os.path.join(folder, name), encoding="utf-8").read() for name in os.listdir(folder))
        return [int(port) for port in re.findall(r"connection received: host=127\.0\.0\.1 port=(\d+)", text)]

    @staticmethod
    def open_clients():
        """Ports from which a connection to the database is open now."""
        with open("/proc/net/tcp", encoding="ascii") as table:
            rows = [line.split() for line in table][1:]
        return {int(row[1].split(":")[1], 16) for row in rows
                if row[3] == "01" and int(row[2].split(":")[1], 16) == DATABASE_PORT}

    def audit(self):
        options = argparse.Namespace(out=self.folder, programs=os.path.abspath(self.options.build), backend="auto")
        self.auditor_options, self.auditor = options, lab.census.Auditor(options, scope="odoo")
        self.auditor.wait_ready()

    def peer_of(self, sink):
        port, = sink.order("peers 1")["ports"]
        return Flow("outbound", port, sink.port)

    def work(self, odoo):
        """Every kind of call once, and each worker."""
        truth, sink, mail, no_database = self.truth, *map(self.sink, ("--fork", "--mail", "--hang-up"))
        names = dict(instance=odoo.instance, via=None, pre_existing=False)
        served = self.reach_all(odoo, sink)
        answer = truth.request(odoo, "connect", gevent=True, port=sink.port)
        truth.add(self.peer_of(sink), pid=answer["pid"], tid=answer["tid"], worker="gevent", **names)
        answer = truth.request(odoo, "curl", port=sink.port)
        truth.add(self.peer_of(sink), pid=answer["child"], tid=answer["child"], worker="subprocess", comm="curl", **names)
        answer = truth.request(odoo, "mail", port=mail.port)
        truth.add(self.peer_of(mail), pid=answer["pid"], tid=answer["tid"], worker="http", **names)
        truth.request(odoo, "copy", port=sink.port)
        truth.add(self.peer_of(sink), worker="relay", via="relay", comm="curl", pre_existing=False)
        answer = truth.request(odoo, "dblink", port=no_database.port)
        truth.add(self.peer_of(no_database), worker="relay", via="relay", comm="postgres", pre_existing=False)
        if not answer["error"]:
            truth.problems.append("dblink took the sink for a database")
        self.use_shell(odoo, sink, names)
        self.disturb(sink)
        return served

    def reach_all(self, odoo, sink):
        """Requests until every living HTTP worker has served one; returns who has."""
        served = set()
        for _ in range(TRIES):
            answer = self.truth.request(odoo, "connect", port=sink.port)
            self.truth.add(self.peer_of(sink), pid=answer["pid"], tid=answer["tid"], worker="http",
                           instance=odoo.instance, via=None, pre_existing=False)
            served.add(answer["pid"])
            if len(served) == 2:
                break
        else:
            self.truth.problems.append(f"{odoo.name}: {TRIES} requests, all served by {served}")
        return served

    def use_shell(self, odoo, sink, names):
        script = f"import socket; socket.create_connection(('{HOST}', {sink.port})).close()\n"
        shell = subprocess.Popen(odoo.command("shell", "--no-http"), stdin=subprocess.PIPE, stdout=subprocess.DEVNULL,
                                 stderr=subprocess.DEVNULL, env=odoo.environment())
        odoo.others[shell.pid] = "shell"
        shell.communicate(script.encode(), timeout=PATIENCE)
        self.truth.add(self.peer_of(sink), pid=shell.pid, tid=shell.pid, worker="shell", **names)

    def disturb(self, sink):
        """Somebody who has nothing to do with Odoo talks to its peer and to its database."""
        stranger = subprocess.Popen([lab.PYTHON, "-c", STRANGER, str(sink.port), str(DATABASE_PORT)],
                                    stdout=subprocess.PIPE, text=True)
        self.strangers.add(stranger.pid)
        self.strange_ports.update(map(int, stranger.communicate(timeout=PATIENCE)[0].split()))
        sink.order("peers 1")

    def recycle(self, odoo, victim):
        """One HTTP worker dies; its successor is audited like the others."""
        before = odoo.roles()
        os.kill(victim, signal.SIGKILL)
        deadline = time.monotonic() + PATIENCE
        while len(odoo.roles()) == len(before):
            if time.monotonic() > deadline:
                raise SystemExit(f"FAIL: {odoo.name} has no new worker:\n{odoo.log()[-4000:]}")
            time.sleep(0.1)
        new = set(odoo.roles()) - set(before)
        if not new <= self.reach_all(odoo, self.sink("--fork")):
            self.truth.problems.append(f"{odoo.name}: the new worker has served nobody")

    def run(self):
        shutil.copytree(os.path.join(server.HERE, "addons"), self.setup.root + PROBE)
        self.start_database()
        odoos = [Instance(self.setup, "early", 18069), Instance(self.setup, "late", 18169)]
        try:
            odoos[0].start()
            first, already = self.open_clients(), len(self.database_clients())
            self.audit()
            kept, meanwhile = first & self.open_clients(), len(self.database_clients())
            odoos[1].start()
            for odoo in odoos:
                served = self.work(odoo)
                self.recycle(odoo, min(served))
            self.auditor.wait_drained()
        finally:
            clients = self.database_clients()
            if self.auditor:
                self.auditor.stop()
            for odoo in odoos:
                if odoo.master:
                    odoo.stop()
            for helper in self.helpers:
                helper.stop()
            self.setup.cluster("stop", "-m", "fast")
        return self.compare(odoos, kept, clients, already, meanwhile)

    def records(self):
        out = os.path.join(self.folder, "records.jsonl")
        with open(out, "wb") as file:
            lab.census.ask(self.auditor_options, self.auditor.state_dir, "log", "--json", "--all", "--lines", "0",
                           output=file)
        with open(out, encoding="utf-8") as file:
            return [json.loads(line)["body"] for line in file]

    def compare(self, odoos, kept, clients, already, meanwhile):
        truth, bodies = self.truth, self.records()
        roles = {pid: (role, odoo.instance) for odoo in odoos for pid, role in odoo.roles().items()}
        for port in set(clients[meanwhile:]) - self.strange_ports:
            truth.add(Flow("outbound", port, DATABASE_PORT), pre_existing=False)
        for port in kept:
            truth.add(Flow("outbound", port, DATABASE_PORT), pre_existing=True)
        maybe = {Flow("outbound", port, DATABASE_PORT) for port in clients[already:meanwhile]}
        seen = collections.defaultdict(list)
        for body in bodies:
            if body.get("pid") in self.strangers:
                truth.problems.append(f"of a stranger: {body}")
            if body["kind"] in ("lost", "gap"):
                truth.problems.append(f"not everything was seen: {body}")
            if body.get("netns") != lab.own_network() or lab.is_failed_unix(body):
                continue
            if body["kind"] == "open" and body["family"] != "unix":
                seen[Flow(body["direction"], body["sport"], body["dport"])].append(body)
            elif body["kind"] in ("open", "datagram"):
                truth.problems.append(f"nobody did this: {body}")
        self.compare_flows(seen, maybe, roles)
        return seen

    def compare_flows(self, seen, maybe, roles):
        truth = self.truth
        for flow, facts in truth.flows.items():
            if len(seen[flow]) != 1:
                truth.problems.append(f"recorded {len(seen[flow])} times: {flow} {facts}")
                continue
            body = seen[flow][0]
            if flow.server == DATABASE_PORT:
                facts = dict(facts, **dict(zip(("worker", "instance"), roles.get(body["pid"], ("nobody", "")))), via=None)
            body = dict({"pre_existing": False}, **body)
            wrong = {name: (body.get(name), value) for name, value in facts.items() if body.get(name) != value}
            if wrong:
                truth.problems.append(f"{flow}: {wrong} in {body}")
        truth.problems += [f"nobody did this: {bodies}" for flow, bodies in seen.items()
                           if bodies and flow not in truth.flows and flow not in maybe]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--build", required=True)
    parser.add_argument("--root", required=True)
    parser.add_argument("--prepared", action="store_true", help="skip where the root is not there yet")
    options = parser.parse_args()
    if os.geteuid() != 0:
        print("skip: not root")
        return 0
    if options.prepared and not os.path.exists(os.path.join(options.root, "netaudit-odoo-ready")):
        print("skip: there is no real Odoo here: make odoo-root")
        return 0
    prepared = server.prepared(options.root)
    if prepared:
        return 0 if prepared == 77 else 1
    if "NETAUDIT_UNSHARED" not in os.environ:
        os.environ["NETAUDIT_UNSHARED"] = "1"
        os.execvp("unshare", ["unshare", "--mount", "--net", sys.executable, *sys.argv])
    subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
    with tempfile.TemporaryDirectory(prefix="netaudit-odoo-") as folder:
        os.chmod(folder, 0o755)
        test = Test(options, folder)
        seen = test.run()
        by_worker = collections.Counter((flow.direction, body.get("worker"), os.path.basename(body.get("instance", "-")))
                                        for flow, bodies in seen.items() for body in bodies)
        for (direction, worker, instance), count in sorted(by_worker.items(), key=str):
            print(f"  {count:4} {direction:9} {worker:11} {instance}")
    for problem in test.truth.problems:
        print("FAIL: " + problem)
    print(f"{len(test.truth.flows)} calls made, {len(test.truth.problems)} problems")
    return 1 if test.truth.problems else 0


if __name__ == "__main__":
    sys.exit(main())
