#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Random edits of a journal that was pruned and whose identity key was changed.

A dump by Python's own sqlite3 decides which edits change what a reader would see; each of those must be told.
Usage: random_edits.py FOLDER COUNT [SEED]   (FOLDER holds journal_driver)
"""
import collections
import os
import random
import shutil
import sqlite3
import sys

from lab import NOTED, OK, TAMPERED, UNREADABLE, Lab

LETTERS = b"abcdefghijklmnopqrstuvwxyz0123456789"
FILES = ("journal.db", "anchors.log", "index.db")


def rows_of(path, queries):
    try:
        db = sqlite3.connect(f"file:{path}?mode=ro&immutable=1", uri=True)
        try:
            return [db.execute(sql).fetchall() for sql in queries]
        finally:
            db.close()
    except (sqlite3.Error, OverflowError, UnicodeError) as error:
        return repr(error)


def dump(folder):
    """What somebody sees who reads the files with tools of their own."""
    anchors = os.path.join(folder, "anchors.log")
    return (rows_of(os.path.join(folder, "journal.db"),
                    ("SELECT seq, row_hash, body FROM record ORDER BY seq", "SELECT size, note FROM checkpoint ORDER BY size",
                     "SELECT key, value FROM meta ORDER BY id")),
            open(anchors, "rb").read() if os.path.exists(anchors) else None)


def index_dump(folder):
    return rows_of(os.path.join(folder, "index.db"), ("SELECT * FROM row ORDER BY seq",))


class Editor:
    """Each method is one class of edit. `lab.dir` is a fresh copy."""

    def __init__(self, lab, old, foreign, source):
        self.lab, self.old, self.foreign, self.random = lab, old, foreign, source

    def path(self, name):
        return os.path.join(self.lab.dir, "journal", name)

    def flip(self, name):
        data = bytearray(open(self.path(name), "rb").read())
        for _ in range(self.random.choice((1, 1, 1, 2, 8))):
            data[self.random.randrange(len(data))] ^= 1 << self.random.randrange(8)
        open(self.path(name), "wb").write(data)

    def file_bytes(self):
        self.flip("journal.db")

    def file_span(self):
        """A page, or part of one, zeroed, copied over another, or cut off."""
        data = bytearray(open(self.path("journal.db"), "rb").read())
        size = self.random.choice((64, 512, 4096))
        here, there = (self.random.randrange(len(data) // size) * size for _ in range(2))
        what = self.random.randrange(3)
        if what == 0:
            data[here:here + size] = bytes(size)
        elif what == 1:
            data[here:here + size] = data[there:there + size]
        else:
            del data[here:]
        open(self.path("journal.db"), "wb").write(data)

    def anchor_bytes(self):
        self.flip("anchors.log")

    def anchor_notes(self):
        data = open(self.path("anchors.log"), "rb").read()
        lines = data.splitlines(keepends=True)
        notes = [b"".join(lines[i:i + 6]) for i in range(0, len(lines), 6)]
        one, other = (self.random.randrange(len(notes)) for _ in range(2))
        what = self.random.randrange(5)
        if what == 0:
            del notes[one]
        elif what == 1:
            notes.insert(one, notes[other])
        elif what == 2:
            notes[one], notes[other] = notes[other], notes[one]
        elif what == 3:
            notes = notes[:one] + [notes[one][:self.random.randrange(len(notes[one]))]]
        else:
            os.unlink(self.path("anchors.log"))
            return
        open(self.path("anchors.log"), "wb").write(b"".join(notes))

    def sql_record(self):
        """One record, with or without making the chain and the stored tree fit again."""
        pick = self.random
        with self.lab.database() as db:
            seqs = [seq for seq, in db.execute("SELECT seq FROM record")]
            seq, other = pick.choice(seqs), pick.choice(seqs)
            body = bytearray(db.execute("SELECT body FROM record WHERE seq=?", (seq,)).fetchone()[0])
            what = pick.randrange(6)
            if what in (0, 1):
                body[pick.randrange(len(body))] = pick.choice(LETTERS)
                self.lab.set_body(db, seq, bytes(body))
                if what == 1 and seq > seqs[0]:
                    self.lab.rechain(db, seq, regrow=False)
            elif what == 2:
                db.execute("DELETE FROM record WHERE seq BETWEEN ? AND ?", (seq, seq + pick.randrange(9)))
            elif what == 3:
                db.execute("UPDATE record SET row_hash=? WHERE seq=?", (pick.randbytes(32), seq))
            elif what == 4:
                db.execute("UPDATE record SET body=(SELECT body FROM record WHERE seq=?) WHERE seq=?", (other, seq))
            else:
                db.execute("INSERT OR REPLACE INTO record VALUES(?,?,?)",
                           (pick.choice((seqs[0] - 1, 1, -3, seqs[-1] + 2, seq)), pick.randbytes(32), bytes(body)))

    def sql_heads(self):
        pick = self.random
        with self.lab.database() as db:
            sizes = [size for size, in db.execute("SELECT size FROM checkpoint")]
            size, other = pick.choice(sizes), pick.choice(sizes)
            what = pick.randrange(4)
            if what == 0:
                db.execute("DELETE FROM checkpoint WHERE size=?", (size,))
            elif what == 1:
                db.execute("UPDATE checkpoint SET note=(SELECT note FROM checkpoint WHERE size=?) WHERE size=?", (other, size))
            elif what == 2:
                note = bytearray(db.execute("SELECT note FROM checkpoint WHERE size=?", (size,)).fetchone()[0])
                note[pick.randrange(len(note))] = pick.choice(LETTERS)
                db.execute("UPDATE checkpoint SET note=? WHERE size=?", (bytes(note), size))
            else:
                db.execute("UPDATE meta SET value=? WHERE id=?", (pick.randbytes(32), pick.choice((1, 2, 3))))

    def sql_kept(self):
        """What is kept of pruned records: no reader sees it, proofs need it."""
        pick = self.random
        table, column = pick.choice((("node", "hash"), ("old_head", "body"), ("old_head", "previous"), ("old_head", "path")))
        with self.lab.database() as db:
            key, value = pick.choice(db.execute(f"SELECT {'position' if table == 'node' else 'size'}, {column} FROM {table}").fetchall())
            name = "position" if table == "node" else "size"
            if pick.randrange(3):
                value = bytearray(value)
                value[pick.randrange(len(value))] ^= 1 << pick.randrange(8)
                db.execute(f"UPDATE {table} SET {column}=? WHERE {name}=?", (bytes(value), key))
            else:
                db.execute(f"DELETE FROM {table} WHERE {name}=?", (key,))

    def swap_files(self):
        """Files of an earlier day, or of another journal, without those that belong to them."""
        source, name = self.random.choice((self.old, self.foreign)), self.random.choice(FILES[:2])
        shutil.copy(os.path.join(source, "journal", name), self.path(name))

    def index_rows(self):
        pick = self.random
        db = sqlite3.connect(self.path("index.db"), isolation_level=None)
        seq = pick.choice(db.execute("SELECT seq FROM row").fetchall())[0]
        column = pick.choice(("t", "pid", "kind", "dport", "dst", "comm"))
        if pick.randrange(2):
            db.execute("DELETE FROM row WHERE seq=?", (seq,))
        else:
            value = {"kind": "x", "comm": "y", "dst": b"z"}.get(column, 5)
            db.execute(f"UPDATE row SET {column}=? WHERE seq=?", (value, seq))
        db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        db.close()


CLASSES = ("file_bytes", "file_span", "anchor_bytes", "anchor_notes", "sql_record", "sql_heads", "sql_kept", "swap_files",
           "index_rows")


def told(lab, name):
    """Whether verify said that something is wrong; an index or a file of anchors that is gone is a remark."""
    answer = lab.verify(**({"deep": 1} if name == "index_rows" else {}))
    if name == "index_rows":
        return answer["verdict"] == NOTED and "index" in answer["why"], answer
    if answer["verdict"] == NOTED:
        return "anchors.log" in answer["why"], answer
    return answer["verdict"] in (TAMPERED, UNREADABLE), answer


def make(lab):
    """A journal with a pruning and a new identity key; as it was some time before; and one of somebody else."""
    journal, old, foreign = (os.path.join(lab.root, name) for name in ("edited", "old", "foreign"))
    lab.drive("run", journal, 500)
    open(os.path.join(journal, "signer", "rotate"), "wb").close()
    lab.drive("prune", journal, 300, 0, 150000)
    shutil.copytree(journal, old)
    lab.drive("run", journal, 100)
    lab.drive("run", foreign, 200)
    for folder in (journal, old, foreign):
        for name in FILES:
            db = os.path.join(folder, "journal", name)
            assert name == "anchors.log" or not os.path.exists(db + "-wal"), db
    return journal, old, foreign


def only_an_anchor(lab, journal, old):
    """Everything put back to an earlier day at once: nothing on this machine knows better."""
    kept = os.path.join(lab.root, "kept")
    shutil.copytree(journal, lab.dir)
    open(kept, "wb").write(lab.heads()[-1][1])
    shutil.rmtree(lab.dir)
    shutil.copytree(old, lab.dir)
    lab.expect(OK)
    lab.expect(TAMPERED, head=kept)
    shutil.rmtree(lab.dir)
    print("all files put back together: not told on this machine, told by a head that was kept elsewhere (as documented)")


def main():
    count, seed = int(sys.argv[2]), int(sys.argv[3]) if len(sys.argv) > 3 else 1
    lab = Lab(sys.argv[1])
    journal, old, foreign = make(lab)
    editor = Editor(lab, old, foreign, random.Random(seed))
    seen, index_seen = dump(os.path.join(journal, "journal")), index_dump(os.path.join(journal, "journal"))
    changed, found, missed = collections.Counter(), collections.Counter(), []
    extra, alarms, controls = collections.Counter(), 0, 0
    for i in range(count):
        name = CLASSES[i % len(CLASSES)]
        shutil.copytree(journal, lab.dir)
        folder = os.path.join(lab.dir, "journal")
        if i % 10 == 0:
            controls += 1
            alarms += lab.verify(deep=1)["verdict"] != OK
        getattr(editor, name)()
        differs = index_dump(folder) != index_seen if name == "index_rows" else dump(folder) != seen
        wrong, answer = told(lab, name)
        changed[name] += differs
        found[name] += differs and wrong
        extra[name] += wrong and not differs
        if differs and not wrong:
            missed.append((i, name, answer))
        shutil.rmtree(lab.dir)
    only_an_anchor(lab, journal, old)
    lab.close()
    for name in CLASSES:
        print(f"{name:13} {changed[name]:5} changed what a reader sees, {found[name]:5} told"
              f" ({100 * found[name] / max(changed[name], 1):.0f} %); {extra[name]:5} told that no reader would see")
    print(f"{sum(found.values())} of {sum(changed.values())} told in {count} edits (seed {seed}); "
          f"{alarms} alarms in {controls} untouched copies")
    for one in missed[:10]:
        print("not told:", one)
    return 1 if missed or alarms or not all(changed[name] for name in CLASSES if name != "sql_kept") else 0


if __name__ == "__main__":
    sys.exit(main())
