# SPDX-License-Identifier: GPL-2.0-or-later
"""Four changes to a copy of a journal that hard days left behind; verify must name the first bad row of each."""
import hashlib
import os
import shutil
import sqlite3

from hardship import TAMPERED


def open_untriggered(path):
    """The database without what refuses changes, and what puts that back."""
    db = sqlite3.connect(path, isolation_level=None)
    saved = db.execute("SELECT name, sql FROM sqlite_schema WHERE type = 'trigger'").fetchall()
    for name, _ in saved:
        db.execute(f"DROP TRIGGER {name}")

    def close():
        for _, sql in saved:
            db.execute(sql)
        db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        db.close()
    return db, close


def body_of(db, seq):
    return db.execute("SELECT body FROM record WHERE seq = ?", (seq,)).fetchone()[0]


def set_body(db, seq, body):
    db.execute("UPDATE record SET body = ? WHERE seq = ?", (body, seq))


def nudged(body):
    """The same body, still canonical, with another second to its time."""
    at = body.index(b'"t":') + len(b'"t":')
    return body[:at] + (b"2" if body[at:at + 1] == b"1" else b"1") + body[at + 1:]


def change_byte(db, seq):
    set_body(db, seq, nudged(body_of(db, seq)))


def swap_bodies(db, seq):
    first, second = body_of(db, seq), body_of(db, seq + 1)
    set_body(db, seq, second)
    set_body(db, seq + 1, first)


def delete_row(db, seq):
    db.execute("DELETE FROM record WHERE seq = ?", (seq,))


def rewrite_tail(db, seq):
    """Changes a row and makes every link after it true again: all that can be done without the key."""
    set_body(db, seq, nudged(body_of(db, seq)))
    previous = db.execute("SELECT row_hash FROM record WHERE seq = ?", (seq - 1,)).fetchone()[0]
    for at, body in db.execute("SELECT seq, body FROM record WHERE seq >= ? ORDER BY seq", (seq,)).fetchall():
        previous = hashlib.sha256(b"netaudit/row/v1\n" + at.to_bytes(8, "big") + previous + body).digest()
        db.execute("UPDATE record SET row_hash = ? WHERE seq = ?", (previous, at))


def assert_every_change_is_told(test):
    """`test`: a Hardship whose daemon has stopped."""
    answer = test.verify()
    seq = answer["head_size"] * 2 // 3
    for change in (change_byte, swap_bodies, delete_row, rewrite_tail):
        with test.subTest(change.__name__):
            copy = os.path.join(test.folder, "copy")
            shutil.copytree(os.path.join(test.folder, "state"), os.path.join(copy, "state"))
            db, close = open_untriggered(os.path.join(copy, "state", "journal", "journal.db"))
            signed = db.execute("SELECT max(size) FROM checkpoint WHERE size < ?", (seq,)).fetchone()[0] or 0
            change(db, seq)
            close()
            told = test.verify(copy, allowed=(TAMPERED,))
            test.say(f"{change.__name__} at {seq}: {told['first_bad_seq']}, {told['why']}")
            if change is rewrite_tail and "stored node" in told["why"]:  # a whole tile was rewritten, its node was not
                test.assertEqual(told["first_bad_seq"], (seq + 255) // 256 * 256)
            elif change is rewrite_tail:    # only a signed head tells: what that one signs and the one before does not
                test.assertEqual(told["first_bad_seq"], signed + 1)
            else:
                test.assertEqual(told["first_bad_seq"], seq)
            shutil.rmtree(copy)
