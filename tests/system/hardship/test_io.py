#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""The journal's disk is full, or answers with errors: audited programs and the past are left alone, what was missed is said.

usage: test_io.py BUILD [TEST...]; as root. FULL=1: more rounds.
"""
import errno
import os
import shutil
import signal
import subprocess

import tampering
from hardship import FULL, Hardship, Load, boottime_us, main, run_load, wait_for

DISK_MIB = 96  # with room for what the rest of the host does meanwhile
ROUNDS = 10 if FULL else 1
# How a call of the journal process fails, and after how many good ones.
ERRORS = [(call, error, when) for call, when in (("pwrite64", 3), ("fdatasync", 2), ("pwrite64", 40), ("fdatasync", 7))
          for error in ("EIO", "ENOSPC")]


class Disk(Hardship):
    def mount(self, *arguments):
        """A file system of its own under the state folder."""
        state = os.path.join(self.folder, "state")
        os.makedirs(state, exist_ok=True)
        done = subprocess.run(["mount", *arguments, state], capture_output=True, text=True)
        if done.returncode:
            self.skip(f"cannot mount: {done.stderr.strip()}")
        # lazily: after a failure the daemon may not have ended yet
        self.addCleanup(subprocess.run, ["umount", "--lazy", state], check=True)

    def mount_tmpfs(self):
        self.mount("-t", "tmpfs", "-o", f"size={DISK_MIB}m,mode=0755", "none")

    def mount_ext4(self):
        image = os.path.join(self.folder, "image")
        with open(image, "wb") as file:
            file.truncate(DISK_MIB << 20)
        if subprocess.run(["mkfs.ext4", "-q", image], capture_output=True).returncode:
            self.skip("no mkfs.ext4")
        self.mount("-o", "loop", image)

    def fill(self):
        """Uses up every byte there is, as another tenant of the disk would."""
        fd = os.open(os.path.join(self.folder, "state", "filler"), os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        try:
            for size in (1 << 20, 4096, 1):
                try:
                    while True:
                        os.write(fd, b"\0" * size)
                except OSError as error:
                    self.assertEqual(error.errno, errno.ENOSPC)
        finally:
            os.close(fd)

    def make_room(self):
        os.unlink(os.path.join(self.folder, "state", "filler"))

    def wait_caught_up(self):
        begun_ns = self.daemon.status()["now_boottime_ns"]

        def caught_up():
            status = self.daemon.status()
            return status["commit_boottime_ns"] > begun_ns and status["state"] == "running" and \
                status["queue_used_bytes"] < 65536
        try:
            wait_for("the journal to catch up", caught_up)
        except AssertionError as error:
            raise AssertionError(f"{error}: {self.daemon.status()}\n{self.daemon.log_text()[-2000:]}") from error

    def survive_full_disk(self, *options, load):
        """Returns what was made before, on and after the full disk."""
        self.start(*options)
        observer = self.daemon.child("observer")
        made = run_load("tcp:200 unix:100")
        wait_for("something to be committed", lambda: self.daemon.status()["records_committed"] > 300)
        before = {row.seq: row.digest for row in self.journal.rows()}
        full_us = boottime_us()
        self.fill()
        made += run_load(load)
        wait_for("the journal to notice", lambda: self.daemon.status()["io_errors"] > 0)
        made += run_load("tcp:200 unix:100 process:20")
        self.make_room()
        made += run_load("tcp:200 unix:100")
        self.wait_caught_up()
        self.assertEqual(self.daemon.child("observer"), observer, "capture went on")
        self.stop()
        now = {row.seq: row.digest for row in self.journal.rows()}
        self.assertEqual({seq: now.get(seq) for seq in before}, before, "a committed record changed")
        gaps = [r for r in self.journal.records("gap") if r["component"] == "journal" and r["tb"] > full_us]
        self.assertTrue(gaps, "no gap says that the journal was away")
        self.assertTrue(all(gap["cause"].startswith("exited") and gap["uncommitted"] == 0 for gap in gaps), gaps)
        self.assertGreater(self.verify()["gaps"], 0)
        return made

    def test_full_tmpfs(self):
        self.mount_tmpfs()
        made = self.survive_full_disk(load="tcp:3000 unix:2000")
        self.assertEqual(sum(self.assert_balance(made).values()), 0, "the queue was large enough")
        self.assertEqual(self.final["records_refused"], 0)
        tampering.assert_every_change_is_told(self)

    def test_full_ext4(self):
        self.mount_ext4()
        made = self.survive_full_disk(load="tcp:3000 unix:2000")
        self.assertEqual(sum(self.assert_balance(made).values()), 0, "the queue was large enough")

    def test_full_disk_and_full_queue(self):
        self.mount_tmpfs()
        made = self.survive_full_disk("--queue-mib", "1", load="tcp:3000 unix:2000")
        refused = sum(record["refused_records"] for record in self.journal.records("lost"))
        self.say(f"lost records own up to {refused} records the queue had no room for")
        self.assertGreater(refused, 0)
        self.assert_balance(made, allowance=refused)

    def test_io_errors(self):
        if not shutil.which("strace"):
            self.skip("no strace to inject errors with")
        self.start()
        load = Load("tcp:8640000:100", "unix:8640000:100")
        rounds, known = ERRORS * ROUNDS, {}
        for call, error, when in rounds:
            before = self.daemon.status()["components"]["journal"]
            known.update((row.seq, row.digest) for row in self.journal.rows(max(known, default=0)))
            tracer = subprocess.Popen(["strace", "-f", "-o", "/dev/null", "-p", str(before["pid"]), "-e", f"trace={call}",
                                       "-e", f"inject={call}:error={error}:when={when}+"], stderr=subprocess.DEVNULL)
            try:
                self.wait_back("journal", before["restarts"])
            finally:
                if tracer.poll() is None:
                    tracer.send_signal(signal.SIGTERM)
                tracer.wait()
        made = load.end()
        self.stop()
        now = {row.seq: row.digest for row in self.journal.rows()}
        changed = [seq for seq, digest in known.items() if now.get(seq) != digest]
        self.assertFalse(changed, "committed records are gone or changed")
        gaps = [r for r in self.journal.records("gap") if r["component"] == "journal"]
        self.assertEqual(len(gaps), self.final["components"]["journal"]["restarts"])
        self.assertTrue(all(gap["cause"].startswith("exited") for gap in gaps), gaps)
        self.assertEqual(self.verify()["gaps"], len(self.journal.records("gap")))
        self.say(f"{len(rounds)} injected errors, {len(gaps)} gaps of the journal process")
        self.assertEqual(sum(self.assert_balance(made).values()), 0)


if __name__ == "__main__":
    main()
