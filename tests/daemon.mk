# SPDX-License-Identifier: GPL-2.0-or-later
# The daemon as a whole on this machine's kernel: what keeps it from starting, and how it lives and stops.

daemon-tests: all ## the daemon refuses bad input in one line, and survives the death of its parts
	@tests/system/test_daemon_bad_input.sh $(BUILD)
	@PYTHONDONTWRITEBYTECODE=1 /usr/bin/python3 tests/system/test_daemon_life.py $(BUILD)

.PHONY: daemon-tests
