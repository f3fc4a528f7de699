# SPDX-License-Identifier: GPL-2.0-or-later
# Protocols other than HTTP: real clients, real servers.

test-mail: all $(BUILD)/tests/tls/maps ## mail of smtplib inside TLS: domains, sizes and results are those the server saw, and nothing of the content
	@PYTHONDONTWRITEBYTECODE=1 /usr/bin/python3 tests/system/protocols/test_mail.py $(BUILD)

.PHONY: test-mail

test-mailboxes: all $(BUILD)/tests/tls/maps ## IMAP and POP3 inside TLS: commands and answers are those of client and server, and nothing of the content
	@PYTHONDONTWRITEBYTECODE=1 /usr/bin/python3 tests/system/protocols/test_mailboxes.py $(BUILD)

.PHONY: test-mailboxes

test-postgresql: all $(BUILD)/tests/tls/maps ## connections to PostgreSQL inside TLS: user, database and how it went, and nothing of passwords and SQL
	@PYTHONDONTWRITEBYTECODE=1 /usr/bin/python3 tests/system/protocols/test_postgresql.py $(BUILD)

.PHONY: test-postgresql

test-ldap: all $(BUILD)/tests/tls/maps ## LDAP of OpenLDAP's clients in the clear: operations and result codes, and nothing of the content
	@PYTHONDONTWRITEBYTECODE=1 /usr/bin/python3 tests/system/protocols/test_ldap.py $(BUILD)

.PHONY: test-ldap

test-proxies: all $(BUILD)/tests/tls/maps ## HTTP and TLS through real proxies (CONNECT, absolute targets, SOCKS): records name the target and the proxy
	@PYTHONDONTWRITEBYTECODE=1 /usr/bin/python3 tests/system/protocols/test_proxies.py $(BUILD)

.PHONY: test-proxies

test-forwarded: all $(BUILD)/tests/tls/maps ## requests through a declared proxy: records say for whom it asked; nothing else of the field is kept
	@PYTHONDONTWRITEBYTECODE=1 /usr/bin/python3 tests/system/protocols/test_forwarded.py $(BUILD)

.PHONY: test-forwarded

test-h2: all $(BUILD)/tests/tls/maps ## HTTP/2 of curl and httpx at nginx, inside TLS and without: exchanges are those of its log, and nothing of values
	@PYTHONDONTWRITEBYTECODE=1 /usr/bin/python3 tests/system/protocols/test_h2.py $(BUILD)

.PHONY: test-h2

test-quic: all ## datagrams of a real client and server of QUIC are called so, with the version; others are not
	@PYTHONDONTWRITEBYTECODE=1 /usr/bin/python3 tests/system/protocols/test_quic.py $(BUILD)

.PHONY: test-quic

test-turns: all ## commands and mails in the clear on one connection: each is of the function that wrote it
	@PYTHONDONTWRITEBYTECODE=1 /usr/bin/python3 tests/system/protocols/test_turns.py $(BUILD)

.PHONY: test-turns
