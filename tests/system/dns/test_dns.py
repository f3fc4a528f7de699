#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""
Real clients ask a real name server; every question must be one outbound record with what the server's own log says:
name, type, code and addresses, from the port that it was asked from, by the process that asked. test_dns.py BUILD
"""
import argparse
import collections
import os
import re
import socket
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [os.path.join(os.path.dirname(os.path.dirname(HERE)), "attribution")]
import lab  # noqa: E402

SERVER, SILENT = "127.0.0.1", "127.0.0.3"
MANY = [f"192.0.2.{i}" for i in range(100, 120)]
ZONE = ["--host-record=one.example,192.0.2.1,2001:db8::1", "--cname=alias.example,one.example", "--local=/example/",
        "--txt-record=text.example,words that nobody records", "--mx-host=mail.example,one.example,10",
        "--host-record=here.example,127.0.0.9", f"--host-record={'a' * 63}.{'b' * 63}.{'c' * 63}.example,192.0.2.7"]
ZONE += [f"--host-record=many.example,{address}" for address in MANY]
CODES = {word: word for word in ("NXDOMAIN", "REFUSED", "SERVFAIL", "NOTIMP")}


def start_server(folder):
    """A name server, with this mount namespace's resolver pointed at it."""
    log = os.path.join(folder, "dnsmasq.log")
    if os.path.exists(log):
        os.unlink(log)
    server = subprocess.Popen(["dnsmasq", "--keep-in-foreground", "--conf-file=/dev/null", "--no-resolv", "--no-hosts", "--user=root",
                               "--pid-file=", f"--listen-address={SERVER}", "--bind-interfaces", "--log-queries=extra",
                               f"--log-facility={log}", "--local-ttl=77", *ZONE])
    for name, text in (("resolv.conf", f"nameserver {SERVER}\noptions timeout:2 attempts:1\n"), ("nsswitch.conf", "hosts: files dns\n")):
        path = os.path.join(folder, name)
        with open(path, "w", encoding="ascii") as file:
            file.write(text)
        subprocess.run(["mount", "--bind", path, os.path.realpath(f"/etc/{name}")], check=True)

    def answers():
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
            probe.settimeout(1)
            try:
                probe.sendto(b"\0\1\1\0\0\1\0\0\0\0\0\0\5ready\7example\0\0\1\0\1", (SERVER, 53))
                return probe.recv(512)
            except OSError:
                return None
    lab.wait_for("the name server", answers, server)
    return server, log


def dig(*words):
    subprocess.run(["dig", "+tries=1", "+time=1", "+noall", *words], check=False, stdout=subprocess.DEVNULL, timeout=30)


PYTHON = """
import socket
for name in ("one.example", "alias.example", "many.example", "nothing.example"):
    try:
        socket.getaddrinfo(name, 443, type=socket.SOCK_STREAM)
    except OSError:
        pass
for _ in range(2):
    try:
        socket.create_connection(("here.example", 9)).close()
    except OSError:
        pass
    try:
        socket.create_connection(("127.0.0.9", 9)).close()
    except OSError:
        pass
"""


def call():
    for words in (("A", "one.example"), ("AAAA", "one.example"), ("A", "ONE.eXample"), ("A", "many.example"), ("MX", "mail.example"),
                  ("TXT", "text.example"), ("A", "nothing.example"), ("A", "alias.example"), ("TYPE65280", "one.example"), ("NS", "."),
                  ("A", f"{'a' * 63}.{'b' * 63}.{'c' * 63}.example"), ("A", "one.example", "+noedns"),
                  ("TXT", "version.bind", "CH")):
        dig(f"@{SERVER}", *words)
    for words in (("A", "one.example"), ("AAAA", "alias.example"), ("A", "nothing.example"), ("A", "many.example"), ("TXT", "text.example"),
                  ("+keepopen", "one.example", "alias.example", "many.example")):
        dig(f"@{SERVER}", "+tcp", *words)
    over_tcp = {**os.environ, "RES_OPTIONS": "use-vc"}     # both questions in one segment
    subprocess.run(["getent", "ahosts", "one.example"], check=True, stdout=subprocess.DEVNULL, timeout=60, env=over_tcp)
    subprocess.run([sys.executable, "-c", PYTHON], check=True, timeout=60)
    subprocess.run(["getent", "hosts", "one.example"], check=True, stdout=subprocess.DEVNULL, timeout=60)


def call_silent():
    """Nobody answers, on a port that says nothing of DNS; and what is no DNS goes to a port that does."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as silent, socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as other:
        silent.bind((SILENT, 4711))
        other.bind((SILENT, 53))
        dig(f"@{SILENT}", "-p", "4711", "A", "secret-in-a-name.example")
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
            client.connect((SILENT, 53))
            for text in (b"x", b"no name server would understand this", bytes(40), b"\0\1\1\0\0\1\0\0\0\0\0\0\5cut", bytes(range(256)) * 4):
                client.send(text)
    with socket.create_server((SILENT, 53)) as listener, socket.create_connection((SILENT, 53)) as client:
        accepted = listener.accept()[0]
        client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        question = b"\0\1\1\0\0\1\0\0\0\0\0\0\3cut\7example\0\0\1\0\1"
        for text in (b"\0", b"\0\0", b"\0\5short", question, b"\0\20" + question[:-4], b"\xff\xff" + question[:20], bytes(2000),
                     b"\0\x1dno name server would understand it"):
            client.send(text)
            left = len(text)
            while left:
                left -= len(accepted.recv(left))
        accepted.close()


def read_truth(log):
    """What the server says of each question: {(port, type, name): [code, addresses]}."""
    truth = collections.OrderedDict()
    with open(log, encoding="utf-8") as file:
        lines = file.read().splitlines()
    for line in lines:
        match = re.search(r": (\d+) 127\.0\.0\.1/(\d+) (.*)$", line)
        if not match:
            continue
        serial, port, rest = int(match[1]), int(match[2]), match[3]
        asked = re.match(r"query\[(\S+)\] (\S+) from", rest)
        if asked and asked[2] != "ready.example":
            truth[serial] = {"port": port, "type": asked[1], "name": asked[2].lower(), "code": None, "addresses": []}
        told = re.match(r"(?:config|reply|cached|/etc/hosts) (\S+) is (\S+)", rest)
        if told and serial in truth:
            truth[serial]["code"] = CODES.get(told[2], "NOERROR")
            if re.fullmatch(r"[0-9.]+|[0-9a-f:]+", told[2]):
                truth[serial]["addresses"].append(told[2])
    return list(truth.values())


def compare(records, truths, direction):
    failed, pool = [], [record for record in records if record["kind"] == "dns" and record["direction"] == direction]
    for truth in truths:
        found = [record for record in pool if record["sport"] == truth["port"] and record["host"] == truth["name"] and
                 record["record_type"] in (truth["type"], truth["type"].replace("type=", "TYPE"))]
        if len(found) != 1:
            failed.append(f"{direction} {truth}: {len(found)} records")
            continue
        record, most = found[0], 16
        want = sorted(truth["addresses"])
        have = sorted(record.get("host_ips", []))
        if have != want if len(want) <= most else len(have) != most or not set(have) <= set(want) or not record.get("cut"):
            failed.append(f"{direction} {truth}: addresses {have}")
        if truth["code"] and record.get("response_code") != truth["code"]:
            failed.append(f"{direction} {truth}: code {record.get('response_code')}")
        if want and record.get("ttl_s") != 77:
            failed.append(f"{direction} {truth}: ttl {record.get('ttl_s')}")
        if record["channel"] != "dns" or record["dport"] != 53 or record["dst"] != SERVER:
            failed.append(f"{direction} {truth}: {record}")
    if len(pool) != len(truths):
        failed.append(f"{direction}: {len(pool)} records of {len(truths)} questions")
    return failed


def compare_rest(records):
    failed = []
    silent = [record for record in records if record["kind"] == "dns" and record["dst"] == SILENT and record["direction"] == "outbound"]
    if [(record["host"], record["dport"], record.get("response_code")) for record in silent] != [("secret-in-a-name.example", 4711, None)]:
        failed.append(f"nobody answered: {silent}")
    channels = {record["channel"] for record in records if record["kind"] == "datagram" and record.get("dport") == 53 and
                record["dst"] == SILENT}
    if channels != {"udp"}:
        failed.append(f"what is no DNS is called {channels}")
    if {record["channel"] for record in records if record["kind"] == "datagram" and record.get("dst") == SERVER} != {"dns"}:
        failed.append("flows of DNS are not called so")
    opens = [record.get("dns_names") for record in records if record["kind"] == "open" and record.get("dst") == "127.0.0.9"]
    if opens != [["here.example"]] * 4:
        failed.append(f"connections to the address of here.example are called {opens}")
    for record in records:
        if record["kind"] == "dns" and record["direction"] == "outbound" and record["comm"] not in ("isc-net-0000", "isc-worker0000", "dig",
                                                                                                   "python3", "getent"):
            failed.append(f"asked by {record['comm']}")
    return failed


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("build")
    options = parser.parse_args()
    lab.enter_own_network("--mount")
    folder = os.path.join(os.path.abspath(options.build), "tests/dns")
    os.makedirs(folder, exist_ok=True)
    server, log = start_server(folder)
    auditor = lab.Auditor(options.build, folder, scope="host")
    try:
        call()
        call_silent()
        records = auditor.records()
    finally:
        auditor.stop()
        server.terminate()
        server.wait()
    truths = read_truth(log)
    start = next(record for record in records if record["kind"] == "start")
    records = [record for record in records if record.get("netns") == lab.own_network()]
    asked = [record for record in records if not (record["kind"] == "dns" and record["dst"] == SILENT)]
    failed = compare(asked, truths, "outbound") + compare_rest(records)
    if start["backend"] == "tracepoint":  # on the others the first that arrives on a flow is not seen
        failed += compare(asked, truths, "inbound")
    for line in failed:
        print("FAIL " + line)
    print(f"test-dns: {len(truths)} questions, over UDP and TCP, of dig, Python and getent, {len(failed)} wrong")
    over_tcp = sum(record["kind"] == "dns" and record["protocol"] == "tcp" for record in records)
    return 1 if failed or len(truths) < 30 or over_tcp < 20 else 0


if __name__ == "__main__":
    sys.exit(main())
