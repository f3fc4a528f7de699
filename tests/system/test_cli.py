#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""The netaudit command as its users meet it: exit codes, pipes, terminals, man page, completion.

Usage: test_cli.py PATH-TO-NETAUDIT
"""
import fcntl
import hashlib
import json
import os
import pty
import re
import select
import signal
import sqlite3
import struct
import subprocess
import sys
import tempfile
import termios
import time
import unicodedata
import unittest

NETAUDIT = os.path.abspath(sys.argv.pop(1)) if len(sys.argv) > 1 else "netaudit"
ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
HOSTILE = "\x1b[2J\x1b]0;owned\x07\u202egnp\nforged"


def run(*arguments, **environment):
    """Exit code, standard output and standard error, as bytes, of a run in a pipe."""
    done = subprocess.run([NETAUDIT, *arguments], capture_output=True, timeout=60,
                          env={**os.environ, "TZ": "UTC", "LC_ALL": "C.UTF-8", **environment})
    return done.returncode, done.stdout, done.stderr


def run_on_terminal(*arguments, **environment):
    """Exit code and everything printed, of a run whose output is a terminal."""
    child, terminal = pty.fork()
    if child == 0:
        os.environ.update({"TZ": "UTC", "LC_ALL": "C.UTF-8", "TERM": "xterm"})
        os.environ.pop("NO_COLOR", None)
        os.environ.update(environment)
        os.execv(NETAUDIT, [NETAUDIT, *arguments])
    output = b""
    while True:
        try:
            piece = os.read(terminal, 65536)
        except OSError:
            break
        if not piece:
            break
        output += piece
    os.close(terminal)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), output


def row_hash(seq, previous, body):
    return hashlib.sha256(b"netaudit/row/v1\n" + struct.pack(">Q", seq) + previous + body).digest()


class Journal:
    """A journal with a real chain, but without heads: enough to be listed and explained."""

    def __init__(self, directory):
        self.directory = directory
        self.database = sqlite3.connect(os.path.join(directory, "journal.db"), isolation_level=None)
        self.database.executescript(
            "PRAGMA journal_mode=WAL;"
            "CREATE TABLE record(seq INTEGER PRIMARY KEY, row_hash BLOB NOT NULL, body BLOB NOT NULL) STRICT;"
            "CREATE TABLE checkpoint(size INTEGER PRIMARY KEY, note BLOB NOT NULL) STRICT;"
            "CREATE TABLE meta(id INTEGER PRIMARY KEY, key TEXT NOT NULL, value BLOB NOT NULL) STRICT;")
        keys = {"origin": b"test/origin", "identity": b"\1" * 32, "first_once": b"\2" * 32}
        for number, (key, value) in enumerate(keys.items()):
            self.database.execute("INSERT INTO meta VALUES(?, ?, ?)", (number + 1, key, value))
        self.hash = hashlib.sha256(b"netaudit/genesis/v1\n" + b"".join(keys.values())).digest()
        self.seq = 0

    def append(self, **members):
        self.seq += 1
        members = {"kind": "open", "nonce": "00" * 16, "t": 1700000000000000 + self.seq, "tb": self.seq, **members}
        members = {name: value for name, value in members.items() if value is not None}
        body = json.dumps(members, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()
        self.hash = row_hash(self.seq, self.hash, body)
        self.database.execute("INSERT INTO record VALUES(?, ?, ?)", (self.seq, self.hash, body))
        return body

    def close(self):
        self.database.close()


class WithJournal(unittest.TestCase):
    def setUp(self):
        self.temporary = tempfile.TemporaryDirectory()
        self.directory = self.temporary.name
        self.journal = Journal(self.directory)
        self.journal.append(comm=HOSTILE, channel="https", direction="outbound", dst="192.0.2.1", dport=443,
                            flow="00000000000000aa", result="connected", pid=5)
        self.journal.append(kind="heartbeat")
        self.journal.append(kind="close", comm="odoo", flow="00000000000000aa", result="closed", pid=5)
        self.state = ["--state-dir", self.directory, "--run-dir", self.directory]

    def tearDown(self):
        self.journal.close()
        self.temporary.cleanup()


class Listing(WithJournal):
    def test_quiet_kinds_are_left_out_unless_asked_for(self):
        def numbers(*arguments):
            code, output, _ = run("log", *self.state, *arguments)
            self.assertEqual(code, 0)
            return [line.split("\t")[0] for line in output.decode().splitlines()]
        self.assertEqual(numbers(), ["1", "3"])
        self.assertEqual(numbers("--all"), ["1", "2", "3"])
        self.assertEqual(numbers("--kind", "heartbeat"), ["2"])
        self.assertEqual(numbers("--reverse", "--all"), ["3", "2", "1"])
        self.assertEqual(numbers("-n", "1"), ["3"])
        self.assertEqual(numbers("--destination", "192.0.2.0/24:443"), ["1"])
        self.assertEqual(numbers("--until", "2020-01-01"), [])

    def test_json_lines_hold_exactly_what_was_hashed(self):
        _, output, _ = run("log", "--json", "--all", *self.state)
        previous = None
        for line, (seq, stored, body) in zip(output.splitlines(), self.journal.database.execute(
                "SELECT seq, row_hash, body FROM record ORDER BY seq"), strict=True):
            self.assertIn(b'"body":' + body + b"}", line)
            value = json.loads(line)
            self.assertEqual(value["seq"], seq)
            self.assertEqual(bytes.fromhex(value["row_hash"]), stored)
            if previous:
                self.assertEqual(row_hash(seq, previous, body), stored)
            previous = stored

    def test_follow_shows_what_is_committed_later(self):
        process = subprocess.Popen([NETAUDIT, "log", "--follow", "--json", *self.state], stdout=subprocess.PIPE)
        try:
            seen = b""
            deadline = time.monotonic() + 60
            self.journal.append(comm="later")
            while b'"comm":"later"' not in seen and time.monotonic() < deadline:
                if select.select([process.stdout], [], [], 1)[0]:
                    seen += os.read(process.stdout.fileno(), 65536)
            self.assertEqual([json.loads(line)["seq"] for line in seen.splitlines()], [1, 3, 4])
        finally:
            process.kill()
            process.wait()
            process.stdout.close()


class Addons(WithJournal):
    """Who called what, added up from records as the daemon writes them."""

    def setUp(self):
        super().setUp()
        self.journal.append(kind="addon", addon="probe", instance="i", path="/opt/own/probe", version="19.0.1.0", maker="A, B",
                            website="https://example.org", license="LGPL-3", manifest="00" * 32)
        self.journal.append(kind="addon", addon="silent", instance="i", path="/opt/own/silent", manifest_unreadable=True)

    def flow(self, number, kind, **members):
        members = {"author": "addon", "addon": "probe", "instance": "i", "direction": "outbound", **members}
        self.journal.append(kind=kind, flow=f"{number:016x}", **members)

    def rows(self, *arguments):
        code, out, _ = run("addons", "--json", *arguments, "--state-dir", self.directory)
        self.assertEqual(code, 0)
        return [json.loads(line) for line in out.splitlines()]

    def sums(self, *arguments):
        """{name or author: (calls, out, in)} of all rows with a call."""
        return {row.get("addon", row["author"]): (row["calls"], row["bytes_out"], row["bytes_in"])
                for row in self.rows(*arguments) if row["calls"] or row["bytes_out"]}

    def test_calls_and_bytes_are_added_up(self):
        self.flow(1, "open")
        self.flow(1, "close", bytes_out=10, bytes_in=1)
        self.flow(2, "open", author="odoo", addon=None)
        self.flow(3, "open", direction="inbound")
        self.flow(3, "close", direction="inbound", bytes_out=1000, bytes_in=1000)
        self.flow(4, "open", author="unknown", addon=None)
        self.journal.append(kind="open", flow="05", direction="outbound")
        self.assertEqual(self.sums(), {"probe": (1, 10, 1), "odoo": (1, 0, 0), "unknown": (1, 0, 0)})

    def test_counters_of_a_long_connection_are_counted_once(self):
        self.flow(1, "open")
        self.flow(1, "progress", bytes_out=100, bytes_in=10)
        self.flow(1, "progress", bytes_out=150, bytes_in=10)
        self.assertEqual(self.sums(), {"probe": (1, 150, 10)})
        self.flow(1, "close", bytes_out=200, bytes_in=20)
        self.assertEqual(self.sums(), {"probe": (1, 200, 20)})

    def test_a_datagram_flow_is_one_call(self):
        for final in ({}, {}, {"final": True}):
            self.flow(7, "datagram", bytes_out=10, bytes_in=20, **final)
        self.assertEqual(self.sums(), {"probe": (1, 30, 60)})

    def test_whoever_goes_on_with_a_connection_calls_too(self):
        self.flow(1, "open")
        self.flow(1, "author", addon="silent", direction=None)
        self.flow(1, "close", bytes_out=10, bytes_in=1)
        self.assertEqual(self.sums(), {"probe": (1, 10, 1), "silent": (1, 0, 0)})

    def test_two_addons_of_one_name_are_told_apart_by_their_files(self):
        self.journal.append(kind="addon", addon="probe", instance="i", path="/opt/other/probe", version="2")
        self.flow(1, "open", frame_file="/opt/other/probe/models/x.py")
        self.flow(1, "close", bytes_out=10, bytes_in=1)
        self.flow(2, "open", frame_file="/opt/own/probe/models/x.py")
        rows = {row["path"]: (row["calls"], row["bytes_out"]) for row in self.rows()}
        self.assertEqual(rows, {"/opt/other/probe": (1, 10), "/opt/own/probe": (1, 0), "/opt/own/silent": (0, 0)})

    def test_a_span_and_an_instance(self):
        self.flow(1, "open", t=1700000000000000)
        self.flow(2, "open", t=1700003600000000)
        self.flow(3, "open", instance="other", t=1700000000000000)
        self.assertEqual(self.sums("--since", "@1700003000", "--instance", "i"), {"probe": (1, 0, 0)})
        self.assertEqual(self.sums("--until", "@1700003000", "--instance", "i"), {"probe": (1, 0, 0)})
        self.assertEqual(len(self.rows()), 3)

    def test_the_newest_manifest_is_shown(self):
        self.journal.append(kind="addon", addon="probe", instance="i", path="/opt/own/probe", version="19.0.2.0")
        self.assertEqual([row.get("version") for row in self.rows()], ["19.0.2.0", None])

    def test_columns_in_a_pipe_and_on_a_terminal(self):
        self.flow(1, "open")
        code, out, _ = run("addons", "--state-dir", self.directory)
        lines = [line.split("\t") for line in out.decode().splitlines()]
        self.assertEqual(code, 0)
        self.assertEqual(lines[0][:8], ["probe", "19.0.1.0", "A, B", "LGPL-3", "https://example.org", "1", "0", "0"])
        self.assertEqual([line[9:] for line in lines], [["i", "/opt/own/probe"], ["i", "/opt/own/silent"]])
        code, out = run_on_terminal("addons", "--paths", "--state-dir", self.directory)
        self.assertEqual(code, 0)
        self.assertIn(b"\x1b[1mADD-ON", out)
        self.assertIn(b"(manifest unreadable)", out)
        self.assertIn(b"/opt/own/probe", out)
        self.assertNotIn(b"INSTANCE", out)

    def test_a_vendors_text_moves_nothing(self):
        self.journal.append(kind="addon", addon=HOSTILE, path=HOSTILE, version=HOSTILE, maker=HOSTILE * 9, website=HOSTILE)
        for out in (run("addons", "--state-dir", self.directory)[1], run_on_terminal("addons", "-p", "--state-dir", self.directory)[1],
                    run("addons", "--json", "--state-dir", self.directory)[1]):
            self.assertNotIn(b"\x1b[2J", out)
            self.assertNotIn(b"\x07", out)
            self.assertNotIn("\u202e".encode(), out)


class Places(WithJournal):
    def test_the_journal_is_found_in_the_daemons_state_directory_and_in_a_copy(self):
        with tempfile.TemporaryDirectory() as state:
            os.symlink(self.directory, os.path.join(state, "journal"))
            in_state = run("log", "--json", "--state-dir", state)
        self.assertEqual(in_state[0], 0)
        self.assertEqual(in_state, run("log", "--json", *self.state))


class Untrusted(WithJournal):
    COMMANDS = (("log", "--all"), ("show", "1"), ("log", "--json"), ("show", "1", "--json"))

    def test_a_pipe_gets_no_control_characters(self):
        for command in self.COMMANDS:
            _, output, _ = run(*command, *self.state)
            self.assertGreater(len(output), 0)
            self.assertNotIn(b"\x1b", output)
            self.assertNotIn(b"\x07", output)

    def test_a_terminal_gets_no_control_characters_but_our_colours(self):
        for command in self.COMMANDS:
            _, output = run_on_terminal(*command, *self.state)
            rest = re.sub(rb"\x1b\[\d*m", b"", output).replace(b"\r\n", b"\n")
            self.assertNotRegex(rest, rb"[\x00-\x09\x0b-\x1f\x7f]")
            self.assertNotIn("\u202e".encode(), rest)

    def test_no_color_means_none(self):
        _, coloured = run_on_terminal("show", "1", *self.state)
        _, plain = run_on_terminal("show", "1", *self.state, NO_COLOR="1")
        self.assertIn(b"\x1b[", coloured)
        self.assertNotIn(b"\x1b", plain)

    def test_an_error_message_quotes_arguments_escaped(self):
        code, _, error = run("log", "--since", HOSTILE)
        self.assertEqual(code, 2)
        self.assertNotIn(b"\x1b", error)
        self.assertIn(b"\\x1b", error)


class Showing(WithJournal):
    def test_the_hash_of_a_row_is_recomputed(self):
        for seq in ("1", "3"):
            code, output, _ = run("show", seq, *self.state)
            self.assertEqual(code, 0)
            self.assertIn(b"the stored hash is right", output)
        value = json.loads(run("show", "3", "--json", *self.state)[1])
        self.assertTrue(value["row_hash_right"])
        self.assertEqual(value["flow_seqs"], [1, 3])

    def test_a_changed_row_is_named_as_changed(self):
        self.journal.database.execute("UPDATE record SET body = CAST(replace(body, 'odoo', 'ooda') AS BLOB) WHERE seq = 3")
        code, output, _ = run("show", "3", *self.state)
        self.assertEqual(code, 1)
        self.assertIn(b"WRONG", output)

    def test_bytes_that_are_no_record_are_still_shown(self):
        self.journal.database.execute("UPDATE record SET body = x'1b5b324a' WHERE seq = 3")
        self.assertEqual(run("show", "3", *self.state)[0], 1)
        self.assertEqual(json.loads(run("show", "3", "--json", *self.state)[1])["body_hex"], "1b5b324a")


class Codes(WithJournal):
    def test_what_is_wrong_with_the_command_line_is_code_2(self):
        for arguments in ((), ("frobnicate",), ("log", "--frobnicate"), ("log", "--lines"), ("log", "-n", "many"),
                          ("log", "--since", "soon"), ("log", "--destination", "1.2.3.4/99"), ("log", "--pid", "-1"),
                          ("log", "--flow", "xyz"), ("log", "--direction", "sideways"), ("log", "extra"),
                          ("log", "--follow", "--reverse"), ("show",), ("show", "0"), ("show", "x"), ("show", "1", "2"),
                          ("help", "frobnicate"), ("verify", "a", "b"), ("status", "extra"), ("log", "--kind", ",")):
            code, output, error = run(*arguments)
            self.assertEqual((code, output), (2, b""), arguments)
            self.assertEqual(len(error.splitlines()), 2, arguments)

    def test_what_cannot_be_read_is_code_3(self):
        with tempfile.TemporaryDirectory() as empty:
            for command in (("log",), ("show", "1"), ("verify",)):
                code, output, error = run(*command, "--state-dir", empty)
                self.assertEqual((code, output), (3, b""), command)
                self.assertEqual(len(error.splitlines()), 1, command)
            with open(os.path.join(empty, "journal.db"), "w", encoding="ascii") as file:
                file.write("a shopping list" * 100)
            for command in (("log",), ("show", "1"), ("verify",)):
                self.assertEqual(run(*command, "--state-dir", empty)[0], 3, command)

    def test_a_record_that_is_not_there_is_code_5(self):
        self.assertEqual(run("show", "4", *self.state)[0], 5)

    def test_output_that_cannot_be_written_is_not_success(self):
        with open("/dev/full", "w", encoding="ascii") as full:
            done = subprocess.run([NETAUDIT, "log", *self.state], stdout=full, stderr=subprocess.PIPE, timeout=60)
        self.assertEqual(done.returncode, 3)

    def test_version_and_help_are_no_errors(self):
        for arguments in (("--version",), ("--help",), ("help",), ("help", "log"), ("log", "--help")):
            self.assertEqual(run(*arguments)[0], 0, arguments)


class Doctor(unittest.TestCase):
    def bad_checks(self):
        """The report, and its checks that are not good by name."""
        code, output, _ = run("doctor", "--json", "--state-dir", "/nonexistent")
        self.assertEqual(code, 4)
        report = json.loads(output)
        return report, {check["check"]: check for check in report["checks"] if check["verdict"] != "ok"}

    def test_each_check_that_is_not_good_says_what_is_missed_and_what_to_do(self):
        report, before = self.bad_checks()
        self.assertIn("state directory", before)
        for check in before.values():
            self.assertTrue(check["missed"] and check["advice"], check)
        for row in report["hooks"]:
            self.assertEqual(set(row), {"what", "fentry", "kprobe", "tracepoint"})
        text = run("doctor", "--state-dir", "/nonexistent")[1].decode()
        after = self.bad_checks()[1]   # other daemons of this host may have come or gone meanwhile
        for name in before.keys() & after.keys():
            self.assertIn(name, text)
        self.assertGreaterEqual(text.count("what to do:"), len(before.keys() & after.keys()))
        self.assertLessEqual(text.count("what to do:"), len(before.keys() | after.keys()))

    def users(self, settings):
        """What doctor says of the settings and of the users, with this configuration file."""
        with tempfile.NamedTemporaryFile("w", suffix=".conf") as file:
            file.write(settings)
            file.flush()
            report = json.loads(run("doctor", "--json", "--config", file.name)[1])
        found = {check["check"]: check for check in report["checks"]}
        return found["settings"], found["users"]

    def test_the_users_of_the_settings_are_looked_for(self):
        settings, users = self.users("[daemon]\nuser = nobody\nsign_user = nosuchuser\n")
        self.assertEqual((settings["verdict"], users["verdict"]), ("ok", "missing"))
        self.assertEqual(users["found"], "nobody, nosuchuser is not there")
        self.assertEqual(self.users("[daemon]\nuser = nobody\nsign_user = daemon\n")[1]["verdict"], "ok")

    def test_settings_the_daemon_would_refuse_are_said_with_their_line(self):
        settings, users = self.users("[daemon]\nusers = nobody\n")
        self.assertEqual((settings["verdict"], users["verdict"]), ("missing", "unknown"))
        self.assertIn(':2:1: no setting "users"', settings["found"])

    def test_no_json_has_a_control_character(self):
        for arguments in (("doctor", "--state-dir"), ("verify",)):
            output = run(*arguments, "/nonexistent/\x7f\x1b\x9b", "--json")[1]
            self.assertTrue(json.loads(output))
            self.assertNotRegex(output, rb"[\x00-\x09\x0b-\x1f\x7f-\xff]", arguments)


class Status(WithJournal):
    def write(self, **members):
        now = time.clock_gettime_ns(time.CLOCK_BOOTTIME)
        status = {"state": "running", "version": "0", "backend": "fentry", "now_boottime_ns": now,
                  "started_boottime_ns": now - 90 * 10**9, "events_received": {"open": 7, "close": 5},
                  "components": {"supervisor": {"pid": os.getpid(), "restarts": 0}}, "last_seq": 10, "index_seq": 4,
                  "head_size": 8, "head_boottime_ns": now, **members}
        with open(os.path.join(self.directory, "status.json"), "w", encoding="ascii") as file:
            json.dump(status, file)

    def state_said(self):
        code, output, _ = run("status", "--json", *self.state)
        return code, json.loads(output)["daemon"]

    def test_running_stale_and_stopped_are_told_apart(self):
        self.assertEqual(self.state_said(), (5, "stopped"))
        self.write()
        self.assertEqual(self.state_said(), (0, "running"))
        self.write(now_boottime_ns=time.clock_gettime_ns(time.CLOCK_BOOTTIME) - 10**10)
        self.assertEqual(self.state_said(), (5, "stale"))
        finished = subprocess.Popen(["true"])
        finished.wait()
        self.write(components={"supervisor": {"pid": finished.pid}})
        self.assertEqual(self.state_said(), (5, "stopped"))

    def test_numbers_are_shown(self):
        self.write(lost_ring=3)
        _, output, _ = run("status", *self.state)
        text = output.decode()
        self.assertRegex(text, r"(?m)^daemon +running for 1m30s")
        self.assertRegex(text, r"(?m)^events +12 received")
        self.assertRegex(text, r"(?m)^losses +3 ring full$")
        self.assertIn("index 6 rows behind, 2 records since the last signed head", text)

    def test_a_file_that_is_not_ours_is_code_3(self):
        for content in ("", "[]", "{", "\0", "{\"a\":1}x"):
            with open(os.path.join(self.directory, "status.json"), "w", encoding="ascii") as file:
                file.write(content)
            self.assertEqual(run("status", *self.state)[0], 3, content)


def commands():
    return re.findall(r"(?m)^  (\w+) ", run("help")[1].decode())


class LiveTerminal:
    """`netaudit top` on a terminal of its own, and what that terminal was told."""

    def __init__(self, *arguments, lines=24, columns=100):
        self.child, self.terminal = pty.fork()
        if self.child == 0:
            os.environ.update({"TZ": "UTC", "LC_ALL": "C.UTF-8", "TERM": "xterm"})
            os.environ.pop("NO_COLOR", None)
            os.execv(NETAUDIT, [NETAUDIT, "top", *arguments])
        self.resize(lines, columns)
        self.output = b""

    def resize(self, lines, columns):
        fcntl.ioctl(self.terminal, termios.TIOCSWINSZ, struct.pack("HHHH", lines, columns, 0, 0))

    def read(self):
        try:
            piece = os.read(self.terminal, 65536)
        except OSError:
            piece = b""
        self.output += piece
        return piece

    def until(self, text, since=0):
        """Reads on until this was printed; where it ends."""
        deadline = time.monotonic() + 60
        while text not in self.output[since:]:
            if not select.select([self.terminal], [], [], deadline - time.monotonic())[0] or not self.read():
                raise AssertionError(f"{text} was not printed; the end is {self.output[-2000:]}")
        return self.output.index(text, since) + len(text)

    def press(self, keys):
        os.write(self.terminal, keys)

    def end(self):
        """Its wait status, when it has ended and all it printed was read."""
        while self.read():
            pass
        status = os.waitpid(self.child, 0)[1]
        os.close(self.terminal)
        return status

    def modes(self):
        return termios.tcgetattr(self.terminal)[3] & (termios.ECHO | termios.ICANON)


TAKEN, GIVEN_BACK = b"\x1b[?1049h\x1b[?25l", b"\x1b[0m\x1b[?25h\x1b[?1049l"


class Top(WithJournal):
    """What happened in this minute: in a pipe, and on a terminal that is left as it was."""

    def setUp(self):
        super().setUp()
        self.now = int(time.time()) * 1000000
        self.call(1, "licence.vendor.example", 5000, bucket="vendor", addon="lock")
        self.call(2, "mail.example", 70, bucket="third-party", addon="mail", worker="cron")
        self.call(3, HOSTILE, 20, bucket="unknown", addon=HOSTILE, comm=HOSTILE)
        self.call(4, "yesterday.example", 9, t=self.now - 86400 * 1000000)
        self.state += ["--shipped", os.path.join(ROOT, "catalogue"), "--site", "/nonexistent"]

    def call(self, flow, host, sent, t=None, **members):
        members = {"flow": f"{flow:016x}", "direction": "outbound", "dst": "192.0.2.1", "dport": 443, "pid": 7, "worker": "http",
                   "author": "addon", "t": t or self.now, **members}
        self.journal.append(kind="open", resolved=host, **members)
        self.journal.append(kind="close", bytes_out=sent, bytes_in=3, **members)

    def facts(self, *arguments):
        code, out, error = run("top", *self.state, *arguments)
        self.assertEqual(code, 0, error)
        return [line.split("\t") for line in out.decode().splitlines()]

    def test_a_pipe_gets_facts(self):
        facts = self.facts()
        self.assertIn(["daemon", "stopped", "0", "0"], facts)
        self.assertIn(["out", "3", "5090", "9"], facts)
        rows = [fact for fact in facts if fact[0] == "destination"]
        self.assertEqual(rows[0], ["destination", "licence.vendor.example", "vendor", "1", "5000", "3"])
        self.assertEqual(len(rows), 3)
        self.assertEqual([fact[1] for fact in facts if fact[0] == "addon"][:2], ["lock", "mail"])
        self.assertIn(["worker", "cron 7", "", "1", "70", "3"], facts)
        self.assertEqual([fact[1] for fact in self.facts("--sort", "name") if fact[0] == "addon"][1:], ["lock", "mail"])

    def test_json_and_hostile_names(self):
        code, out, _ = run("top", "--json", *self.state)
        self.assertEqual(code, 0)
        found = json.loads(out)
        self.assertEqual(found["out"], {"calls": 3, "bytes_out": 5090, "bytes_in": 9})
        self.assertIn(HOSTILE, [row["name"] for row in found["destinations"]])
        for output in (out, run("top", *self.state)[1]):
            self.assertNotIn(b"\x1b", output)
            self.assertNotIn("\u202e".encode(), output)

    def test_counters_of_a_connection_that_goes_on_are_counted_once(self):
        members = {"flow": "0000000000000009", "direction": "outbound", "dst": "192.0.2.9", "bucket": "unknown", "pid": 7}
        self.journal.append(kind="progress", bytes_out=1000000, t=self.now - 200 * 1000000, **members)
        self.journal.append(kind="progress", bytes_out=1000100, t=self.now, **members)
        self.assertIn(["destination", "192.0.2.9", "unknown", "0", "100", "0"], self.facts())

    def test_what_is_committed_later_is_shown_and_keys_are_obeyed(self):
        live = LiveTerminal(*self.state)
        at = live.until(b"licence.vendor.example")
        self.assertIn(TAKEN, live.output)
        self.assertEqual(live.modes(), 0)
        self.call(5, "later.example", 10)
        at = live.until(b"later.example", at)
        live.press(b"n")
        at = live.until(b"sorted by name", at)
        live.press(b" ")
        at = live.until(b"PAUSED", at)
        live.press(b"q")
        self.assertEqual(live.end(), 0)
        self.assertTrue(live.output.endswith(GIVEN_BACK))

    def test_hostile_names_move_nothing_on_the_terminal(self):
        live = LiveTerminal(*self.state)
        live.until(b"q quit")
        live.press(b"q")
        live.end()
        sequences = set(re.findall(rb"\x1b(?:\[[0-9;?]*[A-Za-z]|.)", live.output))
        self.assertLessEqual(sequences, {b"\x1b[?1049h", b"\x1b[?1049l", b"\x1b[?25l", b"\x1b[?25h", b"\x1b[H", b"\x1b[2J", b"\x1b[K",
                                         b"\x1b[J", *(b"\x1b[%dm" % colour for colour in (0, 1, 2, 31, 32, 33, 36))})
        self.assertNotIn("\u202e".encode(), live.output)
        self.assertNotIn(b"\x07", live.output)
        self.assertIn(rb"\x1b[2J", live.output)

    def test_no_line_is_wider_than_the_terminal_and_no_picture_higher(self):
        self.call(6, "\u4e2d" * 200, 30)
        live = LiveTerminal(*self.state, lines=30, columns=100)
        live.until(b"q quit")
        for lines, columns in ((30, 140), (12, 60), (24, 80), (5, 20), (2, 10), (1, 5)):
            at = len(live.output)
            live.resize(lines, columns)
            for _ in range(2):     # the first of them may have begun before
                at = live.until(b"\x1b[J", at)
            picture = live.output[:at].rsplit(b"\x1b[H", 1)[1].decode()
            rows = re.sub(r"\x1b\[[0-9;]*[A-Za-z]", "", picture).replace("\r", "").split("\n")
            self.assertEqual(len(rows), lines)
            for row in rows:
                width = sum(2 if unicodedata.east_asian_width(character) == "W" else 1 for character in row)
                self.assertLessEqual(width, columns, row)
        live.press(b"q")
        self.assertEqual(live.end(), 0)

    def test_the_terminal_is_as_it_was_however_it_ends(self):
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT, signal.SIGSEGV, signal.SIGABRT):
            live = LiveTerminal(*self.state)
            live.until(b"q quit")
            os.kill(live.child, number)
            live.until(GIVEN_BACK)
            self.assertNotEqual(live.modes(), 0, number)
            status = live.end()
            self.assertEqual(os.WIFSIGNALED(status), number in (signal.SIGSEGV, signal.SIGABRT), number)
        live = LiveTerminal(*self.state)
        live.until(b"q quit")
        live.press(b"\x03")     # what the terminal makes SIGINT of
        live.until(GIVEN_BACK)
        self.assertEqual(live.end(), 0)

    def test_stopped_it_gives_the_terminal_back_and_takes_it_again(self):
        live = LiveTerminal(*self.state)
        at = live.until(b"q quit")
        os.kill(live.child, signal.SIGTSTP)
        at = live.until(GIVEN_BACK, at)
        os.kill(live.child, signal.SIGCONT)     # nobody stops who has no shell; one that was stopped goes on
        at = live.until(TAKEN, at)
        live.until(b"q quit", at)
        live.press(b"q")
        self.assertEqual(live.end(), 0)

    def test_what_is_wrong_is_said_before_the_terminal_is_taken(self):
        code, out = run_on_terminal("top", "--state-dir", "/nonexistent")
        self.assertEqual(code, 3)
        self.assertNotIn(TAKEN, out)
        self.assertEqual(run("top", "--sort", "size")[0], 2)
        self.assertEqual(run("top", "--interval", "0")[0], 2)

    def test_once_on_a_terminal_is_a_picture_that_stays(self):
        code, out = run_on_terminal("top", "--once", *self.state)
        self.assertEqual(code, 0)
        self.assertNotIn(TAKEN, out)
        self.assertIn(b"licence.vendor.example", out)


class Settings(WithJournal):
    """What the file says, what is in force, and when it was changed."""

    def write(self, text, name="netaudit.conf"):
        path = os.path.join(self.directory, name)
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)
        os.chmod(path, 0o644)
        return path

    def settings(self, *arguments):
        code, out, error = run("config", "--json", *self.state, *arguments)
        self.assertEqual(code, 0, error)
        return json.loads(out), {setting["setting"]: setting for setting in json.loads(out)["settings"]}

    def test_without_a_daemon_the_file_is_shown_with_its_lines(self):
        path = self.write("[capture]\n\nscope = host\n")
        whole, settings = self.settings("--config", path)
        self.assertFalse(whole["daemon_running"])
        self.assertEqual(settings["capture.scope"], {"setting": "capture.scope", "value": "host", "default": "odoo", "from": "file",
                                                     "file": path, "line": 3, "live": False})
        self.assertEqual(settings["capture.enabled"]["from"], "default")
        self.assertTrue(settings["capture.enabled"]["live"])
        code, out, _ = run("config", *self.state, "--config", path)
        self.assertIn(f"capture.scope\thost\t{path}:3\trestart\t0\t\n", out.decode())

    def test_a_fragment_is_over_the_file(self):
        os.mkdir(os.path.join(self.directory, "conf.d"))
        path = self.write("[capture]\nscope = odoo\n")
        over = self.write("[capture]\nscope = host\n", "conf.d/50-mine.conf")
        self.assertEqual(self.settings("--config", path)[1]["capture.scope"]["file"], over)

    def test_changes_are_found_in_config_records(self):
        self.journal.append(kind="config", settings="capture.scope = odoo\nretention.days = 90\n")
        self.journal.append(kind="config", settings="capture.scope = host\nretention.days = 90\n", changed="x", t=1700000000000000)
        self.journal.append(kind="config", settings="capture.scope = host\nretention.days = 30\n")
        path = self.write("")
        whole, settings = self.settings("--config", path)
        self.assertTrue(whole["changes_known"])
        self.assertEqual(settings["capture.scope"]["changed"], {"seq": 5, "t": 1700000000000000, "before": "odoo"})
        self.assertEqual(settings["retention.days"]["changed"]["seq"], 6)
        self.assertNotIn("changed", settings["capture.enabled"])
        self.assertIn(b"it was odoo until record 5, 2023-11-14 22:13:20", run_on_terminal("config", *self.state, "--config", path)[1])

    def test_a_hostile_record_moves_nothing(self):
        self.journal.append(kind="config", settings=f"capture.scope = {HOSTILE}\n")
        self.journal.append(kind="config", settings="capture.scope = host\n")
        for out in (run("config", *self.state)[1], run_on_terminal("config", *self.state)[1], run("config", "--json", *self.state)[1]):
            self.assertNotIn(b"\x1b[2J", out)
            self.assertNotIn("\u202e".encode(), out)

    def test_check_says_what_the_daemon_would(self):
        code, out, _ = run("config", "--check", self.write("[capture]\nscope = host\n"))
        self.assertEqual((code, out), (0, b"The daemon would take it.\n"))
        code, out, error = run("config", "--check", self.write("[capture]\nscope = nobody\n"))
        self.assertEqual((code, out), (78, b""))
        self.assertIn(b"netaudit.conf:2:9: scope: \"nobody\" is not one of odoo, host", error)
        self.assertEqual(run("config", "--check", self.directory + "/absent")[0], 78)
        self.write("[x]\nbucket = nonsense\n", "bad.ini")
        self.assertEqual(run("config", "--check", self.write(f"[catalogue]\nsite_dir = {self.directory}\n"))[0], 78)


def options(command):
    return set(re.findall(r"(?m)^  .{4}(--[\w-]+)", run("help", command)[1].decode()))


class Documented(unittest.TestCase):
    """What --help says, the man page and both completions say too, and nothing else."""

    @staticmethod
    def read(*path):
        with open(os.path.join(ROOT, *path), encoding="utf-8") as file:
            return file.read()

    def test_man_page(self):
        text = self.read("docs", "man", "netaudit.1").replace("\\-", "-")
        self.assertEqual(re.findall(r"(?m)^\.SS (\w+)", text), commands())
        documented = set(re.findall(r"--[\w-]+", " ".join(re.findall(r"(?m)^\.TP\n\.B[IR] (.*)$", text))))
        self.assertEqual(documented, set().union(*(options(command) for command in commands())))

    def test_bash_completion(self):
        script = os.path.join(ROOT, "deploy", "completions", "netaudit.bash")

        def complete(*words):
            code = f'. {script}; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); ' \
                   '_netaudit netaudit "${COMP_WORDS[COMP_CWORD]}" "${COMP_WORDS[COMP_CWORD-1]}"; ' \
                   'printf "%s\\n" "${COMPREPLY[@]}"'
            return set(subprocess.run(["bash", "-c", code, "bash", *words], capture_output=True, text=True,
                                      check=True).stdout.split())
        self.assertEqual(complete("netaudit", ""), {*commands(), "--version", "--help"})
        for command in commands():
            self.assertEqual(complete("netaudit", command, "-"), options(command), command)
        self.assertEqual(complete("netaudit", "log", "--direction", "o"), {"outbound"})

    def test_zsh_completion(self):
        text = self.read("deploy", "completions", "_netaudit")
        listed = dict(re.findall(r"(?m)^\t'(\w+):(.*)'$", text))
        said = dict(re.findall(r"(?m)^  (\w+) +(.*)$", run("help")[1].decode()))
        self.assertEqual(listed, said)
        common = set(re.findall(r"--[\w-]+", text[text.index("common=("):text.index("if (( CURRENT")]))
        for command in commands():
            body = re.search(rf"\n\t{command}\)\n(.*?)\n\t\t;;", text, re.S).group(1)
            self.assertEqual(set(re.findall(r"--[\w-]+", body)) | common, options(command), command)


if __name__ == "__main__":
    unittest.main()
