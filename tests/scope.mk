# SPDX-License-Identifier: GPL-2.0-or-later
# Who is audited by default, and who is not: real hooks, a stand-in for Odoo, then a real one.

test-scope: all census-workload ## the default scope: only Odoo, its descendants and relays, each call once
	@BUILD=$(BUILD) PYTHONDONTWRITEBYTECODE=1 /usr/bin/python3 tests/system/scope/test_scope.py
	@BUILD=$(BUILD) PYTHONDONTWRITEBYTECODE=1 /usr/bin/python3 tests/system/scope/test_relays.py

.PHONY: test-scope
