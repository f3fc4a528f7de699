#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Writes tests/proof/golden.json from a small journal: make_golden.py STATE-DIR NETAUDIT

Only for a format that was changed on purpose; the digests in run.py have to be changed with it.
"""
import gzip
import hashlib
import json
import os
import sqlite3
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))


def literal(value):
    if isinstance(value, bytes):
        return f"X'{value.hex()}'"
    return str(value) if isinstance(value, int) else "'" + value.replace("'", "''") + "'"


def dump(path):
    """The journal as SQL that makes it again, schema text in its order; triggers last, as they refuse everything else."""
    database = sqlite3.connect(path)
    statements = ["PRAGMA auto_vacuum=INCREMENTAL", "PRAGMA journal_mode=WAL"]
    statements += [f"PRAGMA {name}={database.execute(f'PRAGMA {name}').fetchone()[0]}" for name in ("application_id", "user_version")]
    objects = database.execute("SELECT type, name, sql FROM sqlite_schema ORDER BY rowid").fetchall()
    statements += [sql for kind, _, sql in objects if kind != "trigger"]
    for kind, name, _ in objects:
        if kind == "table":
            statements += [f"INSERT INTO {name} VALUES({', '.join(map(literal, row))})"
                           for row in database.execute(f"SELECT * FROM {name} ORDER BY 1")]
    statements += [sql for kind, _, sql in objects if kind == "trigger"]
    return ";\n".join(statements) + ";\n"


def main():
    state, netaudit = sys.argv[1:]
    database = sqlite3.connect(state + "/journal/journal.db")
    head = database.execute("SELECT note FROM checkpoint ORDER BY size DESC LIMIT 1").fetchone()[0].decode()
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run([netaudit, "export", "--state-dir", state, folder + "/export.gz"], check=True, stdout=subprocess.DEVNULL)
        with gzip.open(folder + "/export.gz", "rt", encoding="utf-8", newline="\n") as file:
            export = file.read()
    key = subprocess.run([netaudit, "keys", "fingerprint", "--state-dir", state], check=True, capture_output=True, text=True).stdout
    golden = {"fingerprint": key.strip(), "journal": dump(state + "/journal/journal.db"), "head": head, "export": export}
    with open(HERE + "/golden.json", "w", encoding="utf-8") as file:
        json.dump(golden, file, indent=1)
        file.write("\n")
    for name in ("journal", "head", "export"):
        print(f'    "{name}": "{hashlib.sha256(golden[name].encode()).hexdigest()}",')


main()
