#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Each rule of the verdict has its section in docs/alarms.md, below its level, in the table's order; no other section is there."""
import re
import sys

LEVELS = {"ALARM": "Alarm", "ATTENTION": "Attention"}


def of_table(text):
    table = re.search(r"na_rules\[\] = \{\n(.*?)\n\};", text, re.DOTALL).group(1)
    return [(LEVELS[level], rule) for rule, level in re.findall(r'^\t\{ "([a-z-]+)", NA_(\w+),', table, re.MULTILINE)]


def of_page(text):
    level = ""
    for marks, title in re.findall(r"^(##+) (.*)$", text, re.MULTILINE):
        if marks == "##":
            level = title.partition(":")[0]
        else:
            yield level, title


def lacking(text):
    """Sections that do not say what was found, what to check and what ends it."""
    for section in re.split(r"^### ", text, flags=re.MULTILINE)[1:]:
        for word in ("Found", "Check", "Ends"):
            if f"**{word}:** " not in section:
                yield f"{section.partition(chr(10))[0]} has no '{word}'"


def main():
    with open("src/report/verdict.c", encoding="utf-8") as file:
        table = of_table(file.read())
    with open("docs/alarms.md", encoding="utf-8") as file:
        text = file.read()
    page = list(of_page(text))
    found = [f"no section for {level} {rule}" for level, rule in table if (level, rule) not in page]
    found += [f"no rule for section {level} {rule}" for level, rule in page if (level, rule) not in table]
    if not found and table != page:
        found.append("not in the order of the table")
    found += lacking(text)
    for problem in found if table else ["no rules found in src/report/verdict.c"]:
        print(f"docs/alarms.md: {problem}")
    return 1 if found or not table else 0


if __name__ == "__main__":
    sys.exit(main())
