# SPDX-License-Identifier: GPL-2.0-or-later
{"name": "In-process interceptor", "author": "netaudit benchmarks", "version": "1.0", "depends": ["web"],
 "license": "LGPL-3", "installable": True}
