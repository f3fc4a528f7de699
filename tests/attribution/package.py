#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""What only the interpreter can do that will load an add-on.

    package.py bytecode FILE...    each becomes a .pyc without source, whose code objects name invented files
    package.py include             where its headers are
    package.py suffix              how its extension modules are called
"""
import importlib.util
import marshal
import os
import sys
import sysconfig
import types

INVENTED = ("<frozen corpus>", "calls.py", "../lib/calls.py", "<string>", "/nonexistent/lib/python3/calls.py", "")


def with_invented_name(code, number):
    """Top-level functions get the names in turn, what is inside them goes along."""
    inside = tuple(with_invented_name(constant, number + (index if code.co_name == "<module>" else 0))
                   if isinstance(constant, types.CodeType) else constant
                   for index, constant in enumerate(code.co_consts))
    return code.replace(co_consts=inside, co_filename=INVENTED[number % len(INVENTED)])


def to_bytecode(path):
    with open(path, "rb") as file:
        code = with_invented_name(compile(file.read(), path, "exec", dont_inherit=True), 0)
    with open(path + "c", "wb") as file:
        file.write(importlib.util.MAGIC_NUMBER + bytes(12) + marshal.dumps(code))
    os.unlink(path)


def main():
    if sys.argv[1] == "include":
        print(sysconfig.get_path("include"))
    elif sys.argv[1] == "suffix":
        print(sysconfig.get_config_var("EXT_SUFFIX"))
    else:
        for path in sys.argv[2:]:
            to_bytecode(path)


if __name__ == "__main__":
    main()
