#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""The corpus on plain Pythons: every add-on makes every call, the peers say who it was, the journal has to agree.

    plain.py --build FOLDER [--count N] [--only STYLE,...] [INTERPRETER ...]

Interpreters are programs, or root folders with a Python in them; without any, those this machine has.
"""
import argparse
import glob
import json
import os
import re
import shutil
import subprocess
import sys

import addons
import compare
import lab

ODOO_FAKE = os.path.join(os.path.dirname(lab.HERE), "system", "odoo_fake")
ROLES = ("http", "cron", "gevent", "master")
MODEL_CALLS = "http_client"     # what the add-on does that another add-on's code calls


class Python:
    """One interpreter, the add-ons made for it, and the stand-in for Odoo that runs on it."""

    def __init__(self, place, folder, addons_path="addons"):
        self.addons_path = addons_path
        self.root = place if os.path.isdir(place) else ""
        enter = ["chroot", self.root] if self.root else []
        self.command = [*enter, "/usr/bin/python3" if self.root else place]
        version = subprocess.run([*self.command, "-c", "import sys; print('%d.%d' % sys.version_info[:2])"], check=True,
                                 stdout=subprocess.PIPE, text=True, env=lab.CLEAN).stdout.strip()
        self.name = version + (" in " + os.path.basename(place.rstrip("/")) if self.root else " " + place)
        self.tag = "p" + re.sub(r"\W", "", version) + "_" + str(abs(hash(place)) % 1000)
        self.inside = "/tmp/netaudit-corpus" if self.root else os.path.join(folder, self.tag)
        self.folder = self.root + self.inside
        shutil.rmtree(self.folder, ignore_errors=True)
        shutil.copytree(os.path.join(lab.HERE, "standin"), self.folder)
        shutil.copy(os.path.join(ODOO_FAKE, "title.py"), os.path.join(self.folder, "odoo"))
        self.missing = self.lay_out()

    def lay_out(self):
        """Puts the add-ons in place; {kind: why it cannot be had}."""
        interpreter = addons.Interpreter(self.command, [*self.command[:-1], "cython3"], self.root, "")
        return addons.make(os.path.join(self.folder, "addons"), interpreter, odoo=False)

    def start(self):
        script = os.path.join(self.inside, "odoo-bin")
        path = ",".join(os.path.join(self.inside, name) for name in self.addons_path.split(","))
        with open(os.path.join(self.folder, "odoo.conf"), "w", encoding="ascii") as config:
            config.write(f"[options]\naddons_path = {path}\n")
        self.process = subprocess.Popen([*self.command, script, "-c", os.path.join(self.inside, "odoo.conf"),
                                         "--addons-path=" + path], env=lab.CLEAN, stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE, text=True)
        self.hello = json.loads(self.process.stdout.readline())

    def stop(self):
        self.process.stdin.close()
        self.process.wait(60)
        self.process.stdout.close()

    def vendors(self):
        return [name for name, kind in addons.VENDORS.items() if kind not in self.missing]

    def work(self, to, count, only):
        """Has all calls made, role by role: (what was planned, what went wrong)."""
        plan, problems = lab.Plan(self.tag, to), []
        for role in ROLES:
            orders = {addons.CALLER: [plan.order(vendor, "model", role, MODEL_CALLS) for vendor in self.vendors()
                                      for _ in range(count) if not only or "model" in only]}
            for vendor in self.vendors():
                orders[vendor] = [plan.order(vendor, style, role) for style in self.hello["styles"]
                                  for _ in range(count) if not only or style in only]
            for addon, wanted in orders.items():
                name = f"orders-{role}-{addon}"
                lab.write_orders(os.path.join(self.folder, name), wanted)
                self.process.stdin.write(f"{role} {addon} {self.inside}/{name}\n")
                self.process.stdin.flush()
                if self.process.stdout.readline().strip() != f"{self.inside}/{name}":
                    raise SystemExit(f"FAIL: {self.name}: {role} ended while it worked for {addon}")
                problems += lab.failures_of(os.path.join(self.folder, name))
        return plan.tokens, problems


def interpreters_here():
    """Debian's own first, then whatever Python 3.8 or later is in PATH's folders or was made by tools/python-root."""
    found = ["/usr/bin/python3"]
    for pattern in (os.path.expanduser("~/.pyenv/versions/3.*/bin/python3"), "build/python-root/*"):
        found += sorted(path for path in glob.glob(pattern) if os.access(path, os.X_OK))
    return found


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--build", required=True)
    parser.add_argument("--count", type=int, default=10)
    parser.add_argument("--only", default="")
    parser.add_argument("--truth-only", action="store_true", help="without an auditor: are all calls made and told?")
    parser.add_argument("interpreters", nargs="*")
    options = parser.parse_args()
    lab.enter_own_network()
    folder = os.path.join(os.path.abspath(options.build), "tests", "attribution")
    os.makedirs(folder, exist_ok=True)
    pythons = [Python(place, folder) for place in options.interpreters or interpreters_here()]
    for python in pythons:
        for kind, why in python.missing.items():
            print(f"skip: {python.name}: no {kind} add-on: {why}")
    peers, auditor = lab.Peers(folder), None
    try:
        auditor = None if options.truth_only else lab.Auditor(options.build, folder)
        ran = [(python, *run(python, peers, options)) for python in pythons]
        records = auditor.records() if auditor else []
    finally:
        if auditor:
            auditor.stop()
        truth = peers.stop()
    return verdict(ran, truth, records, peers, options.truth_only)


def run(python, peers, options):
    to = dict(peers.ports, certificate=peers.certificate, curl="/usr/bin/curl", python=python.command[-1])
    if python.root:
        to["certificate"] = os.path.join(python.inside, "peer.pem")
        shutil.copy(peers.certificate, python.folder)
    python.start()
    try:
        return python.work(to, options.count, options.only.split(",") if options.only else [])
    finally:
        python.stop()


def verdict(ran, truth, records, peers, truth_only):
    failed = 0
    for python, plan, problems in ran:
        mine = lab.of_tag(truth, python.tag)
        problems += compare.complete(plan, mine)
        if not truth_only:
            ports = {entry["sport"] for entry in mine}
            theirs = [body for body in records if body.get("sport") in ports]
            problems += compare.report(plan, mine, theirs, set(peers.ports.values()), lab.own_network(), python.name)
        for problem in problems:
            print(f"FAIL: {python.name}: {problem}")
        failed += len(problems)
        print(f"{python.name}: {len(plan)} calls made and told")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
