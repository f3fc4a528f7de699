#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Which database a call was made for, on a real Odoo that serves two.

    databases.py --build FOLDER --root ODOO_ROOT [--count N] [--prepared]

Odoo runs prefork with one HTTP worker, which serves both databases, and a cron worker; PostgreSQL is asked over TCP.
The host name of a request tells its database, as `dbfilter` has it. A controller and a server action call a peer of
this test's own on a port that is the database's: the port is the truth that records are compared with.
"""
import argparse
import collections
import os
import shutil
import socket
import sys
import threading

import server
import suite

sys.path[:0] = [os.path.join(os.path.dirname(server.HERE), "attribution")]
import lab  # noqa: E402

ADDON = "netaudit_database"
PORTS = {"netaudit_one": 18101, "netaudit_two": 18102}
DATABASE_OF = {port: name for name, port in PORTS.items()}
PATHS = ("call", "thread", "program", "silent")


def peer(port, stop):
    """Answers nobody, for as long as the test runs."""
    listener = socket.create_server((server.HOST, port), backlog=64)
    listener.settimeout(0.2)
    while not stop.is_set():
        try:
            connection, _ = listener.accept()
        except TimeoutError:
            continue
        connection.close()


def ask(name, path):
    with socket.create_connection((server.HOST, server.HTTP_PORT), timeout=server.PATIENCE) as connection:
        connection.sendall(f"GET /{ADDON}/{path} HTTP/1.0\r\nHost: {name}.example\r\n\r\n".encode())
        answer = b""
        while chunk := connection.recv(65536):
            answer += chunk
    status = answer.split(b" ", 2)[1].decode()
    if status != "200":
        raise SystemExit(f"FAIL: {path} for {name} was answered {status}")


def ask_database(odoo, name, *statements):
    odoo.inside("setpriv", "--reuid", "odoo", "--regid", "odoo", "--init-groups", "psql", "-qX", "-p", "54329", "-d", name,
                *(word for statement in statements for word in ("-c", statement)))


def call_from_cron(odoo):
    """The next job of each database calls its port."""
    for name in PORTS:
        ask_database(odoo, name, "UPDATE ir_cron SET active = true, nextcall = now() AT TIME ZONE 'utc' - "
                                 f"interval '1 minute' WHERE cron_name = '{ADDON}'")
    ask_database(odoo, "postgres", *(f"NOTIFY cron_trigger, '{name}'" for name in PORTS))
    odoo.wait(*(f"{ADDON} called for {name}" for name in PORTS))


def measure(options, folder):
    odoo = server.Server(options.root, os.path.join(folder, "private"))
    shutil.copytree(os.path.join(server.HERE, "addons", ADDON), f"{odoo.own}/database-addons/{ADDON}")
    more = {"db_host": server.HOST, "db_user": "odoo", "workers": 1}
    odoo.start_database_for_tcp()
    auditor, stop = None, threading.Event()
    peers = [threading.Thread(target=peer, args=(port, stop)) for port in DATABASE_OF]
    try:
        for name in PORTS:
            odoo.inside("setpriv", "--reuid", "odoo", "--regid", "odoo", "--init-groups", "createdb", "-p", "54329", "-T",
                        server.DATABASE, name)
            odoo.configure(server.OWN + "/database-addons", db_name=name, **more)
            odoo.install([ADDON])
        odoo.configure(server.OWN + "/database-addons", db_name=",".join(PORTS), dbfilter="^%d$", **more)
        for thread in peers:
            thread.start()
        auditor = lab.Auditor(options.build, folder)
        odoo.start()
        for _ in range(options.count):
            for path in PATHS:
                for name in PORTS:
                    ask(name, path)
        call_from_cron(odoo)
        odoo.stop()
        return auditor.records()
    finally:
        stop.set()
        for thread in peers:
            if thread.is_alive():
                thread.join()
        if auditor:
            auditor.stop()
        odoo.cluster("stop", "-m", "fast")


def compare(records, count):
    """No call has another's database, and at least those that are certain have theirs."""
    opened = [body for body in records if body["kind"] == "open" and body["direction"] == "outbound" and
              body.get("dport") in DATABASE_OF]
    told = collections.Counter()
    for body in opened:
        name, evidence = body.get("database"), body.get("database_source") or body.get("database_reason")
        told[evidence, name is not None] += 1
        if name not in (None, DATABASE_OF[body["dport"]]):
            yield f"a call for {DATABASE_OF[body['dport']]} was told to be for {name} ({evidence})"
    for (evidence, known), calls in sorted(told.items(), key=str):
        print(f"  {'known' if known else 'unknown'}: {evidence}: {calls}")
    expected = {("query", True): 2 * count, ("thread-parent", True): 2 * count, ("process-parent", True): 2 * count,
                ("cron-title", True): 2}
    for key, calls in expected.items():
        if told[key] < calls:
            yield f"{told[key]} calls of at least {calls} have evidence {key[0]}"
    if len(opened) < (len(PATHS)) * 2 * count + 2:
        yield f"{len(opened)} calls were recorded"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int, default=5)
    options, folder = suite.begin(parser, "odoo-databases")
    records = measure(options, folder)
    problems = list(compare(records, options.count))
    return suite.end(problems, f"{len(records)} records")


if __name__ == "__main__":
    sys.exit(main())
