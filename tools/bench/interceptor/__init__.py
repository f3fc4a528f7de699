# SPDX-License-Identifier: GPL-2.0-or-later
"""What one would otherwise run: an add-on that wraps Python's own network modules. For tools/bench/odoo_cost.py only.

It is switched by requests, so that runs with and without it can take turns in one worker.
"""
from odoo import http

from . import wrap


class Switch(http.Controller):
    @http.route("/interceptor/<string:state>", type="http", auth="none", save_session=False)
    def switch(self, state):
        (wrap.install if state == "on" else wrap.remove)()
        return str(wrap.written())
