# SPDX-License-Identifier: GPL-2.0-or-later
# The census: a workload that knows what it did, and the comparison with what was recorded.

CENSUS_OBJ := $(patsubst %.c,$(BUILD)/%.o,$(filter-out %/blink.c,$(wildcard tests/system/census/*.c)))

$(BUILD)/tests/census/na-workload: $(CENSUS_OBJ)
	@mkdir -p $(@D)
	$(call say,LINK,$@)$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $^ -lpthread

# Static and unsanitised: it has to be over within a millisecond.
$(BUILD)/tests/census/na-blink: tests/system/census/blink.c tests/system/census/blink.h
	@mkdir -p $(@D)
	$(call say,LINK,$@)$(CC) -O2 -std=gnu11 -D_GNU_SOURCE $(WARN) -static -o $@ $<

census-workload: $(BUILD)/tests/census/na-workload $(BUILD)/tests/census/na-blink

.PHONY: census-workload

census-selftest: census-workload ## the census's comparison catches every kind of damage
	$(call say,CHECK,$@)$(BUILD)/tests/census/na-workload --truth $(BUILD)/tests/census/selftest.jsonl --count 6 --hold 3 --limit 120
	@PYTHONDONTWRITEBYTECODE=1 /usr/bin/python3 tests/system/census/selftest.py $(BUILD)/tests/census/selftest.jsonl

.PHONY: census-selftest

test-census: all census-workload ## the census on this machine's kernel (COUNT operations of each kind)
	@tests/system/census/run.sh $(BUILD) --count $(COUNT)

.PHONY: test-census
