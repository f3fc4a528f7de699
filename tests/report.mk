# SPDX-License-Identifier: GPL-2.0-or-later
# The Trust Report.

test-report: all ## the report's numbers against a recount of a real journal; a verdict that flips and flips back
	tests/system/test_report.py $(BUILD)

test-web: all ## the live page: who is let in, what it says, what its processes can do and survive
	tests/system/test_web.py $(BUILD)

test-browser: all ## the live page and the report's file in Chromium: clicks, hostile names, nothing cut off (NETAUDIT_SHOTS=FOLDER: pictures)
	tests/system/test_browser.py $(BUILD)

.PHONY: test-report test-web test-browser
