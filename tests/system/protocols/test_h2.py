#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""
curl and httpx ask nginx over HTTP/2, inside TLS and without (prior knowledge), many requests on one connection: each must be
one outbound and one inbound exchange with method, host, path, query keys, status and sizes as nginx has them in its log; values
are kept nowhere. test_h2.py BUILD
"""
import collections
import json
import os
import secrets
import subprocess
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import peer  # noqa: E402
import test_leaks  # noqa: E402

HERE = os.path.dirname(os.path.abspath(__file__))
TLS, PLAIN, BEHIND = 18443, 18080, 18081
CONFIGURATION = """
daemon off; master_process off; error_log {0}/error.log; pid {0}/pid;
events {{ }}
http {{
    log_format truth escape=json '{{"port":$server_port,"method":"$request_method","target":"$request_uri","host":"$http_host",'
        '"authority":"$host","status":$status,"in":"$content_length","out":$body_bytes_sent,"protocol":"$server_protocol"}}';
    access_log {0}/truth.jsonl truth;
    client_body_temp_path {0}/body; proxy_temp_path {0}/proxy; fastcgi_temp_path {0}/fastcgi; uwsgi_temp_path {0}/uwsgi;
    scgi_temp_path {0}/scgi; client_max_body_size 16m;
    server {{
        listen 127.0.0.1:{1} ssl http2; listen 127.0.0.1:{2} http2; server_name localhost;
        ssl_certificate {0}/cert.pem; ssl_certificate_key {0}/key.pem;
        location / {{ root {0}/root; error_page 405 =200 $uri; }}
        location /moved {{ return 302 /; }}
        location /nothing {{ return 204; }}
        location /httpx {{ proxy_pass http://127.0.0.1:{3}; }}
        location /status/404 {{ return 404; }}
    }}
    server {{
        listen 127.0.0.1:{3}; access_log off; location / {{ return 200 "answer of $uri"; }}
    }}
}}
"""


def start_server(folder):
    os.makedirs(f"{folder}/root", exist_ok=True)
    for name, size in (("small", 10), ("middle", 40000), ("large", 3 << 20), ("index.html", 50)):
        with open(f"{folder}/root/{name}", "wb") as file:
            file.write(b"y" * size)
    peer.make_certificate(folder)
    if os.path.exists(f"{folder}/truth.jsonl"):
        os.unlink(f"{folder}/truth.jsonl")
    with open(f"{folder}/nginx.conf", "w", encoding="ascii") as file:
        file.write(CONFIGURATION.format(folder, TLS, PLAIN, BEHIND))
    server = subprocess.Popen(["/usr/sbin/nginx", "-p", folder, "-c", f"{folder}/nginx.conf"], stderr=subprocess.DEVNULL)
    for port in (TLS, PLAIN, BEHIND):
        peer.wait_listening(port, server)
    return server


def curl(folder, *arguments):
    subprocess.run(["curl", "-sS", "--no-progress-meter", "--noproxy", "*", "--cacert", f"{folder}/cert.pem", *arguments], check=True, timeout=60,
                   stdout=subprocess.DEVNULL)


def call(folder, secret):
    for origin, how in ((f"https://localhost:{TLS}", "--http2"), (f"http://localhost:{PLAIN}", "--http2-prior-knowledge")):
        curl(folder, how, f"{origin}/small?a={secret}&b=2&{secret}", "-H", f"X-Secret: {secret}", "-b", f"c={secret}")
        curl(folder, how, "--head", f"{origin}/small")
        # what TCP drops and sends again may have frames in it, and then a clear stream is not followed
        body = "large" if how == "--http2" else "middle"
        curl(folder, how, "--data-binary", f"@{folder}/root/{body}", f"{origin}/httpx/upload", "-H", f"Authorization: {secret}")
        for path in ("/status/404", "/moved/12345678", "/nothing", "/", "/middle"):
            curl(folder, how, origin + path)
    # curl 7.88 does not take a connection of prior knowledge for a second request
    origin = f"https://localhost:{TLS}"
    curl(folder, "--http2", f"{origin}/large", f"{origin}/status/404", f"{origin}/small", f"{origin}/large", f"{origin}/moved/1?x=y")
    curl(folder, "--http2", "-Z", *(f"{origin}/httpx/parallel/{i}" for i in range(12)))
    subprocess.run([peer.PYTHON, f"{HERE}/h2_client.py", f"{folder}/cert.pem", origin], check=True, timeout=60)


def wanted(truth):
    path, _, query = truth["target"].partition("?")
    return {"channel": "https" if truth["port"] == TLS else "http", "protocol": "h2", "method": truth["method"],
            "host": f"localhost:{truth['port']}", "path": path.replace("12345678", "########"),
            "query": tuple(word.split("=")[0] if "=" in word else "*" for word in query.split("&") if word) or None,
            "status": truth["status"], "request_bytes": int(truth["in"] or 0), "response_bytes": truth["out"]}


def main():
    build = peer.begin("test-h2")
    folder, secret = os.path.join(build, "tests/protocols/h2"), "leak" + secrets.token_hex(16)
    server, auditor = None, peer.audit(build, folder)
    try:
        server = start_server(folder)
        call(folder, secret)
        auditor.auditor.wait_drained()
        looked = test_leaks.look_everywhere(build, folder, auditor, secret, "after the requests")
        records = auditor.records()
    finally:
        if server:
            server.terminate()
            server.wait()
        auditor.stop()
    with open(f"{folder}/truth.jsonl", encoding="utf-8") as file:
        truths = [wanted(json.loads(line)) for line in file]
    failed = []
    for direction in ("outbound", "inbound"):
        found = peer.exchanges(records, direction, "h2")
        have = collections.Counter(tuple(tuple(record.get(name)) if name == "query" and record.get(name) else record.get(name)
                                         for name in truths[0]) for record in found)
        want = collections.Counter(tuple(truth.values()) for truth in truths)
        failed += [f"{direction}: too few of {dict(zip(truths[0], values))}" for values in (want - have).elements()]
        failed += [f"{direction}: too many of {dict(zip(truths[0], values))}" for values in (have - want).elements()]
        failed += [f"{direction}: {record['path']} has {name}" for record in found for name in ("request_partial", "response_partial")
                   if name in record]
        failed += [f"{direction}: {record['path']} is on no flow" for record in found if "flow" not in record]
    for line in failed:
        print("FAIL " + line)
    print(f"test-h2: {len(truths)} requests of curl and httpx, {len(failed)} wrong; nothing of their values in {looked >> 20} MiB")
    return 1 if failed or len(truths) < 40 else 0


if __name__ == "__main__":
    sys.exit(main())
