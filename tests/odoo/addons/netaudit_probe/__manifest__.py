# SPDX-License-Identifier: GPL-2.0-or-later
{"name": "netaudit probe", "author": "netaudit tests", "version": "1.0", "depends": ["web"], "license": "LGPL-3",
 "installable": True}
