# SPDX-License-Identifier: GPL-2.0-or-later
# Hard days on this machine's kernel: rings that overflow, processes that are killed, disks that fail. FULL=1: full sizes.

$(BUILD)/tests/hardship/na-flood: tests/system/hardship/flood.c
	@mkdir -p $(@D)
	$(call say,LINK,$@)$(CC) -O2 -std=gnu11 -D_GNU_SOURCE $(WARN) -o $@ $<

HARDSHIP = PYTHONDONTWRITEBYTECODE=1 FULL=$(FULL) /usr/bin/python3 tests/system/hardship

test-loss: all $(BUILD)/tests/hardship/na-flood ## recorded + counted as lost = made, whatever overflows
	@$(HARDSHIP)/test_loss.py $(BUILD)

test-crash: all $(BUILD)/tests/hardship/na-flood ## kill -9 of every process under load loses no committed record
	@$(HARDSHIP)/test_crash.py $(BUILD)

test-io: all $(BUILD)/tests/hardship/na-flood ## a full disk and I/O errors leave audited programs and the past alone
	@$(HARDSHIP)/test_io.py $(BUILD)

.PHONY: test-loss test-crash test-io
