#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Syntax of Python files, imports nobody uses, bare excepts, mutable defaults: python.py FILE..."""
import ast
import sys


def problems(path):
    with open(path, encoding="utf-8") as file:
        source = file.read()
    try:
        tree = ast.parse(source, path)
    except SyntaxError as error:
        yield error.lineno, f"syntax: {error.msg}"
        return
    imported, used = {}, set()
    for node in ast.walk(tree):
        if isinstance(node, (ast.Import, ast.ImportFrom)):
            for name in node.names:
                imported[(name.asname or name.name).split(".")[0]] = node.lineno
        elif isinstance(node, ast.Name):
            used.add(node.id)
        elif isinstance(node, ast.ExceptHandler) and node.type is None:
            yield node.lineno, "bare except"
        elif isinstance(node, ast.FunctionDef):
            for default in node.args.defaults:
                if isinstance(default, (ast.List, ast.Dict, ast.Set)):
                    yield node.lineno, f"mutable default of {node.name}()"
    # an Odoo add-on imports its parts for what importing them does
    for name, line in imported.items():
        if name not in used and not path.endswith("__init__.py"):
            yield line, f"{name} is imported and not used"


def main():
    count = 0
    for path in sys.argv[1:]:
        for line, text in problems(path):
            print(f"{path}:{line}: {text}")
            count += 1
    return 1 if count else 0


if __name__ == "__main__":
    sys.exit(main())
