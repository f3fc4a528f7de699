#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Are the offsets we follow those of the headers? Compiles layout.c against every CPython's headers there are.

The headers of a Debian root are used with this system's C library.
"""
import os
import subprocess
import sys
import tempfile

import found

HERE = os.path.dirname(os.path.abspath(__file__))
TOP = os.path.dirname(os.path.dirname(HERE))
OLDEST = 9


def compile_and_run(interpreter, folder):
    """Returns what differs, or None when it does not compile."""
    # Debian's pyconfig.h includes <ARCHITECTURE/python3.N/pyconfig.h>: that folder alone, not all the root's headers.
    parent, name = os.path.split(interpreter.include)
    for architecture in os.listdir(parent):
        if os.path.exists(os.path.join(parent, architecture, name)):
            os.makedirs(os.path.join(folder, architecture))
            os.symlink(os.path.join(parent, architecture, name), os.path.join(folder, architecture, name))
    program = os.path.join(folder, "layout")
    done = subprocess.run([os.environ.get("CC", "gcc"), "-w", "-D_GNU_SOURCE", "-I", folder, "-I", interpreter.include,
                           "-I", os.path.join(interpreter.include, "internal"), "-I", os.path.join(TOP, "include"),
                           "-I", os.path.join(TOP, "src"), "-o", program, os.path.join(HERE, "layout.c"),
                           os.path.join(TOP, "src/target/python_layout.c")],
                          stderr=subprocess.PIPE, text=True, check=False)
    if done.returncode:
        return done.stderr
    return subprocess.run([program], stdout=subprocess.PIPE, text=True, check=False).stdout


def main():
    compared = failed = 0
    for interpreter in found.interpreters():
        if interpreter.include is None or interpreter.minor() < OLDEST:
            continue
        with tempfile.TemporaryDirectory(prefix="na-layout-") as folder:
            different = compile_and_run(interpreter, folder)
        print(f"{interpreter.label:14}{interpreter.version:10}{'DIFFERENT' if different else 'as its headers have it'}")
        print(different, end="")
        compared += 1
        failed += bool(different)
    if not compared:
        print("skip: no CPython's headers are here")
    print(f"layouts: {compared} compared, {failed} different")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
