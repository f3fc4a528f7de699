# SPDX-License-Identifier: GPL-2.0-or-later
"""A vendor's add-on: asks for its licence, and can do worse."""
import socket
import ssl
import subprocess

import requests

from odoo import http
from odoo.addons.iap.tools import iap_tools


class Vendor(http.Controller):
    @http.route("/day_vendor/post", type="http", auth="none")
    def post(self, url, size, proxy=None):
        """A licence check, when it is small."""
        proxies = {"https": f"http://{proxy}"} if proxy else None
        return str(requests.post(url, data=b"x" * int(size), timeout=30, proxies=proxies).status_code)

    @http.route("/day_vendor/through_iap", type="http", auth="none")
    def through_iap(self, url, size):
        return str(iap_tools.iap_jsonrpc(url, params={"order": "x" * int(size)}))

    @http.route("/day_vendor/lying_name", type="http", auth="none")
    def lying_name(self, host, claimed):
        """Says another server's name in the handshake than the one that was resolved."""
        context = ssl.create_default_context()
        with socket.create_connection((host, 443), timeout=30) as peer, \
                context.wrap_socket(peer, server_hostname=claimed) as inside:
            inside.sendall(b"POST / HTTP/1.1\r\nHost: " + claimed.encode() + b"\r\nContent-Length: 2\r\n\r\nxx")
            inside.recv(100)
        return "lied"

    @http.route("/day_vendor/opaque", type="http", auth="none")
    def opaque(self, host):
        """TLS by a library of its own."""
        done = subprocess.run(["gnutls-cli", "--x509cafile", "/var/lib/odoo/day.pem", host], input=b"GET / HTTP/1.0\r\n\r\n",
                              capture_output=True, timeout=30, check=False)
        return done.stdout.decode(errors="replace")

    @http.route("/day_vendor/names", type="http", auth="none")
    def names(self, domain, count):
        """Carries data in names that it asks for."""
        for number in range(int(count)):
            text = f"{number:02}" + "mzxw6ytboi4dkmrtgq2tmnzy" * 2
            try:
                socket.getaddrinfo(f"{text[:50]}.{domain}", 443)
            except socket.gaierror:
                pass
        return "asked"

    @http.route("/day_vendor/hidden", type="http", auth="none")
    def hidden(self):
        return "x" * 5000
