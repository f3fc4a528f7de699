# SPDX-License-Identifier: GPL-2.0-or-later
"""anchors.log with the append-only attribute, on an ext4 of its own: what it refuses, and that the journal lives with it."""
import contextlib
import os
import shutil
import subprocess

from lab import OK, TAMPERED

APPEND_ONLY = []


def append_only(name):
    def add(function):
        APPEND_ONLY.append((name, function))
        return function
    return add


def attribute(path, what):
    subprocess.run(["chattr", what, path], check=True)


@contextlib.contextmanager
def journal_on_ext4(lab):
    """The case's journal on a file system of 64 MiB; False where none can be mounted."""
    image, kept = lab.root + "/ext4", lab.root + "/off-ext4"
    with open(image, "wb") as file:
        file.truncate(64 << 20)
    subprocess.run(["mkfs.ext4", "-q", image], check=True)
    os.rename(lab.dir, kept)
    os.mkdir(lab.dir)
    mounted = subprocess.run(["mount", "-o", "loop", image, lab.dir], capture_output=True, check=False).returncode == 0
    try:
        if mounted:
            shutil.copytree(kept, lab.dir, dirs_exist_ok=True)
            attribute(lab.anchors, "+a")
        yield mounted
    finally:
        shutil.rmtree(kept)
        if mounted:
            subprocess.run(["umount", lab.dir], check=True)
        os.unlink(image)


def refused(change):
    try:
        change()
    except PermissionError:
        return True
    return False


@append_only("6 anchors.log append-only: cannot be cut, rewritten, removed or renamed, and the journal goes on")
def _(lab):
    with journal_on_ext4(lab) as mounted:
        if not mounted:
            print("      (no file system can be mounted here: not looked at)")
            return
        lab.live(150)
        lab.expect(OK)
        size = os.path.getsize(lab.anchors)
        for change in (lambda: os.truncate(lab.anchors, size - 1), lambda: open(lab.anchors, "wb"), lambda: open(lab.anchors, "r+b"),
                       lambda: os.unlink(lab.anchors), lambda: os.rename(lab.anchors, lab.anchors + ".old")):
            assert refused(change), "allowed"
        assert os.path.getsize(lab.anchors) == size
        lab.expect(OK)


@append_only("6 anchors.log append-only and cut in the middle of a head: completed, where that head is what follows; else refused")
def _(lab):
    with journal_on_ext4(lab) as mounted:
        if not mounted:
            print("      (no file system can be mounted here: not looked at)")
            return
        whole, newest = open(lab.anchors, "rb").read(), lab.heads()[-1][0]
        for left in (1, 17, 120):
            attribute(lab.anchors, "-a")
            os.truncate(lab.anchors, len(whole) - left)
            attribute(lab.anchors, "+a")
            with lab.database() as db:
                db.execute("DELETE FROM checkpoint WHERE size = ?", (newest,))
            _, status = lab.live(5)
            assert status == 0, (left, lab.said)
            lab.expect(OK)
            whole, newest = open(lab.anchors, "rb").read(), lab.heads()[-1][0]
        with open(lab.anchors, "ab") as file:
            file.write(b"netaudit.tesu/jou")
        _, status = lab.live(5)
        assert status != 0 and "chattr -a" in lab.said, (status, lab.said)
        assert lab.verify()["verdict"] != TAMPERED, "a cut line at the end is not a changed journal"
        attribute(lab.anchors, "-a")
        _, status = lab.live(5)
        assert status == 0, lab.said
        assert b"tesu" not in open(lab.anchors, "rb").read()
