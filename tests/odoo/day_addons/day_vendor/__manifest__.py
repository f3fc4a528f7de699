# SPDX-License-Identifier: GPL-2.0-or-later
{"name": "day_vendor", "author": "Maildesk", "website": "https://www.maildesk.example", "version": "1.0",
 "depends": ["web", "iap"], "license": "LGPL-3"}
