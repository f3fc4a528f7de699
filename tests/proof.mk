# SPDX-License-Identifier: GPL-2.0-or-later
# Exports, keys and the standalone verifiers.

test-proof: all $(BUILD)/tests/journal_driver ## exports and keys: golden files, real traffic, three verifiers, every known lie
	python3 -B tests/proof/run.py $(BUILD)

.PHONY: test-proof
