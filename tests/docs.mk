# SPDX-License-Identifier: GPL-2.0-or-later
# What the documentation says can be typed.

test-docs: $(BUILD)/netaudit ## each command and option that README and docs/ name is one that the program has
	@tests/lint/commands.py $(BUILD)/netaudit README.md $(wildcard docs/*.md)

.PHONY: test-docs
