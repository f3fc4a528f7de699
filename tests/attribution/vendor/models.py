# SPDX-License-Identifier: GPL-2.0-or-later
"""The calls as methods of a model, which is how cron jobs, server actions and other add-ons reach them."""
import base64
import json

from odoo import api, models

from . import calls, orders

ADDON = __name__.split(".")[2]
HOST = "127.0.0.1"


class Calls(models.AbstractModel):
    _name = ADDON + ".calls"
    _description = "Calls of every style"

    @api.model
    def corpus_call(self, style, to, token):
        if style == "mail_server":
            self.env["ir.mail_server"].send_email(calls.mail(token), smtp_server=HOST, smtp_port=to["smtp"],
                                                  smtp_encryption="starttls")
        elif style == "iap":
            from odoo.addons.iap.tools import iap_tools
            iap_tools.iap_jsonrpc(calls.url(to, "http", "/jsonrpc"), params={"token": token})
        else:
            calls.call(style, to, token)

    @api.model
    def corpus_job(self, path):
        """All calls of a file, and what became of them beside it: for processes that nobody can ask over HTTP."""
        orders.work(path, self.corpus_call)


class Socket(models.AbstractModel):
    _inherit = "ir.websocket"

    def _build_bus_channel_list(self, channels):
        """A subscription to "ADDON!…" is an order to call."""
        kept = []
        for channel in channels:
            name, _, text = channel.partition("!") if isinstance(channel, str) else ("", "", "")
            if name == ADDON:
                order = json.loads(base64.b64decode(text))
                self.env[ADDON + ".calls"].corpus_call(order["style"], order["to"], order["token"])
            else:
                kept.append(channel)
        return super()._build_bus_channel_list(kept)
