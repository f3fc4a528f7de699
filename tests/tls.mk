# SPDX-License-Identifier: GPL-2.0-or-later
# What is said inside TLS, and without it: real clients, a real server, and nothing of the content anywhere.

$(BUILD)/tests/tls/maps: tests/system/tls/maps.c
	@mkdir -p $(@D)
	$(call say,TEST,$@)$(CC) $(CPPFLAGS) $(CFLAGS) $(LDFLAGS) -o $@ $< $(LDLIBS)

test-tls: all ## HTTPS of curl and Python: method, host, path, status, sizes and fingerprints are those the server saw
	@PYTHONDONTWRITEBYTECODE=1 /usr/bin/python3 tests/system/tls/test_exchanges.py $(BUILD)

test-http: all ## HTTP in clear text, of curl and Python: the same, on every backend
	@PYTHONDONTWRITEBYTECODE=1 /usr/bin/python3 tests/system/tls/test_exchanges.py $(BUILD) --plain

test-opaque: all ## TLS that nobody sees into is named by its ClientHello, however it is cut; what OpenSSL says is not called opaque
	@PYTHONDONTWRITEBYTECODE=1 /usr/bin/python3 tests/system/tls/test_opaque.py $(BUILD)

test-segments: all ## a peer that sends segments twice, in another order or with other bytes: less is recorded, never something wrong
	@PYTHONDONTWRITEBYTECODE=1 /usr/bin/python3 tests/system/tls/test_segments.py $(BUILD)

CONNECTIONS ?= 600
test-binding: all ## connections of OpenSSL have the flow that peers wrote down, whoever reads and writes the socket (CONNECTIONS=600)
	@PYTHONDONTWRITEBYTECODE=1 /usr/bin/python3 tests/system/tls/test_binding.py $(BUILD) --connections $(CONNECTIONS)

test-leaks-clear: all $(BUILD)/tests/tls/maps ## the same hunt for secrets that were sent in clear text
	@PYTHONDONTWRITEBYTECODE=1 /usr/bin/python3 tests/system/tls/test_leaks.py $(BUILD) --plain

test-leaks: all $(BUILD)/tests/tls/maps ## secrets sent inside TLS are nowhere in what the auditor keeps; the hunt proves that it can find
	@PYTHONDONTWRITEBYTECODE=1 /usr/bin/python3 tests/system/tls/test_leaks.py $(BUILD)

.PHONY: test-binding test-tls test-http test-opaque test-segments test-leaks test-leaks-clear
