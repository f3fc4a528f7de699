# SPDX-License-Identifier: GPL-2.0-or-later
# The tamper suite: every way to change a journal, each with the answer it must get.

$(BUILD)/tests/journal_driver: tests/tamper/journal_driver.c $(BUILD)/libnetaudit.a
	@mkdir -p $(@D)
	$(call say,TEST,$@)$(CC) $(CPPFLAGS) $(CFLAGS) -MMD -MP $(LDFLAGS) -o $@ $< $(BUILD)/libnetaudit.a $(LDLIBS)

$(BUILD)/tests/faulty_io.so: tests/tamper/faulty_io.c
	@mkdir -p $(@D)
	$(call say,TEST,$@)$(CC) $(CPPFLAGS) $(CFLAGS) -fPIC -shared -o $@ $< -ldl

tamper: $(BUILD)/tests/journal_driver $(BUILD)/tests/faulty_io.so ## change a journal in every way known; each must be told
	python3 -B tests/tamper/run.py $(BUILD)/tests

$(BUILD)/tests/failing_calls.so: tests/tamper/failing_calls.c
	@mkdir -p $(@D)
	$(call say,TEST,$@)$(CC) $(CPPFLAGS) -U_FORTIFY_SOURCE $(filter-out -D_FORTIFY_SOURCE=2,$(CFLAGS)) -fPIC -shared -o $@ $< -ldl

test-random-edits: $(BUILD)/tests/journal_driver ## random edits of a journal: each that a reader would see is told (COUNT=180)
	python3 -B tests/tamper/random_edits.py $(BUILD)/tests $(or $(COUNT),180)

test-every-call: $(BUILD)/tests/journal_driver $(BUILD)/tests/failing_calls.so ## each file-system call of journal and signer fails once (COUNT=8 of each kind, 0: all)
	python3 -B tests/tamper/every_call.py $(BUILD)/tests $(or $(COUNT),8)

.PHONY: tamper test-random-edits test-every-call
