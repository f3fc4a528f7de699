# SPDX-License-Identifier: GPL-2.0-or-later
{"name": "day_shop", "author": "netaudit's tests", "version": "1.0", "depends": ["web", "iap"], "license": "LGPL-3"}
