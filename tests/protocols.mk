# SPDX-License-Identifier: GPL-2.0-or-later
# Protocols other than HTTP: real clients, real servers.

test-mail: all $(BUILD)/tests/tls/maps ## mail of smtplib inside TLS: domains, sizes and results are those the server saw, and nothing of the content
	@PYTHONDONTWRITEBYTECODE=1 /usr/bin/python3 tests/system/protocols/test_mail.py $(BUILD)

.PHONY: test-mail
