#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""The reader: members of the two groups read what root reads, nobody else does, and nobody stops the journal.

usage: test_reader.py BUILD; as root, with the users netaudit and netaudit-sign. systemd-socket-activate stands for
netaudit-reader.socket.
"""
import contextlib
import grp
import json
import os
import shutil
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import time
import unittest

from test_daemon_life import BUILD, Daemon, status_of, wait_for

NOBODY = 65534
MAGIC = b"nar1"
OUT, ERROR, END = 1, 2, 3


def request(*arguments, zone="UTC", flags=0, magic=MAGIC, count=None, text=None):
    body = b"".join(part.encode() + b"\0" for part in (zone, *arguments)) if text is None else text
    return magic + struct.pack("=III", len(body), len(arguments) if count is None else count, flags) + body


def frames(connection):
    """[(type, payload)] until the other side closes."""
    data = b""
    with contextlib.suppress(ConnectionResetError):     # what it did not understand it did not read
        while piece := connection.recv(65536):
            data += piece
    found = []
    while data:
        kind, size = struct.unpack("=II", data[:8])
        found.append((kind, data[8:8 + size]))
        data = data[8 + size:]
    return found


def text_of(found, kind):
    return b"".join(payload for one, payload in found if one == kind).decode()


class Reader(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.mkdtemp(prefix="netaudit-reader-")
        os.chmod(cls.folder, 0o755)
        cls.daemon = Daemon(cls.folder, "--scope", "host", "--head-seconds", "1")
        cls.programs = tempfile.mkdtemp(prefix="netaudit-bin-")     # the build may be below a folder of root's alone
        os.chmod(cls.programs, 0o755)
        shutil.copy(f"{BUILD}/netaudit", cls.programs)
        cls.netaudit = f"{cls.programs}/netaudit"
        cls.socket = f"{cls.programs}/socket/reader.sock"
        os.mkdir(os.path.dirname(cls.socket), 0o755)
        shutil.chown(os.path.dirname(cls.socket), "netaudit", "netaudit")
        cls.log = open(f"{cls.folder}/reader.log", "w+")
        cls.activator = subprocess.Popen(
            ["setpriv", "--reuid=netaudit", "--regid=netaudit", "--clear-groups", "--bounding-set=-all",
             "systemd-socket-activate", "-a", "--inetd", "-l", cls.socket, cls.netaudit, "reader", "--state-dir",
             f"{cls.folder}/state", "--run-dir", f"{cls.folder}/run"], stderr=cls.log, stdin=subprocess.DEVNULL)
        wait_for("the socket", lambda: os.path.exists(cls.socket))
        os.chmod(cls.socket, 0o666)
        cls.call(20)
        wait_for("a signed head", lambda: cls.run_as_root("verify")[0] in (0, 4))

    @staticmethod
    def call(times):
        with socket.create_server(("127.0.0.1", 0)) as server:
            for _ in range(times):
                with socket.create_connection(server.getsockname()):
                    server.accept()[0].close()

    @classmethod
    def tearDownClass(cls):
        cls.activator.kill()
        cls.activator.wait()
        cls.daemon.stop()
        cls.daemon.close()
        cls.log.close()
        shutil.rmtree(cls.folder)
        shutil.rmtree(cls.programs)

    @classmethod
    def run_as_root(cls, *arguments):
        done = subprocess.run([cls.netaudit, *arguments, "--state-dir", f"{cls.folder}/state"], capture_output=True,
                              text=True, env={**os.environ, "TZ": "UTC"}, check=False)
        return done.returncode, done.stdout, done.stderr

    def run_as(self, groups, *arguments, **more):
        """As nobody, with these groups beside its own. The reader is asked because the usual journal is not ours."""
        ids = ",".join(str(grp.getgrnam(name).gr_gid) for name in groups)
        done = subprocess.run(["setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}",
                               *([f"--groups={ids}"] if ids else ["--clear-groups"]), self.netaudit, *arguments],
                              capture_output=True, text=True, check=False, timeout=60,
                              env={**os.environ, "TZ": "UTC", "NETAUDIT_READER": self.socket, **more})
        return done.returncode, done.stdout, done.stderr

    def ask(self, *arguments, **more):
        with socket.socket(socket.AF_UNIX) as connection:
            connection.settimeout(60)
            connection.connect(self.socket)
            connection.sendall(request(*arguments, **more))
            connection.shutdown(socket.SHUT_WR)
            return frames(connection)

    def test_members_of_either_group_read_what_root_reads(self):
        mine = ("--pid", str(os.getpid()), "--kind", "open,close", "--until", time.strftime("%Y-%m-%d %H:%M:%S"))
        last = json.loads(self.run_as_root("log", "--json", "-n", "1", *mine)[1])["seq"]
        groups = [group.gr_name for group in grp.getgrall() if group.gr_name in ("netaudit", "netaudit-forensic")]
        if len(groups) < 2:
            print("skip: there is no group netaudit-forensic here: make install-users", end=" ", flush=True)
        for group in groups:
            for command in (("show", str(last)), ("show", str(last), "--json"),
                            ("log", "--json", "-n", "0", *mine), ("log", "-n", "7", *mine), ("show", "999999999"), ("catalogue", "test", "api.openai.com")):
                self.assertEqual(self.run_as([group], *command), self.run_as_root(*command), command)

    def test_verify_and_head_say_what_they_say_to_root(self):
        code, text, error = self.run_as(["netaudit"], "verify")
        self.assertEqual((code, error), (0, ""), text)
        self.assertIn("Audit chain verified OK", text)
        code, head, error = self.run_as(["netaudit"], "head")
        self.assertEqual((code, error), (0, ""))
        self.assertIn("netaudit/", head.splitlines()[0])

    def test_the_report_is_for_them_too(self):
        code, text, error = self.run_as(["netaudit"], "report", "--quick", "--json")
        self.assertEqual((code, error), (0, ""))
        self.assertIn("verdict", json.loads(text))
        code, text, error = self.run_as(["netaudit"], "metrics", "--quick")
        self.assertEqual((code, error), (0, ""))
        self.assertIn("\nnetaudit_up 1\n", text)
        self.assertIn("\nnetaudit_report_readable 1\n", text)
        code, text, error = self.run_as(["netaudit"], "top")
        self.assertEqual((code, error), (0, ""))
        self.assertIn("\ndaemon\trunning\t", text)
        code, text, error = self.run_as(["netaudit"], "config", "--json")
        self.assertEqual((code, error), (0, ""))
        self.assertTrue(json.loads(text)["daemon_running"])
        self.assertTrue(json.loads(text)["changes_known"])
        self.assertEqual(self.run_as(["netaudit"], "metrics", "--output", "/tmp/netaudit-metrics")[0], 2)
        code, text, error = self.run_as(["netaudit"], "catalogue", "add", "vendor", "x")
        self.assertNotEqual(code, 0)

    def test_an_export_arrives_whole(self):
        path = f"{self.folder}/export"
        with open(path, "wb") as file:
            done = subprocess.run(["setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--groups",
                                   str(grp.getgrnam("netaudit").gr_gid), self.netaudit, "export", "-"], stdout=file,
                                  env={**os.environ, "NETAUDIT_READER": self.socket}, check=False)
        self.assertEqual(done.returncode, 0)
        done = subprocess.run([self.netaudit, "verify", path], capture_output=True, text=True, check=False)
        self.assertIn(done.returncode, (0, 4), done.stdout + done.stderr)

    def test_nobody_else_reads(self):
        for groups in ((), ("daemon",)):
            code, text, error = self.run_as(groups, "log")
            self.assertEqual((code, text), (3, ""))
            self.assertIn("only members of the groups", error)

    def test_commands_that_change_something_are_not_for_the_reader(self):
        for command in (("prune",), ("keys", "rotate"), ("reader",), ("nothing",), ("",)):
            found = self.ask(*command)
            self.assertEqual(text_of(found, OUT), "", command)
            self.assertIn("is not for the reader", text_of(found, ERROR))
            self.assertEqual(found[-1], (END, struct.pack("=i", 2)))

    def test_files_of_the_asker_are_not_opened(self):
        for command in (("log", "--state-dir", "/"), ("log", "--state", "/"), ("verify", "/etc/passwd"),
                        ("verify", "--head", "/etc/passwd"), ("verify", "--anchors=/etc/shadow"), ("verify", "-S", "/etc/passwd"), ("export", "/tmp/netaudit-export")):
            found = self.ask(*command)
            self.assertEqual(text_of(found, OUT), "", command)
            self.assertRegex(text_of(found, ERROR), "names a file|one argument too many|makes no file", command)
            self.assertEqual(found[-1], (END, struct.pack("=i", 2)))

    def test_questions_that_are_none_are_refused(self):
        for question in (request("log", magic=b"GET "), request("log", count=0), request("log", count=65),
                         request("log", count=2), request("log", text=b"UTC\0log"), request("log", text=b"UTC\0log\0more\0"),
                         request("log", zone="../../etc/passwd"), request("log", zone="/etc/passwd"), request("log", zone=":x"),
                         MAGIC + struct.pack("=III", 1 << 31, 1, 0)):
            with socket.socket(socket.AF_UNIX) as connection:
                connection.settimeout(60)
                connection.connect(self.socket)
                connection.sendall(question)
                connection.shutdown(socket.SHUT_WR)
                found = frames(connection)
            self.assertIn("does not understand the question", text_of(found, ERROR), question)
            self.assertEqual(found[-1], (END, struct.pack("=i", 3)))

    def reading_process(self):
        """The confined process of a `log --follow`: the child of the reader that is not its first process."""
        children = subprocess.run(["pgrep", "-P", str(self.activator.pid)], capture_output=True, text=True, check=False)
        for reader in children.stdout.split():
            inner = subprocess.run(["pgrep", "-P", reader], capture_output=True, text=True, check=False).stdout.split()
            if inner:
                return int(inner[0])
        return None

    def test_following_holds_nothing_back_and_ends_with_its_asker(self):
        with socket.socket(socket.AF_UNIX) as connection:
            connection.connect(self.socket)
            connection.sendall(request("log", "--follow", "-n", "0", "--json"))
            process = wait_for("the process that reads", self.reading_process)
            wait_for("its filter", lambda: status_of(process)["Seccomp"] == "2")
            status = status_of(process)
            self.assertEqual({status[name] for name in ("CapEff", "CapPrm", "CapBnd", "CapInh", "CapAmb")}, {"0" * 16})
            self.assertEqual(status["NoNewPrivs"], "1")
            self.assertNotIn("0", status["Uid"].split())
            # nothing is read from the connection any more: the journal must not notice
            before = self.daemon.status()
            self.call(3000)
            wait_for("the records to be committed", lambda: self.daemon.status()["records_committed"] >=
                     before["records_committed"] + 6000)
            os.kill(process, 0)
        wait_for("the process to end", lambda: not os.path.exists(f"/proc/{process}"))

    def test_many_at_once(self):
        connections = [socket.socket(socket.AF_UNIX) for _ in range(40)]
        for connection in connections:
            connection.settimeout(60)
            connection.connect(self.socket)
            connection.sendall(request("log", "-n", "1"))
        for connection in connections:
            self.assertEqual(frames(connection)[-1], (END, struct.pack("=i", 0)))
            connection.close()

    def test_an_index_of_its_own_making_is_not_needed(self):
        """Written nothing: the reader cannot make the shared memory of a write-ahead log, and reads all the same."""
        code, text, error = self.run_as(["netaudit"], "log", "-n", "0", "--json", "--kind", "start")
        self.assertEqual((code, error, text.count("\n")), (0, "", 1))


class Stopped(unittest.TestCase):
    def test_a_journal_whose_daemon_was_stopped_or_killed_is_read_too(self):
        for how, code in ((signal.SIGTERM, 0), (signal.SIGKILL, None)):
            with self.subTest(how):
                Reader.setUpClass()
                self.addCleanup(Reader.doClassCleanups)
                try:
                    children = [Reader.daemon.child(name) for name in ("observer", "journal", "signer")]
                    os.kill(Reader.daemon.pid, how)
                    Reader.daemon.wait()
                    wait_for("its children to end", lambda children=children: not any(
                        os.path.exists(f"/proc/{pid}") and status_of(pid)["State"][0] != "Z" for pid in children))
                    test = Reader("test_an_index_of_its_own_making_is_not_needed")
                    test.test_an_index_of_its_own_making_is_not_needed()
                    found, text, error = test.run_as(["netaudit"], "verify")
                    self.assertEqual(error, "")
                    self.assertIn(found, (0, 4) if code is None else (code,), text)
                finally:
                    Reader.tearDownClass()


if __name__ == "__main__":
    if os.geteuid():
        sys.exit("test_reader.py: must run as root")
    unittest.main(verbosity=2)
