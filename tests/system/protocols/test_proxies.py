#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""
Real clients reach real servers through real proxies: tinyproxy (CONNECT, absolute targets, a password), microsocks (SOCKS 5,
a password) and one for SOCKS 4. Every record of the client's flow has to name what the proxy was asked to reach, as the
proxy's own log has it, and the proxy beside it; the catalogue's answer is that of the target. test_proxies.py BUILD
"""
import os
import re
import secrets
import subprocess
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import peer  # noqa: E402
import test_leaks  # noqa: E402
from peer import lab, test_exchanges  # noqa: E402

HERE = os.path.dirname(os.path.abspath(__file__))
TINY, LOCKED, SOCKS, SOCKS_LOCKED, SOCKS4 = 18001, 18002, 18003, 18004, 18005
CLOSED = 9      # nobody listens there
CATALOGUE = """
[behind]
name = known
bucket = third-party
host = target.example
[rival]
name = rival
bucket = vendor
host = rival.example
[here]
name = this machine
bucket = internal
address = 127.0.0.0/8
"""
BUCKETS = {"target.example": "third-party", "rival.example": "vendor"}


class Proxies:
    def __init__(self, folder, secret):
        self.folder, self.processes = folder, []
        for port, more in ((TINY, ""), (LOCKED, f"BasicAuth user {secret}\n")):
            with open(f"{folder}/tiny{port}.conf", "w", encoding="ascii") as file:
                file.write(f"Port {port}\nListen 127.0.0.1\nLogFile \"{folder}/{port}.log\"\nLogLevel Info\n{more}")
            self.start(port, "/usr/bin/tinyproxy", "-d", "-c", f"{folder}/tiny{port}.conf")
        self.start(SOCKS, "/usr/bin/microsocks", "-i", "127.0.0.1", "-p", str(SOCKS))
        self.start(SOCKS_LOCKED, "/usr/bin/microsocks", "-i", "127.0.0.1", "-p", str(SOCKS_LOCKED), "-u", "user", "-P", secret)
        self.start(SOCKS4, peer.PYTHON, f"{HERE}/socks4.py", str(SOCKS4), f"{folder}/{SOCKS4}.log")

    def start(self, port, *command):
        log = f"{self.folder}/{port}.log"
        with open(log, "w", encoding="ascii") as file:
            self.processes.append(subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=file))
        peer.wait_listening(port, self.processes[-1])

    def stop(self):
        for process in self.processes:
            process.kill()
            process.wait()

    def asked(self, port):
        """The targets in a proxy's log, with their ports."""
        with open(f"{self.folder}/{port}.log", encoding="utf-8", errors="replace") as file:
            text = file.read()
        if port in (TINY, LOCKED):
            return re.findall(r"Request .*: CONNECT (\S+) ", text) + re.findall(r"Request .*: GET http://([^/\s]+)/", text)
        if port == SOCKS4:
            return text.split()
        return re.findall(r"connected to (\S+)", text)


def curl(folder, *arguments):
    process = subprocess.Popen(["curl", "-s", "--noproxy", "", "--http1.1", "--cacert", f"{folder}/https/cert.pem", "-o", "/dev/null", *arguments])
    process.wait(timeout=60)
    return process.pid


def python(folder, *arguments):
    process = subprocess.Popen([peer.PYTHON, f"{HERE}/proxy_client.py", arguments[0], f"{folder}/https/cert.pem", *arguments[1:]])
    if process.wait(timeout=60):
        raise SystemExit("FAIL: the client")
    return process.pid


def proxied(by, port, target):
    host, _, number = target.rpartition(":")
    return {"proxy": by, "proxy_ip": "127.0.0.1", "proxy_port": port, "proxied_host": host, "proxied_port": int(number)}


class Calls:
    """What was asked, and which records it has to give: of the process, its exchanges in order, and its flow's end."""

    def __init__(self, folder, secret, plain, tls):
        self.folder, self.secret, self.plain, self.tls, self.wanted = folder, secret, plain, tls, []

    def want(self, pid, asked, inner, by, target, port, granted=True):
        """`inner`: path and host of what goes through a tunnel; None: nothing does."""
        to = proxied(by, port, target)
        bucket = BUCKETS.get(to["proxied_host"], "unknown")
        exchanges = [dict(to, bucket=bucket, **more) for more in asked]
        close = dict(to, host=to["proxied_host"], bucket=bucket) if granted else {"proxy": None, "bucket": "internal"}
        if inner:
            exchanges.append(dict(to, bucket=bucket, **inner))
        self.wanted.append((pid, exchanges, close))

    def connect(self, name, secure, *options, how=curl, proxy=TINY):
        target = f"{name}:{self.tls if secure else self.plain}"
        path = f"/connect/{len(self.wanted)}"
        url = f"{'https' if secure else 'http'}://{target}{path}"
        at = f"http://user:{self.secret}@127.0.0.1:{proxy}" if proxy == LOCKED else f"http://127.0.0.1:{proxy}"
        pid = how(self.folder, *(("-x", at) if how is curl else (at,)), *options, url)
        asked = [{"method": "CONNECT", "host": target, "status": 200, "channel": "http", "path": None}]
        inner = {"method": "GET", "host": target, "path": path, "status": 200, "channel": "https" if secure else "http"}
        self.want(pid, asked, inner, "connect", target, proxy)

    def forward(self, name):
        target, path = f"{name}:{self.plain}", f"/forward/{len(self.wanted)}"
        pid = curl(self.folder, "-x", f"http://127.0.0.1:{TINY}", f"http://{target}{path}")
        to = proxied("forward", TINY, target)
        asked = dict(to, method="GET", host=target, path=path, status=200, bucket=BUCKETS.get(name, "unknown"))
        self.wanted.append((pid, [asked], {"proxy": None, "host": None, "bucket": "internal"}))

    def forward_both(self, names):
        """A session of one connection to the proxy, or of several: that is its affair."""
        paths = [f"/both/{i}" for i in range(len(names))]
        pid = python(self.folder, f"http://127.0.0.1:{TINY}", *(f"http://{name}:{self.plain}{path}" for name, path in zip(names, paths)))
        asked = [dict(proxied("forward", TINY, f"{name}:{self.plain}"), path=path, host=f"{name}:{self.plain}", status=200,
                      bucket=BUCKETS.get(name, "unknown")) for name, path in zip(names, paths)]
        self.wanted.append((pid, asked, {"proxy": None, "host": None, "bucket": "internal"}))

    def socks(self, name, secure, by, proxy, option, how=curl, resolved=None):
        target = f"{name}:{self.tls if secure else self.plain}"
        asked_for = f"{resolved or name}:{self.tls if secure else self.plain}"
        path = f"/socks/{len(self.wanted)}"
        url = f"{'https' if secure else 'http'}://{target}{path}"
        options = (option.format(proxy),) if how is python else (*option.format(proxy).split(),)
        pid = how(self.folder, *options, url)
        asked = [{"method": "CONNECT", "protocol": by, "status": 0 if by == "socks5" else 90, "result": "granted", "channel": "socks"}]
        inner = {"method": "GET", "host": target, "path": path, "status": 200, "channel": "https" if secure else "http"}
        self.want(pid, asked, inner, by, asked_for, proxy)

    def refused(self):
        target = f"target.example:{CLOSED}"
        pid = curl(self.folder, "-p", "-x", f"http://127.0.0.1:{TINY}", f"http://{target}/")
        self.want(pid, [{"method": "CONNECT", "host": target, "status": 500}], None, "connect", target, TINY, granted=False)
        pid = curl(self.folder, "-p", "-x", f"http://127.0.0.1:{LOCKED}", f"http://{target}/")
        self.want(pid, [{"method": "CONNECT", "host": target, "status": 407}], None, "connect", target, LOCKED, granted=False)
        pid = curl(self.folder, "--socks5-hostname", f"127.0.0.1:{SOCKS}", f"http://{target}/")
        self.want(pid, [{"method": "CONNECT", "status": 5, "result": "refused"}], None, "socks5", target, SOCKS, granted=False)

    def make(self):
        for name in ("target.example", "rival.example", "other.example"):
            self.connect(name, True)
            self.connect(name, False, "-p")
            self.forward(name)
            self.socks(name, True, "socks5", SOCKS, "--socks5-hostname 127.0.0.1:{}")
            self.socks(name, False, "socks5", SOCKS, "--socks5-hostname 127.0.0.1:{}")
            self.socks(name, True, "socks4", SOCKS4, "--socks4a 127.0.0.1:{}")
        self.connect("target.example", True, proxy=LOCKED)
        self.connect("target.example", True, how=python)
        self.socks("target.example", False, "socks5", SOCKS, "--socks5 127.0.0.1:{}", resolved="127.0.0.1")
        self.socks("target.example", False, "socks4", SOCKS4, "--socks4 127.0.0.1:{}", resolved="127.0.0.1")
        self.socks("target.example", True, "socks5", SOCKS_LOCKED, f"--socks5-hostname user:{self.secret}@127.0.0.1:{{}}")
        self.socks("rival.example", True, "socks5", SOCKS, "socks5h://127.0.0.1:{}", how=python)
        self.forward_both(["target.example", "rival.example", "target.example"])
        self.refused()


def check(calls, records, proxies, truths):
    failed, asked = [], {port: proxies.asked(port) for port in (TINY, LOCKED, SOCKS, SOCKS_LOCKED, SOCKS4)}
    paths = [truth["target"] for truth in truths]
    for number, (pid, exchanges, close) in enumerate(calls.wanted):
        ours = [record for record in records if record.get("pid") == pid and record.get("direction") == "outbound"]
        found = sorted((record for record in ours if record["kind"] == "exchange"), key=lambda record: record["tb"])
        failed += peer.differences(f"call {number}", found, exchanges)
        ends = [record for record in ours if record["kind"] == "close" and
                record["dport"] in (TINY, LOCKED, SOCKS, SOCKS_LOCKED, SOCKS4)]
        if not ends:
            failed.append(f"call {number}: no flow")
        for record in ends:
            failed += [f"call {number}, close: {name} is {record.get(name)}, not {value}" for name, value in close.items()
                       if record.get(name) != value]
        for want in exchanges:
            target = f"{want['proxied_host']}:{want['proxied_port']}"
            if want.get("result") != "refused" and target not in asked[want["proxy_port"]]:
                failed.append(f"call {number}: the proxy says nothing of {target}: {asked[want['proxy_port']]}")
            if want.get("path") and paths.count(want["path"]) != 1:
                failed.append(f"call {number}: the server says nothing of {want['path']}")
    return failed


def start_servers(folder):
    servers = []
    for channel in ("http", "https"):
        os.makedirs(f"{folder}/{channel}", exist_ok=True)
        servers.append(test_exchanges.Server(f"{folder}/{channel}", channel, f"{os.path.dirname(HERE)}/tls/server.py",
                                             ("target.example", "rival.example", "other.example")))
    return servers


def main():
    build = peer.begin("test-proxies", "--mount")
    folder, secret = os.path.join(build, "tests/protocols/proxies"), "leak" + secrets.token_hex(16)
    os.makedirs(f"{folder}/catalogue", exist_ok=True)
    with open(f"{folder}/hosts", "w", encoding="ascii") as file:
        file.write("127.0.0.1 localhost target.example rival.example other.example\n")
    with open(f"{folder}/catalogue/site.ini", "w", encoding="ascii") as file:
        file.write(CATALOGUE)
    subprocess.run(["mount", "--bind", f"{folder}/hosts", "/etc/hosts"], check=True)
    auditor = peer.audit(build, folder, ("--site-dir", f"{folder}/catalogue"))
    servers, proxies = [], None
    try:
        servers = start_servers(folder)
        proxies = Proxies(folder, secret)
        calls = Calls(folder, secret, *(server.port for server in servers))
        calls.make()
        auditor.auditor.wait_drained()
        looked = test_leaks.look_everywhere(build, folder, auditor, secret, "after the calls")
        records = auditor.records()
    finally:
        for server in servers:
            server.stop()
        if proxies:
            proxies.stop()
        auditor.stop()
    truths = [truth for channel in ("http", "https") for truth in lab.read_lines(f"{folder}/{channel}/truth.jsonl")]
    failed = check(calls, records, proxies, truths)
    for line in failed:
        print("FAIL " + line)
    print(f"test-proxies: {len(calls.wanted)} calls through proxies, {len(failed)} wrong; nothing of their passwords in {looked >> 20} MiB")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
