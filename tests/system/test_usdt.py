#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""python:audit as a second witness, names that are asked for, and the probes' lives: test_usdt.py BUILD [BACKEND]; as root.

Programs on this host's interpreters call on loopback, and what is recorded is compared with what they did.
"""
import glob
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import threading
import unittest

BACKEND = sys.argv.pop(2) if len(sys.argv) > 2 else "auto"
import test_daemon_life as life  # noqa: E402  (takes BUILD from the arguments)

TARGET = os.path.join(os.path.dirname(os.path.abspath(__file__)), "python", "usdt_target.py")
PYTHON = "/usr/bin/python3"
CHANGED = "the stack changed after the call was announced"


class Sink:
    """Accepts whatever comes to a port of its own, and hangs up."""

    def __init__(self):
        self.socket = socket.create_server(("127.0.0.1", 0), backlog=64)
        self.port = self.socket.getsockname()[1]
        threading.Thread(target=self.serve, daemon=True).start()

    def serve(self):
        while True:
            try:
                self.socket.accept()[0].close()
            except OSError:
                return


class Target:
    def __init__(self, port, python=PYTHON, script=TARGET):
        self.process = subprocess.Popen([python, "-I", script, str(port)], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                        text=True, bufsize=1)
        self.pid = int(self.process.stdout.readline())

    def do(self, *cases):
        for case in cases:
            print(case, file=self.process.stdin, flush=True)
            answer = self.process.stdout.readline().strip()
            if answer != case:
                raise AssertionError(f"{case}: the program ended")

    def end(self):
        self.process.stdin.close()
        self.process.stdout.close()
        return self.process.wait(life.PATIENCE)


def sites(python):
    """How often the compiler put the probe into the program."""
    done = subprocess.run(["readelf", "--notes", os.path.realpath(python)], capture_output=True, text=True)
    return done.stdout.count("Name: audit")


def interpreter_without_probe():
    """A self-built one, if there is any that we can read."""
    question = "import sys; print(sys.version_info >= (3, 9))"
    for python in sorted(glob.glob(os.path.expanduser("~/.pyenv/versions/3.*/bin/python3")) +
                         glob.glob("/usr/local/bin/python3.*[0-9]")):
        libraries = subprocess.run(["ldd", python], capture_output=True, text=True).stdout.split()
        files = [python] + [path for path in libraries if path.startswith("/") and "libpython" in path]
        version = subprocess.run([python, "-c", question], capture_output=True, text=True).stdout.strip()
        if version == "True" and not any(sites(file) for file in files):
            return python
    return None


class Recorded(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        if not sites(PYTHON):
            print(f"skip: {PYTHON} has no probe python:audit, or readelf is not installed")
            raise unittest.SkipTest("no probe")
        cls.sink = Sink()

    @classmethod
    def tearDownClass(cls):
        cls.sink.socket.close()

    def bodies(self, pid, kind):
        done = subprocess.run([f"{life.BUILD}/netaudit", "log", "--json", "--kind", kind, "--lines", "0", "--state-dir",
                               f"{self.folder}/state"], capture_output=True, text=True, check=True)
        bodies = [json.loads(line)["body"] for line in done.stdout.splitlines()]
        return [b for b in bodies if b["pid"] == pid or b.get("parent_pid") == pid]

    def opens(self, target, *cases):
        """What the connects of some cases became, one each."""
        def of_port():
            return [b for b in self.bodies(target.pid, "open") if b.get("dport") == self.sink.port]

        before = len(of_port())
        target.do(*cases)
        return life.wait_for(f"{len(cases)} opens", lambda: next(
            (b[before:] for b in [of_port()] if len(b) >= before + len(cases)), None))

class Witness(Recorded):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.folder = life.tempfile.mkdtemp(prefix="netaudit-test-")
        os.chmod(cls.folder, 0o755)
        cls.daemon = life.Daemon(cls.folder, "--scope", "host", "--backend", BACKEND, "--heartbeat-seconds", "1")
        cls.target = Target(cls.sink.port)
        life.wait_for("the interpreter's probe", lambda: cls.daemon.status()["probes"])

    @classmethod
    def tearDownClass(cls):
        cls.target.end()
        cls.daemon.close()
        shutil.rmtree(cls.folder)
        super().tearDownClass()

    def test_an_announced_connect_agrees_and_has_the_name_its_thread_asked_for(self):
        by_name, = self.opens(self.target, "by_name")
        self.assertEqual((by_name["author"], by_name["python_usdt"], by_name["resolved"]),
                         ("library", "agrees", "localhost"))

    def test_a_connect_to_an_address_has_no_name_of_an_earlier_question(self):
        by_address, = self.opens(self.target, "by_address")
        self.assertEqual(by_address["python_usdt"], "agrees")
        self.assertNotIn("resolved", by_address)

    def test_threads_and_deep_stacks_agree(self):
        for record in self.opens(self.target, "in_thread", "deep"):
            self.assertEqual(record["python_usdt"], "agrees", record)

    def test_native_connects_are_not_announced_and_get_no_name(self):
        cases = ("native", "native_after_datagram")
        for case, record in zip(cases, self.opens(self.target, *cases)):
            self.assertEqual(record["author"], "library", case)
            self.assertNotIn("python_usdt", record, case)
            self.assertNotIn("resolved", record, case)

    def test_a_second_try_of_a_connect_is_not_taken_for_the_next_one(self):
        before = len(self.bodies(self.target.pid, "open"))
        self.opens(self.target, "native_after_second_try")
        first, second = life.wait_for("two connects", lambda: next(
            (b[before:] for b in [self.bodies(self.target.pid, "open")] if len(b) >= before + 2), None))
        self.assertEqual(first["python_usdt"], "agrees")
        self.assertNotIn("python_usdt", second)

    def test_an_announcement_under_other_frames_leaves_the_author_unknown(self):
        forged, = self.opens(self.target, "forged")
        self.assertEqual((forged["author"], forged["author_reason"], forged["python_usdt"], forged["evidence"]),
                         ("unknown", CHANGED, "disagrees", "none"))
        after, = self.opens(self.target, "connect")
        self.assertEqual((after["author"], after["python_usdt"]), ("library", "agrees"))

    def test_names_are_recorded_as_they_were_asked_for(self):
        target = Target(self.sink.port)
        self.addCleanup(target.end)
        target.do("connect")
        life.wait_for("its interpreter to be known", lambda: any("python_usdt" in b for b in self.bodies(target.pid, "open")) or
                      target.do("connect"))
        target.do("names")
        records = life.wait_for("the names", lambda: next(
            (b for b in [self.bodies(target.pid, "resolve")] if len(b) >= 8), None))
        self.assertEqual([b.get("host") for b in records],
                         ["ascii.example", "b\u00fccher.example", "\u043f\u0440\u0438\u043c\u0435\u0440.example",
                          "\U0001f600.example", "line\nbreak\x1b[31m.example", ".".join(["x" * 60] * 5)[:255], None, None])
        self.assertEqual({b["author"] for b in records}, {"library"})
        shown = subprocess.run([f"{life.BUILD}/netaudit", "log", "--kind", "resolve", "--lines", "0", "--state-dir",
                                f"{self.folder}/state"], capture_output=True, text=True, check=True).stdout
        self.assertIn("asked for ascii.example, by library", shown)
        self.assertNotIn("\x1b", shown)

    def test_whoever_starts_a_program_is_its_witness(self):
        cases = ("popen", "popen_by_spawn", "spawn", "system", "fork")
        self.target.do(*cases)
        def executed():
            return [b for b in self.bodies(self.target.pid, "process")
                    if b["event"] == "exec" and b["parent_pid"] == self.target.pid and b["comm"] == "true"]
        records = life.wait_for("five programs", lambda: next((b for b in [executed()] if len(b) >= len(cases)), None))
        for case, record in zip(cases, records):
            self.assertEqual((record["author"], record["evidence"], record.get("python_usdt")),
                             ("library", "process-parent", "agrees"), case)

    def test_a_confined_program_goes_on(self):
        target = Target(self.sink.port)
        target.do("confine")
        life.wait_for("its connect to be announced",
                      lambda: any(b.get("python_usdt") == "agrees" for b in self.opens(target, "connect")))
        target.do("names", "spawn")
        self.assertEqual(target.end(), 0)

    def test_an_interpreter_without_the_probe_works_as_before(self):
        python = interpreter_without_probe()
        if not python:
            self.skipTest("no interpreter without python:audit is here")
        target = Target(self.sink.port, python)
        self.addCleanup(target.end)
        life.wait_for("its frames", lambda: any(b["author"] == "library" for b in self.opens(target, "by_name")))
        record, = self.opens(target, "by_name")
        self.assertNotIn("python_usdt", record)
        self.assertNotIn("resolved", record)
        self.assertEqual(self.bodies(target.pid, "resolve"), [])


class ProbesOfOneServer(Recorded):
    """In the scope of Odoo, where nobody else's interpreters are listened to: a stand-in that is only called so."""

    def setUp(self):
        self.folder = life.tempfile.mkdtemp(prefix="netaudit-test-")
        os.chmod(self.folder, 0o755)
        self.addCleanup(shutil.rmtree, self.folder)
        script, python = os.path.join(self.folder, "odoo-bin"), os.path.join(self.folder, "python3")
        shutil.copy(TARGET, script)
        shutil.copy2(os.path.realpath(PYTHON), python)
        self.target = Target(self.sink.port, python, script)
        os.unlink(python)  # before anybody could find it by name
        self.daemon = life.Daemon(self.folder, "--backend", BACKEND)
        self.addCleanup(self.daemon.close)
        life.wait_for("the probes of a deleted file", lambda: self.daemon.status()["probes"] >= sites(PYTHON))

    def assert_agrees(self):
        record, = self.opens(self.target, "by_name")
        self.assertEqual((record.get("python_usdt"), record.get("resolved")), ("agrees", "localhost"))

    def test_probes_outlive_observers_and_are_let_go_after_the_last_process(self):
        self.assert_agrees()
        links, observer = life.link_ids(self.daemon.pid), self.daemon.child("observer")
        os.kill(observer, signal.SIGKILL)
        life.wait_for("another observer", lambda: self.daemon.child("observer") not in (0, observer) and
                      self.daemon.status()["state"] == "running")
        self.assert_agrees()
        # another Odoo on this host may have brought its own meanwhile
        self.assertLessEqual(links, life.link_ids(self.daemon.pid))
        self.assertEqual(self.daemon.status()["probes_failed"], 0)
        self.assertEqual(self.target.end(), 0)
        life.wait_for("its probes to be let go", lambda: len(links - life.link_ids(self.daemon.pid)) >= sites(PYTHON))


if __name__ == "__main__":
    if os.geteuid() != 0:
        sys.exit("this test needs root")
    unittest.main(verbosity=2)
