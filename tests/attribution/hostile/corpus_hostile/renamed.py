# SPDX-License-Identifier: GPL-2.0-or-later
"""A module that says it is another add-on's."""
__name__ = "odoo.addons.corpus_victim.calls"


def go(sock, address):
    sock.connect(address)
