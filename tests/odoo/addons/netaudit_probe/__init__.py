# SPDX-License-Identifier: GPL-2.0-or-later
"""Routes that make a worker do one thing each, so that a test can look at it from outside."""
import json
import os
import socket
import subprocess
import threading
import time
from email.message import EmailMessage

import odoo
from odoo import api, http
from odoo.modules.registry import Registry

DATABASE = "netaudit_test"


def done(**more):
    return json.dumps({"pid": os.getpid(), "tid": threading.get_native_id(), **more})


def environment(cursor):
    return api.Environment(cursor, odoo.SUPERUSER_ID, {})


class Probe(http.Controller):
    @http.route("/netaudit_probe/hold", type="http", auth="none")
    def hold(self):
        """Announce (worker pid, sub-process pid) in the file "held"; return once the file "release" exists."""
        folder = os.environ["NETAUDIT_PROBE_FOLDER"]
        with subprocess.Popen(["cat"], stdin=subprocess.PIPE) as child:
            with open(os.path.join(folder, "held.new"), "w") as announce:
                announce.write(f"{os.getpid()} {child.pid}")
            os.rename(os.path.join(folder, "held.new"), os.path.join(folder, "held"))
            deadline = time.monotonic() + 60
            while time.monotonic() < deadline and not os.path.exists(os.path.join(folder, "release")):
                time.sleep(0.05)
            child.kill()
        return "released"

    @http.route("/netaudit_probe/connect", type="http", auth="none")
    def connect(self, port):
        with socket.create_connection(("127.0.0.1", int(port)), timeout=30) as peer:
            return done(port=peer.getsockname()[1])

    @http.route("/netaudit_probe/curl", type="http", auth="none")
    def curl(self, port):
        with subprocess.Popen(["curl", "-s", "--http0.9", "-m", "20", f"http://127.0.0.1:{int(port)}/"],
                              stdout=subprocess.DEVNULL) as child:
            pass
        return done(child=child.pid, status=child.returncode)

    @http.route("/netaudit_probe/mail", type="http", auth="none")
    def mail(self, port):
        message = EmailMessage()
        message["From"], message["To"], message["Subject"] = "a@example.com", "b@example.com", "netaudit"
        message["Message-Id"] = f"<{time.monotonic_ns()}@example.com>"
        message.set_content("a message")
        with Registry(DATABASE).cursor() as cursor:
            environment(cursor)["ir.mail_server"].send_email(message, smtp_server="127.0.0.1", smtp_port=int(port),
                                                             smtp_encryption="none")
        return done()

    @http.route("/netaudit_probe/copy", type="http", auth="none")
    def copy(self, port):
        """Has the database run a program that calls somebody."""
        with Registry(DATABASE).cursor() as cursor:
            cursor.execute(f"COPY (SELECT 1) TO PROGRAM 'curl -s --http0.9 -m 20 http://127.0.0.1:{int(port)}/'")
        return done()

    @http.route("/netaudit_probe/dblink", type="http", auth="none")
    def dblink(self, port):
        """Has the database connect to somebody who is no database."""
        with Registry(DATABASE).cursor() as cursor:
            try:
                cursor.execute("SELECT dblink_connect(%s)", (
                    f"host=127.0.0.1 port={int(port)} dbname=x user=x sslmode=disable "
                    "gssencmode=disable",), log_exceptions=False)
            except Exception as error:
                cursor.rollback()
                return done(error=str(error))
        return done(error="")
