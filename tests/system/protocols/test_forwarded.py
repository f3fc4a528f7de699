#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""
Clients at many addresses of loopback ask a server through nginx, which is declared as a proxy, and directly. Each inbound
record has to say for whom the proxy asked, as the server's own log has it, and nothing where nobody is believed; the catalogue's
answer is that of the client. What else stands in the field is nowhere in what the auditor keeps. test_forwarded.py BUILD
"""
import ipaddress
import json
import os
import secrets
import subprocess
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import peer  # noqa: E402
import test_leaks  # noqa: E402

FRONT, SERVER = 18191, 18192
TRUSTED = ("127.0.0.1", "127.0.7.0/24", "::1")
CATALOGUE = """
[vendor]
name = a vendor
bucket = vendor
address = 203.0.113.0/24
[here]
name = this machine
bucket = internal
address = 127.0.0.0/8
address = ::1
"""
CONFIGURATION = """
daemon off; master_process off; error_log {0}/error.log; pid {0}/pid;
events {{ }}
http {{
    log_format truth escape=json '{{"path":"$uri","forwarded":"$http_x_forwarded_for","remote":"$remote_addr"}}';
    access_log off;
    client_body_temp_path {0}/body; proxy_temp_path {0}/proxy; fastcgi_temp_path {0}/fastcgi; uwsgi_temp_path {0}/uwsgi;
    scgi_temp_path {0}/scgi;
    server {{
        listen 127.0.0.1:{1};
        location / {{ proxy_pass http://127.0.0.1:{2}; proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for; }}
    }}
    server {{
        listen 127.0.0.1:{2}; listen [::1]:{2}; access_log {0}/truth.jsonl truth; location / {{ return 200 "answer"; }}
    }}
}}
"""
FIELD = "X-Forwarded-For: "


def start_server(folder):
    if os.path.exists(f"{folder}/truth.jsonl"):
        os.unlink(f"{folder}/truth.jsonl")
    with open(f"{folder}/nginx.conf", "w", encoding="ascii") as file:
        file.write(CONFIGURATION.format(folder, FRONT, SERVER))
    server = subprocess.Popen(["/usr/sbin/nginx", "-p", folder, "-c", f"{folder}/nginx.conf"], stderr=subprocess.DEVNULL)
    for port in (FRONT, SERVER):
        peer.wait_listening(port, server)
    return server


def requests(secret):
    """Address of the client, port, fields."""
    for client in ("127.0.0.1", "127.0.5.9", "127.0.6.1"):
        yield client, FRONT, ()
        yield client, FRONT, (f"{FIELD}198.51.100.1, {secret}",)                # what a client says of itself
    for value in ("198.51.100.2", "2001:db8::7", "198.51.100.3,203.0.113.5", "203.0.113.6,127.0.6.2", "198.51.100.4 ,  198.51.100.5", "198.51.100.6,", "",
                  "unknown", secret, f"198.51.100.7, {secret}", "198.51.100.8:443", "[2001:db8::8]", "1" * 47, "1" * 48, "1" * 500,
                  "198.51.100.256", "2001:db8::9%lo", "::ffff:198.51.100.9", "0:0:0:0:0:ffff:198.51.100.10"):
        yield "127.0.7.7", SERVER, (FIELD + value,)
        yield "127.0.8.8", SERVER, (FIELD + value,)                             # who is no proxy
    yield "127.0.7.7", SERVER, (f"{FIELD}198.51.100.11", f"x-forwarded-for:{secret}, 198.51.100.12")
    yield "127.0.7.7", SERVER, (f"X-Forwarded-Fox: {secret}", "X-Forwarded-Host: 198.51.100.13")
    yield "::1", SERVER, (f"{FIELD}2001:db8::14",)


def call(secret):
    for number, (client, port, fields) in enumerate(requests(secret)):
        where = "[::1]" if ":" in client else "127.0.0.1"
        subprocess.run(["curl", "-sS", "--noproxy", "*", "--interface", client, *(word for field in fields for word in ("-H", field)),
                        f"http://{where}:{port}/{number}"], check=True, timeout=60, stdout=subprocess.DEVNULL)


def wanted(truth):
    """For whom it is asked: the last word of what a declared proxy says, where that is an address."""
    remote = ipaddress.ip_address(truth["remote"])
    if not any(remote in ipaddress.ip_network(network) for network in TRUSTED):
        return None
    try:
        address = ipaddress.ip_address(truth["forwarded"].split(",")[-1].strip())
    except ValueError:
        return None
    if "%" in str(address):
        return None
    return str(getattr(address, "ipv4_mapped", None) or address)


def bucket(client):
    if client is None or client.startswith("127.0."):
        return "internal"
    return "vendor" if client.startswith("203.0.113.") else "unknown"


def compare(records, truths):
    found = {}
    for record in peer.exchanges(records, "inbound", "http/1.0", "http/1.1"):
        found.setdefault(record["path"], []).append(record)
    for truth in truths:
        want = wanted(truth)
        # of one through nginx there are two: nginx itself is asked by the client
        behind = [record for record in found.get(truth["path"], ()) if record["host"].endswith(str(SERVER))]
        if len(behind) != 1:
            yield f"{truth}: {len(behind)} records"
            continue
        if behind[0].get("forwarded_for") != want:
            yield f"{truth}: said to be for {behind[0].get('forwarded_for')}, not {want}"
        if behind[0]["bucket"] != bucket(want):
            yield f"{truth}: {behind[0]['bucket']}, not {bucket(want)}"


def alarms(build, folder):
    """Who called in, by the report."""
    said = subprocess.run([f"{build}/netaudit", "report", "--state-dir", f"{folder}/state", "--site", f"{folder}/catalogue", "--quick", "--json"],
                          check=True, timeout=60, stdout=subprocess.PIPE).stdout
    return [finding["subject"] for finding in json.loads(said)["findings"] if finding["rule"] == "vendor-inbound"]


def main():
    build = peer.begin("test-forwarded")
    folder, secret = os.path.join(build, "tests/protocols/forwarded"), "leak" + secrets.token_hex(16)
    catalogue = os.path.join(folder, "catalogue")
    os.makedirs(catalogue, exist_ok=True)
    with open(f"{catalogue}/site.ini", "w", encoding="ascii") as file:
        file.write(CATALOGUE)
    server, auditor = None, peer.audit(build, folder, settings=("--site-dir", catalogue, "--trusted-proxies", ", ".join(TRUSTED)))
    try:
        server = start_server(folder)
        call(secret)
        auditor.auditor.wait_drained()
        looked = test_leaks.look_everywhere(build, folder, auditor, secret, "after the requests")
        records = auditor.records()
    finally:
        if server:
            server.terminate()
            server.wait()
        auditor.stop()
    with open(f"{folder}/truth.jsonl", encoding="utf-8") as file:
        truths = [json.loads(line) for line in file]
    failed = list(compare(records, truths))
    if alarms(build, folder) != ["203.0.113.5"]:
        failed.append(f"the report says of vendors who called in: {alarms(build, folder)}")
    for line in failed:
        print("FAIL " + line)
    said = sum(wanted(truth) is not None for truth in truths)
    print(f"test-forwarded: {len(truths)} requests, {said} of them for somebody, {len(failed)} wrong; nothing else of the fields in "
          f"{looked >> 20} MiB")
    return 1 if failed or said < 12 or len(truths) < 40 else 0


if __name__ == "__main__":
    sys.exit(main())
