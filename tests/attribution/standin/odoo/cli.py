# SPDX-License-Identifier: GPL-2.0-or-later
"""Starts processes as Odoo's prefork server has them, and lets add-ons work through orders in each.

    odoo-bin [gevent] [-c FILE] --addons-path=DIR[,DIR]

Orders are lines of standard input, "ROLE ADDON FILE": add-on ADDON works through FILE (its module `orders` does)
in the process of that role; then what it left in `odoo.LATER` is called. The first line of standard output is JSON: the process numbers of the roles, and the
styles that work here. After that one line per order that is done. `master` works in the main thread; `http` and
`cron` are forked and work in a second thread; `gevent` executes the program again.
"""
import argparse
import importlib
import json
import os
import subprocess
import sys
import threading

import odoo.addons
import odoo.tools
from odoo.title import set_title

FORKED = {"http": "HTTP", "cron": "Cron"}


def work_through(addon, path):
    package = "odoo.addons." + addon
    importlib.import_module(package + ".orders").work(path, importlib.import_module(package + ".calls").call)
    while odoo.LATER:
        odoo.LATER.pop()()


def answer_to(addon, path):
    """One line: the file, or that nothing could be done with it."""
    answer = "failed"
    try:
        work_through(addon, path)
        answer = path
    finally:
        os.write(1, (answer + "\n").encode())


def serve(descriptor):
    """Lines "ADDON FILE" until the other end is closed."""
    with os.fdopen(descriptor) as lines:
        for line in lines:
            answer_to(*line.split())


def start_worker(kind, orders, ends_of_the_master):
    pid = os.fork()
    if pid:
        return pid
    try:
        for descriptor in ends_of_the_master:
            os.close(descriptor)
        if kind == "Cron":
            os.nice(10)
        set_title("odoo: Worker{} {} ".format(kind, os.getpid()))
        worker = threading.Thread(target=serve, args=(orders,))
        worker.start()
        worker.join()
    finally:
        os._exit(0)


def styles_here():
    for addon in ("corpus_source", "corpus_bytecode", "corpus_native"):
        if any(os.path.isdir(os.path.join(path, addon)) for path in odoo.addons.__path__):
            return importlib.import_module("odoo.addons." + addon + ".calls").available()
    return []


def prefork():
    pids, orders = {"master": os.getpid()}, {}
    for role, kind in FORKED.items():
        theirs, ours = os.pipe()
        pids[role], orders[role] = start_worker(kind, theirs, [ours, *orders.values()]), ours
        os.close(theirs)
    theirs, ours = os.pipe()
    gevent = subprocess.Popen([sys.executable, sys.argv[0], "gevent", *sys.argv[1:]], stdin=theirs)
    os.close(theirs)
    pids["gevent"], orders["gevent"] = gevent.pid, ours
    os.write(1, json.dumps({"pids": pids, "styles": styles_here()}).encode() + b"\n")
    for line in sys.stdin:
        role, addon, path = line.split()
        if role == "master":
            answer_to(addon, path)
        else:
            os.write(orders[role], (addon + " " + path + "\n").encode())
    for descriptor in orders.values():
        os.close(descriptor)
    for role in FORKED:
        os.waitpid(pids[role], 0)
    gevent.wait()


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("command", nargs="?", default="server", choices=["server", "gevent"])
    parser.add_argument("-c", "--config")
    parser.add_argument("--addons-path", required=True)
    options = parser.parse_args()
    odoo.addons.__path__.extend(options.addons_path.split(","))
    prefork() if options.command == "server" else serve(0)
