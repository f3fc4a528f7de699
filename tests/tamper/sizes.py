# SPDX-License-Identifier: GPL-2.0-or-later
"""Group 16: sizes at their limits. Bodies of nothing and of a gigabyte, numbers near 2^63, trees of every awkward size."""
import os
import resource
import shutil

from lab import OK, TAMPERED, USAGE

SIZES = []
LARGEST = 2 ** 63 - 1
MEMORY_BYTES = 768 << 20  # address space: what the verifier has to do with


def size(name):
    def add(function):
        SIZES.append((name, function))
        return function
    return add


def in_little_memory(lab, why):
    """The verifier's answer is the same where it may not have what the file asks for."""
    before = resource.getrlimit(resource.RLIMIT_AS)
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, before[1]))
    try:
        return lab.expect(TAMPERED, why=why)
    finally:
        resource.setrlimit(resource.RLIMIT_AS, before)


@size("16 a body of a gigabyte: told, and without having room for it")
def _(lab):
    with lab.database() as db:
        db.execute("UPDATE record SET body = zeroblob(?) WHERE seq = 30", (10 ** 9 - 1000,))
    assert os.path.getsize(lab.journal) > 9 * 10 ** 8
    in_little_memory(lab, "")


@size("16 a body of nothing, of one byte, of the most bytes there may be and of one more")
def _(lab):
    lab.live(20, "crash")
    last = lab.heads()[-1][0]
    for body, why in ((b"", "canonical"), (b"{", "canonical"), (b"{}", "without kind"),
                      (b'{"a":"' + b"x" * (65536 - 8) + b'"}', "without kind"), (b'{"a":"' + b"x" * (65536 - 7) + b'"}', "canonical")):
        with lab.database() as db:
            lab.set_body(db, last + 2, body)
            lab.rechain(db, last + 2)
        lab.expect(TAMPERED, last + 2, why=why)


@size("16 a record numbered near 2^63")
def _(lab):
    last, row_hash, body = lab.rows()[-1]
    for seq in (LARGEST, LARGEST - 1, 2 ** 62, 2 ** 53):
        with lab.database() as db:
            db.execute("INSERT INTO record VALUES(?,?,?)", (seq, row_hash, body))
        lab.expect(TAMPERED, why="cannot hold")
        with lab.database() as db:
            db.execute("DELETE FROM record WHERE seq > ?", (last,))
    lab.expect(OK)


@size("16 the whole journal, or its newest record alone, moved up to 2^63, with heads that say so")
def _(lab):
    last = lab.rows()[-1][0]
    for statements in ((), (("DELETE FROM record WHERE seq < ?", last),)):
        with lab.database() as db:
            for sql, value in statements:
                db.execute(sql, (value,))
            by = LARGEST - last
            for table, column in (("record", "seq"), ("checkpoint", "size")):
                rows = db.execute(f"SELECT {column} FROM {table} ORDER BY {column} DESC").fetchall()
                for old, in rows:
                    db.execute(f"UPDATE {table} SET {column} = ? WHERE {column} = ?", (old + by, old))
            db.execute("INSERT OR IGNORE INTO prune VALUES(?,?)", (LARGEST, LARGEST - LARGEST % 256 + 1 - 256))
        lab.expect(TAMPERED)
        last = LARGEST


def expect_told(lab, said, where):
    answer = lab.verify()
    assert answer["verdict"] == TAMPERED, (said, where, answer)


@size("16 heads of no size a tree can have")
def _(lab):
    heads = lab.heads()
    (first, note), kept = heads[0], os.path.join(lab.dir, "kept")
    for said in ("0", "1", str(first - 1), str(first + 1), f"0{first}", f"-{first}", "", str(LARGEST), str(LARGEST + 1), str(2 ** 64 + first)):
        other = note.replace(b"\n%d\n" % first, b"\n%s\n" % said.encode(), 1)
        assert other != note
        with lab.database() as db:
            db.execute("UPDATE checkpoint SET note=? WHERE size=?", (other, first))
        expect_told(lab, said, "in the table")
        with lab.database() as db:
            db.execute("UPDATE checkpoint SET note=? WHERE size=?", (note, first))
        open(kept, "wb").write(other)
        for option in ("head", "since"):
            answer = lab.verify(**{option: kept})
            assert answer["verdict"] in (TAMPERED, USAGE), (said, option, answer)
        open(lab.anchors, "ab").write(other)
        expect_told(lab, said, "in anchors.log")
        open(lab.anchors, "wb").write(b"".join(one for _, one in heads))
    for number in (0, -1, LARGEST):
        with lab.database() as db:
            db.execute("INSERT INTO checkpoint VALUES(?,?)", (number, note))
        expect_told(lab, number, "in a row")
        with lab.database() as db:
            db.execute("DELETE FROM checkpoint WHERE size=?", (number,))
            db.execute("INSERT INTO old_head VALUES(?,?,?,?)", (number, bytes(32), b"{}", b""))
        expect_told(lab, number, "among the old heads")
        with lab.database() as db:
            db.execute("DELETE FROM old_head")
    lab.expect(OK)


@size("16 a tree of nothing")
def _(lab):
    with lab.database() as db:
        for table in ("record", "checkpoint", "node"):
            db.execute(f"DELETE FROM {table}")
    lab.expect(TAMPERED, 1, why="missing")


@size("16 a tree of one record under many heads")
def _(lab):
    with lab.database() as db:
        db.execute("DELETE FROM record WHERE seq > 1")
        db.execute("DELETE FROM node")
    lab.expect(TAMPERED, 2)


def whole_and_one_less(lab, target):
    """A journal of exactly `target` records verifies; without its last, with its last node changed, it does not."""
    shutil.rmtree(lab.dir)
    lab.live(1, "fill")
    own = lab.rows()[-1][0] - 1
    shutil.rmtree(lab.dir)
    lab.live(target - own, "fill")
    rows, heads = lab.rows(), lab.heads()
    assert rows[-1][0] == heads[-1][0] == target, (target, own, rows[-1][0], heads[-1][0])
    answer = lab.expect(OK)
    assert answer["records"] == target, answer
    lab.live(1, "fill")
    lab.expect(OK)
    with lab.database() as db:
        db.execute("DELETE FROM record WHERE seq > ?", (target,))
        db.execute("DELETE FROM checkpoint WHERE size > ?", (target,))
        lab.regrow(db)
    open(lab.anchors, "wb").write(b"".join(note for _, note in heads))
    lab.expect(OK)
    with lab.database() as db:
        db.execute("DELETE FROM record WHERE seq = ?", (target,))
    lab.expect(TAMPERED, target)
    with lab.database() as db:
        db.execute("INSERT INTO record VALUES(?,?,?)", rows[-1])
        lab.set_body(db, target // 2, rows[target // 2][2])
        lab.rechain(db, target // 2)
    lab.expect(TAMPERED, why="another root")


SIZES.extend((f"16 a tree of {target} records, and of one less under the same head", lambda lab, target=target: whole_and_one_less(lab, target))
             for k in (5, 8, 9, 10) for target in (2 ** k - 1, 2 ** k, 2 ** k + 1))
