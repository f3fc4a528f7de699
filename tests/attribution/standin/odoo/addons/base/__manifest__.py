# SPDX-License-Identifier: GPL-2.0-or-later
{"name": "Base", "author": "stand-in", "version": "1.0", "license": "LGPL-3", "installable": True}
