# SPDX-License-Identifier: GPL-2.0-or-later
{"name": "netaudit_database", "author": "netaudit's tests", "version": "1.0", "depends": ["web"], "license": "LGPL-3",
 "data": ["cron.xml"]}
