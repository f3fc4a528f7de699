# SPDX-License-Identifier: GPL-2.0-or-later
"""The add-on that is Odoo itself."""
