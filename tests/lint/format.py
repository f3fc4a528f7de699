#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Compares C files with what clang-format would make of them: format.py FILE...

Spacing inside lines and the indentation of statements must be clang-format's. Two things stay the author's, because
clang-format has no setting for them: where a long line is broken, and columns made with blanks or tabs (tables,
comments behind members). A long string is not cut to fit a line.
"""
import concurrent.futures
import difflib
import os
import re
import subprocess
import sys

WIDTH = 120


def tokens(text):
    """The text without line breaks, indentation and columns; what remains of white space is there or it is not."""
    text = re.sub(r"[ \t]*\\\n", " ", text)
    text = re.sub(r"[ \t\n]+", " ", text)
    text = re.sub(r" ?(/\*.*?\*/) ?", r" \1 ", text)
    # a product inside a BTF map definition looks like a pointer to clang-format; a broken call has a blank there
    return re.sub(r" ?\* ?", "*", text.replace("( ", "("))


def words(text):
    return re.findall(r"[A-Za-z0-9_\"'#]+|[^A-Za-z0-9_\"'# ]| ", tokens(text))


def starts(text):
    """(indentation, words of the line without its comment) of the lines that begin a statement."""
    found, continued = [], False
    for line in text.split("\n"):
        code = re.sub(r"[ \t]*/\*.*?\*/[ \t]*$", "", line)
        stripped = code.strip()
        if stripped and not continued and not re.match(r"[*#/\"]|[A-Z_]+(\(|,|$)", stripped):
            found.append((code[:len(code) - len(code.lstrip())], re.sub(r"\s+", " ", stripped)))
        continued = bool(stripped) and not re.search(r"[;{}]$|\*/$|^(case|default).*:$|^\w+:$", stripped) and \
            not stripped.startswith("#")
    return found


def check(path):
    with open(path, encoding="utf-8") as file:
        text = file.read()
    complaints = [f"{path}:{number}: longer than {WIDTH} characters"
                  for number, line in enumerate(text.split("\n"), 1) if len(line) > WIDTH and not re.search(r'".{40,}"', line)]
    wanted = subprocess.run(["clang-format", "--style=file", path], check=True, capture_output=True, text=True).stdout
    ours, theirs = words(text), words(wanted)
    for kind, a, b, c, d in difflib.SequenceMatcher(None, ours, theirs, autojunk=False).get_opcodes() \
            if ours != theirs else []:
        if kind != "equal" and "".join(ours[a:b]).strip() == "".join(theirs[c:d]).strip():
            complaints.append(f"{path}: {''.join(ours[max(0, a - 12):b + 8])!r} should be "
                              f"{''.join(theirs[max(0, c - 12):d + 8])!r}")
    indentation = {}
    for indent, line in starts(wanted):
        indentation.setdefault(line, set()).add(indent)
    complaints += [f"{path}: indentation of {line!r}" for indent, line in starts(text)
                   if line in indentation and indent not in indentation[line]]
    return complaints


def main():
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        complaints = [line for lines in pool.map(check, sys.argv[1:]) for line in lines]
    print("\n".join(complaints), end="\n" if complaints else "")
    return 1 if complaints else 0


if __name__ == "__main__":
    sys.exit(main())
