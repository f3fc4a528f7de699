# SPDX-License-Identifier: GPL-2.0-or-later
"""What the scope tests share: an auditor in its default scope, stand-ins for Odoo and local services, and the truth.

Everything runs in a network namespace of its own. Whatever else the machine does meanwhile is in another one, so every
record of this namespace must be one of the calls that the test wrote down, and the other way round.
"""
import argparse
import collections
import json
import os
import socket
import subprocess
import sys
import tempfile
import unittest

HERE = os.path.dirname(os.path.abspath(__file__))
SYSTEM = os.path.dirname(HERE)
sys.path[:0] = [os.path.join(SYSTEM, "census")]
import run as census  # noqa: E402  the auditor, as the census drives it

BUILD = os.path.abspath(os.environ.get("BUILD", "build"))
ODOO = os.path.join(SYSTEM, "odoo_fake", "odoo-bin")
SERVER = os.path.join(HERE, "server.py")
BLINK = os.path.join(BUILD, "tests", "census", "na-blink")
PYTHON = "/usr/bin/python3"
LOOPBACK = "127.0.0.1"
ANOTHER, ANOTHER_6 = "10.77.0.1", "fd77::1"     # of this host too
CURL = ("curl", "-s", "--http0.9", "-m", "20")

Who = collections.namedtuple("Who", "worker instance via", defaults=(None, None, None))
Call = collections.namedtuple("Call", "pid tid direction local lport remote rport who pre_existing")
UnixCall = collections.namedtuple("UnixCall", "pid tid path who")
Datagrams = collections.namedtuple("Datagrams", "pid tid direction local lport remote rport who sent received")

RELAY = Who("relay", None, "relay")


def enter_own_network():
    """Starts this program again in a network namespace that has nothing but a loopback device."""
    if "NETAUDIT_UNSHARED" not in os.environ:
        os.environ["NETAUDIT_UNSHARED"] = "1"
        os.execvp("unshare", ["unshare", "--net", sys.executable, *sys.argv])
    subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
    for address in (ANOTHER + "/32", ANOTHER_6 + "/128"):
        subprocess.run(["ip", "address", "add", address, "dev", "lo"], check=True)


def own_network():
    return os.stat("/proc/self/ns/net").st_ino


def free_port():
    with socket.create_server((LOOPBACK, 0)) as probe:
        return probe.getsockname()[1]


class Helper:
    """A program of the test that is stopped with it; knows who it is."""

    def __init__(self, *command, **options):
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, **options)
        self.pid = self.process.pid

    def line(self):
        line = self.process.stdout.readline()
        if not line:
            raise AssertionError(f"{self.process.args} ended with status {self.process.wait()}")
        return line.strip()

    def order(self, line):
        """One line in, one line of JSON out, over the pipe: no connection is made."""
        self.process.stdin.write(line + "\n")
        self.process.stdin.flush()
        return json.loads(self.line())

    def stop(self):
        self.process.stdin.close()
        self.process.terminate()
        self.process.wait(60)
        self.process.stdout.close()


class Sink(Helper):
    """A service that only answers."""

    def __init__(self, *options, where=None):
        self.where = where or str(free_port())
        self.port = None if self.where.startswith("/") else int(self.where.rpartition(",")[2])
        super().__init__(PYTHON, SERVER, self.where, *options)
        assert self.line() == "ready"


class Odoo(Helper):
    """A stand-in for a prefork Odoo. Every request is written down as the inbound call it is."""

    def __init__(self, test, name, *options, workers=2, cron=1):
        self.test, self.workers = test, workers
        self.config, self.cron = (os.path.join(test.folder, f"{name}.{end}") for end in ("conf", "cron"))
        self.instance = "config:" + self.config
        self.port, self.gevent_port = free_port(), free_port()
        super().__init__(PYTHON, ODOO, "-c", self.config, f"--http-port={self.port}", "--cron-socket=" + self.cron,
                         f"--gevent-port={self.gevent_port}", f"--workers={workers}", f"--cron={cron}", *options)
        self.roles = {}
        self.meet(workers + cron + 2)

    def meet(self, count):
        """Reads who has started, as they say it themselves."""
        for _ in range(count):
            role, pid = self.line().split()
            self.roles[int(pid)] = role

    def who(self, worker):
        return Who(worker, self.instance)

    def request(self, line, worker="http"):
        """Has a worker do something. Its answer names the thread that served us."""
        port = {"http": self.port, "gevent": self.gevent_port}.get(worker)
        with socket.socket(socket.AF_INET if port else socket.AF_UNIX) as client:
            client.connect((LOOPBACK, port) if port else self.cron)
            with client.makefile("rw") as stream:
                stream.write(line + "\n")
                stream.flush()
                answer = json.loads(stream.readline())
            if port:
                name = client.getsockname()[1]
        server = answer.get("by", answer)
        if port:
            self.test.expect(Call(server["pid"], server["tid"], "inbound", LOOPBACK, port, LOOPBACK, name,
                                  self.who(worker), False))
        return answer

    def made(self, answer, port, worker):
        self.test.expect_outbound(answer, port, self.who(worker))
        return answer

    def call(self, port, words="", worker="http", host=LOOPBACK):
        """A worker's own TCP call, answered by the peer."""
        answer = self.request(f"call {host} {port} {words}", worker)
        self.test.expect(Call(answer["pid"], answer["tid"], "outbound", "::1" if ":" in host else LOOPBACK,
                              answer["lport"], host, port, self.who(worker), False))
        return answer

    def ask(self, port, words="", worker="http"):
        answer = self.request(f"ask {LOOPBACK} {port} {words}", worker)
        self.test.expect(Datagrams(answer["pid"], answer["tid"], "outbound", LOOPBACK, answer["lport"], LOOPBACK, port,
                                   self.who(worker), 1, 1))
        return answer

    def call_unix(self, path, words="", worker="http"):
        answer = self.request(f"call {path} {words}", worker)
        self.test.expect(UnixCall(answer["pid"], answer["tid"], path, self.who(worker)))
        return answer

    def run(self, *command, worker="http"):
        """A sub-process, run to its end."""
        return self.request("run " + " ".join(map(str, command)), worker)

    def hold(self):
        """A request in flight, and the port it comes from."""
        client = socket.create_connection((LOOPBACK, self.port))
        self.test.addCleanup(client.close)
        client.sendall(b"hold\n")
        assert client.recv(100) == b"held\n"
        return client, client.getsockname()[1]


class ScopeTest(unittest.TestCase):
    """One auditor per test; check() compares all that was recorded with all that was done."""

    def setUp(self):
        self.folder = self.enterContext(tempfile.TemporaryDirectory(prefix="netaudit-scope-"))
        os.chmod(self.folder, 0o755)
        self.truth, self.strangers, self.auditor = collections.Counter(), set(), None

    def start(self, helper):
        self.addCleanup(helper.stop)
        return helper

    def odoo(self, name, *options, **more):
        return self.start(Odoo(self, name, *options, **more))

    def sink(self, *options, **more):
        return self.start(Sink(*options, **more))

    def expect(self, call):
        self.truth[call] += 1

    def expect_outbound(self, answer, port, who, pre_existing=False):
        self.expect(Call(answer["pid"], answer["tid"], "outbound", LOOPBACK, answer["lport"], LOOPBACK, port, who,
                         pre_existing))

    def stranger(self, *command, **options):
        """A program that has nothing to do with Odoo, run to its end."""
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                                   stderr=subprocess.DEVNULL, **options)
        self.strangers.add(process.pid)
        return process.wait()

    def audit(self, *settings):
        self.options = argparse.Namespace(out=self.folder, programs=BUILD, backend=os.environ.get("BACKEND", "auto"))
        self.auditor = census.Auditor(self.options, scope="odoo", settings=settings)
        self.addCleanup(self.auditor.notify.close)
        self.addCleanup(self.auditor.stop)
        self.auditor.wait_ready()

    def records(self, gaps):
        """Everything recorded, after everything that has happened is; ends the auditor."""
        self.auditor.wait_drained()
        self.assertEqual(0, self.auditor.stop(), self.auditor.log())
        out = os.path.join(self.folder, "records.jsonl")
        with open(out, "wb") as file:
            self.assertEqual(0, census.ask(self.options, self.auditor.state_dir, "log", "--json", "--all", "--lines",
                                           "0", output=file))
        with open(out, encoding="utf-8") as file:
            bodies = [json.loads(line)["body"] for line in file]
        if gaps is not None:
            self.assertEqual(["gap"] * gaps, [body["kind"] for body in bodies if body["kind"] in ("lost", "gap")])
        return bodies

    def check(self, gaps=0):
        """Every call of the truth exactly once, closed at most once, and nothing else; nothing of strangers."""
        bodies, network = self.records(gaps), own_network()
        mine = [body for body in bodies if body.get("netns") == network and not is_failed_unix(body)]
        seen = collections.Counter(described(body) for body in mine if body["kind"] == "open")
        seen.update(exchanges(mine))
        problems = [f"missing {count}x {call}" for call, count in (self.truth - seen).items()]
        problems += [f"too many {count}x {call}" for call, count in (seen - self.truth).items()]
        problems += list(odd_closes(mine))
        problems += [f"of a stranger: {body}" for body in bodies if body.get("pid") in self.strangers]
        self.assertFalse(problems, "\n" + "\n".join(problems))
        return mine


def is_failed_unix(body):
    """The C library asks for daemons that do not run; where is not seen on every backend (docs/hooks.md)."""
    return body.get("family") == "unix" and "errno" in body


def who_of(body):
    return Who(body.get("worker"), body.get("instance"), body.get("via"))


def ends_of(body):
    near, far = ("src", "sport"), ("dst", "dport")
    if body["direction"] == "inbound":
        near, far = far, near
    return body[near[0]], body[near[1]], body[far[0]], body[far[1]]


def exchanges(bodies):
    """Each flow of datagrams once, whatever number of periods it was recorded in."""
    flows = collections.defaultdict(list)
    for body in bodies:
        if body["kind"] == "datagram":
            flows[body["flow"]].append(body)
    for periods in flows.values():
        first = periods[0]
        sent, received = (sum(body[name] for body in periods) for name in ("messages_out", "messages_in"))
        yield Datagrams(first["pid"], first["tid"], first["direction"], *ends_of(first), who_of(first), sent, received)


def described(body):
    if body["family"] == "unix":
        return UnixCall(body["pid"], body["tid"], body["path"], who_of(body))
    return Call(body["pid"], body["tid"], body["direction"], *ends_of(body), who_of(body), body.get("pre_existing", False))


def odd_closes(bodies):
    """A flow ends at most once, where it began, and named as it was then."""
    opened = {body["flow"]: body for body in bodies if body["kind"] == "open"}
    closed = collections.Counter(body["flow"] for body in bodies if body["kind"] == "close")
    for body in bodies:
        if body["kind"] != "close":
            continue
        first = opened.get(body["flow"])
        if not first:
            yield f"closed but never opened: {body}"
        elif (first["pid"], first["tid"], who_of(first)) != (body["pid"], body["tid"], who_of(body)):
            yield f"closed by another than it was opened by: {first} {body}"
    for flow, count in closed.items():
        if count > 1:
            yield f"closed {count} times: {opened.get(flow)}"


def main():
    if os.geteuid() != 0:
        print("skip: not root")
        return
    enter_own_network()
    unittest.main(module="__main__", verbosity=2)
