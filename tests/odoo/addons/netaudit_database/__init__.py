# SPDX-License-Identifier: GPL-2.0-or-later
"""Calls a port that is the database's, from wherever such a call may come."""
import logging
import socket
import subprocess
import threading

from odoo import http, models

PORTS = {"netaudit_one": 18101, "netaudit_two": 18102}
logger = logging.getLogger(__name__)


def call(port):
    socket.create_connection(("127.0.0.1", port)).close()


class Database(http.Controller):
    @http.route("/netaudit_database/call", type="http", auth="public")
    def call(self):
        call(PORTS[http.request.env.cr.dbname])
        return "called"

    @http.route("/netaudit_database/silent", type="http", auth="none")
    def silent(self):
        call(PORTS[http.request.db])
        return "called"

    @http.route("/netaudit_database/thread", type="http", auth="public")
    def thread(self):
        thread = threading.Thread(target=call, args=(PORTS[http.request.env.cr.dbname],))
        thread.start()
        thread.join()
        return "called"

    @http.route("/netaudit_database/program", type="http", auth="public")
    def program(self):
        port = PORTS[http.request.env.cr.dbname]
        subprocess.run(["curl", "-s", f"http://127.0.0.1:{port}/"], check=False)
        return "called"


class Cron(models.Model):
    _inherit = "ir.cron"

    def _netaudit_call(self):
        call(PORTS[self.env.cr.dbname])
        logger.info("netaudit_database called for %s", self.env.cr.dbname)
