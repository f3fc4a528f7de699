# SPDX-License-Identifier: GPL-2.0-or-later
"""Controllers that use another add-on's code: its helper, its decorator, its controller."""
from odoo import http
from odoo.addons.netaudit_first.controllers import First, ask, logged


class Second(http.Controller):
    @http.route("/netaudit_second/asks", type="http", auth="none")
    def asks(self):
        return ask()

    @http.route("/netaudit_second/decorated", type="http", auth="none")
    @logged
    def decorated(self):
        return ask()


class Extended(First):
    @http.route()
    def extended(self):
        return super().extended()
