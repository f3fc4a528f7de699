#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""What the auditor costs a real Odoo: processor time of its HTTP worker per request, with and without.

    odoo_cost.py --build FOLDER --root ODOO_ROOT [--pairs N] [--requests N] [--json FILE]

Every round has four runs of each page, one after another in the same worker: without anything, audited (default scope),
without again (the noise), and with the interceptor, an add-on that records the same fields from inside Python. Figures
are medians over the rounds of the ratio to the round's two runs without.
"""
import argparse
import json
import os
import re
import shutil
import statistics
import sys

from auditor import CLOCK_TICKS, Auditor

TESTS = os.path.join(os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__)))), "tests")
sys.path[:0] = [os.path.join(TESTS, "odoo"), os.path.join(TESTS, "attribution")]
import addons  # noqa: E402
import lab  # noqa: E402
import server  # noqa: E402

AIMS = {"/web/login": 1, "one HTTPS call": 2}   # per cent, of the worker's processor time
INTERCEPTOR = os.path.join(os.path.dirname(os.path.abspath(__file__)), "interceptor")
VARIANTS = ("without", "audited", "again", "intercepted")
WARM_UP = 30


def worker_ns(pid):
    """Processor time of all threads of a process that live now."""
    total = 0
    for thread in os.listdir(f"/proc/{pid}/task"):
        with open(f"/proc/{pid}/task/{thread}/schedstat", encoding="ascii") as file:
            total += int(file.read().split()[0])
    return total


def auditor_ns(auditor):
    """Processor time of the auditor's processes; in hundredths of a second, as /proc has it."""
    ticks = 0
    for component in auditor.status()["components"].values():
        with open(f"/proc/{component['pid']}/stat", encoding="ascii") as file:
            ticks += sum(map(int, file.read().rpartition(")")[2].split()[11:13]))
    return ticks * 1_000_000_000 // CLOCK_TICKS


class Cost:
    def __init__(self, options, odoo, peers):
        self.options, self.odoo = options, odoo
        shutil.copy(peers.certificate, odoo.own)
        odoo.inside("chown", "-R", "odoo:", server.OWN)
        to = dict(peers.ports, certificate=server.OWN + "/peer.pem")
        order = json.dumps({"style": "requests", "to": to, "token": "corpus.corpus_source.requests.http.cost"})
        self.pages = {"/web/login": ("/web/login", None), "one HTTPS call": ("/corpus_source/call", order)}
        pid, = re.findall(r"Worker WorkerHTTP \((\d+)\) alive", odoo.log())
        self.worker = int(pid)

    def requests(self, page, count):
        """Microseconds of the worker's processor time a request."""
        path, body = self.pages[page]
        before = worker_ns(self.worker)
        for _ in range(count):
            status, text = self.odoo.ask(server.HTTP_PORT, path, body)
            if status != 200:
                raise SystemExit(f"odoo_cost: {path} was answered with {status}: {text[-1000:]}")
        return (worker_ns(self.worker) - before) / count / 1000

    def run(self, page, variant):
        count, result = self.options.requests, {}
        auditor = None
        if variant == "audited":
            auditor = Auditor(os.path.join(self.options.build, "netaudit-bpf"), scope="odoo")
        if variant == "intercepted":
            self.odoo.ask(server.HTTP_PORT, "/interceptor/on")
        try:
            self.requests(page, WARM_UP)
            if auditor:
                auditor.wait_drained()
                before = auditor_ns(auditor)
            result["us"] = self.requests(page, count)
            if auditor:
                auditor.wait_drained()
                result["auditor_us"] = (auditor_ns(auditor) - before) / count / 1000
        finally:
            if auditor:
                auditor.stop()
            if variant == "intercepted":
                result["intercepted"] = int(self.odoo.ask(server.HTTP_PORT, "/interceptor/off")[1])
        return result

    def rounds(self, page):
        for number in range(self.options.pairs):
            yield {variant: self.run(page, variant) for variant in VARIANTS}
            print(f"odoo_cost: {page}: round {number + 1} of {self.options.pairs}", file=sys.stderr, flush=True)


def summary(rounds):
    """Medians; per cent are of the mean of the two runs without in the same round."""
    def more(variant, base):
        return statistics.median(100 * (one[variant]["us"] / base(one) - 1) for one in rounds)

    def both(one):
        return (one["without"]["us"] + one["again"]["us"]) / 2
    return {"us": statistics.median(map(both, rounds)), "audited": more("audited", both),
            "again": more("again", lambda one: one["without"]["us"]), "intercepted": more("intercepted", both),
            "spread": [min(100 * (one["audited"]["us"] / both(one) - 1) for one in rounds),
                       max(100 * (one["audited"]["us"] / both(one) - 1) for one in rounds)],
            "auditor_us": statistics.median(one["audited"]["auditor_us"] for one in rounds)}


def tell(page, figures):
    print(f"{page}: {figures['us'] / 1000:.2f} ms of processor time a request, {1e6 / figures['us']:.0f} requests a "
          f"second of it")
    low, high = figures["spread"]
    print(f"  audited         {figures['audited']:+6.2f} %  (aim: below {AIMS[page]} %; rounds from {low:+.2f} to "
          f"{high:+.2f} %)")
    print(f"  the noise       {figures['again']:+6.2f} %")
    print(f"  intercepted     {figures['intercepted']:+6.2f} %")
    print(f"  the auditor's own processes: {figures['auditor_us'] / 1000:.2f} ms a request, not in the above")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--build", required=True)
    parser.add_argument("--root", required=True)
    parser.add_argument("--pairs", type=int, default=10)
    parser.add_argument("--requests", type=int, default=200)
    parser.add_argument("--json")
    options = parser.parse_args()
    if "NETAUDIT_UNSHARED" not in os.environ:
        status = server.prepared(options.root)
        if status:
            return 0 if status == 77 else 1
    lab.enter_own_network("--mount")
    folder = os.path.join(os.path.abspath(options.build), "bench-odoo")
    os.makedirs(folder, exist_ok=True)
    odoo = server.Server(options.root, os.path.join(folder, "private"))
    addons.make(odoo.own + "/addons", addons.Interpreter(["chroot", odoo.root, "python3"], odoo.root), odoo=True)
    shutil.copytree(INTERCEPTOR, odoo.own + "/addons/interceptor")
    odoo.configure(server.OWN + "/addons", workers=1, max_cron_threads=0)
    odoo.cluster("start")
    peers = lab.Peers(folder)
    try:
        odoo.install(["corpus_source", "interceptor"])
        odoo.start()
        try:
            cost = Cost(options, odoo, peers)
            rounds = {page: list(cost.rounds(page)) for page in cost.pages}
        finally:
            odoo.stop()
    finally:
        peers.stop()
        odoo.cluster("stop", "-m", "fast")
    figures = {page: summary(rounds[page]) for page in rounds}
    for page in figures:
        tell(page, figures[page])
    if options.json:
        with open(options.json, "w", encoding="ascii") as file:
            json.dump({"figures": figures, "rounds": rounds}, file, indent=1)
    return 0


if __name__ == "__main__":
    sys.exit(main())
