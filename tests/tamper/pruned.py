# SPDX-License-Identifier: GPL-2.0-or-later
"""Changes to a journal that was pruned, and prunings that are interrupted."""
import json
import os
import shutil

from lab import NOTED, OK, TAMPERED

PRUNED = []


def pruned(name):
    def add(function):
        PRUNED.append((name, function))
        return function
    return add


def kinds(lab, kind):
    return [seq for seq, _, body in lab.rows() if json.loads(body)["kind"] == kind]


@pruned("18 pruned: verified, old heads included, also on a copy without its WAL, and read on from there")
def _(lab):
    answer = lab.expect(OK)
    heads, first = lab.heads(), lab.rows()[0][0]
    assert first % 256 == 1 and first > 256 and answer["heads"] == len(heads) and heads[0][0] < first, (answer, heads)
    assert len(kinds(lab, "prune")) == 1 and kinds(lab, "carried"), "no prune record, or nothing carried"
    lab.live(50)
    lab.expect(OK)


@pruned("18 a second pruning: carried records are carried again, the first cut's record goes")
def _(lab):
    before = lab.rows()[0][0]
    out, status = lab.drive("prune", lab.dir, 1500, 0, 300000)
    assert status == 0 and lab.rows()[0][0] > before, (out, lab.said)
    lab.expect(OK)
    assert all(seq >= lab.rows()[0][0] for seq in kinds(lab, "prune"))
    carried = [json.loads(body) for _, _, body in lab.rows() if b'"kind":"carried"' in body]
    assert [json.loads(one["body"])["kind"] for one in carried] == ["config"], carried


@pruned("18 heads signed before the cut: kept elsewhere they are still this journal's; forged ones are not")
def _(lab):
    head = lab.heads()[1]
    kept = os.path.join(lab.dir, "kept")
    open(kept, "wb").write(head[1])
    lab.expect(OK, head=kept)
    lab.expect(OK, since=kept)
    lines = head[1].split(b"\n")
    lines[2] = b"A" * 43 + b"="
    open(kept, "wb").write(b"\n".join(lines))
    lab.expect(TAMPERED, head=kept)


@pruned("18 from a head verified before: only what is newer is checked, and the head must still be right")
def _(lab):
    kept = os.path.join(lab.dir, "kept")
    for size, note in lab.heads()[-3:]:
        open(kept, "wb").write(note)
        answer = lab.expect(OK, since=kept)
        assert answer["checked_from"] == size + 1, answer
    lab.live(300)
    lab.expect(OK, since=kept)
    first = lab.rows()[0][0]
    with lab.database() as db:
        body = db.execute("SELECT body FROM record WHERE seq=?", (size + 4,)).fetchone()[0]
        lab.set_body(db, size + 4, body.replace(b"443", b"444"))
    lab.expect(TAMPERED, size + 4, since=kept)
    with lab.database() as db:
        lab.set_body(db, size + 4, body)
        body = db.execute("SELECT body FROM record WHERE seq=?", (first + 3,)).fetchone()[0]
        lab.set_body(db, first + 3, body.replace(b"443", b"444"))
    lab.expect(OK, since=kept)
    lab.expect(TAMPERED, first + 3)


@pruned("18 more deleted than the cut says, or less")
def _(lab):
    rows = lab.rows()
    first = rows[0][0]
    for count in (1, 256):
        with lab.database() as db:
            db.execute("DELETE FROM record WHERE seq < ?", (first + count,))
        lab.expect(TAMPERED, first if count == 1 else None)
        with lab.database() as db:
            db.executemany("INSERT INTO record VALUES(?,?,?)", rows[:count])
    for count in (1, 256):
        with lab.database() as db:
            db.executemany("INSERT INTO record VALUES(?,?,?)", [(first - count + i, *rows[i][1:]) for i in range(count)])
        lab.expect(TAMPERED)
        with lab.database() as db:
            db.execute("DELETE FROM record WHERE seq < ?", (first,))
    lab.expect(OK)


@pruned("18 the prune record edited, its frontier swapped, its table changed, doubled or emptied")
def _(lab):
    seq = kinds(lab, "prune")[0]
    with lab.database() as db:
        body = db.execute("SELECT body FROM record WHERE seq=?", (seq,)).fetchone()[0]
        frontier = json.loads(body)["frontier"].encode()
        cut = db.execute("SELECT cut FROM prune").fetchone()[0]
    changes = ((b'"cut":%d' % cut, b'"cut":%d' % (cut - 256)), (frontier, frontier[::-1]), (frontier, frontier[:-64]),
               (b'"kind":"prune"', b'"kind":"prunf"'))
    for old, new in changes:
        with lab.database() as db:
            assert old in body
            lab.set_body(db, seq, body.replace(old, new))
        lab.expect(TAMPERED)
    with lab.database() as db:
        lab.set_body(db, seq, body)
    for sql in ("DELETE FROM prune", "UPDATE prune SET cut=cut+256", "UPDATE prune SET seq=seq+1",
                "INSERT INTO prune VALUES(1,1)", "INSERT INTO prune SELECT seq+1, cut+256 FROM prune"):
        with lab.database() as db:
            before = db.execute("SELECT * FROM prune").fetchall()
            db.execute(sql)
        lab.expect(TAMPERED)
        with lab.database() as db:
            db.execute("DELETE FROM prune")
            db.executemany("INSERT INTO prune VALUES(?,?)", before)
    lab.expect(OK)


@pruned("18 old heads and the tree below the cut: edited, deleted, added, swapped")
def _(lab):
    for sql in ("DELETE FROM old_head WHERE size = (SELECT min(size) FROM old_head)", "DELETE FROM old_head",
                "UPDATE old_head SET previous = zeroblob(32) WHERE size = (SELECT min(size) FROM old_head)",
                "UPDATE old_head SET path = zeroblob(256) WHERE size = (SELECT max(size) FROM old_head)",
                "UPDATE old_head SET body = CAST(replace(CAST(body AS TEXT), '1', '2') AS BLOB) WHERE size = (SELECT max(size) FROM old_head)",
                "UPDATE old_head SET size = size + 1 WHERE size = (SELECT max(size) FROM old_head)",
                "INSERT INTO old_head SELECT size + 1, previous, body, path FROM old_head WHERE size > 100 LIMIT 1",
                "DELETE FROM node WHERE position = 0", "UPDATE node SET hash = zeroblob(32) WHERE position = 0",
                "DELETE FROM checkpoint WHERE size = (SELECT min(size) FROM checkpoint)",
                "UPDATE checkpoint SET note = (SELECT note FROM checkpoint WHERE size > 200 LIMIT 1) "
                "WHERE size = (SELECT min(size) FROM checkpoint)"):
        kept = open(lab.journal, "rb").read()
        with lab.database() as db:
            db.execute(sql)
        lab.expect(TAMPERED)
        open(lab.journal, "wb").write(kept)
    lab.expect(OK)


@pruned("18 a pruning killed at any moment: it finishes or has not begun, nothing else is lost")
def _(lab):
    shutil.rmtree(lab.dir)
    seen = set()
    for delay in range(0, 60, 4):
        before = lab.rows()[-1][0] if os.path.exists(lab.journal) else 0
        _, status = lab.drive("cutoff", lab.dir, 700, 0, 200000, delay)
        assert status == 0, lab.said
        answer = lab.verify()
        assert answer["verdict"] in (OK, NOTED) and answer["records"] > 0, (delay, answer)
        rows = lab.rows()
        assert rows[-1][0] >= before + 700, (delay, before, rows[-1][0])
        seen.add(rows[0][0])
        lab.drive("prune", lab.dir, 1, 0, 0)
        answer = lab.verify()
        assert answer["verdict"] in (OK, NOTED) and "pruning" not in answer["why"], (delay, answer)
    assert len(seen) > 2, seen
