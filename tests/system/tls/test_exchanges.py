#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""
Real clients ask a real server, over HTTPS or in clear text; every request must be one outbound and one inbound record with
what the server wrote down: method, host, path, query keys, field names, sizes, status, and fingerprints that an independent
computation gives.
test_exchanges.py BUILD [--plain]
"""
import argparse
import hashlib
import hmac
import os
import re
import struct
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
TESTS = os.path.dirname(os.path.dirname(HERE))
sys.path[:0] = [os.path.join(TESTS, "attribution"), os.path.join(TESTS, "clear")]
import lab  # noqa: E402
from siphash import siphash128  # noqa: E402

HASHED = 65536
PYTHON = "/usr/bin/python3"


def derive(key, number, length):
    """libsodium's crypto_kdf_derive_from_key(), context "netaudit"."""
    return hashlib.blake2b(key=key, digest_size=length, salt=struct.pack("<QQ", number, 0), person=b"netaudit" + bytes(8)).digest()


def fingerprint(key, body):
    words = siphash128(derive(key, 1, 16), body[:HASHED])
    text = b"netaudit/body/v1\n" + struct.pack(">QQ", len(body), min(len(body), HASHED)) + bytes.fromhex(words)
    return hmac.new(derive(key, 2, 32), text, hashlib.sha256).hexdigest()


def wanted(truth, key, channel):
    path, _, query = truth["target"].partition("?")
    body, said = bytes.fromhex(truth["body"]), bytes.fromhex(truth["said"])
    record = {"channel": channel, "method": truth["method"], "host": truth["host"], "path": path,
              "query": [word.split("=")[0] if "=" in word else "*" for word in query.split("&") if word] or None,
              "request_names": truth["names"], "request_bytes": len(body), "response_bytes": len(said), "status": truth["status"],
              "request_fingerprint": fingerprint(key, body) if body else None,
              "response_fingerprint": fingerprint(key, said) if said else None, "request_partial": None, "response_partial": None}
    return record


def curl(server, path, *options):
    trust = ["--cacert", server.certificate] if server.channel == "https" else []
    subprocess.run(["curl", "-sS", "--noproxy", "*", "--http1.1", *trust, "-o", "/dev/null", *options, server.origin + path],
                   check=True, timeout=60)


def python(server, how):
    done = subprocess.run([PYTHON, f"{HERE}/client.py", how, server.certificate, server.port], check=True, timeout=120,
                          stdout=subprocess.PIPE, text=True)
    return int(done.stdout)


def call(folder, server):
    """All clients; that of asyncio hands over clear text in calls that touch no socket."""
    big = os.path.join(folder, "big")
    with open(big, "wb") as file:
        file.write(os.urandom(3 << 20))
    curl(server, "/curl/get?a=1&b=2")
    curl(server, "/curl/head", "--head")
    curl(server, "/curl/form", "-d", "name=value")
    curl(server, "/curl/expect", "-X", "PUT", "-T", big)
    curl(server, "/curl/chunked", "-T", big, "-H", "Transfer-Encoding: chunked")
    curl(server, "/curl/nothing", "-X", "DELETE", "-H", "X-Status: 204")
    curl(server, "/curl/twice", server.origin + "/curl/again", "-o", "/dev/null")
    for how in ("urllib", "requests", "cuts", "nonblocking", "asyncio"):
        python(server, how)


class Server:
    """The server, speaking `channel`."""

    def __init__(self, folder, channel, program=f"{HERE}/server.py", names=("localhost",)):
        for name in ("port", "truth.jsonl"):
            if os.path.exists(os.path.join(folder, name)):
                os.unlink(os.path.join(folder, name))
        self.channel, self.certificate = channel, "plain"
        if channel == "https":
            self.certificate = f"{folder}/cert.pem"
            subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=localhost",
                            "-addext", "subjectAltName=" + ",".join(f"DNS:{name}" for name in names), "-keyout", f"{folder}/key.pem", "-out", self.certificate],
                           check=True, stderr=subprocess.DEVNULL)
        plain = ["plain"] if channel == "http" else []
        self.process = subprocess.Popen([PYTHON, program, folder, *plain])
        lab.wait_for("the server", lambda: os.path.exists(f"{folder}/port"), self.process)
        with open(f"{folder}/port", encoding="ascii") as file:
            self.port = file.read()
        self.origin = f"{channel}://localhost:{self.port}"

    def stop(self):
        self.process.kill()
        self.process.wait()


def wait_probed(auditor, server):
    """Until the library that the server has mapped is probed: what was said before is not seen."""
    with open(f"/proc/{server.pid}/maps", encoding="utf-8") as file:
        assert re.search(r"libssl", file.read()), "the server has no libssl mapped"
    lab.wait_for("the probes", lambda: auditor.auditor.status().get("probes", 0) >= 6)


def compare(records, truths, key, channel):
    failed, open_flows = [], {record["flow"]: record for record in records if record["kind"] == "open"}
    exchanges = [record for record in records if record["kind"] == "exchange"]
    for truth in truths:
        want = wanted(truth, key, channel)
        for direction in ("outbound", "inbound"):
            found = [record for record in exchanges if record["direction"] == direction and record.get("path") == want["path"]]
            if len(found) != 1:
                failed.append(f"{direction} {truth['target']}: {len(found)} records")
                continue
            record = found[0]
            wrong = {name: (record.get(name), value) for name, value in want.items() if record.get(name) != value}
            flow = open_flows.get(record.get("flow"), {})
            port = flow.get("sport")
            if port != truth["client"] or flow["direction"] != direction:
                wrong["flow"] = (port, truth["client"])
            asked = "localhost" if direction == "outbound" and channel == "https" else None
            if record.get("server_name") != asked:
                wrong["server_name"] = (record.get("server_name"), asked)
            if wrong:
                failed.append(f"{direction} {truth['target']}: is, should be: {wrong}")
    if len(exchanges) != 2 * len(truths):
        failed.append(f"{len(exchanges)} exchanges of {len(truths)} requests")
    return failed


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("build")
    parser.add_argument("--plain", action="store_true")
    options = parser.parse_args()
    name, channel = ("test-http", "http") if options.plain else ("test-tls", "https")
    if tuple(map(int, re.findall(r"\d+", os.uname().release)[:2])) < (5, 15):
        print(f"{name}: left out: this kernel has no cookies for probes")
        return 0
    lab.enter_own_network()
    folder = os.path.join(os.path.abspath(options.build), "tests", channel)
    os.makedirs(folder, exist_ok=True)
    auditor = lab.Auditor(options.build, folder, scope="host")
    server = Server(folder, channel)
    try:
        if channel == "https":
            wait_probed(auditor, server.process)
        call(folder, server)
        records = auditor.records()
    finally:
        server.stop()
        auditor.stop()
    truths = lab.read_lines(f"{folder}/truth.jsonl")
    with open(os.path.join(folder, "state/fingerprint.key"), "rb") as file:
        key = file.read()
    ours = [record for record in records if record["kind"] != "exchange" or record.get("host") == f"localhost:{server.port}"]
    failed = compare(ours, truths, key, channel)
    for line in failed:
        print("FAIL " + line)
    print(f"{name}: {len(truths)} requests of curl and Python, {len(failed)} wrong")
    return 1 if failed or len(truths) < 20 else 0


if __name__ == "__main__":
    sys.exit(main())
