# SPDX-License-Identifier: GPL-2.0-or-later
"""Controllers that ask the database, or do not; and what another add-on builds upon."""
import functools

from odoo import SUPERUSER_ID, http
from odoo.http import request


def ask():
    """One query, which no cache answers."""
    request.env.cr.execute("SELECT count(*) FROM ir_module_module")
    return str(request.env.cr.fetchone()[0])


def logged(method):
    """A function around a controller, which asks the database itself."""
    @functools.wraps(method)
    def around(self, **arguments):
        ask()
        return method(self, **arguments)
    return around


class First(http.Controller):
    @http.route("/netaudit_first/asks", type="http", auth="none")
    def asks(self):
        return ask()

    @http.route("/netaudit_first/silent", type="http", auth="none")
    def silent(self):
        return "nobody was asked"

    @http.route("/netaudit_first/fails", type="http", auth="none")
    def fails(self):
        ask()
        raise ValueError("as intended")

    @http.route("/netaudit_first/extended", type="http", auth="none")
    def extended(self):
        return ask()

    @http.route("/netaudit_first/model", type="http", auth="none")
    def model(self):
        return str(request.env(user=SUPERUSER_ID)["res.partner"].search_count([("name", "like", "x")]))
