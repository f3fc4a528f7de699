# SPDX-License-Identifier: GPL-2.0-or-later
"""Prints code objects of the standard library with their line tables, and the line of every instruction.

A line of output: version, first line, the table in hex, then "offset:line", which is 0 where there is no line.
"""
import dis
import os
import sys
import types

VERSION = sys.version_info[0] << 8 | sys.version_info[1]
MODULES = ("os.py", "_pydecimal.py", "asyncio/base_events.py", "typing.py", "dataclasses.py", "inspect.py", "ast.py")
STRANGE = "x = 1\n" + "\n" * 700 + "def f(a):\n    y = (a,\n" + "\n" * 300 + "  a.b)\n    for _ in a: pass\n    return y\n" \
    + "".join("x = x if x else [y for y in x]%s\n" % ("\n" * (n % 90)) for n in range(200)) + "x = '%s'.f(x, y)\n" % ("z" * 9000)


def lines_of(code):
    if hasattr(code, "co_lines"):
        for start, end, line in code.co_lines():
            for offset in range(start, end, 2):
                yield offset, line or 0
        return
    starts = list(dis.findlinestarts(code))
    line = code.co_firstlineno
    for offset in range(0, len(code.co_code), 2):
        while starts and starts[0][0] <= offset:
            line = starts.pop(0)[1]
        yield offset, line


def show(code):
    table = code.co_linetable if hasattr(code, "co_linetable") else code.co_lnotab
    print(VERSION, code.co_firstlineno, table.hex() or "-", *("%d:%d" % pair for pair in lines_of(code)))
    for constant in code.co_consts:
        if isinstance(constant, types.CodeType):
            show(constant)


show(compile(STRANGE, "strange", "exec"))
for module in MODULES:
    path = os.path.join(os.path.dirname(os.__file__), module)
    if os.path.exists(path):
        with open(path, encoding="utf-8") as source:
            show(compile(source.read(), module, "exec"))
