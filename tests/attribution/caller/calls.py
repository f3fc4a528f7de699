# SPDX-License-Identifier: GPL-2.0-or-later
"""Code of one add-on that has another one make the call."""
import importlib


def call(_, to, token):
    importlib.import_module("odoo.addons.{}.calls".format(token.split(".")[1])).call(to["style"], to, token)
