# SPDX-License-Identifier: GPL-2.0-or-later
"""A pristine journal, a fresh copy of it per case, and the tools an attacker with root has."""
import contextlib
import hashlib
import json
import os
import shutil
import sqlite3
import subprocess
import tempfile

OK, TAMPERED, USAGE, UNREADABLE, NOTED = range(5)
TRIGGERS = "SELECT name, sql FROM sqlite_schema WHERE type = 'trigger'"


class Lab:
    def __init__(self, build):
        self.build = os.path.abspath(build)
        self.root = tempfile.mkdtemp(prefix="tamper-")
        self.pristine = os.path.join(self.root, "pristine")
        self.dir = os.path.join(self.root, "case")
        for records in (130, 150):
            self.drive("run", self.pristine, records)
        self.pruned = os.path.join(self.root, "pruned")
        for command in (("run", 700), ("prune", 300, 0, 200000), ("run", 200)):
            self.drive(command[0], self.pruned, *command[1:])

    def close(self):
        shutil.rmtree(self.root)

    @contextlib.contextmanager
    def case(self, pristine):
        shutil.copytree(pristine, self.dir)
        try:
            yield
        finally:
            shutil.rmtree(self.dir, ignore_errors=True)

    def drive(self, command, directory, *arguments, **environment):
        """Runs the driver; returns what it printed and its exit status."""
        done = subprocess.run([self.build + "/journal_driver", command, directory, *map(str, arguments)],
                              capture_output=True, text=True, timeout=120, env={**os.environ, **environment}, check=False)
        self.said = done.stderr
        return done.stdout, done.returncode

    def live(self, records, command="run", **environment):
        return self.drive(command, self.dir, records, **environment)

    def preload(self):
        return os.path.join(self.build, "faulty_io.so")

    @property
    def journal(self):
        return os.path.join(self.dir, "journal", "journal.db")

    @property
    def anchors(self):
        return os.path.join(self.dir, "journal", "anchors.log")

    def verify(self, **options):
        out, status = self.drive("verify", self.dir, *(f"{k}={v}" for k, v in options.items()))
        assert out, f"the verifier said nothing (status {status}): {self.said}"
        answer = json.loads(out)
        assert answer["verdict"] == status, "verdict and exit status differ"
        return answer

    def expect(self, verdict, seq=None, why="", **options):
        answer = self.verify(**options)
        assert answer["verdict"] == verdict, f"expected verdict {verdict}: {answer}"
        assert seq is None or answer["seq"] == seq, f"expected seq {seq}: {answer}"
        assert why in answer["why"], f"expected '{why}': {answer}"
        return answer

    @contextlib.contextmanager
    def database(self, triggers=False):
        """The journal, opened by someone who takes its triggers away and puts them back."""
        db = sqlite3.connect(self.journal, isolation_level=None)
        saved = [] if triggers else db.execute(TRIGGERS).fetchall()
        for name, _ in saved:
            db.execute(f"DROP TRIGGER {name}")
        try:
            yield db
        finally:
            for _, sql in saved:
                db.execute(sql)
            db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            db.close()

    def rows(self):
        with self.database(triggers=True) as db:
            return db.execute("SELECT seq, row_hash, body FROM record ORDER BY seq").fetchall()

    def heads(self):
        with self.database(triggers=True) as db:
            return db.execute("SELECT size, note FROM checkpoint ORDER BY size").fetchall()

    def set_body(self, db, seq, body):
        db.execute("UPDATE record SET body = ? WHERE seq = ?", (body, seq))

    def rechain(self, db, first, regrow=True):
        """Makes every link from `first` on true again: all that can be done without a key."""
        previous = db.execute("SELECT row_hash FROM record WHERE seq = ?", (first - 1,)).fetchone()[0]
        for seq, body in db.execute("SELECT seq, body FROM record WHERE seq >= ? ORDER BY seq", (first,)).fetchall():
            previous = hashlib.sha256(b"netaudit/row/v1\n" + seq.to_bytes(8, "big") + previous + body).digest()
            db.execute("UPDATE record SET row_hash = ? WHERE seq = ?", (previous, seq))
        if regrow:
            self.regrow(db)

    def regrow(self, db):
        """Makes the stored nodes those of the rows, which takes no key either."""
        db.execute("DELETE FROM node")
        level, nodes = 0, [hashlib.sha256(b"\0" + row).digest() for row, in db.execute("SELECT row_hash FROM record ORDER BY seq")]
        while nodes:
            if level and level % 8 == 0:
                db.executemany("INSERT INTO node VALUES(?,?,?)", ((level, i, node) for i, node in enumerate(nodes)))
            nodes = [hashlib.sha256(b"\1" + a + b).digest() for a, b in zip(nodes[::2], nodes[1::2])]
            level += 1
