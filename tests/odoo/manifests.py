#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Compares our reading of manifests with Python's own: manifests.py PROGRAM [ODOO_ROOT]

PROGRAM is tests/odoo/manifests.c. What is read: the literals below, MUTATIONS changed copies of them (fixed seed), and
every manifest of a real Odoo when there is one. ast.literal_eval() decides what is right.
"""
import ast
import json
import os
import random
import subprocess
import sys
import warnings

MUTATIONS = 20000
FIELDS = ("name", "version", "author", "website", "license")
TEXT_BYTES = 127

LITERALS = [
    b"{}", b"{'name': 'A'}", b"# -*- coding: latin-1 -*-\n{'name': '\xc3\xa9'}\n", b"\n\n{'name': 'A',}\n\n# end\n",
    b"{'name': 'A', 'name': 'B'}", b"{'na' 'me': 'A' \"B\" '''C\nD''' r'\\n' u'E'}", b"({'name': ('A')})",
    b"{'author': ['A', 'B']}", b"{'author': ('A', 'B', 3, [], 'C')}", b"{'author': 'A\\\nB\\x41\\u20ac\\U0001f600\\101\\q'}",
    b"{'version': 1.0}", b"{'version': 17}", b"{'version': 1.10}", b"{'version': -1}", b"{'version': 1_0.5e1}",
    b"{'version': 0x1F}", b"{'version': 000}", b"{'version': 010}", b"{'version': .5}", b"{'version': 5.}",
    b"{'a': None, 'b': True, 'c': False, 'd': ..., 'e': set(), 'f': {1, 2}, 'g': b'x' b'y', 'h': 1+2j, 'i': -1-2j}",
    b"{'a': rb'\\x', 'b': bR\"\"\"\\\n\"\"\", 'c': Br'', 'd': '\\N{BULLET}'}", b"{'a': f'x'}", b"{'a': 'x' b'y'}",
    b"{'a': open('x')}", b"{'a': x}", b"{**{}}", b"[1]", b"'x'", b"1", b"", b"# only", b"{'a': 1", b"{'a' 1}", b"{'a': 1}}",
    b"{'a': 1} 2", b"{'a': [1,, 2]}", b"{[]: 1}", b"{(1, [2]): 1}", b"{(1, 2): 1}", b"{{1}: 1}", b"{1: 2, 3}", b"{1, 2: 3}",
    b"{'a': 'x\ny'}", b"{'a': '\\x4'}", b"{'a': '\\u12'}", b"{'a': '\\U00110000'}", b"{'a': '\\ud800'}", b"{'a': b'\xc3\xa9'}",
    b" {'a': 1}", b"\n {'a': 1}", b"\\\n{'a': 1}", b"{'a': 1} \\\n", b"{'a': 1}\r\n# x\r\n", b"{'a':\r\n'''x\r\ny'''}",
    b"{'a': ()}", b"{'a': (,)}", b"{'a': (1,)}", b"{'a': 1if 1else 2}", b"{'a': 1__0}", b"{'a': 1_}", b"{'a': --1}",
    b"{'a': not 1}", b"{'a': 1 + 2}", b"{'a': 1j + 1}", b"{'a': 1 + 2j + 3j}", b"{'a': 'x' + 'y'}", b"{'a': 'x' % 1}",
    b"{'a': [i for i in 'x']}", b"{'a': lambda: 1}", b"{'a': 1 if 1 else 2}", b"{'a': 'x'.y}", b"{'a': 'x'[0]}",
    b"{'a': " + b"[" * 90 + b"]" * 90 + b"}", b"{'a': " + b"[" * 300 + b"]" * 300 + b"}", b"{'license': 'x" + b"\xc3\xa9" * 100 + b"'}",
    b"{'name': '\\0'}", b"{'name': '\x00'}", b"\x0c{'name': 'A'}", b"{'name':\x0c'A'}", b"{'name': 'A' # '\n}", b"{'name': 'A#'}",
    b"{\"name\": \"it's\", 'author': 'say \"x\"', 'website': \"\"\"a\"b\"\"c\"\"\"}", b"{'name': ''''A'''}", b"{'name': ''}",
    b"{'name': ('A' 'B',)}", b"{'name': 'A'; }", b"{'name': 'A',\n  'version': '1',  # v\n  # w\n  'author': 'B'}\n",
]


def shown(value):
    """What our parser says of a field: text, a number as str() has it, several texts joined."""
    if isinstance(value, (list, tuple)):
        value = ", ".join(item for item in value if isinstance(item, str))
    if isinstance(value, bool) or not isinstance(value, (str, int, float)):
        return ""
    text = str(value).replace("\0", "\ufffd")
    text = "".join("\ufffd" if 0xd800 <= ord(c) < 0xe000 else c for c in text)
    return text.encode()[:TEXT_BYTES].decode(errors="ignore")


def read(source):
    """None, or the fields as Python reads them."""
    try:
        text = source.decode("utf-8-sig").replace("\r\n", "\n").replace("\r", "\n")
        value = ast.literal_eval(text)
    except (ValueError, SyntaxError, TypeError, MemoryError, RecursionError):
        return None
    if not isinstance(value, dict):
        return None
    return {field: shown(value.get(field, "")) for field in FIELDS}


def mutate(chance, source):
    """Some bytes left out, doubled, or replaced by ones that mean something."""
    source = bytearray(source)
    for _ in range(chance.randint(1, 3)):
        if not source:
            break
        at = chance.randrange(len(source))
        source[at:at + chance.randint(0, 2)] = chance.choice(
            [b"", b"'", b'"', b"\\", b"(", b")", b"[", b"]", b"{", b"}", b",", b":", b"\n", b" ", b"#", b"-", b"+", b".", b"0",
             b"_", b"j", b"e", b"b", b"r", b"u", b"\\x", b"'''", b"\r", b"1", b"None", b"set()", bytes(source[at:at + 3])])
    return bytes(source)


def agree(source, ours, theirs):
    """Whether both say the same. Characters have no names for us, and signed numbers and other bases are not shown as Python does."""
    if theirs is None and b"\\N{" in source:
        return True
    if ours is None or theirs is None:
        return ours is theirs
    return all(ours[field] == theirs[field] or "\u2022" in theirs[field] or
               (field == "version" and (not ours[field] or ours[field].lower()[:2] in ("0x", "0o", "0b", "00")))
               for field in FIELDS)


def compare(program, sources):
    """How many of the manifests are read otherwise; says which."""
    lines = "".join(source.hex() + "\n" for source in sources)
    result = subprocess.run([program], input=lines, capture_output=True, text=True, check=True)
    answers = result.stdout.splitlines()
    assert len(answers) == len(sources), f"{len(answers)} answers for {len(sources)} manifests"
    wrong = 0
    for source, answer in zip(sources, answers):
        ours, theirs = json.loads(answer), read(source)
        if not agree(source, ours, theirs):
            wrong += 1
            if wrong <= 20:
                print(f"{source[:200]!r}\n  ours   {ours}\n  Python {theirs}")
    return wrong


def invented():
    """The literals above and what becomes of them by chance."""
    chance = random.Random(1)
    return LITERALS + [mutate(chance, chance.choice(LITERALS)) for _ in range(MUTATIONS)]


def real(root):
    """Every manifest below an Odoo's root."""
    sources = []
    for folder, _, names in os.walk(os.path.join(root, "usr/lib/python3/dist-packages/odoo/addons")):
        if "__manifest__.py" in names:
            with open(os.path.join(folder, "__manifest__.py"), "rb") as source:
                sources.append(source.read())
    return sources


def main():
    warnings.simplefilter("ignore")
    program, root = sys.argv[1], sys.argv[2] if len(sys.argv) > 2 else ""
    total = 0
    for what, sources in (("invented", invented()), ("of a real Odoo", real(root))):
        wrong = compare(program, sources)
        total += wrong
        print(f"manifests: {len(sources)} {what}, {wrong} read otherwise than Python does")
    return 1 if total else 0


if __name__ == "__main__":
    sys.exit(main())
