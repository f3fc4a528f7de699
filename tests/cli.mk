# SPDX-License-Identifier: GPL-2.0-or-later
# The netaudit command as its users meet it.

test-cli: $(BUILD)/netaudit ## the command line: exit codes, pipes, terminals, man page, completion
	tests/system/test_cli.py $(BUILD)/netaudit

.PHONY: test-cli
