# SPDX-License-Identifier: GPL-2.0-or-later
"""An add-on that never calls anybody itself: other add-ons' models, server actions and cron jobs do, on its behalf."""
from odoo import api, models

from . import orders

ACTION = "model.corpus_call(env.context['corpus_style'], env.context['corpus_to'], env.context['corpus_token'])"


class Caller(models.AbstractModel):
    _name = "corpus_caller.calls"
    _description = "Has others call"

    @api.model
    def corpus_call(self, style, to, token):
        addon = token.split(".")[1]
        if style == "server_action":
            self._action(addon).with_context(corpus_style="requests", corpus_to=to, corpus_token=token).run()
        else:
            self.env[addon + ".calls"].corpus_call(to["style"], to, token)

    def _action(self, addon):
        actions = self.env["ir.actions.server"].sudo()
        name = "corpus " + addon
        return actions.search([("name", "=", name)], limit=1) or actions.create({
            "name": name, "model_id": self.env["ir.model"]._get_id(addon + ".calls"), "state": "code", "code": ACTION})

    @api.model
    def corpus_job(self, path):
        orders.work(path, self.corpus_call)

    @api.model
    def corpus_schedule(self, addon, path):
        """A cron job that works through a file as soon as the cron worker has time."""
        self.env["ir.cron"].sudo().create({
            "name": "corpus " + path, "model_id": self.env["ir.model"]._get_id(addon + ".calls"), "state": "code",
            "code": f"model.corpus_job({path!r})", "interval_number": 900, "interval_type": "weeks"})._trigger()
