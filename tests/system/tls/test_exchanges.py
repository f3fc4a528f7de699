#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""
Real clients ask a real HTTPS server; every request must be one outbound and one inbound record with what the server wrote
down: method, host, path, query keys, field names, sizes, status, and fingerprints that an independent computation gives.
test_exchanges.py BUILD
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


def wanted(truth, key):
    path, _, query = truth["target"].partition("?")
    body, said = bytes.fromhex(truth["body"]), bytes.fromhex(truth["said"])
    record = {"channel": "https", "method": truth["method"], "host": truth["host"], "path": path,
              "query": [word.split("=")[0] if "=" in word else "*" for word in query.split("&") if word] or None,
              "request_names": truth["names"], "request_bytes": len(body), "response_bytes": len(said), "status": truth["status"],
              "request_fingerprint": fingerprint(key, body) if body else None,
              "response_fingerprint": fingerprint(key, said) if said else None, "request_partial": None, "response_partial": None}
    return record


def curl(folder, port, path, *options):
    subprocess.run(["curl", "-sS", "--noproxy", "*", "--http1.1", "--cacert", f"{folder}/cert.pem", "-o", "/dev/null", *options,
                    f"https://localhost:{port}{path}"], check=True, timeout=60)


def python(folder, port, how):
    done = subprocess.run([PYTHON, f"{HERE}/client.py", how, f"{folder}/cert.pem", port], check=True, timeout=120,
                          stdout=subprocess.PIPE, text=True)
    return int(done.stdout)


def call(folder, port):
    """All clients. Returns the process id of the one whose connection has no socket of its own."""
    big = os.path.join(folder, "big")
    with open(big, "wb") as file:
        file.write(os.urandom(3 << 20))
    curl(folder, port, "/curl/get?a=1&b=2")
    curl(folder, port, "/curl/head", "--head")
    curl(folder, port, "/curl/form", "-d", "name=value")
    curl(folder, port, "/curl/expect", "-X", "PUT", "-T", big)
    curl(folder, port, "/curl/chunked", "-T", big, "-H", "Transfer-Encoding: chunked")
    curl(folder, port, "/curl/nothing", "-X", "DELETE", "-H", "X-Status: 204")
    curl(folder, port, "/curl/twice", f"https://localhost:{port}/curl/again", "-o", "/dev/null")
    for how in ("urllib", "requests", "cuts", "nonblocking"):
        python(folder, port, how)
    return python(folder, port, "asyncio")


def start_server(folder, program=f"{HERE}/server.py"):
    for name in ("port", "truth.jsonl"):
        if os.path.exists(os.path.join(folder, name)):
            os.unlink(os.path.join(folder, name))
    subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=localhost", "-addext",
                    "subjectAltName=DNS:localhost", "-keyout", f"{folder}/key.pem", "-out", f"{folder}/cert.pem"], check=True,
                   stderr=subprocess.DEVNULL)
    server = subprocess.Popen([PYTHON, program, folder])
    lab.wait_for("the server", lambda: os.path.exists(f"{folder}/port"), server)
    with open(f"{folder}/port", encoding="ascii") as file:
        return server, file.read()


def wait_probed(auditor, server):
    """Until the library that the server has mapped is probed: what was said before is not seen."""
    with open(f"/proc/{server.pid}/maps", encoding="utf-8") as file:
        assert re.search(r"libssl", file.read()), "the server has no libssl mapped"
    lab.wait_for("the probes", lambda: auditor.auditor.status().get("probes", 0) >= 6)


def compare(records, truths, key, unbound):
    failed, open_flows = [], {record["flow"]: record for record in records if record["kind"] == "open"}
    exchanges = [record for record in records if record["kind"] == "exchange"]
    for truth in truths:
        want = wanted(truth, key)
        for direction in ("outbound", "inbound"):
            found = [record for record in exchanges if record["direction"] == direction and record["path"] == want["path"]]
            if len(found) != 1:
                failed.append(f"{direction} {truth['target']}: {len(found)} records")
                continue
            record = found[0]
            wrong = {name: (record.get(name), value) for name, value in want.items() if record.get(name) != value}
            flow = open_flows.get(record.get("flow"), {})
            port = flow.get("sport")
            if direction == "outbound" and record["pid"] == unbound:
                wrong |= {"flow": (record["flow"], None)} if "flow" in record else {}
            elif port != truth["client"] or flow["direction"] != direction:
                wrong["flow"] = (port, truth["client"])
            if direction == "outbound" and record.get("server_name") != "localhost":
                wrong["server_name"] = (record.get("server_name"), "localhost")
            if wrong:
                failed.append(f"{direction} {truth['target']}: is, should be: {wrong}")
    if len(exchanges) != 2 * len(truths):
        failed.append(f"{len(exchanges)} exchanges of {len(truths)} requests")
    return failed


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("build")
    options = parser.parse_args()
    if tuple(map(int, re.findall(r"\d+", os.uname().release)[:2])) < (5, 15):
        print("test-tls: left out: this kernel has no cookies for probes")
        return 0
    lab.enter_own_network()
    folder = os.path.join(os.path.abspath(options.build), "tests/tls")
    os.makedirs(folder, exist_ok=True)
    auditor = lab.Auditor(options.build, folder, scope="host")
    server, port = start_server(folder)
    try:
        wait_probed(auditor, server)
        unbound = call(folder, port)
        records = auditor.records()
    finally:
        server.kill()
        server.wait()
        auditor.stop()
    truths = lab.read_lines(f"{folder}/truth.jsonl")
    with open(os.path.join(folder, "state/fingerprint.key"), "rb") as file:
        key = file.read()
    ours = [record for record in records if record["kind"] != "exchange" or record.get("host") == f"localhost:{port}"]
    failed = compare(ours, truths, key, unbound)
    for line in failed:
        print("FAIL " + line)
    print(f"test-tls: {len(truths)} requests of curl and Python, {len(failed)} wrong")
    return 1 if failed or len(truths) < 20 else 0


if __name__ == "__main__":
    sys.exit(main())
