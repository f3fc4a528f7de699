# SPDX-License-Identifier: GPL-2.0-or-later
check: ## every suite, sampled sizes (what CI runs)
	+@tests/run-suites tests/suites

check-fast: all unit ## build and unit tests

.PHONY: check check-fast
