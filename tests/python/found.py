# SPDX-License-Identifier: GPL-2.0-or-later
"""The Python interpreters that can be had here: on PATH, kept by pyenv, named in PYTHONS, and in Debian roots.

PYTHONS names more, separated by colons. Roots are the folders PYTHON_ROOTS, separated by blanks, and are entered
with chroot. Nothing of this is required to be there.
"""
import glob
import os
import re
import shutil
import subprocess

NAME = re.compile(r"python3(\.\d+)?(t|-nogil|-dbg)?$")
ASK = "import sys, sysconfig; print(sys.version.split()[0], sysconfig.get_path('include'), sysconfig.get_path('platinclude'))"


class Interpreter:
    """`label`: where it is, in words; `command`: what starts it; `include`: its headers, as seen from here, or None."""

    def __init__(self, label, path, root=""):
        self.label = label
        self.root = root
        self.command = (["chroot", root] if root else []) + [path]
        done = subprocess.run(self.command + ["-I", "-S", "-c", ASK], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
                              stdin=subprocess.DEVNULL, text=True, check=False)
        answer = done.stdout.split() if done.returncode == 0 else []
        self.works = len(answer) == 3
        self.version, include = (answer[0], answer[1]) if self.works else ("", "")
        include = root + include
        self.include = include if os.path.exists(f"{include}/internal/pycore_runtime.h") else None

    def minor(self):
        return int(self.version.split(".")[1])


def on_path():
    for folder in os.environ.get("PATH", "").split(os.pathsep):
        for path in sorted(glob.glob(os.path.join(folder, "python3*"))):
            if NAME.search(path) and os.access(path, os.X_OK):
                yield "this system", path


def kept_by_pyenv():
    pyenv = shutil.which("pyenv")
    done = pyenv and subprocess.run([pyenv, "root"], stdout=subprocess.PIPE, text=True, check=False)
    if done and done.returncode == 0:
        for path in sorted(glob.glob(os.path.join(done.stdout.strip(), "versions", "*", "bin", "python3"))):
            yield "self-built", path


def named():
    for path in filter(None, os.environ.get("PYTHONS", "").split(":")):
        yield "named", path


def in_roots():
    for root in os.environ.get("PYTHON_ROOTS", "").split():
        for path in sorted(glob.glob(os.path.join(root, "usr/bin/python3.*"))):
            if NAME.search(path) and os.access(path, os.X_OK):
                yield os.path.basename(os.path.normpath(root)), path[len(os.path.normpath(root)):], os.path.abspath(root)


def interpreters():
    """Each once, however many names it has."""
    seen = set()
    result = []
    for entry in [*on_path(), *kept_by_pyenv(), *named(), *in_roots()]:
        label, path, root = (*entry, "")[:3]
        real = os.path.realpath(root + path)
        with open(real, "rb") as file:
            if file.read(2) == b"#!":
                continue  # a wrapper that picks one
        if real not in seen:
            seen.add(real)
            found = Interpreter(label, path, root)
            if found.works:
                result.append(found)
    return result
