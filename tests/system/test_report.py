#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""The Trust Report on real traffic: its numbers against a recount of the journal, and a verdict that flips and flips back.

usage: test_report.py BUILD; as root, with the users netaudit and netaudit-sign. Traffic stays in a network namespace.
"""
import base64
import collections
import contextlib
import hashlib
import ipaddress
import json
import os
import re
import shutil
import signal
import sqlite3
import ssl
import subprocess
import sys
import tempfile
import threading
import time
import unittest

import prometheus_client.parser

BUILD = os.path.abspath(sys.argv.pop(1)) if len(sys.argv) > 1 else "build"
CATALOGUE = os.path.abspath(os.path.join(os.path.dirname(__file__), "../../catalogue"))
PATIENCE = int(os.environ.get("NETAUDIT_PATIENCE", "60"))  # seconds; only ends a test that would wait forever
VENDOR, PROVIDER, NOBODY, NEWCOMER = ("198.51.100.1", "198.51.100.2", "198.51.100.3", "198.51.100.4")
HOSTILE = "<script>x\x1b[31m\u202e'\""

# Runs inside the namespace: address and bytes in each line of its input, one connection for each.
TRAFFIC = r"""
import socket, sys, threading
listener = socket.create_server(("0.0.0.0", 8081))
def serve():
    while True:
        peer, _ = listener.accept()
        while peer.recv(65536):
            pass
        peer.send(b"answer")
        peer.close()
threading.Thread(target=serve, daemon=True).start()
datagrams = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
print("ready", flush=True)
for line in sys.stdin:
    kind, where, size = line.rstrip("\n").split("\t")
    if kind == "tcp":
        with socket.create_connection((where, 8081), source_address=(where, 0)) as peer:
            peer.sendall(b"x" * int(size))
            peer.shutdown(socket.SHUT_WR)
            while peer.recv(100):
                pass
    elif kind == "hex":
        with socket.create_connection((where, 8081), source_address=(where, 0)) as peer:
            peer.sendall(bytes.fromhex(size))
            peer.shutdown(socket.SHUT_WR)
            while peer.recv(100):
                pass
    elif kind == "ask":
        datagrams.sendto(bytes.fromhex(size), (where, 53))
    elif kind == "udp":
        datagrams.sendto(b"x" * int(size), (where, 9))
    else:
        with socket.socket(socket.AF_UNIX) as server, socket.socket(socket.AF_UNIX) as local:
            server.bind(where)
            server.listen()
            local.connect(where)
    print("done", flush=True)
"""


def wait_for(what, condition):
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        result = condition()
        if result:
            return result
        time.sleep(0.05)
    raise AssertionError("waited in vain for " + what)


def records(folder):
    """Every record's body, in order: read without any of the code under test."""
    with contextlib.closing(sqlite3.connect(f"file:{folder}/state/journal/journal.db?mode=ro", uri=True)) as journal:
        for seq, body in journal.execute("SELECT seq, body FROM record ORDER BY seq"):
            yield seq, json.loads(body)


def caller(body):
    return body.get("src", "") if body.get("bucket") not in (None, "unknown", "internal") else ""


def destination_of(body):
    names = body.get("dns_names", [])
    if body["direction"] == "inbound":
        return caller(body)
    if "host" in body:
        return re.fullmatch(r"\[?(.*?)\]?(:[0-9]*)?", body["host"]).group(1) if body["host"].count(":") < 2 or "[" in body["host"] else \
            body["host"]
    if "resolved" in body and not body.get("dns_disagrees"):
        return body["resolved"]
    if names and (len(names) == 1 or body.get("dns_disagrees")):
        return names[0]
    if "dst" in body:
        with contextlib.suppress(ValueError):
            return str(ipaddress.ip_address(body["dst"]))
    return body.get("path", "")


def recount(folder):
    """Calls, exchanges, bytes out and in, by direction, bucket, component, destination, author, add-on and chain."""
    counted = collections.defaultdict(lambda: [0, 0, 0, 0])
    flows = {}
    for _, body in records(folder):
        kind = body["kind"]
        if kind not in ("open", "progress", "close", "datagram", "exchange"):
            continue
        where, flow = destination_of(body), body.get("flow")
        known = flows.get(flow)
        if known and known[0] and (kind != "exchange" or not where and body.get("bucket") != "internal"):
            where = known[0]
        key = (body.get("direction", "outbound"), body.get("bucket", "unknown"), body.get("component", ""), where,
               body.get("author", ""), body.get("addon", ""), json.dumps(body.get("addons", [])), body.get("instance", ""))
        row = counted[key]
        if kind == "open":
            row[0] += 1
            flows[flow] = [where, 0, 0]
        elif kind == "exchange":
            row[1] += 1
        elif kind == "datagram":
            row[0] += flow not in flows
            row[2] += body["bytes_out"]
            row[3] += body["bytes_in"]
            flows[flow] = [where, 0, 0]
        else:
            before = flows.setdefault(flow, [where, 0, 0])
            row[2] += body["bytes_out"] - before[1]
            row[3] += body["bytes_in"] - before[2]
            flows[flow] = [where, body["bytes_out"], body["bytes_in"]]
    return {key: tuple(row) for key, row in counted.items()}


class Report(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.mkdtemp(prefix="netaudit-report-")
        os.chmod(cls.folder, 0o755)
        os.mkdir(f"{cls.folder}/site", 0o755)
        with open(f"{cls.folder}/site/10-test.ini", "w", encoding="ascii") as file:
            file.write(f"[acme]\nbucket = vendor\naddress = {VENDOR}\nlicence_addon = acme_lock\n"
                       f"licence_call_bytes = 1000\nlicence_day_bytes = 2000\n"
                       f"[provider]\nbucket = third-party\naddress = {PROVIDER}\n")
        cls.namespace = f"na-report-{os.getpid()}"
        subprocess.run(["ip", "netns", "add", cls.namespace], check=True)
        inside = ["ip", "-n", cls.namespace]
        subprocess.run([*inside, "link", "set", "lo", "up"], check=True)
        subprocess.run([*inside, "addr", "add", "198.51.100.0/24", "dev", "lo"], check=True)
        cls.daemon = None
        cls.start_daemon()
        cls.traffic = subprocess.Popen(["ip", "netns", "exec", cls.namespace, "python3", "-c", TRAFFIC], text=True,
                                       stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        cls.traffic.stdout.readline()
        wait_for("the traffic's author", cls.is_author_known)

    @classmethod
    def is_author_known(cls):
        """Another call of the traffic: whether its interpreter was found out by then."""
        cls.traffic.stdin.write("tcp\t127.0.0.1\t1\n")
        cls.traffic.stdin.flush()
        cls.traffic.stdout.readline()
        return any(body.get("author") == "library" and body.get("dst") == "127.0.0.1" and body.get("dport") == 8081
                   for _, body in records(cls.folder))

    @classmethod
    def start_daemon(cls):
        cls.log = open(f"{cls.folder}/log", "a", encoding="utf-8")
        cls.daemon = subprocess.Popen(
            [f"{BUILD}/netaudit-bpf", "--config", "/dev/null", "--state-dir", f"{cls.folder}/state", "--run-dir",
             f"{cls.folder}/run", "--scope", "host", "--shipped-dir", CATALOGUE, "--site-dir", f"{cls.folder}/site"],
            stdout=cls.log, stderr=cls.log)
        wait_for("the daemon", lambda: cls.status().get("state") == "running")

    @classmethod
    def stop_daemon(cls):
        if cls.daemon and cls.daemon.poll() is None:
            cls.daemon.send_signal(signal.SIGTERM)
            cls.daemon.wait(PATIENCE)
        cls.log.close()

    @classmethod
    def tearDownClass(cls):
        cls.traffic.stdin.close()
        cls.traffic.wait(PATIENCE)
        cls.traffic.stdout.close()
        cls.stop_daemon()
        subprocess.run(["ip", "netns", "del", cls.namespace], check=False)
        shutil.rmtree(cls.folder)

    @classmethod
    def status(cls):
        try:
            with open(f"{cls.folder}/run/status.json", encoding="utf-8") as file:
                return json.load(file)
        except (FileNotFoundError, ValueError):
            return {}

    def call(self, kind, where, size=0):
        self.traffic.stdin.write(f"{kind}\t{where}\t{size}\n")
        self.traffic.stdin.flush()
        self.assertEqual(self.traffic.stdout.readline(), "done\n")

    def run_command(self, *arguments, code=0, place=None):
        ended = subprocess.run([f"{BUILD}/netaudit", *arguments, "--state-dir", place or f"{self.folder}/state", "--run-dir",
                                place or f"{self.folder}/run"], capture_output=True, text=True, check=False)
        self.assertEqual(ended.returncode, code, ended.stderr + ended.stdout)
        return ended.stdout

    def report(self, *arguments, **options):
        return self.run_command("report", "--shipped", CATALOGUE, "--site", f"{self.folder}/site", *arguments, **options)

    def findings(self):
        """{(rule, subject): finding} of what this test did; the rest of the machine is none of its business."""
        report = json.loads(self.report("--json"))
        return {(finding["rule"], finding["subject"]): finding for finding in report["findings"]
                if finding["subject"].startswith("198.51.100.") or finding["subject"] == "acme"}

    def settle(self, address, connections=1):
        """Until so many connections to the address have ended, and the sums know of it."""
        def ended():
            return sum(body["kind"] == "close" and body.get("dst") == address and body["direction"] == "outbound"
                       for _, body in records(self.folder)) >= connections
        wait_for(f"{connections} records of {address}", ended)
        self.wait_counted()

    def wait_counted(self):
        """The index is made in the time that the journal leaves: on a busy machine it is behind for a while."""
        wait_for("the sums", lambda: json.loads(self.report("--quick", "--json"))["not_counted"] < 20)

    def test_1_the_verdict_flips_and_flips_back(self):
        self.call("tcp", PROVIDER, 5000)
        self.settle(PROVIDER)
        self.assertEqual(self.findings(), {})
        self.call("tcp", NOBODY, 300)
        self.settle(NOBODY)
        self.assertIn(("uncatalogued", NOBODY), self.findings())
        self.run_command("acknowledge", "uncatalogued", NOBODY, "--reason", "a test " + HOSTILE)
        wait_for("the acknowledgement", lambda: "acknowledged_by" in self.findings()["uncatalogued", NOBODY])
        self.run_command("catalogue", "add", "newcomer", NEWCOMER, "--bucket", "third-party", "--reason", "a test",
                         "--shipped", CATALOGUE, "--site", f"{self.folder}/site")
        self.call("tcp", NEWCOMER, 10)
        self.settle(NEWCOMER)
        self.assertNotIn(("uncatalogued", NEWCOMER), self.findings())
        changes = [body for _, body in records(self.folder) if body["kind"] == "catalogue"]
        self.assertEqual([(body["component"], body["uid"]) for body in changes], [("newcomer", 0)])
        self.call("tcp", VENDOR, 1500)
        self.settle(VENDOR)
        found = self.findings()
        self.assertIn(("vendor-author", VENDOR), found)
        self.assertIn(("vendor-call", VENDOR), found)
        self.assertNotIn(("vendor-day", "acme"), found)
        self.assertIn(("vendor-inbound", VENDOR), found)    # it is a peer of itself here
        self.call("tcp", VENDOR, 800)
        self.settle(VENDOR, 2)
        self.assertIn(("vendor-day", "acme"), self.findings())
        self.report("--exit-code", code=11)
        self.assertTrue(self.report().startswith("verdict\talarm\n"))

    def test_1_then_a_catalogue_that_notices_less_is_attention_until_acknowledged(self):
        def relaxed():
            return [finding for finding in json.loads(self.report("--json"))["findings"] if finding["rule"] == "relaxed"]
        where = ("--shipped", CATALOGUE, "--site", f"{self.folder}/site")
        before = len(relaxed())
        self.run_command("catalogue", "add", "database", "198.51.100.40", "--bucket", "internal", "--reason", "ours", *where)
        self.run_command("catalogue", "dismiss", "198.51.100.41", *where)
        self.run_command("catalogue", "add", "database", "198.51.100.64/26", "--bucket", "internal", "--reason", "ours", *where)
        found = wait_for("what is weaker", lambda: len(relaxed()) == before + 2 and relaxed())
        texts = " ".join(finding["text"] for finding in found)
        self.assertIn("198.51.100.41: dismissed", texts)
        self.assertIn("198.51.100.64/26: unknown (nobody) -> internal (database)", texts)
        self.assertNotIn("198.51.100.40", texts)
        for finding in found:
            self.run_command("acknowledge", "relaxed", finding["subject"], "--reason", "a test")
        wait_for("the acknowledgements", lambda: all("acknowledged_by" in finding for finding in relaxed()))

    def rule(self, name):
        """{subject: finding} of one rule."""
        return {finding["subject"]: finding for finding in json.loads(self.report("--json"))["findings"] if finding["rule"] == name}

    def test_1_then_tls_nobody_can_see_into_is_attention(self):
        written = ssl.MemoryBIO()
        context = ssl.create_default_context()
        with contextlib.suppress(ssl.SSLWantReadError):
            context.wrap_bio(ssl.MemoryBIO(), written, server_hostname="hidden.example").do_handshake()
        hello = written.read().hex()
        self.call("hex", PROVIDER, hello)
        self.call("hex", NOBODY, hello)
        found = wait_for("the finding", lambda: self.rule("opaque"))
        self.assertEqual(list(found), [NOBODY])
        self.assertIn("tls-opaque --bucket unknown", found[NOBODY]["command"])
        self.run_command("acknowledge", "opaque", NOBODY, "--reason", "a test")
        wait_for("the acknowledgement", lambda: "acknowledged_by" in self.rule("opaque")[NOBODY])

    def test_1_then_names_that_carry_data_are_attention(self):
        def question(name):
            labels = b"".join(bytes([len(label)]) + label.encode() for label in name.split("."))
            return (b"\0\7\1\0\0\1\0\0\0\0\0\0" + labels + b"\0\0\1\0\1").hex()
        secret = base64.b32encode(hashlib.shake_128(b"a test").digest(200)).decode().lower()
        for at in range(0, 320, 40):
            self.call("ask", NOBODY, question(f"{secret[at:at + 40]}.t{at}.tunnel.example"))
            self.call("ask", NOBODY, question(f"www{at}.plain.example"))
            self.call("ask", NOBODY, question(f"{secret[:40]}.once.example"))
        found = wait_for("the finding", lambda: (self.rule("dns-content").get("tunnel.example") or {}).get("text", "").count("8 names")
                         and self.rule("dns-content"))
        self.assertEqual(list(found), ["tunnel.example"])
        self.assertIn("8 names, 320 characters", found["tunnel.example"]["text"])
        listed = self.run_command(*found["tunnel.example"]["command"].split()[1:], "--lines", "0")
        self.assertEqual(len(listed.splitlines()), 8)
        self.run_command("acknowledge", "dns-content", "tunnel.example", "--reason", "a test")
        wait_for("the acknowledgement", lambda: "acknowledged_by" in self.rule("dns-content")["tunnel.example"])

    def metrics(self, *arguments, **options):
        """{(name, label=value, ...): value}, as Prometheus' own library reads it; each family with its type, once."""
        text = self.run_command("metrics", "--shipped", CATALOGUE, "--site", f"{self.folder}/site", *arguments, **options)
        samples = {}
        for family in prometheus_client.parser.text_string_to_metric_families(text):
            self.assertIn(family.type, ("counter", "gauge"))
            self.assertTrue(family.documentation)
            self.assertEqual(text.count(f"# TYPE {family.name}"), text.count(f"# HELP {family.name}"), family.name)
            for sample in family.samples:
                key = (sample.name, *(f"{name}={value}" for name, value in sample.labels.items()))
                self.assertNotIn(key, samples)
                self.assertEqual(sample.name.endswith("_total"), family.type == "counter")
                samples[key] = sample.value
        return samples

    def test_1_traffic_meanwhile_is_no_edit(self):
        enough = threading.Event()

        def talk():
            while not enough.is_set():
                self.call("tcp", PROVIDER, 100)
        talker = threading.Thread(target=talk)
        talker.start()
        try:
            rules = {finding["rule"] for _ in range(8) for finding in json.loads(self.report("--json"))["findings"]}
        finally:
            enough.set()
            talker.join()
        self.assertFalse(rules & {"edited", "tampered"}, rules)

    def test_2_numbers_are_those_of_a_recount(self):
        for size in range(1, 40):
            self.call("udp", PROVIDER if size % 2 else NOBODY, size)
            self.call("tcp", (VENDOR, PROVIDER, NOBODY)[size % 3], size * 37)
        self.call("unix", f"{self.folder}/{HOSTILE}")
        self.wait_counted()
        self.stop_daemon()
        report = json.loads(self.report("--json", "--since", "@0"))
        self.assertEqual(report["not_counted"], 0)
        ours = {(call["direction"], call["bucket"], call["component"], call["destination"], call["author"], call["addon"],
                 json.dumps(call["addons"]), call["instance"]):
                (call["calls"], call["exchanges"], call["bytes_out"], call["bytes_in"]) for call in report["calls"]}
        theirs = recount(self.folder)
        self.assertGreater(sum(row[0] for row in theirs.values()), 40)
        self.maxDiff = None
        self.assertEqual(ours, theirs)
        total = sum(row[2] for key, row in theirs.items() if key[0] == "outbound" and key[1] == "third-party")
        self.assertEqual(report["totals"]["third-party"]["bytes_out"], total)
        self.assertIn("verified OK", self.run_command("verify", "--deep"))

    def test_2_then_what_is_new_is_what_was_not_met_before(self):
        """The journal is of this hour; in a copy the provider has been met long ago."""
        self.assertIsNone(json.loads(self.report("--quick", "--json"))["new"])
        place = f"{self.folder}/older"
        shutil.copytree(f"{self.folder}/state", place)
        self.addCleanup(shutil.rmtree, place)
        with contextlib.closing(sqlite3.connect(f"{place}/journal/index.db")) as index:
            index.execute("INSERT INTO rollup SELECT hour - 100, instance, direction, bucket, component, destination, author, addon, chain,"
                          " disagree, calls, exchanges, bytes_out, bytes_in, call_bytes, first_t - 360000000000, last_t - 360000000000, last_seq"
                          " FROM rollup WHERE destination = ?", (PROVIDER,))
            index.commit()
            met = {(destination, addon): bucket for destination, addon, bucket in index.execute(
                "SELECT destination, addon, bucket FROM rollup WHERE direction != 'inbound' AND bucket != 'internal' AND destination != ?"
                " AND destination != ''", (PROVIDER,))}
        new = json.loads(self.report("--quick", "--json", place=place))["new"]
        self.assertEqual({(first["destination"], first["addon"]): first["bucket"] for first in new}, met)
        self.assertIn((VENDOR, ""), met)
        self.assertIn("New in this period", self.report_page(place))

    def report_page(self, place):
        self.report("--quick", "--html", f"{place}/page.html", place=place)
        with open(f"{place}/page.html", encoding="utf-8") as file:
            return file.read()

    def test_2_then_metrics_are_the_report_and_the_status(self):
        report, metrics = json.loads(self.report("--json")), self.metrics()
        self.assertEqual(metrics["netaudit_up",], 0)    # the test before has stopped it
        self.assertEqual(metrics["netaudit_state", "state=stopped"], 1)
        self.assertEqual(metrics["netaudit_report_verdict", "verdict=" + report["verdict"]], 1)
        self.assertEqual(sum(value for key, value in metrics.items() if key[0] == "netaudit_report_verdict"), 1)
        for bucket, total in report["totals"].items():
            if bucket != "inbound":
                self.assertEqual(metrics["netaudit_report_sent_bytes", "bucket=" + bucket], total["bytes_out"])
                self.assertEqual(metrics["netaudit_report_calls", "bucket=" + bucket], total["calls"])
        acme = sum(call["bytes_out"] for call in report["calls"] if call["component"] == "acme" and call["direction"] == "outbound")
        self.assertGreater(acme, 2000)
        self.assertEqual(metrics["netaudit_report_component_sent_bytes", "bucket=vendor", "component=acme"], acme)
        self.assertEqual(metrics["netaudit_report_findings", "rule=vendor-day", "level=alarm"], 1)
        self.assertEqual(metrics["netaudit_report_chain_checked",], 1)
        self.assertEqual(self.metrics("--quick")["netaudit_report_findings", "rule=unverified", "level=attention"], 1)

    def test_2_then_metrics_of_hostile_names_are_as_many_as_of_others(self):
        before = self.metrics().keys()
        with contextlib.closing(sqlite3.connect(f"{self.folder}/state/journal/index.db")) as index:
            kept = index.execute("SELECT * FROM rollup").fetchall()
            for i in range(200):
                row = list(kept[0])
                row[4], row[5] = HOSTILE + "\n" + str(i) * 1000, HOSTILE * 1000
                index.execute(f"INSERT INTO rollup VALUES({', '.join('?' * len(row))})", row)
            index.commit()
        try:
            metrics = self.metrics()
        finally:
            with contextlib.closing(sqlite3.connect(f"{self.folder}/state/journal/index.db")) as index:
                index.execute("DELETE FROM rollup")
                index.executemany(f"INSERT INTO rollup VALUES({', '.join('?' * len(kept[0]))})", kept)
                index.commit()
        self.assertLessEqual(len(metrics.keys() - before), 4)     # component="other" of one bucket
        self.assertEqual(self.metrics().keys(), before)

    def test_2_then_metrics_of_a_hostile_status_and_without_a_journal(self):
        with tempfile.TemporaryDirectory() as run, open(f"{run}/status.json", "w", encoding="utf-8") as file:
            json.dump({"origin": HOSTILE + "\n\\" + "o" * 5000, "version": "\x00", "backend": 5, "events_received": {
                HOSTILE: 1, "open": 7, "close": "x"}, "components": {"supervisor": {"pid": 0}}, "last_seq": 2 ** 62}, file)
            file.flush()
            output = f"{run}/netaudit.prom"
            metrics = self.metrics(place=run, code=3)
            os.umask(0o077)
            try:
                self.metrics("--output", output, place=run, code=3)
            finally:
                os.umask(0o022)
            with open(output, encoding="utf-8") as written:
                self.assertIn("\nnetaudit_report_readable 0\n", written.read())
            self.assertEqual(os.stat(output).st_mode & 0o777, 0o644)
            self.assertEqual(sorted(os.listdir(run)), ["netaudit.prom", "status.json"])
        origin = next(part for key in metrics if key[0] == "netaudit_info" for part in key if part.startswith("origin="))
        self.assertIn("<script>x\\x1b[31m\\xe2\\x80\\xae'\"", origin)
        self.assertLess(len(origin), 300)
        self.assertEqual(metrics["netaudit_events_total", "type=open"], 7)
        self.assertEqual({key for key in metrics if key[0] == "netaudit_events_total"}, {("netaudit_events_total", "type=open")})

    def test_3_an_edited_sum_shows(self):
        self.stop_daemon()
        with contextlib.closing(sqlite3.connect(f"{self.folder}/state/journal/index.db")) as index:
            index.execute("UPDATE rollup SET bytes_out = bytes_out - 1 WHERE bucket = 'vendor'")
            index.commit()
        self.run_command("verify", "--deep", code=4)
        self.assertIn("edited", {finding["rule"] for finding in json.loads(self.report("--json"))["findings"]})
        os.unlink(f"{self.folder}/state/journal/index.db")
        self.report(code=3)

    def test_4_the_daemon_makes_the_sums_again_and_records_what_waited(self):
        self.stop_daemon()
        self.assertIn("not running", self.run_command("acknowledge", "vendor-day", "acme", "--reason", "later", code=5))
        self.start_daemon()
        wait_for("the sums", lambda: self.status().get("index_seq", 0) > 50)
        wait_for("the acknowledgement", lambda: "acknowledged_by" in self.findings().get(("vendor-day", "acme"), {}))

    def test_4_then_metrics_of_a_running_daemon(self):
        metrics = wait_for("a head", lambda: (found := self.metrics()).get(("netaudit_head_timestamp_seconds",)) and found)
        self.assertEqual(metrics["netaudit_up",], 1)
        self.assertEqual(metrics["netaudit_state", "state=running"], 1)
        self.assertLess(abs(metrics["netaudit_status_timestamp_seconds",] - metrics["netaudit_report_timestamp_seconds",]), PATIENCE)
        self.assertGreater(metrics["netaudit_queue_capacity_bytes",], 0)
        self.assertGreater(metrics["netaudit_journal_last_record",], 0)

    def test_4_then_top_has_the_same_verdict(self):
        self.call("tcp", PROVIDER, 4321)
        def row():
            found = json.loads(self.run_command("top", "--json", "--shipped", CATALOGUE, "--site", f"{self.folder}/site"))
            return found, [row for row in found["destinations"] if row["name"] == PROVIDER and row["bytes_out"] >= 4321]
        found, _ = wait_for("the call", lambda: (both := row())[1] and both)
        self.assertEqual(found["verdict"], "alarm")
        self.assertEqual(found["daemon"], "running")
        self.assertGreaterEqual(found["causes"]["vendor-call"], 1)
        self.assertGreaterEqual(found["out"]["bytes_out"], 4321)

    def test_5_the_page_is_inert(self):
        page = f"{self.folder}/report.html"
        self.report("--html", page, "--since", "@0")
        with open(page, encoding="utf-8") as file:
            text = file.read()
        self.assertNotIn("<script", text)
        self.assertNotIn("\x1b", text)
        self.assertNotIn("\u202e", text)
        self.assertIn("&lt;script&gt;", text)
        self.assertNotIn("http://", text)
        self.assertNotIn("https://", text)


if __name__ == "__main__":
    unittest.main(verbosity=2)
