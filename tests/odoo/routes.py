#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Whose controller handled a request, on a real Odoo: each connection has the one author that is written here.

    routes.py --build FOLDER --root ODOO_ROOT [--count N] [--prepared]

Odoo runs prefork with two HTTP workers and a gevent worker, its database is asked over TCP. The auditor is started
before it, in its default scope. Requests come one at a time, each on a connection of its own, whose port finds it
among the records.
"""
import argparse
import collections
import os
import shutil
import socket
import sys
import time

import server
import suite

sys.path[:0] = [os.path.join(os.path.dirname(server.HERE), "attribution")]
import lab  # noqa: E402

ADDONS = ("netaudit_first", "netaudit_second")
PAUSE = 0.6     # seconds between requests: how many queries of a connection are examined is bounded in time
UNKNOWN = None
Case = collections.namedtuple("Case", "path answer function")
CASES = (   # the add-on, and the function that is named as its controller; UNKNOWN: nothing proves one
    Case("/netaudit_first/asks", "netaudit_first", "First.asks"),
    Case("/netaudit_second/asks", "netaudit_second", "Second.asks"),    # first's helper asks
    Case("/netaudit_first/silent", UNKNOWN, None),
    Case("/netaudit_first/fails", "netaudit_first", "First.fails"),
    Case("/netaudit_first/extended", "netaudit_second", "Extended.extended"),
    Case("/netaudit_first/model", "netaudit_first", "First.model"),
    Case("/netaudit_second/decorated", UNKNOWN, None),
    Case("/web/login", "web", "Home.web_login"),
    Case("/netaudit_no_such_page", UNKNOWN, None),
)


def ask(path, port=server.HTTP_PORT):
    """(our port, the status) of one request on a connection of its own."""
    with socket.create_connection((server.HOST, port), timeout=server.PATIENCE) as connection:
        connection.sendall(f"GET {path} HTTP/1.0\r\nHost: {server.HOST}\r\n\r\n".encode())
        answer = b""
        while chunk := connection.recv(65536):
            answer += chunk
        return connection.getsockname()[1], answer.split(b" ", 2)[1].decode()


def measure(options, folder):
    odoo = server.Server(options.root, os.path.join(folder, "private"))
    for name in ADDONS:
        shutil.copytree(os.path.join(server.HERE, "addons", name), f"{odoo.own}/route-addons/{name}")
    odoo.configure(server.OWN + "/route-addons", db_host=server.HOST, db_user="odoo")
    odoo.start_database_for_tcp()
    auditor, asked = None, []
    try:
        odoo.install(ADDONS)
        auditor = lab.Auditor(options.build, folder)
        odoo.start()
        for case in CASES * options.count:
            time.sleep(PAUSE)
            asked.append((case, *ask(case.path)))
        odoo.stop()
        return asked, auditor.records()
    finally:
        if auditor:
            auditor.stop()
        odoo.cluster("stop", "-m", "fast")


def told(records, port):
    """{connections from that port to the HTTP server: what was told of their authors later}"""
    opened = {body["flow"]: [] for body in records if body["kind"] == "open" and body.get("sport") == port and
              body["direction"] == "inbound" and body["dport"] == server.HTTP_PORT}
    for body in records:
        if body["kind"] == "author" and body["flow"] in opened:
            opened[body["flow"]].append(body)
    return opened


def compare(asked, records):
    """Each request's connection was recorded once; the add-on named for it is the one that is written above."""
    for case, port, status in asked:
        flows = told(records, port)
        if len(flows) != 1:
            yield f"{case.path}: {len(flows)} connections were recorded"
            continue
        answers = [(body["author"], body.get("addon"), body["evidence"], body.get("frame_function"), body["addons"])
                   for body in next(iter(flows.values()))]
        expected = [] if case.answer is UNKNOWN else [("addon", case.answer, "route", case.function, [case.answer])]
        if answers != expected:
            yield f"{case.path} (status {status}): {answers}, should be {expected}"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int, default=3)
    options, folder = suite.begin(parser, "odoo-routes")
    asked, records = measure(options, folder)
    problems = list(compare(asked, records))
    return suite.end(problems, f"{len(asked)} requests")


if __name__ == "__main__":
    sys.exit(main())
