#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""The default scope records every call of Odoo and its descendants, exactly once, under the right name; nobody else's.

    BUILD=FOLDER test_scope.py [TEST ...]
"""
import os
import signal
import socket

import lab
from lab import BLINK, CURL, LOOPBACK, PYTHON, Call


class OnlyOdoo(lab.ScopeTest):
    def disturb(self, port):
        """Programs of every length that have nothing to do with Odoo."""
        connect = f"import socket; socket.create_connection(('{LOOPBACK}', {port})).close()"
        self.stranger(PYTHON, "-c", connect)
        self.stranger(*CURL, f"http://{LOOPBACK}:{port}/")
        self.stranger(BLINK, str(port))

    def test_two_instances_are_told_apart_and_nobody_else_is_recorded(self):
        sink, elsewhere = self.sink("--fork"), self.sink("--fork")
        first = self.odoo("first", "--titles")
        self.audit()
        second = self.odoo("second")
        for odoo in (first, second):
            for worker in ("http", "gevent", "cron", "http"):
                self.disturb(elsewhere.port)
                answer = odoo.call(sink.port, worker=worker)
                self.assertEqual(worker == "gevent", answer["tid"] == answer["pid"])
                self.assertEqual(worker, odoo.roles[answer["pid"]])
        refused = first.call(lab.free_port())
        self.assertNotEqual(0, refused["error"])
        self.check()

    def test_a_program_that_only_mentions_odoo_is_let_go(self):
        sink = self.sink("--fork")
        self.audit()
        connect = "import socket, sys; sys.stdin.readline(); socket.create_connection(('{}', {})).close(); print()"
        program = self.start(lab.Helper(PYTHON, "-c", connect.format(LOOPBACK, sink.port), "odoo-bin"))
        self.auditor.wait_drained()
        program.process.stdin.write("\n")
        program.process.stdin.flush()
        program.line()
        self.check()


class Life(lab.ScopeTest):
    """Processes come and go; the auditor is never restarted."""

    def test_workers_forked_later_and_recycled_ones(self):
        sink = self.sink("--fork")
        odoo = self.odoo("early", workers=1)
        self.audit()
        for _ in range(3):
            old = odoo.request("quit")["pid"]
            odoo.meet(1)
            self.assertNotEqual(old, odoo.call(sink.port)["pid"])
        odoo.call(sink.port, worker="cron")
        odoo.request("quit", worker="cron")
        odoo.meet(1)
        odoo.call(sink.port, worker="cron")
        odoo.process.send_signal(signal.SIGTTIN)
        odoo.meet(1)
        for _ in range(10):
            odoo.call(sink.port)
        self.check()

    def test_sub_processes(self):
        sink = self.sink("--fork")
        odoo = self.odoo("parent")
        self.audit()
        for worker, program in (("http", [BLINK, sink.port]), ("cron", [BLINK, sink.port]),
                                ("http", [*CURL, f"http://{LOOPBACK}:{sink.port}/"]), ("gevent", [BLINK, sink.port])):
            child = odoo.run(*program, worker=worker)
            child["lport"], = sink.order("peers 1")["ports"]
            odoo.made(child, sink.port, "subprocess")
        self.check()

    def test_a_shell_is_odoo_too(self):
        sink = self.sink("--fork")
        self.audit()
        config = os.path.join(self.folder, "shell.conf")
        shell = self.start(lab.Helper(PYTHON, lab.ODOO, "shell", "-c", config))
        shell.line()
        self.expect_outbound(shell.order(f"call {LOOPBACK} {sink.port}"), sink.port,
                             lab.Who("shell", "config:" + config))
        self.check()

    def test_a_process_forked_twice_outlives_its_parents(self):
        sink = self.sink("--fork")
        odoo = self.odoo("parent")
        self.audit()
        answer = odoo.request(f"orphan {LOOPBACK} {sink.port}")
        odoo.made(answer, sink.port, "subprocess")
        self.check()

    def stranger_with_the_number(self, number, port):
        """A child of the test under that process number, as soon as it is free and nobody else is faster."""
        for _ in range(1000):
            with open("/proc/sys/kernel/ns_last_pid", "w", encoding="ascii") as last:
                last.write(str(number - 1))
            child = os.fork()
            if child == 0:
                if os.getpid() == number:
                    socket.create_connection((LOOPBACK, port)).close()
                    os.execvp(CURL[0], [*CURL, "-o", "/dev/null", f"http://{LOOPBACK}:{port}/"])
                os._exit(0)
            os.waitpid(child, 0)
            if child == number:
                return
        self.skipTest(f"process number {number} was never free")

    def test_the_number_of_an_odoo_process_used_again_by_a_stranger(self):
        sink, elsewhere = self.sink("--fork"), self.sink("--fork")
        odoo = self.odoo("parent")
        self.audit()
        child = odoo.run(BLINK, sink.port)
        child["lport"], = sink.order("peers 1")["ports"]
        odoo.made(child, sink.port, "subprocess")
        worker = odoo.request("quit")["pid"]
        odoo.meet(1)
        for number in (child["pid"], worker):
            self.stranger_with_the_number(number, elsewhere.port)
        odoo.call(sink.port)
        self.check()

    def older(self, *options):
        sink = self.sink("--fork")
        odoo = self.odoo("older", *options, workers=1)
        pids = {role: pid for pid, role in odoo.roles.items()}
        kept = [(worker, odoo.request(f"keep {LOOPBACK} {sink.port}", worker)["lport"])
                for worker in ("http", "cron", "gevent")]
        request, port = odoo.hold()
        self.truth.clear()
        self.audit()
        for worker, lport in kept:
            self.expect(Call(pids[worker], pids[worker], "outbound", LOOPBACK, lport, LOOPBACK, sink.port,
                             odoo.who(worker), True))
        self.expect(Call(pids["http"], pids["http"], "inbound", LOOPBACK, odoo.port, LOOPBACK, port, odoo.who("http"),
                         True))
        request.close()
        odoo.call(sink.port)
        odoo.call(sink.port, worker="cron")
        odoo.request("quit", "cron")
        odoo.meet(1)
        closed = [body["sport"] for body in self.check() if body["kind"] == "close" and body.get("pre_existing")]
        self.assertEqual(sorted([port, kept[1][1]]), sorted(closed))

    def test_connections_that_are_older_than_the_auditor(self):
        self.older()

    def test_connections_that_are_older_than_the_auditor_of_workers_with_titles(self):
        self.older("--titles")


if __name__ == "__main__":
    lab.main()
