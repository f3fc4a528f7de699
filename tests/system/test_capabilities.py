#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""No process of netaudit-bpf keeps a capability it could do without: each is taken away, and something fails.

usage: test_capabilities.py BUILD; as root, with the users netaudit, netaudit-sign and nobody.
fewer_capabilities.so makes one process forget one capability; everything else is the daemon as it is.
"""
import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import unittest

import test_daemon_life as life

NUMBERS = {"dac_read_search": 2, "kill": 5, "setgid": 6, "setuid": 7, "setpcap": 8, "sys_ptrace": 19, "sys_admin": 21, "bpf": 39,
           "checkpoint_restore": 40}
COMMS = {"supervisor": "netaudit-bpf", "observer": "na-observer"}
FAKE_ODOO = os.path.join(os.path.dirname(os.path.abspath(__file__)), "odoo_fake", "odoo-bin")
# Before 5.19 every bpf(2) call needs it where unprivileged use is off, which cannot be taken back.
BPF_IS_NEEDED = tuple(map(int, os.uname().release.split(".")[:2])) < (5, 19)


@contextlib.contextmanager
def without(process, capability):
    """The daemons started here: this process of theirs lacks this capability. None: nothing is taken away."""
    os.environ["LD_PRELOAD"] = f"{life.BUILD}/tests/fewer_capabilities.so"
    os.environ["NETAUDIT_WITHOUT"] = f"{COMMS[process]} {NUMBERS[capability]}" if process else ""
    try:
        yield
    finally:
        del os.environ["LD_PRELOAD"]


class Capabilities(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        with open(f"{life.BUILD}/netaudit-bpf", "rb") as program:
            if b"__asan_init" in program.read():
                print("skip: the address sanitizer must be loaded first, and so must what takes capabilities away")
                raise unittest.SkipTest("address sanitizer")

    def setUp(self):
        self.home = tempfile.mkdtemp(prefix="netaudit-test-")
        os.chmod(self.home, 0o755)
        self.addCleanup(life.shutil.rmtree, self.home)

    def renew_folder(self):
        """One for each daemon: a check that fails may leave its own running while the next begins."""
        self.folder = tempfile.mkdtemp(dir=self.home)
        os.chmod(self.folder, 0o755)

    def start(self, lacking, *options):
        self.renew_folder()
        with without(*lacking):
            daemon = life.Daemon(self.folder, *options)
        self.addCleanup(daemon.close)
        return daemon

    # Each returns whether it went well.

    def starts(self, lacking):
        """Whether the children get as far as being ready; if not, a line says that a privilege was missing."""
        self.renew_folder()
        with without(*lacking):
            process = subprocess.Popen([f"{life.BUILD}/netaudit-bpf", "--state-dir", f"{self.folder}/state", "--run-dir",
                                        f"{self.folder}/run"], stderr=subprocess.PIPE, text=True)
        for line in process.stderr:
            refused = "cannot keep the needed capabilities" in line or "cannot become uid" in line
            if refused or "ready: version" in line:
                break
        process.terminate()
        process.communicate()
        return not refused

    def knows_the_instance_of_another_user(self, lacking):
        """An Odoo that runs as nobody and was told its configuration in the environment."""
        with socket.create_server(("127.0.0.1", 0)) as sink, socket.create_server(("127.0.0.1", 0)) as probe:
            port = probe.getsockname()[1]
            probe.close()
            odoo = subprocess.Popen(["/usr/bin/python3", FAKE_ODOO, f"--http-port={port}", "--workers=1", "--cron=0"],
                                    stdout=subprocess.PIPE, text=True, user="nobody", group="nogroup",
                                    env={"ODOO_RC": "/nowhere/odoo.conf", "PATH": os.environ["PATH"]})
            try:
                for _ in range(3):
                    odoo.stdout.readline()
                daemon = self.start(lacking)
                with socket.create_connection(("127.0.0.1", port)) as request:
                    request.sendall(f"connect 127.0.0.1 {sink.getsockname()[1]}\n".encode())
                    self.assertEqual(request.makefile().readline(), "connected\n")
                self.assertEqual(daemon.stop(), 0)
            finally:
                odoo.terminate()
                odoo.wait()
                odoo.stdout.close()
            return self.instance_of_connect(sink.getsockname()[1]) == "config:/nowhere/odoo.conf"

    def bodies(self, kind):
        done = subprocess.run([f"{life.BUILD}/netaudit", "log", "--json", "--all", "--kind", kind, "--lines", "0",
                               "--state-dir", f"{self.folder}/state"], capture_output=True, text=True, check=True)
        return [json.loads(line)["body"] for line in done.stdout.splitlines()]

    def instance_of_connect(self, port):
        return next((b.get("instance") for b in self.bodies("open") if b.get("dport") == port), None)

    def opens_what_another_user_has_mapped(self, lacking):
        with subprocess.Popen(["/usr/bin/cat"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, user="nobody") as other:
            other.stdin.write(b"x")
            other.stdin.flush()
            other.stdout.read(1)
            with without(*lacking):
                done = subprocess.run([f"{life.BUILD}/tests/opens-mapped", str(other.pid)])
            other.stdin.close()
        self.assertIn(done.returncode, (0, 1))
        return done.returncode == 0

    def attaches_probes(self, lacking):
        """To the interpreter of Debian's Python; if not, status and the journal say so."""
        daemon = self.start(lacking, "--scope", "host", "--heartbeat-seconds", "1")
        with subprocess.Popen(["/usr/bin/python3", "-c", "import sys; sys.stdin.read()"], stdin=subprocess.PIPE) as python:
            status = life.wait_for("an answer about its probe", lambda: next(
                (s for s in [daemon.status()] if s["probes"] or s["probes_failed"]), None))
            key = "probes" if status["probes"] else "probes_failed"
            life.wait_for("a heartbeat that says it", lambda: any(b[key] for b in self.bodies("heartbeat")))
            python.stdin.close()
        self.assertEqual("cannot be attached" in daemon.log_text(), key == "probes_failed")
        self.assertEqual(daemon.stop(), 0)
        return key == "probes"

    def bounds_its_children(self, lacking):
        daemon = self.start(lacking)
        bounds = [int(life.status_of(daemon.child(name))["CapBnd"], 16) for name in ("journal", "signer")]
        self.assertEqual(daemon.stop(), 0)
        return bounds == [0, 0]

    def ends_a_child_that_does_not_stop(self, lacking):
        """The signer, which is deaf."""
        os.environ["NETAUDIT_DEAF"] = "1"
        try:
            daemon = self.start(lacking)
        finally:
            del os.environ["NETAUDIT_DEAF"]
        signer = daemon.child("signer")
        daemon.process.send_signal(signal.SIGTERM)
        life.wait_for("the signer to be ended, or not to be", lambda: not life.is_alive(signer) or
                      daemon.log_text().count("signer does not stop") > 1)
        if not life.is_alive(signer):
            self.assertIn("signer does not stop", daemon.log_text())
            return daemon.wait() == 0
        os.kill(signer, signal.SIGKILL)
        daemon.wait()
        return False

    NEEDED = {
        ("observer", "sys_ptrace"): knows_the_instance_of_another_user,
        ("observer", "dac_read_search"): knows_the_instance_of_another_user,
        ("observer", "checkpoint_restore"): opens_what_another_user_has_mapped,
        # what the observer is started with, also after it was killed
        ("supervisor", "sys_ptrace"): starts,
        ("supervisor", "dac_read_search"): starts,
        ("supervisor", "checkpoint_restore"): starts,
        ("supervisor", "sys_admin"): attaches_probes,
        ("supervisor", "setuid"): starts,
        ("supervisor", "setgid"): starts,
        ("supervisor", "setpcap"): bounds_its_children,
        ("supervisor", "kill"): ends_a_child_that_does_not_stop,
        **({("observer", "bpf"): starts, ("supervisor", "bpf"): starts} if BPF_IS_NEEDED else {}),
    }

    def test_what_is_tried_here_is_what_they_have(self):
        daemon = self.start((None, None))
        for process, pid in [("supervisor", daemon.pid)] + [(name, daemon.child(name)) for name in life.CHILDREN]:
            tried = sum(1 << NUMBERS[capability] for who, capability in self.NEEDED if who == process)
            self.assertEqual(int(life.status_of(pid)["CapPrm"], 16), tried, process)

    def test_all_goes_well_when_nothing_is_taken_away(self):
        for check in sorted(set(self.NEEDED.values()), key=lambda check: check.__name__):
            with self.subTest(check.__name__):
                self.assertTrue(check(self, (None, None)))

    def test_each_is_needed(self):
        for lacking, check in self.NEEDED.items():
            with self.subTest(lacking):
                self.assertFalse(check(self, lacking), check.__name__)


if __name__ == "__main__":
    if os.geteuid() != 0:
        sys.exit("this test needs root")
    unittest.main(verbosity=2)
