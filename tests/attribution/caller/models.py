# SPDX-License-Identifier: GPL-2.0-or-later
"""An add-on that never calls anybody itself: other add-ons' models, server actions and cron jobs do, on its behalf."""
from odoo import api, models

from . import orders

ACTIONS = {
    # an add-on's method that calls
    "server_action": "model.corpus_call('requests', env.context['corpus_to'], env.context['corpus_token'])",
    # a text that has Odoo itself call, and nobody else
    "server_action_mail": """server = env['ir.mail_server'].create({
    'name': 'corpus', 'smtp_host': '127.0.0.1', 'smtp_port': env.context['corpus_to']['smtp'],
    'smtp_encryption': 'starttls', 'from_filter': env.context['corpus_token'] + '@example.com'})
server.test_smtp_connection()
server.unlink()"""}


class Caller(models.AbstractModel):
    _name = "corpus_caller.calls"
    _description = "Has others call"

    @api.model
    def corpus_call(self, style, to, token):
        addon = token.split(".")[1]
        if style in ACTIONS:
            self._action(addon, style).with_context(corpus_to=to, corpus_token=token).run()
        else:
            self.env[addon + ".calls"].corpus_call(to["style"], to, token)

    def _action(self, addon, style):
        actions = self.env["ir.actions.server"].sudo()
        name = addon + " " + style
        return actions.search([("name", "=", name)], limit=1) or actions.create({
            "name": name, "model_id": self.env["ir.model"]._get_id(addon + ".calls"), "state": "code",
            "code": ACTIONS[style]})

    @api.model
    def corpus_job(self, path):
        orders.work(path, self.corpus_call)

    @api.model
    def corpus_schedule(self, addon, path):
        """A cron job that works through a file as soon as the cron worker has time."""
        self.env["ir.cron"].sudo().create({
            "name": "corpus " + path, "model_id": self.env["ir.model"]._get_id(addon + ".calls"), "state": "code",
            "code": f"model.corpus_job({path!r})", "interval_number": 900, "interval_type": "weeks"})._trigger()
