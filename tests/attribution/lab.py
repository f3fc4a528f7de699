# SPDX-License-Identifier: GPL-2.0-or-later
"""What the runs of the corpus share: a network of their own, the peers, an auditor in its default scope, the plan."""
import argparse
import json
import os
import subprocess
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [os.path.join(os.path.dirname(HERE), "system", "census")]
import run as census  # noqa: E402  the auditor, as the census drives it

PATIENCE = 300  # seconds for a file of orders
CLEAN = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL": "C.UTF-8", "PYTHONDONTWRITEBYTECODE": "1"}


def enter_own_network(*more):
    """Starts this program again in a network namespace that has nothing but a loopback device."""
    if "NETAUDIT_UNSHARED" not in os.environ:
        os.environ["NETAUDIT_UNSHARED"] = "1"
        os.execvp("unshare", ["unshare", "--net", *more, sys.executable, *sys.argv])
    subprocess.run(["ip", "link", "set", "lo", "up"], check=True)


def own_network():
    return os.stat("/proc/self/ns/net").st_ino


def read_lines(path):
    with open(path, encoding="utf-8") as file:
        return [json.loads(line) for line in file]


class Peers:
    def __init__(self, folder):
        self.folder = folder
        for name in ("peers.json", "truth.jsonl"):
            if os.path.exists(os.path.join(folder, name)):
                os.unlink(os.path.join(folder, name))
        self.process = subprocess.Popen([sys.executable, os.path.join(HERE, "peers.py"), folder], stdin=subprocess.PIPE)
        wait_for("the peers", lambda: os.path.exists(os.path.join(folder, "peers.json")), self.process)
        with open(os.path.join(folder, "peers.json"), encoding="ascii") as file:
            self.ports = json.load(file)
        self.certificate = os.path.join(folder, "peer.pem")

    def stop(self):
        self.process.stdin.close()
        self.process.wait()
        return read_lines(os.path.join(self.folder, "truth.jsonl"))


class Auditor:
    """netaudit-bpf, in its default scope unless told otherwise, and what it recorded."""

    def __init__(self, build, folder, scope="odoo", settings=()):
        self.options = argparse.Namespace(out=folder, programs=build, backend=os.environ.get("BACKEND", "auto"))
        self.auditor = census.Auditor(self.options, scope=scope, settings=settings)
        self.auditor.wait_ready()

    def records(self):
        self.auditor.wait_drained()
        status = self.auditor.stop()
        if status:
            raise SystemExit(f"FAIL: the auditor ended with status {status}:\n{self.auditor.log()}")
        path = os.path.join(self.options.out, "records.jsonl")
        with open(path, "wb") as file:
            if census.ask(self.options, self.auditor.state_dir, "log", "--json", "--all", "--lines", "0", output=file):
                raise SystemExit("FAIL: the journal could not be read")
        return [line["body"] for line in read_lines(path)]

    def stop(self):
        self.auditor.stop()


def wait_for(what, condition, process=None):
    deadline = time.monotonic() + PATIENCE
    while True:
        value = condition()
        if value:
            return value
        if process is not None and process.poll() is not None:
            raise SystemExit(f"FAIL: {what}: the process ended with {process.returncode}")
        if time.monotonic() > deadline:
            raise SystemExit(f"FAIL: {what}: did not happen within {PATIENCE} s")
        time.sleep(0.05)


class Plan:
    """All calls that are to be made. Numbers begin with a tag, which tells runs apart that share the peers."""

    def __init__(self, tag, to):
        self.tag, self.to, self.tokens = tag, to, []

    def order(self, addon, style, role, inner=None):
        token = f"corpus.{addon}.{style}.{role}.{self.tag}_{len(self.tokens)}"
        self.tokens.append(token)
        return {"style": style, "to": dict(self.to, style=inner) if inner else self.to, "token": token}


def write_orders(path, orders):
    with open(path, "w", encoding="ascii") as file:
        for order in orders:
            file.write(json.dumps(order) + "\n")
    os.chmod(path, 0o644)


def failures_of(path):
    """What went wrong in a file of orders; None while it is not finished."""
    if not os.path.exists(path + ".done"):
        return None
    with open(path + ".done", encoding="utf-8") as file:
        lines = file.read().splitlines()
    return [": ".join(json.loads(line)) for line in lines[:-1]] if lines[-1:] == ["end"] else None


def of_tag(truth, tag):
    """The truth of one run."""
    return [entry for entry in truth if entry["token"] and entry["token"].split(".")[4].startswith(tag + "_")]
