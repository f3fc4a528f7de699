# SPDX-License-Identifier: GPL-2.0-or-later
"""What the journal itself does on bad days, and whom it refuses."""
import fcntl
import json
import os
import shutil
import sqlite3
import subprocess
import time

from lab import NOTED, OK, TAMPERED, UNREADABLE

LIVES = []


def life(name):
    def add(function):
        LIVES.append((name, function))
        return function
    return add


@life("19 an unclean stop leaves start, clean false, and its gap")
def _(lab):
    lab.live(20, "crash")
    lab.live(5)
    lab.expect(NOTED, why="unclean")
    bodies = [json.loads(body) for _, _, body in lab.rows()]
    start = max(i for i, body in enumerate(bodies) if body["kind"] == "start")
    assert bodies[start]["clean"] is False
    assert bodies[start + 1]["kind"] == "gap" and bodies[start + 1]["component"] == "daemon"
    assert bodies[start + 1]["from_t"] == bodies[start - 1]["t"]


@life("19 starts that contradict what is before or after them")
def _(lab):
    lab.live(20, "crash")
    last = lab.heads()[-1][0]
    start = lab.rows()[0][2]
    changes = ((start, "claims a clean stop"),
               (start.replace(b'"clean":true', b'"clean":false'), "unclean start without the gap"))
    for body, why in changes:
        with lab.database() as db:
            lab.set_body(db, last + 2, body)
            lab.rechain(db, last + 2)
        lab.expect(TAMPERED, last + 2, why=why)


FAULTS = [(call, file, after) for call in ("write", "short", "sync") for file in ("journal.db", "anchors.log", "signer/state")
          for after in (0, 1, 2, 4, 7, 11)]


@life("19 EIO or a short write at many places: nothing committed is lost, the next life goes on")
def _(lab):
    ended = set()
    for call, file, after in FAULTS:
        before = lab.verify()["head_size"]
        _, status = lab.live(250, LD_PRELOAD=lab.preload(), FAULT_CALL=call, FAULT_FILE=file, FAULT_AFTER=str(after))
        ended.add(status)
        answer = lab.verify()
        assert answer["verdict"] in (OK, NOTED), (call, file, after, answer)
        assert answer["head_size"] >= before, (call, file, after, answer)
    assert 74 in ended, ended
    _, status = lab.live(10)
    assert status == 0, (status, lab.said)
    assert lab.verify()["verdict"] in (OK, NOTED)


@life("19 disk full in the middle of a batch: what is committed verifies, and the reserve lets the next life speak")
def _(lab):
    place = os.path.join(lab.root, "small")
    os.mkdir(place)
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=48m,mode=0700", "tmpfs", place], check=True)
    kept, lab.dir = lab.dir, place + "/case"
    try:
        os.mkdir(lab.dir, 0o700)
        _, status = lab.live(10)
        assert status == 0 and os.path.exists(lab.dir + "/journal/reserve"), lab.said
        _, status = lab.live(200000)
        assert status == 74 and ("full" in lab.said or "No space left" in lab.said), (status, lab.said)
        answer = lab.verify()
        assert answer["verdict"] in (OK, NOTED) and answer["records"] > 1000, answer
        assert not os.path.exists(lab.dir + "/journal/reserve")
        _, status = lab.live(3)
        assert status == 0, (status, lab.said)
        assert lab.expect(NOTED)["gaps"] == 1
    finally:
        lab.dir = kept
        subprocess.run(["umount", place], check=True)
        os.rmdir(place)


@life("19 killed 30 times under load: every record once, every death a gap")
def _(lab):
    before = lab.rows()[-1][0]
    out, status = lab.live(400, "kill")
    assert status == 0, (out, lab.said)
    answer = lab.expect(NOTED, why="gaps")
    bodies = [json.loads(body) for seq, _, body in lab.rows() if seq > before]
    flows = sorted(int(body["flow"], 16) for body in bodies if body["kind"] == "close")
    assert flows == list(range(30 * 400)), (len(flows), len(set(flows)))
    deaths = [body for body in bodies if body["kind"] == "gap"]
    assert {body["component"] for body in deaths} == {"journal", "signer"}, deaths
    assert answer["unsigned"] == 0


@life("8 database, anchors and signer put back together: this machine goes on as if nothing was; a head kept elsewhere tells")
def _(lab):
    old, kept = lab.dir + ".old", os.path.join(lab.root, "kept")
    shutil.copytree(lab.dir, old)
    lab.live(120)
    open(kept, "wb").write(lab.heads()[-1][1])
    shutil.rmtree(lab.dir)
    os.rename(old, lab.dir)
    lab.expect(OK)
    lab.expect(TAMPERED, head=kept, why="missing")
    assert lab.live(300)[1] == 0, lab.said
    lab.expect(OK)
    lab.expect(TAMPERED, head=kept)


@life("20 two daemons on copies: each copy verifies; heads of the one are not the other's, under the same one-time key")
def _(lab):
    other, kept = lab.dir + ".other", os.path.join(lab.root, "kept")
    shutil.copytree(lab.dir, other)
    before = len(lab.heads())
    lab.live(120)
    ours = lab.heads()
    lab.expect(OK)
    shutil.rmtree(lab.dir)
    os.rename(other, lab.dir)
    lab.live(120)
    theirs = lab.heads()
    lab.expect(OK)
    open(kept, "wb").write(ours[before][1])
    lab.expect(TAMPERED, head=kept)
    key = [next(line for line in heads[before][1].split(b"\n") if b"/once " in line).split()[2][:5] for heads in (ours, theirs)]
    assert ours[before][1] != theirs[before][1] and key[0] == key[1], "the fork shows in two heads under one key"


@life("20 a second writer is refused and told who the first is")
def _(lab):
    lock = open(os.path.join(lab.dir, "journal", "journal.lock"), "r+", encoding="ascii")
    fcntl.flock(lock, fcntl.LOCK_EX)
    lock.truncate(0)
    lock.write(f"{os.getpid()}\n")
    lock.flush()
    out, status = lab.live(1)
    assert status == 3 and f"process {os.getpid()}" in lab.said, (out, status, lab.said)


@life("20 keys that others can read, or behind a symlink, are refused")
def _(lab):
    for name in ("identity.key", "state"):
        path = os.path.join(lab.dir, "signer", name)
        os.chmod(path, 0o644)
        out, _ = lab.live(1)
        assert "signer=3" in out and "0600" in lab.said, (out, lab.said)
        os.chmod(path, 0o600)
        os.rename(path, path + ".real")
        os.symlink(path + ".real", path)
        out, _ = lab.live(1)
        assert "signer=3" in out and "symbolic link" in lab.said, (out, lab.said)
        os.unlink(path)
        os.rename(path + ".real", path)
    os.chmod(os.path.join(lab.dir, "signer"), 0o750)
    out, _ = lab.live(1)
    assert "signer=3" in out, (out, lab.said)
    os.chmod(os.path.join(lab.dir, "signer"), 0o700)
    assert lab.live(1)[1] == 0


@life("20 a journal that is a symlink, foreign, or writable by others is refused and not touched")
def _(lab):
    lab.rows()
    real = lab.journal + ".real"
    os.rename(lab.journal, real)
    os.symlink(real, lab.journal)
    assert lab.live(1)[1] == 3 and "symbolic link" in lab.said, lab.said
    os.unlink(lab.journal)
    db = sqlite3.connect(lab.journal)
    db.execute("CREATE TABLE theirs(x)")
    db.commit()
    db.close()
    os.chmod(lab.journal, 0o600)
    before = open(lab.journal, "rb").read()
    assert lab.live(1)[1] == 3 and "not a netaudit journal" in lab.said, lab.said
    assert open(lab.journal, "rb").read() == before
    lab.expect(UNREADABLE, why="not a netaudit journal")
    os.rename(real, lab.journal)
    os.chmod(lab.journal, 0o666)
    assert lab.live(1)[1] == 3 and "chmod 0600" in lab.said, lab.said
    os.chmod(lab.journal, 0o600)
    assert lab.live(1)[1] == 0, lab.said


@life("20 verifying while the journal is written never alarms")
def _(lab):
    writer = subprocess.Popen([lab.build + "/journal_driver", "run", lab.dir, "60000"], stdout=subprocess.DEVNULL)
    answers = 0
    while writer.poll() is None or answers == 0:
        answer = lab.verify()
        assert answer["verdict"] in (OK, NOTED), answer
        answers += 1
        time.sleep(0)
    assert writer.returncode == 0 and answers > 1, (writer.returncode, answers)
    lab.expect(OK)
