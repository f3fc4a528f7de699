# SPDX-License-Identifier: GPL-2.0-or-later
"""Where Odoo says which one it is."""
version_info = (19, 0, 0, "final", 0, "")
version = "19.0"
series = "19.0"
