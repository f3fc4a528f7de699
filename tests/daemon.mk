# SPDX-License-Identifier: GPL-2.0-or-later
# The daemon as a whole on this machine's kernel: what keeps it from starting, and how it lives and stops.

$(BUILD)/tests/fewer_capabilities.so: tests/system/fewer_capabilities.c
	@mkdir -p $(@D)
	$(call say,TEST,$@)$(CC) $(CPPFLAGS) $(CFLAGS) -fPIC -shared -o $@ $< -ldl

$(BUILD)/tests/opens-mapped: tests/system/opens_mapped.c $(BUILD)/libnetaudit.a
	@mkdir -p $(@D)
	$(call say,TEST,$@)$(CC) $(CPPFLAGS) $(CFLAGS) $(LDFLAGS) -o $@ $^ $(LDLIBS)

daemon-tests: all $(BUILD)/tests/fewer_capabilities.so $(BUILD)/tests/opens-mapped ## the daemon refuses bad input in one line, and survives the death of its parts
	@tests/system/test_daemon_bad_input.sh $(BUILD)
	@PYTHONDONTWRITEBYTECODE=1 /usr/bin/python3 tests/system/test_daemon_life.py $(BUILD)
	@PYTHONDONTWRITEBYTECODE=1 /usr/bin/python3 tests/system/test_capabilities.py $(BUILD)
	@PYTHONDONTWRITEBYTECODE=1 /usr/bin/python3 tests/system/test_reader.py $(BUILD)
	@PYTHONDONTWRITEBYTECODE=1 /usr/bin/python3 tests/system/test_canary.py $(BUILD)

.PHONY: daemon-tests
