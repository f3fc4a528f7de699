# SPDX-License-Identifier: GPL-2.0-or-later
"""One of two add-ons that have the same name."""


def go(sock, address):
    sock.connect(address)
