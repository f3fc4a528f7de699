#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""The corpus in a real Odoo: add-ons call in every style, in HTTP, cron and gevent workers and in the shell.

    corpus.py --build FOLDER --root ODOO_ROOT [--count N] [--only STYLE,...] [--truth-only]

Odoo runs as its users run it: prefork with two HTTP workers, a cron worker and a gevent worker, on PostgreSQL. The
auditor is started before it, in its default scope. What is compared with what: tests/attribution/compare.py.
"""
import argparse
import base64
import json
import os
import shutil
import sys

import server
import suite

sys.path[:0] = [os.path.join(os.path.dirname(server.HERE), "attribution")]
import addons  # noqa: E402
import compare  # noqa: E402
import lab  # noqa: E402
import websocket  # noqa: E402
from vendor import calls  # noqa: E402  only for the names of the styles

THROUGH_CALLER = {"model": "http_client", "server_action": None, "server_action_mail": None}   # what the model does
ODOO_STYLES = ("mail_server", "iap")
ONLY_GEVENT = {"websocket": "http_client"}
PORTS = {"http": server.HTTP_PORT, "gevent": server.GEVENT_PORT}


class Corpus:
    def __init__(self, odoo, peers, options):
        self.odoo, self.count, self.only = odoo, options.count, options.only.split(",") if options.only else []
        shutil.copy(peers.certificate, odoo.own)
        self.plan = lab.Plan("odoo", dict(peers.ports, certificate=server.OWN + "/peer.pem", curl="/usr/bin/curl",
                                          python="/usr/bin/python3"))
        self.problems = []

    def wanted(self, styles):
        return [style for style in styles if not self.only or style in self.only]

    def orders(self, role):
        """{add-on whose code takes the order: orders}."""
        vendors = list(addons.VENDORS)
        orders = {vendor: [self.plan.order(vendor, style, role) for style in self.wanted([*calls.STYLES, *ODOO_STYLES])
                           for _ in range(self.count)] for vendor in vendors}
        orders[addons.CALLER] = [self.plan.order(vendor, style, role, THROUGH_CALLER[style])
                                 for style in self.wanted(THROUGH_CALLER) for vendor in vendors
                                 for _ in range(self.count)]
        return orders

    def write(self, role, orders):
        paths = {}
        for addon, lines in orders.items():
            if lines:
                paths[addon] = f"{server.OWN}/orders-{role}-{addon}"
                lab.write_orders(self.odoo.root + paths[addon], lines)
        self.odoo.inside("chown", "-R", "odoo:", server.OWN)
        return paths

    def collect(self, role, paths):
        for addon, path in paths.items():
            failed = lab.wait_for(f"{role}: the orders of {addon}", lambda: self.finished(path), self.odoo.master)
            self.problems += failed[0]

    def finished(self, path):
        failures = lab.failures_of(self.odoo.root + path)
        return None if failures is None else [failures]

    def over_http(self, role):
        for addon, orders in self.orders(role).items():
            for order in orders:
                status, text = self.odoo.ask(PORTS[role], f"/{addon}/call", json.dumps(order))
                if status != 200:
                    self.problems.append(f"{order['token']}: status {status}: {text[-2000:]}")

    def over_websocket(self):
        for style, inner in ONLY_GEVENT.items():
            for vendor in addons.VENDORS if self.wanted([style]) else ():
                for _ in range(self.count):
                    order = self.plan.order(vendor, style, "gevent")
                    text = base64.b64encode(json.dumps(dict(order, style=inner)).encode()).decode()
                    websocket.subscribe(server.HOST, server.GEVENT_PORT, f"{vendor}!{text}")

    def over_cron(self):
        orders = self.orders("cron")
        paths = self.write("cron", orders)
        script = "".join(f"env['corpus_caller.calls'].corpus_schedule({addon!r}, {path!r})\n"
                         for addon, path in paths.items()) + "env.cr.commit()\n"
        self.run_shell(script)
        self.collect("cron", paths)

    def over_shell(self):
        paths = self.write("shell", self.orders("shell"))
        self.run_shell("".join(f"env['{addon}.calls'].corpus_job({path!r})\n" for addon, path in paths.items()))
        self.collect("shell", paths)

    def run_shell(self, script):
        if self.odoo.shell(script):
            self.problems.append("the shell failed")

    def run(self):
        self.over_http("http")
        self.over_cron()
        self.over_http("gevent")
        self.over_websocket()
        self.over_shell()


def measure(options, folder):
    """(corpus, truth, records, ports of the peers)"""
    odoo = server.Server(options.root, os.path.join(folder, "private"))
    interpreter = addons.Interpreter(["chroot", odoo.root, "python3"], odoo.root)
    missing = addons.make(odoo.own + "/addons", interpreter, odoo=True)
    if missing:
        raise SystemExit(f"FAIL: add-ons that could not be made: {missing}")
    odoo.configure(server.OWN + "/addons")
    odoo.cluster("start")
    peers, auditor = lab.Peers(folder), None
    try:
        odoo.install([*addons.VENDORS, addons.CALLER, addons.POOL])
        auditor = None if options.truth_only else lab.Auditor(options.build, folder)
        corpus = Corpus(odoo, peers, options)
        odoo.start()
        try:
            corpus.run()
        finally:
            odoo.stop()
        records = auditor.records() if auditor else []
    finally:
        if auditor:
            auditor.stop()
        truth = peers.stop()
        odoo.cluster("stop", "-m", "fast")
    return corpus, truth, records, set(peers.ports.values())


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int, default=10)
    parser.add_argument("--only", default="", help="styles, separated by commas")
    parser.add_argument("--truth-only", action="store_true", help="without an auditor: are all calls made and told?")
    options, folder = suite.begin(parser, "odoo-corpus")
    corpus, truth, records, ports = measure(options, folder)
    tokens, problems = corpus.plan.tokens, corpus.problems
    if options.truth_only:
        problems += compare.complete(tokens, truth)
    else:
        problems += compare.compare(tokens, truth, records, ports, lab.own_network(), "Odoo")
    return suite.end(problems, f"{len(tokens)} calls planned")


if __name__ == "__main__":
    sys.exit(main())
