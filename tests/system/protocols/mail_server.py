#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""
A mail server that writes down what it took, inside TLS on one port and with STARTTLS on another: mail_server.py FOLDER (with
key.pem, cert.pem; writes port, port.starttls, truth.jsonl).
"""
import asyncio
import json
import logging
import os
import ssl
import sys

from aiosmtpd.smtp import SMTP, AuthResult

FOLDER = sys.argv[1]


class Handler:
    def __init__(self):
        self.refused = 0

    def write(self, envelope, status, session):
        with open(os.path.join(FOLDER, "truth.jsonl"), "a", encoding="ascii") as truth:
            truth.write(json.dumps({
                "domains": [address.rpartition("@")[2].lower() for address in envelope.rcpt_tos], "bytes": len(envelope.content),
                "refused": self.refused, "status": status, "client": session.peer[1]}) + "\n")

    async def handle_MAIL(self, _server, _session, envelope, address, _options):  # noqa: N802
        self.refused, envelope.mail_from = 0, address
        return "250 2.1.0 fine"

    async def handle_RCPT(self, _server, _session, envelope, address, _options):  # noqa: N802  aiosmtpd's name
        if address.startswith("refused"):
            self.refused += 1
            return "550 5.1.1 no such user"
        envelope.rcpt_tos.append(address)
        return "250 2.1.5 fine"

    async def handle_DATA(self, _server, session, envelope):  # noqa: N802
        status = 554 if b"X-Refuse:" in envelope.content else 250
        self.write(envelope, status, session)
        return f"{status} 2.0.0 said"


def authenticate(_server, _session, _envelope, _mechanism, data):
    return AuthResult(success=data.password.startswith(b"right"), handled=False)


async def main():
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(os.path.join(FOLDER, "cert.pem"), os.path.join(FOLDER, "key.pem"))
    logging.getLogger("mail.log").setLevel(logging.ERROR)    # it warns of what it does itself
    handler = Handler()
    servers = {}
    for name, inside, within in (("port.starttls", None, context), ("port", context, None)):
        servers[name] = await asyncio.get_running_loop().create_server(
            lambda within=within: SMTP(handler, hostname="localhost", authenticator=authenticate, auth_require_tls=False, tls_context=within),
            "127.0.0.1", 0, ssl=inside)
        with open(os.path.join(FOLDER, "port.new"), "w", encoding="ascii") as file:
            file.write(str(servers[name].sockets[0].getsockname()[1]))
        os.rename(os.path.join(FOLDER, "port.new"), os.path.join(FOLDER, name))
    await servers["port"].serve_forever()


asyncio.run(main())
