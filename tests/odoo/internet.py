#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""The rest of the world, for a test: a name server, web and mail servers on addresses of their own.

    internet.py FOLDER PROXY NAME=ADDRESS ...     in a network namespace that has these addresses

Each server listens on every address; who is asked is told by the address. On PROXY, port 3128, a proxy leads to them. FOLDER/day.pem is the certificate for all the
names. Writes "ready" when everything listens; then each line of its input, "ADDRESS URL", is requested from that address:
what calls in.
Ends with its standard input.
"""
import http.client
import http.server
import os
import ssl
import socket
import subprocess
import sys
import threading
import time
import urllib.parse

sys.path[:0] = [os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "attribution")]
import peers  # noqa: E402  mail servers

ANY = "0.0.0.0"


class Web(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    timeout = peers.TIMEOUT

    def do_GET(self):
        left = int(self.headers.get("Content-Length", 0))
        while left:
            left -= len(self.rfile.read(min(left, 65536)))
        answer = b'{"jsonrpc": "2.0", "id": null, "result": 1}'
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    do_POST = do_GET

    def log_message(self, *_):
        pass


class WebServer(http.server.ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, port, tls):
        self.tls = tls
        super().__init__((ANY, port), Web)

    def finish_request(self, request, client_address):
        if self.tls:
            request = self.tls.wrap_socket(request, server_side=True)
        super().finish_request(request, client_address)

    def handle_error(self, request, client_address):
        """A client that is gone has what it wanted."""


def make_certificate(folder, names):
    path = os.path.join(folder, "day.pem")
    subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "30", "-subj", "/CN=internet",
                    "-addext", "subjectAltName=" + ",".join(f"DNS:{name}" for name in names),
                    "-addext", "keyUsage=digitalSignature,keyCertSign", "-keyout", path + ".key", "-out", path],
                   check=True, stderr=subprocess.DEVNULL)
    os.chmod(path, 0o644)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(path, path + ".key")
    return context


def call_in(address, url):
    """How many bytes were answered."""
    connection = http.client.HTTPConnection(url.hostname, url.port, timeout=peers.TIMEOUT, source_address=(address, 0))
    try:
        connection.request("GET", url.path)
        return len(connection.getresponse().read())
    finally:
        connection.close()


def wait_listening(address, port, process):
    while process.poll() is None:
        try:
            socket.create_connection((address, port), timeout=peers.TIMEOUT).close()
            return
        except ConnectionRefusedError:
            time.sleep(0.05)
    raise SystemExit("FAIL: the proxy did not start")


def main():
    folder, way_out, names = sys.argv[1], sys.argv[2], dict(word.split("=") for word in sys.argv[3:])
    tls, truth = make_certificate(folder, names), peers.Truth(os.path.join(folder, "internet.jsonl"))
    for port, context in ((80, None), (443, tls)):
        threading.Thread(target=WebServer(port, context).serve_forever, daemon=True).start()
    for port, serve in ((587, peers.serve_smtp), (993, peers.serve_imap)):
        listener = socket.create_server((ANY, port))
        threading.Thread(target=peers.accept_loop, args=(listener, serve, truth, tls), daemon=True).start()
    resolver = subprocess.Popen(["dnsmasq", "--keep-in-foreground", "--conf-file=/dev/null", "--no-resolv", "--no-hosts",
                                 "--no-daemon", "--port=53", "--user=root", "--log-facility=/dev/null", "--local=/#/",
                                 *(f"--host-record={name},{address}" for name, address in names.items())],
                                stderr=subprocess.DEVNULL)
    with open(os.path.join(folder, "tinyproxy.conf"), "w", encoding="ascii") as file:
        file.write(f"Port 3128\nListen {way_out}\nLogFile \"{folder}/tinyproxy.log\"\n")
    proxy = subprocess.Popen(["/usr/bin/tinyproxy", "-d", "-c", file.name], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        wait_listening(way_out, 3128, proxy)
        print("ready", flush=True)
        for line in sys.stdin:
            address, url = line.split()
            print(call_in(address, urllib.parse.urlsplit(url)), flush=True)
    finally:
        for process in (proxy, resolver):
            process.terminate()
            process.wait()


if __name__ == "__main__":
    main()
