# SPDX-License-Identifier: GPL-2.0-or-later
{"name": "netaudit_second", "author": "netaudit's tests", "version": "1.0", "depends": ["netaudit_first"],
 "license": "LGPL-3"}
