# SPDX-License-Identifier: GPL-2.0-or-later
"""A stand-in for the package `odoo`: folders and import names as in the real one, so that add-ons can be loaded."""
import sys

LATER = []      # what add-ons want to be called by Odoo itself, after their orders: as the real one does after a commit

if sys.argv[1:2] == ["gevent"]:     # first of all, as the real one
    try:
        import gevent.monkey
        gevent.monkey.patch_all()
    except ImportError:
        pass    # then it is a process with one thread, which is worth a row as well
