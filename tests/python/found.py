# SPDX-License-Identifier: GPL-2.0-or-later
"""The Python interpreters that can be had here: on PATH, kept by pyenv, named in PYTHONS, and in Debian roots.

PYTHONS names more, separated by colons. Roots are the folders PYTHON_ROOTS, separated by blanks, and are entered
with chroot. Nothing of this is required to be there.
"""
import contextlib
import glob
import os
import re
import shutil
import subprocess
import tempfile

NAME = re.compile(r"python3(\.\d+)?(t|d|-nogil|-dbg)?$")
ASK = """import sys, sysconfig
value = sysconfig.get_config_var
print(sys.version.split()[0], sysconfig.get_path("include"), sys.base_prefix, value("Py_ENABLE_SHARED"),
      "%s/%s" % (value("LIBDIR"), value("INSTSONAME")), sep="\\n")"""


class Interpreter:
    """`label`: where it is, in words; `command`: what starts it; `include`: its headers, as seen from here, or None."""

    def __init__(self, label, path, root=""):
        self.label, self.path, self.root = label, path, root
        self.command = self.in_root(path)
        done = subprocess.run(self.command + ["-I", "-S", "-c", ASK], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
                              stdin=subprocess.DEVNULL, text=True, check=False)
        answer = done.stdout.splitlines() if done.returncode == 0 else []
        self.works = len(answer) == 5
        self.version, include, self.prefix, self.built_shared, self.shared_library = answer if self.works else [""] * 5
        include = root + include
        self.include = include if os.path.exists(f"{include}/internal/pycore_runtime.h") else None

    def in_root(self, path):
        return ["chroot", self.root, path] if self.root else [path]

    def minor(self):
        return int(self.version.split(".")[1])

    def shared(self):
        return self.built_shared == "1" and b"libpython" in self.needed()

    def needed(self):
        """The program's bytes, where the names of its libraries are."""
        with open(self.program(), "rb") as file:
            return file.read()

    def program(self):
        return os.path.realpath(self.root + self.path)

    def library(self):
        """Its libpython, as it sees it; None: there is none."""
        is_one = ".so" in self.shared_library and os.path.exists(self.root + self.shared_library)
        return self.shared_library if is_one else None

    @contextlib.contextmanager
    def file_in_its_root(self, content):
        """The command that runs a program with that content there."""
        folder = tempfile.mkdtemp(prefix="na-python-", dir=(self.root + "/tmp") if self.root else None)
        try:
            path = os.path.join(folder, "program")
            with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o700), "wb") as file:
                file.write(content)
            yield self.in_root(path[len(self.root):])
        finally:
            shutil.rmtree(folder)


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
