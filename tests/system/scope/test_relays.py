#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Local services that Odoo talks to come into scope as relays, however they are reached; others never do.

    BUILD=FOLDER test_relays.py [TEST ...]

Where process 1 is activator.py (tests/vm/scope.py), NETAUDIT_ACTIVATOR names the port and the path that it listens on.
"""
import json
import os
import signal
import socket

import lab
from lab import ANOTHER, ANOTHER_6, BLINK, LOOPBACK, PYTHON, UnixCall

CONNECT_UNIX = "import socket, sys; socket.socket(socket.AF_UNIX).connect(sys.argv[1])"
ASK_UDP = """
import socket, sys
with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as peer:
    peer.settimeout(30)
    peer.sendto(b"hello", ("127.0.0.1", int(sys.argv[1])))
    peer.recv(4096)
socket.create_connection(("127.0.0.1", int(sys.argv[2]))).close()
"""
FILL = """
for i in $(seq 100); do
    sleep 1000 </dev/null >/dev/null 2>&1 &
    echo $!
done
"""


class Relays(lab.ScopeTest):
    def relayed(self, answer, port):
        self.expect_outbound(answer, port, lab.RELAY)

    def path(self, name="service"):
        return os.path.join(self.folder, name)

    def script(self, name, text):
        with open(self.path(name), "w", encoding="ascii") as file:
            file.write(text)
        return self.path(name)

    def begin(self):
        """Who the services call, and Odoo; then the auditor."""
        target, odoo = self.sink("--fork"), self.odoo("client")
        self.audit()
        return target.port, odoo, f"call {LOOPBACK} {target.port}"


class Connections(Relays):
    def talk(self, *options, where=None, host=LOOPBACK):
        """Odoo talks to a service; before, meanwhile and afterwards the service calls somebody else."""
        target, odoo, order = self.begin()
        service = self.sink(*options, where=where)
        service.order(order)    # not Odoo's doing
        for _ in range(2):
            answer = odoo.call(service.port, order, host=host) if service.port else odoo.call_unix(service.where, order)
            self.relayed(json.loads(answer["answer"]), target)
        self.relayed(service.order(order), target)
        with socket.socket(socket.AF_UNIX if not service.port else
                           socket.AF_INET6 if ":" in host else socket.AF_INET) as another:
            another.connect((host, service.port) if service.port else service.where)
            with another.makefile("rw") as stream:
                stream.write(order + "\n")
                stream.flush()
                self.relayed(json.loads(stream.readline()), target)
        self.check()

    def test_tcp(self):
        self.talk()

    def test_tcp_with_a_process_per_connection(self):
        self.talk("--fork")

    def test_tcp_with_socket_activation(self):
        self.talk("--activate")

    def test_tcp_to_another_address_of_this_host(self):
        self.talk(where=f"{ANOTHER},{lab.free_port()}", host=ANOTHER)

    def test_tcp_to_another_ipv6_address_of_this_host(self):
        self.talk(where=f"{ANOTHER_6},{lab.free_port()}", host=ANOTHER_6)

    def test_unix(self):
        self.talk(where=self.path())

    def test_unix_with_a_process_per_connection(self):
        self.talk("--fork", where=self.path())

    def test_unix_with_socket_activation(self):
        self.talk("--activate", where=self.path())

    def test_a_service_that_odoo_never_talks_to(self):
        target, odoo, order = self.begin()
        service = self.sink("--fork")
        self.stranger(BLINK, str(service.port))
        service.order("peers 1")
        service.order(order)
        odoo.call(self.sink("--fork").port)
        service.order(order)
        self.check()


class Late(Relays):
    """The service takes the connection when the client is gone."""

    def test_tcp(self):
        target, odoo, order = self.begin()
        service = self.sink("--wait")
        child = odoo.run(BLINK, service.port)
        service.order("begin")
        child["lport"], = service.order("peers 1")["ports"]
        odoo.made(child, service.port, "subprocess")
        self.relayed(service.order(order), target)
        self.check()

    def test_unix_with_socket_activation(self):
        target, odoo, order = self.begin()
        service = self.sink("--activate", "--wait", where=self.path())
        child = odoo.run(PYTHON, self.script("connect.py", CONNECT_UNIX), service.where)
        self.expect(UnixCall(child["pid"], child["pid"], service.where, odoo.who("subprocess")))
        service.order("begin")
        service.order("peers 1")
        self.relayed(service.order(order), target)
        self.check()


class NumbersUsedAgain(Relays):
    def stranger_with_the_number(self, number, port):
        """A child of the test under that process number, which makes a call when the function returned is called."""
        go, go_end = os.pipe()
        for _ in range(1000):
            with open("/proc/sys/kernel/ns_last_pid", "w", encoding="ascii") as last:
                last.write(str(number - 1))
            child = os.fork()
            if child == 0:
                os.close(go_end)
                if os.getpid() == number:
                    os.read(go, 1)
                    socket.create_connection((LOOPBACK, port)).close()
                os._exit(0)
            if child == number:
                self.strangers.add(number)
                return lambda: (os.close(go_end), os.close(go), os.waitpid(child, 0))
            os.waitpid(child, 0)
        self.skipTest(f"process number {number} was never free")
        return None

    def test_the_number_of_a_process_that_once_listened(self):
        target, odoo, order = self.begin()
        service = self.sink("--abandon", where=self.path())
        listened = service.process.wait(60)
        self.assertEqual(0, listened)
        call = self.stranger_with_the_number(service.pid, target)
        self.relayed(json.loads(odoo.call_unix(service.where, order)["answer"]), target)
        call()
        self.check()


class Datagrams(Relays):
    def test_udp(self):
        target, odoo, order = self.begin()
        service = self.sink("--datagrams")
        service.order(order)    # not Odoo's doing
        self.relayed(json.loads(odoo.ask(service.port, order)["answer"]), target)
        odoo.ask(service.port)
        self.relayed(service.order(order), target)
        self.stranger(PYTHON, self.script("ask.py", ASK_UDP), str(service.port), str(target))
        self.check()

    def test_a_udp_service_that_odoo_never_talks_to(self):
        target, odoo, order = self.begin()
        asked, other = self.sink("--datagrams"), self.sink("--datagrams")
        odoo.ask(asked.port)
        self.stranger(PYTHON, self.script("ask.py", ASK_UDP), str(other.port), str(target))
        other.order(order)
        self.check()

    def send_unix(self, how):
        target, odoo, order = self.begin()
        service, other = (self.sink("--datagrams", where=self.path(name)) for name in ("service", "other"))
        odoo.request(f"{how} {service.where} hello")
        service.order("peers 1")
        if how == "tell" or self.auditor.status()["backend"] != "tracepoint":   # docs/hooks.md
            self.relayed(service.order(order), target)
        other.order(order)
        self.check()

    def test_unix(self):
        self.send_unix("tell")

    def test_unix_over_a_socket_that_is_not_connected(self):
        self.send_unix("mention")


class Full(Relays):
    def test_a_relay_that_finds_no_room_is_a_loss(self):
        odoo, services = self.odoo("client"), [self.sink() for _ in range(3)]
        self.audit("--max-processes", "64", "--canary-seconds", "0")    # it has no room either
        sleepers = odoo.run("sh", self.script("fill.sh", FILL))["answer"].split()
        self.addCleanup(lambda: [os.kill(int(pid), signal.SIGKILL) for pid in sleepers])
        self.auditor.wait_drained()
        before = self.auditor.status()["lost_map"]
        for service in services:    # the shell that has ended left room for one
            odoo.call(service.port)
        bodies = self.records(gaps=None)
        lost = [loss for body in bodies if body["kind"] == "lost" for loss in body["types"]]
        self.assertEqual({("scope", "map")}, {(loss["type"], loss["reason"]) for loss in lost})
        self.assertEqual(before + 2, sum(loss["count"] for loss in lost))


class HandedOver(Relays):
    """Process 1 accepts, and executes a service with the connection, as systemd does for sockets with Accept=yes."""

    def setUp(self):
        super().setUp()
        if "NETAUDIT_ACTIVATOR" not in os.environ:
            self.skipTest("process 1 is not ours: make test-vm-scope")
        port, self.where = os.environ["NETAUDIT_ACTIVATOR"].split()
        self.port = int(port)

    def talk(self, talk_to_it, connect):
        target, odoo, order = self.begin()
        first, second = (json.loads(talk_to_it(odoo, order)["answer"]) for _ in range(2))
        self.relayed(first, target)
        self.relayed(second, target)
        self.assertNotEqual(first["pid"], second["pid"])
        with connect() as another:    # served by another process, which has nothing to do with Odoo
            another.sendall((order + "\n\n").encode())
            self.assertNotEqual(b"", another.recv(4096))
        self.check()

    def test_tcp(self):
        self.talk(lambda odoo, order: odoo.call(self.port, order),
                  lambda: socket.create_connection((LOOPBACK, self.port)))

    def test_unix(self):
        def connect():
            another = socket.socket(socket.AF_UNIX)
            another.connect(self.where)
            return another
        self.talk(lambda odoo, order: odoo.call_unix(self.where, order), connect)


if __name__ == "__main__":
    lab.main()
