# SPDX-License-Identifier: GPL-2.0-or-later
"""All add-ons paths together are this package, as in Odoo."""
