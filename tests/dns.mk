# SPDX-License-Identifier: GPL-2.0-or-later
# Names: real clients, a real name server, and its log.

test-dns: all ## names asked of a real name server are recorded as its own log has them
	@PYTHONDONTWRITEBYTECODE=1 /usr/bin/python3 tests/system/dns/test_dns.py $(BUILD)

.PHONY: test-dns
