#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""The life of netaudit-bpf on this kernel: ready, separated privileges, restarts, orderly stop.

usage: test_daemon_life.py BUILD; as root, with the users netaudit and netaudit-sign.
"""
import contextlib
import json
import os
import pwd
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import unittest

BUILD = os.path.abspath(sys.argv.pop(1)) if len(sys.argv) > 1 else "build"
CHILDREN = ("observer", "journal", "signer")
PATIENCE = int(os.environ.get("NETAUDIT_PATIENCE", "60"))  # seconds; only ends a test that would wait forever


def wait_for(what, condition):
    """Polls until condition() is true; what it waited for is in the failure."""
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        result = condition()
        if result:
            return result
        time.sleep(0.02)
    raise AssertionError("waited in vain for " + what)


def status_of(pid):
    with open(f"/proc/{pid}/status") as file:
        return dict(line.rstrip("\n").split(":\t", 1) for line in file if ":\t" in line)


def is_alive(pid):
    try:
        return status_of(pid)["State"][0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


def link_ids(pid):
    """The BPF links a process holds, by the kernel's ids."""
    ids = set()
    for fd in os.listdir(f"/proc/{pid}/fdinfo"):
        with contextlib.suppress(FileNotFoundError), open(f"/proc/{pid}/fdinfo/{fd}") as file:  # it may be closed by now
            ids.update(re.findall(r"^link_id:\s*(\d+)", file.read(), re.M))
    return ids


class Daemon:
    """One running netaudit-bpf in folders of its own, with a service manager's socket."""

    def __init__(self, folder, *options, watchdog_us=None):
        self.folder = folder
        self.notify = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        name = f"{folder}/notify-{time.monotonic_ns()}"
        self.notify.bind(name)
        self.notify.settimeout(PATIENCE)
        environment = dict(os.environ, NOTIFY_SOCKET=name)
        if watchdog_us:
            environment["WATCHDOG_USEC"] = str(watchdog_us)
        self.log = open(f"{folder}/log", "w+")
        self.process = subprocess.Popen(
            [f"{BUILD}/netaudit-bpf", "--state-dir", f"{folder}/state", "--run-dir", f"{folder}/run", *options],
            env=environment, stderr=self.log, stdin=subprocess.DEVNULL, start_new_session=True)
        self.pid = self.process.pid
        self.until("READY=1")
        wait_for("status.json", lambda: self.status() and self.status()["state"] == "running")

    def until(self, line):
        """Messages to the service manager up to the one that has this line."""
        seen = []
        while True:
            seen += self.notify.recv(4096).decode().split("\n")
            if line in seen:
                return seen

    def status(self):
        try:
            with open(f"{self.folder}/run/status.json") as file:
                return json.load(file)
        except FileNotFoundError:
            return None

    def child(self, name):
        return self.status()["components"][name]["pid"]

    def log_text(self):
        with open(f"{self.folder}/log") as file:
            return file.read()

    def wait(self):
        return self.process.wait(PATIENCE)

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        return self.wait()

    def close(self):
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        self.notify.close()
        self.log.close()


class Life(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.mkdtemp(prefix="netaudit-test-")
        os.chmod(self.folder, 0o755)
        self.addCleanup(shutil.rmtree, self.folder)

    def start(self, *options, **more):
        daemon = Daemon(self.folder, *options, **more)
        self.addCleanup(daemon.close)
        return daemon

    def verify(self):
        """0: verified; 4: verified, with gaps or an unsigned tail. Anything else is a failure."""
        done = subprocess.run([f"{BUILD}/netaudit", "verify", f"{self.folder}/state/journal"],
                              capture_output=True, text=True)
        self.assertIn(done.returncode, (0, 4), done.stdout + done.stderr)
        return done.stdout

    def test_ready_watchdog_and_clean_stop(self):
        daemon = self.start(watchdog_us=200000)
        self.assertIn("ready: version", daemon.log_text())
        for _ in range(3):
            daemon.until("WATCHDOG=1")
        daemon.process.send_signal(signal.SIGTERM)
        daemon.until("STOPPING=1")
        self.assertEqual(daemon.wait(), 0)
        self.assertIsNone(daemon.status(), "a stopped daemon leaves no status")
        self.assertNotIn("gaps", self.verify())

    def test_ctrl_c_stops_in_order_although_it_reaches_everybody(self):
        daemon = self.start()
        os.killpg(daemon.pid, signal.SIGINT)
        self.assertEqual(daemon.wait(), 0)
        self.assertNotIn("was ended", daemon.log_text())
        self.assertNotIn("gaps", self.verify())

    def records(self):
        done = subprocess.run([f"{BUILD}/netaudit", "log", "--state-dir", f"{self.folder}/state", "--all", "--json", "--lines", "0"],
                              capture_output=True, text=True, check=True)
        return [json.loads(line)["body"] for line in done.stdout.splitlines()]

    def settings(self, code=0):
        """What `netaudit config` says is in force, by name."""
        done = subprocess.run([f"{BUILD}/netaudit", "config", "--json", "--state-dir", f"{self.folder}/state", "--run-dir",
                               f"{self.folder}/run"], capture_output=True, text=True, check=False)
        self.assertEqual(done.returncode, code, done.stderr)
        found = json.loads(done.stdout)
        self.assertTrue(found["daemon_running"])
        return {setting["setting"]: setting for setting in found["settings"]}

    def configure(self, text):
        with open(f"{self.folder}/netaudit.conf", "w", encoding="ascii") as file:
            file.write(text)
        os.chmod(f"{self.folder}/netaudit.conf", 0o644)

    def hang_up(self, daemon, said):
        os.killpg(daemon.pid, signal.SIGHUP)
        wait_for("a line about it", lambda: said in daemon.log_text())

    def send(self, channel):
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as server, socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
            server.bind(("127.0.0.1", 0))
            client.sendto(b"x" * 20 if channel == "udp" else b"\0\1\1\0\0\1\0\0\0\0\0\0\4away\7example\0\0\1\0\1", server.getsockname())
            return server.getsockname()[1]

    def test_hangup_without_news_changes_nothing(self):
        daemon = self.start()
        before = daemon.status()["components"]
        self.hang_up(daemon, "no setting changed")
        self.assertEqual(daemon.status()["components"], before)

    def test_hangup_changes_what_may_change_at_once(self):
        self.configure("[capture]\nscope = host\n")
        daemon = self.start("--config", f"{self.folder}/netaudit.conf")
        before, first = daemon.status()["components"], daemon.status()["config_hash"]
        ports = {"seen": self.send("udp")}
        self.configure("[capture]\nscope = host\nenabled = no\nredaction = strict\nmax_peers = 1000\n")
        self.hang_up(daemon, "the settings in force changed: capture.enabled: yes -> no; capture.redaction: normal -> strict")
        self.assertIn("capture.max_peers stays 65536 until the daemon is restarted", daemon.log_text())
        ports["off"] = self.send("udp")
        subprocess.run(["/bin/true"], check=True)
        self.configure("[capture]\nscope = host\ndisabled_channels = dns\n")
        self.hang_up(daemon, "capture.disabled_channels: none -> dns")
        ports["dns"] = self.send("dns")
        self.configure("[capture]\nscope = host\ndisabled_channels = udp\n")
        self.hang_up(daemon, "capture.disabled_channels: dns -> udp")
        ports["udp"] = self.send("udp")
        settings = wait_for("the record", lambda: (found := self.settings())["capture.disabled_channels"].get("changed", {})
                            .get("before") == "dns" and found)
        file = f"{self.folder}/netaudit.conf"
        self.assertEqual((settings["capture.scope"]["value"], settings["capture.scope"]["file"], settings["capture.scope"]["line"]),
                         ("host", file, 2))
        self.assertEqual((settings["capture.disabled_channels"]["value"], settings["capture.disabled_channels"]["line"]), ("udp", 3))
        self.assertEqual(settings["daemon.state_dir"]["from"], "option")
        self.assertEqual(settings["retention.days"]["from"], "default")
        self.configure("[capture]\nscope = host\ndisabled_channels = icmp\n")
        self.assertEqual(self.settings()["capture.disabled_channels"]["file_value"], "icmp")
        self.configure("[capture]\nscope = nobody\n")
        self.assertEqual(self.settings(code=78)["capture.scope"]["value"], "host")
        self.hang_up(daemon, "the settings stay as they are")
        wait_for("the hash of the settings", lambda: daemon.status()["config_hash"] != first)
        self.assertEqual(daemon.status()["components"], before)
        self.assertEqual(daemon.stop(), 0)
        self.assertNotIn("gaps", self.verify())
        records = self.records()
        channels = {name: {record["channel"] for record in records if record.get("dport") == port} for name, port in ports.items()}
        self.assertEqual(channels, {"seen": {"udp"}, "off": set(), "dns": {"udp"}, "udp": set()})
        changes = [record for record in records if record["kind"] == "config" and "changed" in record]
        self.assertEqual([record["changed"] for record in changes],
                         ["capture.enabled: yes -> no; capture.redaction: normal -> strict",
                          "capture.enabled: no -> yes; capture.redaction: strict -> normal; capture.disabled_channels: none -> dns",
                          "capture.disabled_channels: dns -> udp"])
        self.assertIn("capture.enabled = no\n", changes[0]["settings"])
        for one, next_one in zip(changes, changes[1:]):
            self.assertEqual(one["config"], next_one["previous_config"])
        times = [record["tb"] for record in changes[:2]]
        self.assertEqual([], [record for record in records if record["kind"] == "process" and times[0] < record["tb"] < times[1] and
                              record.get("exe") == "true"])
        last = [record for record in records if record["kind"] == "head"][-1]
        self.assertEqual(last["config"], changes[-1]["config"])

    def site(self, text):
        os.makedirs(f"{self.folder}/site", exist_ok=True)
        with open(f"{self.folder}/site/10-test.ini", "w", encoding="ascii") as file:
            file.write(text)
        os.chmod(f"{self.folder}/site/10-test.ini", 0o644)

    def changes(self, count):
        """What so many `catalogue` records say."""
        def found():
            records = [record for record in self.records() if record["kind"] == "catalogue"]
            return records if len(records) >= count else None
        return wait_for("a record of the catalogue", found)

    def test_hangup_reads_the_catalogue_again(self):
        self.site("[acme]\nbucket = vendor\naddress = 198.51.100.1\n")
        options = ("--site-dir", f"{self.folder}/site")
        daemon = self.start(*options)
        first = daemon.status()["catalogue_hash"]
        self.hang_up(daemon, "the catalogue did not change")
        self.site("[acme]\nbucket = third-party\naddress = 198.51.100.1\n")
        self.hang_up(daemon, "the catalogue was read again")
        changes = self.changes(1)
        self.assertEqual(changes[0]["action"], "read")
        self.assertEqual(changes[0]["changed"], ["[acme]: bucket vendor -> third-party"])
        self.assertEqual(changes[0]["weaker"], ["198.51.100.1: vendor (acme) -> third-party (acme)"])
        self.assertEqual(changes[0]["previous_catalogue"], first)
        second = changes[0]["catalogue"]
        wait_for("the status", lambda: daemon.status()["catalogue_hash"] == second)
        self.site("[acme]\nbucket = nonsense\n")
        self.hang_up(daemon, "the catalogue stays as it was")
        changes = self.changes(2)
        self.assertEqual(changes[1]["action"], "refused")
        self.assertIn("10-test.ini:2:10: a bucket is", changes[1]["error"])
        self.assertNotIn("catalogue", changes[1])
        self.assertEqual(daemon.status()["catalogue_hash"], second)
        self.site("[acme]\nbucket = third-party\naddress = 198.51.100.1\n")
        before = daemon.child("observer")
        os.kill(before, signal.SIGKILL)
        wait_for("the next observer", lambda: daemon.status()["state"] == "running" and daemon.child("observer") != before)
        self.assertEqual(daemon.stop(), 0)
        self.site("[acme]\nbucket = vendor\naddress = 198.51.100.1\n")
        daemon = self.start(*options)
        changes = self.changes(3)
        self.assertEqual(len(changes), 3, "the observer that was killed changed nothing")
        self.assertEqual((changes[2]["previous_catalogue"], changes[2]["catalogue"]), (second, first))
        self.assertNotIn("weaker", changes[2])
        self.assertEqual(daemon.stop(), 0)

    def test_each_process_has_only_its_privileges(self):
        daemon = self.start()
        bpf = 1 << 39 if tuple(map(int, os.uname().release.split(".")[:2])) < (5, 19) else 0
        capabilities = {"observer": (1 << 2) | (1 << 19) | (1 << 40) | bpf, "journal": 0, "signer": 0}
        users = {"observer": 0, "journal": pwd.getpwnam("netaudit").pw_uid,
                 "signer": pwd.getpwnam("netaudit-sign").pw_uid}
        for name in CHILDREN:
            with self.subTest(name):
                pid = daemon.child(name)
                status = status_of(pid)
                with open(f"/proc/{pid}/cmdline", "rb") as file:
                    self.assertEqual(file.read().rstrip(b"\0"), b"netaudit-bpf: " + name.encode())
                self.assertEqual(status["Name"], "na-" + name)
                self.assertEqual(status["Uid"].split(), [str(users[name])] * 4)
                self.assertEqual(status["Groups"].strip(), "")
                for line in ("CapEff", "CapPrm", "CapBnd"):
                    self.assertEqual(int(status[line], 16), capabilities[name], line)
                for line in ("CapInh", "CapAmb"):
                    self.assertEqual(int(status[line], 16), 0, line)
                self.assertEqual((status["NoNewPrivs"], status["Seccomp"]), ("1", "2"))
        # Not dumpable: its files in /proc belong to root, not to the signer's user.
        self.assertEqual(os.stat(f"/proc/{daemon.child('signer')}/mem").st_uid, 0)
        for name in ("journal", "signer"):
            held = [os.readlink(f"/proc/{daemon.child(name)}/fd/{fd}")
                    for fd in os.listdir(f"/proc/{daemon.child(name)}/fd")]
            self.assertFalse([link for link in held if "bpf" in link], f"the {name} holds nothing of BPF")

    def test_no_process_has_an_internet_socket(self):
        daemon = self.start()
        inodes = set()
        for table in ("tcp", "tcp6", "udp", "udp6", "raw", "raw6", "icmp", "icmp6", "packet", "netlink"):
            if os.path.exists(f"/proc/net/{table}"):
                with open(f"/proc/net/{table}") as file:
                    inodes.update(re.findall(r"\s(\d{3,})\b", file.read()))
        for pid in [daemon.pid] + [daemon.child(name) for name in CHILDREN]:
            for fd in os.listdir(f"/proc/{pid}/fd"):
                try:
                    match = re.match(r"socket:\[(\d+)\]", os.readlink(f"/proc/{pid}/fd/{fd}"))
                except FileNotFoundError:
                    continue
                self.assertFalse(match and match.group(1) in inodes, f"pid {pid} fd {fd}")

    def test_killed_children_come_back_and_no_hook_detaches(self):
        daemon = self.start()
        links = link_ids(daemon.pid)
        self.assertTrue(links)
        for name in CHILDREN * 3:
            before = daemon.status()["components"][name]
            os.kill(before["pid"], signal.SIGKILL)

            def is_back():
                status = daemon.status()
                now = status and status["components"][name]
                return now and now["restarts"] > before["restarts"] and status["state"] == "running" and now

            now = wait_for(f"the {name} to be back", is_back)
            self.assertEqual(now["wait_status"] & 0x7f, signal.SIGKILL)
            self.assertGreater(now["ended_boottime_ns"], before["ended_boottime_ns"])
            self.assertLessEqual(links, link_ids(daemon.pid))  # probes in interpreters come and go
        self.assertEqual(daemon.stop(), 0)
        self.assertIn("gaps", self.verify())

    def test_a_signer_killed_before_the_stop_still_signs_the_last_head(self):
        daemon = self.start()
        os.kill(daemon.child("signer"), signal.SIGKILL)
        self.assertEqual(daemon.stop(), 0)
        output = self.verify()
        records, signed = map(int, re.search(r"(\d+) records, signed to record (\d+)", output).groups())
        self.assertEqual(records, signed)

    def test_children_die_with_the_supervisor_and_the_journal_goes_on(self):
        daemon = self.start()
        children = [daemon.child(name) for name in CHILDREN]
        daemon.process.kill()
        daemon.wait()
        for pid in children:
            wait_for(f"the end of {pid}", lambda pid=pid: not is_alive(pid))
        again = self.start()
        self.assertEqual(again.stop(), 0)
        self.verify()

    def test_settings_in_force_are_on_record(self):
        daemon = self.start("--heartbeat-seconds", "7")
        expected = daemon.status()["config_hash"]
        self.assertEqual(daemon.stop(), 0)
        other = self.start("--heartbeat-seconds", "8")
        self.assertNotEqual(other.status()["config_hash"], expected)
        self.assertEqual(other.stop(), 0)


if __name__ == "__main__":
    if os.geteuid() != 0:
        sys.exit("this test needs root")
    unittest.main(verbosity=2)
