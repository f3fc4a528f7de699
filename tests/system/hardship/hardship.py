# SPDX-License-Identifier: GPL-2.0-or-later
"""What the hardship suites share: a daemon to maltreat, a load that counts itself, the journal as rows, the balance.

The balance: of every type of event, what the load made is what the journal recorded plus what `lost` records count.
Only the load's own processes are balanced, by the name in `comm`, so whatever else the host does is left out.
"""
import collections
import hashlib
import json
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
import test_daemon_life as life  # noqa: E402  takes the build folder from the command line

FULL = os.environ.get("FULL") == "1"
LOAD = f"flood-{os.getpid()}"  # its name in `comm`: two runs of these suites on one host must not be mistaken
TYPES = ("open", "close", "datagram", "unix", "fork", "exec", "exit")
OK, NOTED, TAMPERED = 0, 4, 1
USERS = ("--user", "nobody", "--sign-user", "daemon")
QUIET = ("--heartbeat-seconds", "3600", "--progress-seconds", "300", "--canary-seconds", "0")

LINKS = tempfile.TemporaryDirectory(prefix="netaudit-flood-")

wait_for, link_ids = life.wait_for, life.link_ids

Row = collections.namedtuple("Row", "seq digest record")


def flood_path():
    """na-flood under this run's own name."""
    path = os.path.join(LINKS.name, LOAD)
    if not os.path.islink(path):
        os.symlink(os.path.join(life.BUILD, "tests", "hardship", "na-flood"), path)
    return path


def boottime_us():
    return time.clock_gettime_ns(time.CLOCK_BOOTTIME) // 1000


def type_of(record):
    """The type of event a record came from; None for the journal's own and for periods."""
    kind = record["kind"]
    if kind == "process":
        return record["event"]
    if kind == "open":
        return "unix" if record["channel"] == "unix" else "open"
    return kind if kind in ("close", "datagram") else None


class Load:
    """One or more na-flood at work. Their own counts, and how they ended, are the truth."""

    def __init__(self, *plans):
        self.processes = [subprocess.Popen([flood_path(), *plan.split()], stdout=subprocess.PIPE, text=True)
                          for plan in plans]
        self.made = collections.Counter()

    def end(self):
        """Asks for an early end; what was made until then counts."""
        for process in self.processes:
            assert process.poll() is None, "the load did not last"
            process.send_signal(signal.SIGTERM)
        return self.finish()

    def finish(self):
        """Every operation must have succeeded, whatever happened to the auditor."""
        for process in self.processes:
            out, _ = process.communicate()
            said = json.loads(out)
            assert process.returncode == 0 and said["failed"] == 0, \
                f"the audited program noticed: status {process.returncode}, {said}"
            self.made.update({name: said[name] for name in TYPES})
        return self.made


def run_load(*plans):
    return Load(*plans).finish()


class Journal:
    """journal.db as rows, read beside the daemon by root."""

    def __init__(self, folder):
        self.path = os.path.join(folder, "state", "journal", "journal.db")

    def rows(self, after=0):
        db = sqlite3.connect(f"file:{self.path}?mode=ro", uri=True, timeout=60)
        try:
            query = "SELECT seq, row_hash, body FROM record WHERE seq > ? ORDER BY seq"
            return [Row(seq, hashlib.sha256(row_hash + body).digest(), json.loads(body))
                    for seq, row_hash, body in db.execute(query, (after,))]
        finally:
            db.close()

    def records(self, kind=None, after=0):
        return [row.record for row in self.rows(after) if kind in (None, row.record["kind"])]


def recorded(records):
    """How many events of each type the load's records stand for. A datagram flow may have a record per period."""
    counts, flows = collections.Counter(), set()
    for record in records:
        if record.get("comm") != LOAD or type_of(record) is None:
            continue
        if record["kind"] == "datagram":
            flows.add(record["flow"])
        else:
            counts[type_of(record)] += 1
    counts["datagram"] = len(flows)
    return counts


def lost(records):
    """(of the load by type, of everybody by type as named, of everybody by type as totalled)."""
    mine, named, totalled = (collections.Counter() for _ in range(3))
    for record in records:
        if record["kind"] != "lost":
            continue
        for entry in record["losses"]:
            named[entry["type"]] += entry["count"]
            if entry["comm"] == LOAD:
                mine[entry["type"]] += entry["count"]
        for entry in record["types"]:
            totalled[entry["type"]] += entry["count"]
    return mine, named, totalled


def table(made, *columns):
    """Lines to read when something does not add up."""
    lines = ["type".ljust(12) + "made".rjust(9) + "".join(name.rjust(12) for name, _ in columns)]
    lines += [name.ljust(12) + str(made[name]).rjust(9) + "".join(str(counts[name]).rjust(12) for _, counts in columns)
              for name in TYPES]
    return "\n".join(lines)


def one_sided(records):
    """Connections of the load that have not a record of each kind from each side, by their ports: what to look into."""
    def ports(record):
        return record.get("sport"), record.get("dport")
    ours = {ports(r) for r in records if r.get("comm") == LOAD and r["kind"] in ("open", "close")}
    sides = collections.defaultdict(list)
    for record in records:
        if record["kind"] in ("open", "close") and ports(record) in ours:
            sides[ports(record)].append((record["kind"], record["direction"], record["seen_by"], record["comm"]))
    counts = {key: collections.Counter(entries) for key, entries in sides.items()}
    return {key: dict(count) for key, count in counts.items() if len(count) != 4 or len(set(count.values())) != 1}


class Hardship(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.mkdtemp(prefix="netaudit-hardship-")
        os.chmod(self.folder, 0o755)
        self.addCleanup(shutil.rmtree, self.folder, ignore_errors=True)
        self.journal = Journal(self.folder)
        self.daemon = None

    def start(self, *options):
        check = subprocess.run([f"{life.BUILD}/netaudit-bpf", "--check", *USERS, *QUIET, *options], capture_output=True,
                               text=True)
        self.assertEqual(check.returncode, 0, check.stderr)
        self.daemon = life.Daemon(self.folder, "--scope", "host", *USERS, *QUIET, *options)
        self.addCleanup(self.daemon.close)
        return self.daemon

    def say(self, text):
        print("    " + text.replace("\n", "\n    "), flush=True)

    def skip(self, reason):
        print(f"\nskip: {reason}", flush=True)
        self.skipTest(reason)

    def pause(self, name):
        """Stops a process of the daemon; returns what lets it go on."""
        pid = self.daemon.child(name) if name != "supervisor" else self.daemon.pid
        os.kill(pid, signal.SIGSTOP)
        wait_for(f"the {name} to be stopped", lambda: life.status_of(pid)["State"][0] == "T")
        return lambda: os.kill(pid, signal.SIGCONT)

    def kill_child(self, name):
        """Kills it and waits until its successor is at work."""
        before = self.daemon.status()["components"][name]
        os.kill(before["pid"], signal.SIGKILL)
        self.wait_back(name, before["restarts"])

    def wait_back(self, name, restarts):
        def is_back():
            status = self.daemon.status()
            return status and status["components"][name]["restarts"] > restarts and status["state"] == "running"
        wait_for(f"the {name} to be back", is_back)

    def stop(self):
        """Ends the daemon in order. Whatever was drained is in the journal now."""
        self.final = self.daemon.status()
        self.assertEqual(self.daemon.stop(), 0, self.daemon.log_text())

    def verify(self, folder=None, allowed=(OK, NOTED)):
        done = subprocess.run([f"{life.BUILD}/netaudit", "verify", "--json", (folder or self.folder) + "/state"],
                              capture_output=True, text=True)
        self.assertTrue(done.stdout, done.stderr)
        answer = json.loads(done.stdout)
        self.assertIn(done.returncode, allowed, answer)
        return answer

    def assert_balance(self, made, allowance=0):
        """made = recorded + lost, of every type. `allowance`: events that gap records own up to.

        The kernel's table of names has room for 8,192 between two looks. Where other floods on this host filled it, losses
        of ours may be among the unnamed ones, which are counted too; on a quiet host there are none.
        """
        records = self.journal.records()
        written, (mine, named, totalled) = recorded(records), lost(records)
        unnamed = totalled - named
        text = table(made, ("recorded", written), ("lost", mine), ("all lost", totalled), ("unnamed", unnamed))
        self.say(text)
        missed = self.final["missed_programs"]
        if missed:
            self.say(f"{missed} runs of BPF programs were missed, and counted: so many events may be missing")
        missing = {name: made[name] - written[name] - mine[name] for name in TYPES}
        self.assertGreaterEqual(min(missing.values()), 0, f"more than was made: {missing}\n{text}")
        silent = sum(max(0, missing[name] - unnamed[name]) for name in TYPES)
        self.assertLessEqual(silent, allowance + 2 * missed,
                             f"silently lost: {missing}\n{text}\none-sided connections: {one_sided(records)}\n"
                             f"{self.final}\n{self.daemon.log_text()[-2000:]}")
        return mine


def main():
    if os.geteuid() != 0:
        sys.exit("these tests need root")
    unittest.main(verbosity=2)
