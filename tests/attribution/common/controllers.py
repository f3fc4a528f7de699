# SPDX-License-Identifier: GPL-2.0-or-later
"""The calls as a route: an order is JSON, the answer is what went wrong, or nothing."""
import json
import traceback

from odoo import SUPERUSER_ID, http
from odoo.http import request

ADDON = __name__.split(".")[2]


class Route(http.Controller):
    @http.route(f"/{ADDON}/call", type="http", auth="none", csrf=False, save_session=False)
    def corpus_route(self):
        order = json.loads(request.httprequest.get_data())
        try:
            request.env(user=SUPERUSER_ID)[ADDON + ".calls"].corpus_call(order["style"], order["to"], order["token"])
        except Exception:
            return request.make_response(traceback.format_exc(), status=500)
        return ""
