#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""The corpus on plain Pythons: every add-on makes every call, the peers say who it was, the journal has to agree.

    plain.py --build FOLDER [--count N] [--only STYLE,...] [--lay-out | --laid-out] [INTERPRETER ...]

Interpreters are programs, or ROOT:PROGRAM for one inside a root folder; without any, those this machine has. The
add-ons can be laid out on one machine (with every library), and called on another that has no compiler.
"""
import argparse
import glob
import json
import os
import re
import shutil
import subprocess
import sys
import zlib

import addons
import compare
import lab

ODOO_FAKE = os.path.join(os.path.dirname(lab.HERE), "system", "odoo_fake")
ROLES = ("http", "cron", "gevent", "master")
LIBRARIES = ("requests", "urllib3", "idna", "certifi", "chardet", "six", "httpx", "httpcore", "h11", "anyio", "sniffio",
             "rfc3986")
CURL, WITH_CURL = "/usr/bin/curl", ("curl", "shell", "posix_spawn", "thread_then_curl")
MODEL_CALLS = "http_client"     # what the add-on does that another add-on's code calls


class Python:
    """One interpreter, the add-ons made for it, and the stand-in for Odoo that runs on it."""

    def __init__(self, place, folder, addons_path="addons", lend=False, laid_out=False):
        self.root, _, program = place.rpartition(":")
        self.addons_path = addons_path
        self.command = [*(["chroot", self.root] if self.root else []), program]
        version = subprocess.run([*self.command, "-c", "import sys; print('%d.%d' % sys.version_info[:2])"], check=True,
                                 stdout=subprocess.PIPE, text=True, env=lab.CLEAN).stdout.strip()
        for arguments in (("-t", "proc", "proc", self.root + "/proc"), ("--bind", "/dev", self.root + "/dev")):
            if self.root:
                subprocess.run(["mount", *arguments], check=True)
        self.name = version + " " + place
        self.tag = "p" + re.sub(r"\W", "", version) + "_" + f"{zlib.crc32(place.encode()) % 10000}"
        self.inside = os.path.join("/tmp/netaudit-corpus" if self.root else folder, self.tag)
        self.folder = self.root + self.inside
        self.libraries = self.inside + "/lib/python3/dist-packages"
        if laid_out:
            self.missing = {kind: "it was not laid out" for name, kind in addons.VENDORS.items()
                            if not os.path.isdir(os.path.join(self.folder, "addons", name))}
            return
        shutil.rmtree(self.folder, ignore_errors=True)
        shutil.copytree(os.path.join(lab.HERE, "standin"), self.folder)
        shutil.copy(os.path.join(ODOO_FAKE, "title.py"), os.path.join(self.folder, "odoo"))
        self.lend_libraries(lend)
        self.missing = self.lay_out()

    def lend_libraries(self, always):
        """An interpreter without requests and httpx gets this machine's: they are Python only."""
        os.makedirs(self.root + self.libraries)
        for name in LIBRARIES if always or self.fails("import requests, httpx") else ():
            for path in glob.glob(f"/usr/lib/python3/dist-packages/{name}") + \
                    glob.glob(f"/usr/lib/python3/dist-packages/{name}.py"):
                copy = shutil.copytree if os.path.isdir(path) else shutil.copy
                copy(path, os.path.join(self.root + self.libraries, os.path.basename(path)))

    def fails(self, program):
        return subprocess.run([*self.command, "-c", program], stderr=subprocess.DEVNULL, env=lab.CLEAN).returncode

    def lay_out(self):
        """Puts the add-ons in place; {kind: why it cannot be had}."""
        return addons.make(os.path.join(self.folder, "addons"), addons.Interpreter(self.command, self.root), odoo=False)

    def start(self):
        script = os.path.join(self.inside, "odoo-bin")
        path = ",".join(os.path.join(self.inside, name) for name in self.addons_path.split(","))
        with open(os.path.join(self.folder, "odoo.conf"), "w", encoding="ascii") as config:
            config.write(f"[options]\naddons_path = {path}\n")
        self.process = subprocess.Popen([*self.command, script, "-c", os.path.join(self.inside, "odoo.conf"),
                                         "--addons-path=" + path], stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE, text=True,
                                        env=dict(lab.CLEAN, PYTHONPATH=self.libraries))
        self.hello = json.loads(self.process.stdout.readline())

    def stop(self):
        self.process.stdin.close()
        self.process.wait(60)
        self.process.stdout.close()

    def vendors(self):
        return [name for name, kind in addons.VENDORS.items() if kind not in self.missing]

    def styles(self):
        """What works here: an interpreter's root may have no curl."""
        curl = os.path.exists(self.root + CURL)
        return [style for style in self.hello["styles"] if curl or style not in WITH_CURL]

    def work(self, to, count, only):
        """Has all calls made, role by role: (what was planned, what went wrong)."""
        plan, problems = lab.Plan(self.tag, to), []
        for role in ROLES:
            orders = {addons.CALLER: [plan.order(vendor, "model", role, MODEL_CALLS) for vendor in self.vendors()
                                      for _ in range(count) if not only or "model" in only]}
            for vendor in self.vendors():
                orders[vendor] = [plan.order(vendor, style, role) for style in self.styles() for _ in range(count)
                                  if not only or style in only]
            for addon, wanted in orders.items():
                name = f"orders-{role}-{addon}"
                lab.write_orders(os.path.join(self.folder, name), wanted)
                self.process.stdin.write(f"{role} {addon} {self.inside}/{name}\n")
                self.process.stdin.flush()
                if self.process.stdout.readline().strip() != f"{self.inside}/{name}":
                    raise SystemExit(f"FAIL: {self.name}: {role} could not work for {addon}")
                problems += lab.failures_of(os.path.join(self.folder, name))
        return plan.tokens, problems


def interpreters_here():
    """Debian's own first, then those somebody built, then those of tools/python-root."""
    found = ["/usr/bin/python3"]
    for path in sorted(glob.glob(os.path.expanduser("~/.pyenv/versions/3.*/bin/python3.*"))):
        if re.search(r"/python3\.(9|1\d)$", path):
            found.append(path)
    for path in sorted(glob.glob(os.path.abspath("build/python-roots") + "/*/usr/bin/python3.*")):
        root, name = path.split("/usr/bin/")
        if re.fullmatch(r"python3\.\d+", name):
            found.append(f"{root}:/usr/bin/{name}")
    return found


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--build", required=True)
    parser.add_argument("--count", type=int, default=10)
    parser.add_argument("--only", default="")
    parser.add_argument("--truth-only", action="store_true", help="without an auditor: are all calls made and told?")
    parser.add_argument("--lay-out", action="store_true", help="only make the add-ons, for --laid-out elsewhere")
    parser.add_argument("--laid-out", action="store_true", help="the add-ons are there")
    parser.add_argument("interpreters", nargs="*")
    options = parser.parse_args()
    lab.enter_own_network("--mount")
    folder = os.path.join(os.path.abspath(options.build), "tests", "attribution")
    os.makedirs(folder, exist_ok=True)
    pythons = [Python(place, folder, lend=options.lay_out, laid_out=options.laid_out)
               for place in options.interpreters or interpreters_here()]
    for python in pythons:
        for kind, why in python.missing.items():
            print(f"skip: {python.name}: no {kind} add-on: {why}")
    if options.lay_out:
        return 0
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
    to = dict(peers.ports, certificate=peers.certificate, curl=CURL, python=python.command[-1])
    if python.root:
        to["certificate"] = os.path.join(python.inside, "peer.pem")
        shutil.copy(peers.certificate, python.folder)
    python.start()
    try:
        return python.work(to, options.count, options.only.split(",") if options.only else [])
    finally:
        python.stop()


def verdict(ran, truth, records, peers, truth_only):
    """Source ports are used again by the next interpreter: everything is joined first, then told apart by its tag."""
    calls, shared = ([], []) if truth_only else \
        compare.join(truth, records, set(peers.ports.values()), lab.own_network())
    shared += compare.contradictions(records)
    for problem in shared:
        print(f"FAIL: {problem}")
    failed = len(shared)
    for python, plan, problems in ran:
        mine = lab.of_tag(truth, python.tag)
        if truth_only:
            problems += compare.complete(plan, mine)
        else:
            problems += compare.report(plan, mine, [call for call in calls if of_run(call, python)], python.name)
        for problem in problems:
            print(f"FAIL: {python.name}: {problem}")
        failed += len(problems)
        print(f"{python.name}: {len(plan)} calls made and told")
    return 1 if failed else 0


def of_run(call, python):
    return call.token.number.startswith(python.tag + "_")


if __name__ == "__main__":
    sys.exit(main())
