#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""netaudit web with real clients: who is let in, what the pages say, what the processes can do, what they survive.

usage: test_web.py BUILD; as root, with the users netaudit and netaudit-sign.
"""
import concurrent.futures
import contextlib
import grp
import html
import http.client
import http.server
import json
import os
import random
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import unittest
import urllib.parse

from test_daemon_life import BUILD, PATIENCE, Daemon, status_of, wait_for

ROOT = os.path.abspath(os.path.join(os.path.dirname(__file__), "../.."))
HOSTILE = "<script>alert(1)</script>'\"&\x1b[31m\u202e"
NOBODY = 65534
SEQS = re.compile(r"<td class=k><a href='/record/(\d+)'>")


class Web:
    """A running `netaudit web`; `get` is a browser that was let in."""

    def __init__(self, folder, *options, **environment):
        self.log = open(f"{folder}/web.log", "a+", encoding="utf-8")
        self.process = subprocess.Popen(
            [f"{BUILD}/netaudit", "web", "--state-dir", f"{folder}/state", "--run-dir", f"{folder}/run", "--shipped",
             f"{ROOT}/catalogue", "--site", f"{folder}/site", *options], stdout=subprocess.PIPE, stderr=self.log, text=True,
            env={**os.environ, **environment}, stdin=subprocess.DEVNULL)
        self.cookie = None

    def enter(self):
        self.url = urllib.parse.urlsplit(self.process.stdout.readline().strip())
        self.host, self.port = self.url.hostname, self.url.port
        answer = self.request(f"/?{self.url.query}")
        self.cookie = answer.headers["Set-Cookie"].split(";")[0]
        return answer

    def request(self, path, method="GET", **headers):
        connection = http.client.HTTPConnection(self.host, self.port, timeout=PATIENCE)
        with contextlib.closing(connection):
            connection.request(method, path, headers=headers)
            answer = connection.getresponse()
            answer.text = answer.read().decode()
            return answer

    def get(self, path, **parameters):
        query = f"?{urllib.parse.urlencode(parameters)}" if parameters else ""
        return self.request(path + query, Cookie=self.cookie)

    def raw(self, data):
        """The first line of the answer; b"" when the connection was closed without one."""
        with socket.create_connection((self.host, self.port), timeout=PATIENCE) as connection:
            with contextlib.suppress(OSError):      # it may have hung up by now
                connection.sendall(data)
                connection.shutdown(socket.SHUT_WR)
                answer = b""
                while piece := connection.recv(65536):
                    answer += piece
                return answer
        return b""

    def children(self):
        done = subprocess.run(["pgrep", "-P", str(self.process.pid)], capture_output=True, text=True, check=False)
        return [int(pid) for pid in done.stdout.split()]

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        code = self.process.wait(PATIENCE)
        self.process.stdout.close()
        self.log.close()
        return code


class Server(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(404)
        self.end_headers()

    def log_message(self, *_):
        pass


def make_traffic(folder):
    """Calls with hostile names: of a socket's file, of a process, and in a request."""
    for name in (HOSTILE, "x" * 60):
        path = f"{folder}/{name.replace('/', '-')}"
        with socket.socket(socket.AF_UNIX) as listener, socket.socket(socket.AF_UNIX) as client:
            listener.bind(path)
            listener.listen()
            client.connect(path)
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Server) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        for name in (HOSTILE, "y" * 10000):
            with socket.create_connection(server.server_address) as client:
                client.sendall(b"GET /" + name.encode() + b" HTTP/1.1\r\nHost: <b>host\r\nX-<i>: 1\r\n\r\n")
                client.shutdown(socket.SHUT_WR)
                while client.recv(65536):
                    pass
        server.shutdown()
    with socket.create_server(("127.0.0.1", 0)) as server:
        for _ in range(150):
            with socket.create_connection(server.getsockname()):
                server.accept()[0].close()


class Pages(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.mkdtemp(prefix="netaudit-web-")
        os.chmod(cls.folder, 0o755)
        cls.daemon = Daemon(cls.folder, "--scope", "host", "--head-seconds", "1", "--shipped-dir", f"{ROOT}/catalogue")
        cls.addClassCleanup(shutil.rmtree, cls.folder)
        cls.addClassCleanup(cls.daemon.close)
        make_traffic(cls.folder)
        cls.settled = time.time() + 1
        wait_for("a signed head", lambda: "verified" in cls.netaudit("verify"))
        wait_for("what was before that to be committed", lambda: time.time() > cls.settled + 2)
        cls.tries = f"{cls.folder}/tries.so"
        subprocess.run(["gcc", "-shared", "-fPIC", "-O1", "-o", cls.tries, f"{ROOT}/tests/system/web_tries.c"], check=True)
        cls.journal = f"{cls.folder}/state/journal/journal.db"
        # a sanitizer's runtime must be the first library
        preload = {} if "san" in BUILD else {"LD_PRELOAD": cls.tries, "WEB_TRIES_JOURNAL": cls.journal}
        cls.web = Web(cls.folder, "--listen", "127.0.0.1:0", **preload)
        cls.welcome = cls.web.enter()

    @classmethod
    def tearDownClass(cls):
        code = cls.web.stop()
        cls.daemon.stop()
        if code:
            raise AssertionError(f"netaudit web ended with {code}")

    @classmethod
    def netaudit(cls, *arguments):
        return subprocess.run([f"{BUILD}/netaudit", *arguments, "--state-dir", f"{cls.folder}/state"], text=True,
                              capture_output=True, env={**os.environ, "TZ": "UTC"}, check=False).stdout

    def test_a_token_lets_in_once(self):
        answer = self.welcome
        self.assertEqual(answer.status, 200)
        attributes = {part.strip() for part in answer.headers["Set-Cookie"].split(";")[1:]}
        self.assertLessEqual({"HttpOnly", "SameSite=Strict", "Path=/"}, attributes)
        self.assertIn("url=/", answer.text)
        web = self.web
        self.assertEqual(web.request(f"/?{web.url.query}").status, 403)
        for headers in ({}, {"Cookie": "netaudit=" + "0" * 64}, {"Cookie": "netaudit="}, {"Cookie": web.cookie[:-1]}):
            for path in ("/", "/log", "/record/1", "/nothing", "/?token=", "/?token=" + "0" * 64):
                self.assertEqual(web.request(path, **headers).status, 403, (path, headers))
        self.assertEqual(web.get("/log").status, 200)
        web.process.send_signal(signal.SIGHUP)
        old = web.cookie
        self.assertEqual(web.enter().status, 200)
        self.assertNotEqual(web.cookie, old)
        self.assertEqual(web.request("/log", Cookie=old).status, 200)   # the other browser stays

    def test_another_name_for_this_machine_is_refused(self):
        port = self.web.port
        for name, status in (("evil.example", 421), (f"evil.example:{port}", 421), ("127.0.0.1", 421), (f"127.0.0.2:{port}", 421),
                             (f"127.0.0.1:{port}.evil.example", 421), (f"localhost:{port}", 200), (f"127.0.0.1:{port}", 200)):
            self.assertEqual(self.web.request("/log", Cookie=self.web.cookie, Host=name).status, status, name)
        self.assertIn(self.web.raw(b"GET /log HTTP/1.0\r\nCookie: " + self.web.cookie.encode() + b"\r\n\r\n")[9:12], (b"421", b"400"))

    def test_pages_forbid_what_they_do_not_need(self):
        for path in ("/", "/log", "/record/1", "/record/999999999", "/catalogue", "/verify", "/nothing"):
            headers = self.web.get(path).headers
            policy = headers["Content-Security-Policy"]
            self.assertIn("default-src 'none'", policy)
            self.assertIn("frame-ancestors 'none'", policy)
            self.assertNotIn("script-src", policy)
            self.assertEqual(headers["X-Content-Type-Options"], "nosniff")
            self.assertEqual(headers["Referrer-Policy"], "no-referrer")
            self.assertEqual(headers["Cache-Control"], "no-store")

    def test_the_report_says_what_the_file_says(self):
        page = f"{self.folder}/report.html"

        def pair():
            """Both within one state of the journal."""
            live = self.web.get("/", since="2000-01-01").text
            self.netaudit("report", "--html", page, "--since", "2000-01-01", "--shipped", f"{ROOT}/catalogue", "--site", f"{self.folder}/site")
            with open(page, encoding="utf-8") as file:
                return [re.findall(r"<strong>(.*?)</strong>|<div class=number>(.*?)</div>|<h3>(.*?)</h3>", text)
                        for text in (live, file.read())]
        def same():     # the machine goes on meanwhile
            live, file = pair()
            return live == file and len(live) > 6
        wait_for("the same report", same)
        live = self.web.get("/").text
        self.assertIn("<a href='/log' ", live.replace("'>", "' >"))
        self.assertRegex(live, r"href='/record/\d+'")
        self.assertEqual(self.web.get("/", since="nonsense").status, 400)

    def seqs(self, **parameters):
        answer = self.web.get("/log", **parameters)
        self.assertEqual(answer.status, 200, answer.text)
        return [int(seq) for seq in SEQS.findall(answer.text)]

    def expected(self, *arguments):
        return [json.loads(line)["seq"] for line in self.netaudit("log", "--json", "--reverse", *arguments).splitlines()]

    def test_filters_are_those_of_the_log(self):
        until = time.strftime("%Y-%m-%d %H:%M:%S")
        for name, value in (("kind", "open,close"), ("direction", "inbound"), ("channel", "unix"), ("bucket", "internal"),
                            ("destination", "127.0.0.0/8"), ("author", "unknown"), ("worker", "cron"), ("addon", "sale"),
                            ("since", "yesterday"), ("instance", "none")):
            # what was seen before `until` may be committed a little after it
            wait_for(f"the same records by {name}", lambda name=name, value=value: self.seqs(until=until, **{name: value}) ==
                     self.expected("-n", "100", "--until", until, f"--{name}", value))
        flow = json.loads(self.netaudit("log", "--json", "-n", "1", "--kind", "close"))["body"]["flow"]
        self.assertEqual(self.seqs(flow=flow), self.expected("-n", "100", "--flow", flow))
        for name in ("since", "until", "destination", "flow", "before"):
            answer = self.web.get("/log", **{name: "no such <thing>"})
            self.assertEqual(answer.status, 400, name)
            self.assertNotIn("<thing>", answer.text)
        self.assertEqual(self.web.get("/log", addon="x" * 300).status, 400)

    def test_pages_lead_through_the_whole_log(self):
        until = time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(self.settled))
        found, path = [], "/log?" + urllib.parse.urlencode({"kind": "open,close", "until": until})
        while path:
            text = self.web.get(path).text
            page = [int(seq) for seq in SEQS.findall(text)]
            self.assertLessEqual(len(page), 100)
            found += page
            older = re.search(r"<a href='(/log\?before=[^']*)'>Older", text)
            path = html.unescape(older.group(1)) if older else None
        self.assertGreater(len(found), 200)
        self.assertEqual(found, self.expected("-n", "0", "--kind", "open,close", "--until", until))

    def test_a_record_is_shown_with_its_hashes(self):
        for seq in (1, 7, 50):
            shown = json.loads(self.netaudit("show", str(seq), "--json"))
            text = html.unescape(self.web.get(f"/record/{seq}").text)
            self.assertIn(shown["row_hash"], text)
            self.assertIn(shown["previous_row_hash"], text)
            self.assertIn("the stored hash is right", text)
            for key, value in shown["body"].items():
                self.assertIn(f'"{key}":', text)
                if isinstance(value, int) and not isinstance(value, bool):
                    self.assertIn(f'"{key}":{value}', text)
        self.assertEqual(self.web.get("/record/99999999").status, 404)

    def test_the_chain_is_verified_and_exported(self):
        text = self.web.get("/verify").text
        self.assertRegex(text, "Audit chain verified (OK|with remarks)")
        self.assertIn(json.loads(self.netaudit("verify", "--json"))["fingerprint"], text)
        connection = http.client.HTTPConnection(self.web.host, self.web.port, timeout=PATIENCE)
        with contextlib.closing(connection), open(f"{self.folder}/export.gz", "wb") as file:
            connection.request("GET", "/export", headers={"Cookie": self.web.cookie})
            answer = connection.getresponse()
            self.assertIn("attachment", answer.headers["Content-Disposition"])
            file.write(answer.read())
        done = subprocess.run([f"{BUILD}/netaudit", "verify", f"{self.folder}/export.gz"], capture_output=True, text=True, check=False)
        self.assertIn(done.returncode, (0, 4), done.stdout + done.stderr)
        self.assertIn("every record", done.stdout)

    def test_the_catalogue_is_that_of_the_report(self):
        text = self.web.get("/catalogue").text
        listed = subprocess.run([f"{BUILD}/netaudit", "catalogue", "list", "--json", "--shipped", f"{ROOT}/catalogue", "--site",
                                 f"{self.folder}/site"], capture_output=True, text=True, check=True).stdout
        components = [json.loads(line)["component"] for line in listed.splitlines()]
        self.assertGreater(len(components), 5)
        self.assertEqual(re.findall(r"<tr><td><code>(.*?)</code>", text), components)

    def test_hostile_names_are_inert(self):
        marked = [json.loads(line) for line in self.netaudit("log", "--json", "-n", "0").splitlines() if "script" in line]
        self.assertGreaterEqual(len({record["body"]["kind"] for record in marked}), 2)
        paths = ["/log", "/log?channel=unix", "/log?kind=exchange", "/", "/log?" + urllib.parse.urlencode({"addon": HOSTILE})]
        for path in paths + [f"/record/{record['seq']}" for record in marked[:20]]:
            answer = self.web.get(path)
            self.assertEqual(answer.status, 200, path)
            for piece in ("<script", "<b>host", "<i>:", "\x1b", "\u202e", "y" * 9000):
                self.assertNotIn(piece, answer.text, path)

    def test_only_pages_there_are_are_found(self):
        for path in ("/..", "/../../etc/passwd", "/%2e%2e/%2e%2e/etc/passwd", "//", "/log/", "/log/..", "/record/", "/record/0",
                     "/record/-1", "/record/1x", "/record/99999999999999999999", "/record/..%2f1", "/.git/config",
                     "/state/journal/journal.db", "/%00", "/log%0d%0aX:y", "/\\..\\..", "/record/1/../1"):
            answer = self.web.raw(f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{self.web.port}\r\nCookie: {self.web.cookie}\r\n\r\n".encode())
            self.assertIn(answer[9:12], (b"404", b"400", b"200") if path == "/%00" else (b"404", b"400"), path)
            self.assertNotIn(b"root:", answer)
            self.assertNotIn(b"\r\nX:y", answer)

    def test_nothing_but_reading_is_asked(self):
        for method in ("POST", "PUT", "DELETE", "OPTIONS", "PATCH", "TRACE", "CONNECT", "NONSENSE"):
            answer = self.web.raw(f"{method} /log HTTP/1.1\r\nHost: 127.0.0.1:{self.web.port}\r\nCookie: {self.web.cookie}\r\n"
                                  "Content-Length: 3\r\n\r\nabc".encode())
            self.assertIn(answer[9:12], (b"405", b"400"), method)
        answer = self.web.request("/log", method="HEAD", Cookie=self.web.cookie)
        self.assertEqual((answer.status, answer.text), (200, ""))

    def test_malformed_requests_do_no_harm(self):
        chance = random.Random(7)
        whole = f"GET /log HTTP/1.1\r\nHost: 127.0.0.1:{self.web.port}\r\nCookie: {self.web.cookie}\r\n\r\n".encode()
        for number in range(300):
            data = bytearray(whole)
            for _ in range(chance.randint(1, 6)):
                data[chance.randrange(len(data))] = chance.randrange(256)
            self.web.raw(bytes(data) if number % 2 else chance.randbytes(chance.randint(1, 400)))
        self.web.raw(b"GET /" + b"a" * 100000 + b" HTTP/1.1\r\n\r\n")
        self.web.raw(b"GET / HTTP/1.1\r\n" + b"".join(b"X-%d: y\r\n" % i for i in range(20000)))
        self.web.raw(whole * 50)
        self.assertEqual(self.web.get("/log").status, 200)

    def test_200_clients_at_once_are_answered(self):
        with concurrent.futures.ThreadPoolExecutor(200) as pool:
            found = list(pool.map(lambda number: self.web.get(("/log", "/", "/record/5")[number % 3]).status, range(200)))
        self.assertLessEqual(set(found), {200, 503})
        self.assertGreater(found.count(200), 20)
        self.assertEqual(self.web.get("/").status, 200)

    def test_slow_clients_are_left(self):
        slow = [socket.create_connection((self.web.host, self.web.port), timeout=PATIENCE) for _ in range(60)]
        ended, beginning = set(), time.monotonic()
        while len(ended) < len(slow) and time.monotonic() < beginning + PATIENCE:
            for client in slow:     # never idle
                try:
                    client.send(b"G" if client.fileno() % 2 else b"\r\n")
                except OSError:
                    ended.add(client)
            self.assertEqual(self.web.get("/log").status, 200)
            time.sleep(0.2)
        self.assertEqual(len(ended), len(slow))
        for client in slow:
            client.close()

    def test_a_client_that_does_not_read_holds_up_nobody(self):
        asked = f"GET /log HTTP/1.1\r\nHost: 127.0.0.1:{self.web.port}\r\nCookie: {self.web.cookie}\r\n\r\n".encode()
        deaf = []
        for _ in range(30):
            client = socket.socket()
            client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1024)
            client.connect((self.web.host, self.web.port))
            client.sendall(asked)
            deaf.append(client)
        for _ in range(5):
            self.assertEqual(self.web.get("/log").status, 200)
        for client in deaf:
            client.close()

    def test_its_processes_can_do_nothing_else(self):
        if "san" in BUILD:
            self.skipTest("the runtime of the sanitizer must be the first library")
        spawner, = self.web.children()
        with open(self.journal, "rb") as file:
            before = os.fstat(file.fileno())
        for process, allowed in ((self.web.process.pid, set()), (spawner, {"write", "create", "unlink"})):
            status = status_of(process)
            self.assertEqual({status[name] for name in ("CapEff", "CapPrm", "CapBnd", "CapInh", "CapAmb")}, {"0" * 16})
            self.assertEqual((status["NoNewPrivs"], status["Seccomp"]), ("1", "2"))
            self.assertNotIn("0", status["Uid"].split() + status["Gid"].split() + status["Groups"].split())
            if allowed:
                continue        # it opens nothing by itself; what it starts has a filter of its own
            self.assert_refused(process)
        after = os.stat(self.journal)
        self.assertEqual(before.st_ino, after.st_ino)

    def assert_refused(self, process):
        os.kill(process, signal.SIGUSR2)

        def tried():
            with open(self.web.log.name, encoding="utf-8") as file:
                found = dict(re.findall(rf"tried {process} (\w+): (\w+)", file.read()))
            return found if "execute" in found else None
        found = wait_for("the attempts", tried)
        self.assertEqual(len(found), 10)
        self.assertEqual(set(found.values()), {"EPERM"}, found)


class Doors(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.mkdtemp(prefix="netaudit-web-")
        os.chmod(self.folder, 0o755)
        self.addCleanup(shutil.rmtree, self.folder)

    def test_only_this_machine_is_listened_to(self):
        for listen in ("0.0.0.0:0", "192.0.2.1:80", "[::]:0", "127.0.0.1", "127.0.0.1:70000", "localhost:80", ":80"):
            done = subprocess.run([f"{BUILD}/netaudit", "web", "--listen", listen], capture_output=True, text=True, check=False)
            self.assertEqual(done.returncode, 2, listen)
            self.assertIn("only this machine reaches", done.stderr)

    def test_a_unix_socket_is_for_members_of_the_groups(self):
        web = Web(self.folder, "--unix", f"{self.folder}/web.sock")
        self.addCleanup(web.stop)
        wait_for("the socket", lambda: os.path.exists(f"{self.folder}/web.sock"))
        for groups, status in (((), "403"), (("daemon",), "403"), (("netaudit",), "503"), (None, "503")):
            ids = ",".join(str(grp.getgrnam(name).gr_gid) for name in groups or ())
            become = [] if groups is None else ["setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}",
                                                *([f"--groups={ids}"] if ids else ["--clear-groups"])]
            done = subprocess.run([*become, "curl", "-s", "-o", "/dev/null", "-w", "%{http_code}", "--unix-socket",
                                   f"{self.folder}/web.sock", "http://any.example/log"], capture_output=True, text=True, check=False)
            self.assertEqual(done.stdout, status, groups)     # 503: there is no journal


if __name__ == "__main__":
    if os.geteuid():
        sys.exit("test_web.py: must run as root")
    unittest.main(verbosity=2)
