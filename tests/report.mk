# SPDX-License-Identifier: GPL-2.0-or-later
# The Trust Report.

test-report: all ## the report's numbers against a recount of a real journal; a verdict that flips and flips back
	tests/system/test_report.py $(BUILD)

.PHONY: test-report
