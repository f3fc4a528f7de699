# SPDX-License-Identifier: GPL-2.0-or-later
"""Changes to a journal at rest, each with its answer. Numbers are those of docs/journal-format.md."""
import os
import sqlite3

from lab import NOTED, OK, TAMPERED, UNREADABLE, USAGE

ATTACKS = []


def attack(name):
    def add(function):
        ATTACKS.append((name, function))
        return function
    return add


def pristine_hashes(lab):
    db = sqlite3.connect(os.path.join(lab.pristine, "journal", "journal.db"))
    rows = db.execute("SELECT seq, row_hash FROM record").fetchall()
    db.close()
    return rows


@attack("0 nothing changed: verified, with the right fingerprint too")
def _(lab):
    fingerprint = lab.expect(OK)["fingerprint"]
    lab.expect(OK, fingerprint=fingerprint)
    lab.expect(TAMPERED, fingerprint="0" * 64)
    lab.expect(USAGE, fingerprint="xyz")


@attack("1 two bodies swapped")
def _(lab):
    with lab.database() as db:
        a, b = (db.execute("SELECT body FROM record WHERE seq=?", (s,)).fetchone()[0] for s in (20, 21))
        lab.set_body(db, 20, b)
        lab.set_body(db, 21, a)
    lab.expect(TAMPERED, 20)


@attack("2 one byte of a body flipped in the file")
def _(lab):
    body = lab.rows()[49][2]
    data = bytearray(open(lab.journal, "rb").read())
    at = data.find(body)
    assert at > 0 and data.count(body) == 1
    data[at + 30] ^= 1
    open(lab.journal, "wb").write(data)
    lab.expect(TAMPERED, 50)


@attack("2 one byte flipped anywhere never crashes, and is told or harmless")
def _(lab):
    lab.rows()
    data = open(lab.journal, "rb").read()
    for at in range(7, len(data), 6143):
        broken = bytearray(data)
        broken[at] ^= 0x55
        open(lab.journal, "wb").write(broken)
        answer = lab.verify()
        assert answer["verdict"] in (OK, TAMPERED, UNREADABLE), (at, answer)


@attack("3 a row edited together with its hash: the next row does not follow")
def _(lab):
    with lab.database() as db:
        body = db.execute("SELECT body FROM record WHERE seq=40").fetchone()[0]
        lab.set_body(db, 40, body.replace(b'"dport":443', b'"dport":444'))
        before = db.execute("SELECT max(seq) FROM record").fetchone()[0]
        lab.rechain(db, 40)
        rows = dict(pristine_hashes(lab))
        for seq in range(41, before + 1):
            db.execute("UPDATE record SET row_hash=? WHERE seq=?", (rows[seq], seq))
    lab.expect(TAMPERED, 41)


@attack("4 edited and chained again without the key: the next head has another root")
def _(lab):
    with lab.database() as db:
        body = db.execute("SELECT body FROM record WHERE seq=40").fetchone()[0]
        lab.set_body(db, 40, body.replace(b'"dport":443', b'"dport":444'))
        lab.rechain(db, 40)
    lab.expect(TAMPERED, why="another root")


@attack("5 the key stolen now cannot sign an earlier head: the signer refuses the past")
def _(lab):
    sizes = [size for size, _ in lab.heads()]
    with lab.database() as db:
        db.execute("DELETE FROM record WHERE seq > ?", (sizes[1],))
        db.execute("DELETE FROM checkpoint WHERE size > ?", (sizes[1],))
        lab.regrow(db)
    lab.expect(TAMPERED, sizes[1] + 1, why="missing")
    _, status = lab.live(5)
    assert status == 76 and "cut, or put back" in lab.said, (status, lab.said)


@attack("6 tail deleted past a head")
def _(lab):
    last = lab.heads()[-1][0]
    with lab.database() as db:
        db.execute("DELETE FROM record WHERE seq > ?", (last - 3,))
    lab.expect(TAMPERED, last - 2)


@attack("6 tail deleted after a head: unsigned records were never protected")
def _(lab):
    lab.live(20, "crash")
    rows, last = lab.rows()[-1][0], lab.heads()[-1][0]
    assert rows > last
    with lab.database() as db:
        db.execute("DELETE FROM record WHERE seq > ?", (last,))
    lab.expect(OK)


@attack("7 tail, heads and anchors deleted: only a head kept elsewhere tells")
def _(lab):
    heads = lab.heads()
    kept = os.path.join(lab.dir, "kept")
    open(kept, "wb").write(heads[-1][1])
    lab.expect(OK, head=kept)
    with lab.database() as db:
        db.execute("DELETE FROM record WHERE seq > ?", (heads[0][0],))
        db.execute("DELETE FROM checkpoint WHERE size > ?", (heads[0][0],))
        lab.regrow(db)
    open(lab.anchors, "wb").write(heads[0][1])
    lab.expect(OK)
    lab.expect(TAMPERED, heads[0][0] + 1, head=kept)


@attack("8 an old database put back: anchors tell, and the signer refuses")
def _(lab):
    old = open(lab.journal, "rb").read()
    lab.live(120)
    lab.rows()
    for name in ("-wal", "-shm"):
        if os.path.exists(lab.journal + name):
            os.unlink(lab.journal + name)
    open(lab.journal, "wb").write(old)
    lab.expect(TAMPERED, why="missing")
    _, status = lab.live(5)
    assert status == 76, (status, lab.said)


@attack("8 an old signer state put back: refused before a key is used twice")
def _(lab):
    state = os.path.join(lab.dir, "signer", "state")
    old = open(state, "rb").read()
    lab.live(120)
    open(state, "wb").write(old)
    _, status = lab.live(5)
    assert status == 76 and "put back from the past" in lab.said, (status, lab.said)


@attack("9 the WAL deleted after a crash: heads tell what SQLite does not")
def _(lab):
    lab.live(300, "crash")
    assert os.path.getsize(lab.journal + "-wal") > 0
    os.unlink(lab.journal + "-wal")
    lab.expect(TAMPERED, why="missing")


@attack("9 shared memory of the WAL overwritten: rebuilt, nothing lost")
def _(lab):
    lab.live(300, "crash")
    records = lab.verify()["records"]
    open(lab.journal + "-shm", "r+b").write(b"\xff" * 32768)
    assert lab.verify()["records"] == records


@attack("10 the database refuses every insert but the next, updates, deletes")
def _(lab):
    last, row_hash, body = lab.rows()[-1]
    statements = [("INSERT OR REPLACE INTO record VALUES(?,?,?)", (5, row_hash, body)),
                  ("INSERT INTO record VALUES(?,?,?) ON CONFLICT(seq) DO UPDATE SET body=x'00'", (5, row_hash, body)),
                  ("INSERT INTO record VALUES(?,?,?)", (-1, row_hash, body)),
                  ("INSERT INTO record VALUES(?,?,?)", (last + 2, row_hash, body)),
                  ("INSERT INTO record(row_hash, body) VALUES(?,?)", (row_hash, body)),
                  ("UPDATE record SET body=x'00' WHERE seq=?", (3,)), ("DELETE FROM record WHERE seq=?", (3,)),
                  ("DELETE FROM checkpoint", ()), ("UPDATE checkpoint SET size=size+1", ()),
                  ("INSERT OR REPLACE INTO checkpoint VALUES(3, x'00')", ()), ("DELETE FROM meta", ()),
                  ("UPDATE meta SET value=x'00'", ()), ("INSERT INTO meta VALUES(4,'x',x'00')", ()),
                  ("UPDATE node SET hash=x'00'", ()), ("DELETE FROM node", ()), ("INSERT INTO node VALUES(8,5,x'00')", ()),
                  ("INSERT INTO old_head VALUES(4,x'00',x'00',x'00')", ()), ("INSERT INTO prune VALUES(3,2)", ()),
                  ("INSERT INTO prune VALUES(?,?)", (last, last))]
    with lab.database(triggers=True) as db:
        for sql, values in statements:
            try:
                db.execute(sql, values)
            except sqlite3.IntegrityError as error:
                assert "append-only" in str(error), (sql, error)
            else:
                raise AssertionError(f"allowed: {sql}")
    lab.expect(OK)


@attack("10 rows inserted before, after and far away")
def _(lab):
    rows = lab.rows()
    last, row_hash, body = rows[-1]
    for seq, bad in ((-7, 1), (0, 1), (last + 2, None), (2**62, None)):
        with lab.database() as db:
            db.execute("INSERT INTO record VALUES(?,?,?)", (seq, row_hash, body))
        lab.expect(TAMPERED, bad)
        with lab.database() as db:
            db.execute("DELETE FROM record WHERE seq=?", (seq,))
    lab.expect(OK)


@attack("10 one row deleted in the middle")
def _(lab):
    with lab.database() as db:
        db.execute("DELETE FROM record WHERE seq=77")
    lab.expect(TAMPERED, 77, why="missing")


@attack("11 a trigger dropped, or put back with another text")
def _(lab):
    with lab.database(triggers=True) as db:
        db.execute("DROP TRIGGER record_delete")
    lab.expect(TAMPERED, why="schema")
    with lab.database(triggers=True) as db:
        db.execute("CREATE TRIGGER record_delete BEFORE DELETE ON record WHEN 0 BEGIN SELECT 1; END")
    lab.expect(TAMPERED, why="schema")
    _, status = lab.live(1)
    assert status == 76, (status, lab.said)


@attack("18 a stored node of the tree changed, removed, added")
def _(lab):
    lab.live(300)
    assert lab.verify()["verdict"] == OK
    with lab.database() as db:
        node = db.execute("SELECT hash FROM node WHERE level=8 AND position=1").fetchone()[0]
        db.execute("UPDATE node SET hash=? WHERE position=1", (bytes(32),))
    lab.expect(TAMPERED, 512, why="stored node")
    with lab.database() as db:
        db.execute("DELETE FROM node WHERE position=1")
    lab.expect(TAMPERED, 512, why="stored node")
    with lab.database() as db:
        db.execute("INSERT INTO node VALUES(8,1,?)", (node,))
        db.execute("INSERT INTO node VALUES(16,0,?)", (node,))
    lab.expect(TAMPERED, why="nodes")
    with lab.database() as db:
        db.execute("DELETE FROM node WHERE level=16")
    lab.expect(OK)


SCHEMA_CHANGES = {
    "12 table renamed, a view in its place": ["ALTER TABLE record RENAME TO hidden",
                                              "CREATE VIEW record AS SELECT * FROM hidden WHERE seq<>9"],
    "12 a table added": ["CREATE TABLE extra(x)"],
    "12 a column added": ["ALTER TABLE record ADD COLUMN note TEXT"],
    "12 a generated column added": ["ALTER TABLE record ADD COLUMN k ANY AS (substr(body,1,1)) VIRTUAL"],
    "13 an index that hides rows": ["CREATE INDEX hide ON record(seq) WHERE seq <> 9"],
    "12 statistics added": ["ANALYZE"],
}


def schema_change(statements):
    def run(lab):
        with lab.database(triggers=True) as db:
            for sql in statements:
                db.execute(sql)
        lab.expect(TAMPERED, why="schema")
    return run


ATTACKS.extend((name, schema_change(statements)) for name, statements in SCHEMA_CHANGES.items())


@attack("14 text, integer or NULL where bytes belong; empty body")
def _(lab):
    body = lab.rows()[29][2]
    for value in (body.decode(), 7, 1.5, None, b""):
        with lab.database(triggers=False) as db:
            db.execute("PRAGMA writable_schema=ON")
            db.execute("UPDATE sqlite_schema SET sql='CREATE TABLE record(seq INTEGER PRIMARY KEY, row_hash, body)' "
                       "WHERE name='record'")
            sql = db.execute("PRAGMA schema_version").fetchone()[0]
            db.execute(f"PRAGMA schema_version={sql + 1}")
        db = sqlite3.connect(lab.journal, isolation_level=None)
        saved = db.execute("SELECT name, sql FROM sqlite_schema WHERE type='trigger'").fetchall()
        for name, _ in saved:
            db.execute(f"DROP TRIGGER {name}")
        db.execute("UPDATE record SET body=? WHERE seq=30", (value,))
        for _, sql in saved:
            db.execute(sql)
        db.execute("PRAGMA writable_schema=ON")
        db.execute("UPDATE sqlite_schema SET sql='CREATE TABLE record(seq INTEGER PRIMARY KEY, row_hash BLOB NOT NULL, "
                   "body BLOB NOT NULL) STRICT' WHERE name='record'")
        db.close()
        lab.expect(TAMPERED, 30)


NOT_CANONICAL = [b'{"kind":"close" }', b'{"b":1,"a":2}', b'{"a":1,"a":2}', b'{"a":9007199254740993}', b'{"a":-0}',
                 b'{"a":1e400}', b'{"a":1.0}', b'{"a":null}', b'{"a":"\\ud800"}', b'{"a":"\xff"}', b'{"a":"\x00"}',
                 b'{"a":"\\u0041"}', b'{"a":"\\/"}', b'[]', b'{"a":01}', b'{}x', b'{"a":"' + b"x" * 70000 + b'"}']


@attack("15 bytes that are not canonical, chained as if they were")
def _(lab):
    lab.live(20, "crash")
    last = lab.heads()[-1][0]
    for body in NOT_CANONICAL:
        with lab.database() as db:
            lab.set_body(db, last + 2, body)
            lab.rechain(db, last + 2)
        lab.expect(TAMPERED, last + 2, why="canonical")


@attack("15 the database encoding changed")
def _(lab):
    lab.rows()
    data = bytearray(open(lab.journal, "rb").read())
    data[59] = 2
    open(lab.journal, "wb").write(data)
    assert lab.verify()["verdict"] in (TAMPERED, UNREADABLE)


def edit_note(lab, change):
    heads = lab.heads()
    with lab.database() as db:
        change(db, heads)
    open(lab.anchors, "wb").write(b"".join(note for _, note in lab.heads()))


@attack("17 heads: reordered, extra line, wrong name, other key id, two of one size, newest key on an old size")
def _(lab):
    def put(db, size, note):
        db.execute("UPDATE checkpoint SET note=? WHERE size=?", (note, size))

    heads = lab.heads()
    (first, note), (second, other) = heads[:2]
    lines = note.split(b"\n")
    newest = heads[-1][1].split(b"\n")
    changes = {
        "swapped": lambda db, _: (put(db, first, other), put(db, second, note)),
        "extra line": lambda db, _: put(db, first, note + b"x\n"),
        "wrong name": lambda db, _: put(db, first, note.replace(b"netaudit.test", b"netaudit.tesu")),
        "key id": lambda db, _: put(db, first, note.replace(lines[4][-90:-85], b"AAAAA")),
        "signatures reordered": lambda db, _: put(db, first, b"\n".join(lines[:4] + [lines[5], lines[4], b""])),
        "newest key": lambda db, _: put(db, first, b"\n".join(lines[:5] + [newest[5], b""])),
        "no one-time line": lambda db, _: put(db, first, b"\n".join(lines[:5] + [b""])),
        "empty": lambda db, _: put(db, first, b""),
    }
    for name, change in changes.items():
        edit_note(lab, change)
        answer = lab.verify()
        assert answer["verdict"] == TAMPERED, (name, answer)
        edit_note(lab, lambda db, _: (put(db, first, note), put(db, second, other)))
    lab.expect(OK)
    open(lab.anchors, "ab").write(heads[-1][1])
    lab.expect(TAMPERED, why="after the one at")


@attack("17 one head deleted from the table, from the file, or the file itself")
def _(lab):
    heads = lab.heads()
    with lab.database() as db:
        db.execute("DELETE FROM checkpoint WHERE size=?", (heads[1][0],))
    lab.expect(TAMPERED, why="missing")
    with lab.database() as db:
        db.execute("INSERT INTO checkpoint VALUES(?,?)", heads[1])
    open(lab.anchors, "wb").write(b"".join(n for i, (_, n) in enumerate(heads) if i != 1))
    lab.expect(TAMPERED, why="anchors.log lacks")
    open(lab.anchors, "wb").write(b"".join(n for _, n in heads)[:-40])
    lab.expect(TAMPERED)
    os.unlink(lab.anchors)
    lab.expect(NOTED, why="no anchors.log")
