#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""What holds for every tracked file: a licence line, no path of a developer's machine, clean text."""
import re
import subprocess
import sys

NO_COMMENTS = ("LICENSE", ".json")  # texts and formats without a place for the line
MACHINE = re.compile(r"/(?:home|Users|work|root)/[a-z]|/tmp/(?!na-|netaudit)[a-z]+/[a-z]")
# where the example paths of a stand-in, and the patterns above, are meant
MACHINE_EXEMPT = ("tests/unit/", "tests/lint/files.py", "tests/system/odoo_fake/", "tests/odoo/", "tests/fuzz/")
HEAD_LINES = 4


def problems(path):
    with open(path, "rb") as file:
        raw = file.read()
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError:
        yield 0, "not UTF-8"
        return
    if not path.endswith(NO_COMMENTS) and raw and \
            "SPDX-License-Identifier:" not in "\n".join(text.split("\n")[:HEAD_LINES]):
        yield 1, "no SPDX-License-Identifier in its first lines"
    if raw and not raw.endswith(b"\n"):
        yield 0, "does not end in a newline"
    for number, line in enumerate(text.split("\n"), 1):
        if line != line.rstrip():
            yield number, "blanks at the end of the line"
        if "\r" in line:
            yield number, "carriage return"
        if re.match(r"(<{7}|>{7}) ", line):
            yield number, "left over from a merge"
        if not path.startswith(MACHINE_EXEMPT) and MACHINE.search(line):
            yield number, "path of somebody's machine"


def main():
    tracked = subprocess.run(["git", "ls-files", "-z"], check=True, capture_output=True, text=True).stdout
    count = 0
    for path in filter(None, tracked.split("\0")):
        try:
            found = list(problems(path))
        except (FileNotFoundError, IsADirectoryError):
            continue  # removed and not yet committed
        for line, text in found:
            print(f"{path}:{line}: {text}")
            count += 1
    return 1 if count else 0


if __name__ == "__main__":
    sys.exit(main())
