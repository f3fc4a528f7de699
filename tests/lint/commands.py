#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Each command and long option of netaudit that README and docs/ name is one that the program's help has.

Usage: commands.py PATH-TO-NETAUDIT PAGE...
"""
import re
import shlex
import subprocess
import sys

COMMAND = re.compile(r"^ {4}netaudit .*|`netaudit [^`]*`", re.MULTILINE)


def help_of(netaudit, *command):
    done = subprocess.run([netaudit, "help", *command], capture_output=True, text=True, timeout=60, check=False)
    return done.stdout if done.returncode == 0 else ""


def words(line):
    """What a shell would make of it up to a comment, a pipe, or the explanation that follows after blanks."""
    line = re.split(r" {2,}| \| ", line.strip("` "), maxsplit=1)[0]
    return shlex.split(line, comments=True)[1:]


def main():
    netaudit, pages = sys.argv[1], sys.argv[2:]
    helps, count, wrong = {}, 0, 0
    for page in pages:
        with open(page, encoding="utf-8") as file:
            text = file.read()
        for match in COMMAND.finditer(text):
            command, *rest = words(match.group()) or [""]
            helps.setdefault(command, help_of(netaudit, command))
            unknown = [] if helps[command] else [command]
            unknown += [word for word in rest if helps[command] and word.startswith("--") and
                        not re.search(re.escape(word.partition("=")[0]) + r"(?![\w-])", helps[command])]
            count += 1
            for word in unknown:
                line = text.count("\n", 0, match.start()) + 1
                print(f"{page}:{line}: netaudit {command}: its help has no '{word}'")
                wrong += 1
    if not count:
        print("no command found")
    print(f"test-docs: {count} commands in {len(pages)} pages, {wrong} unknown")
    return 0 if count and not wrong else 1


if __name__ == "__main__":
    sys.exit(main())
