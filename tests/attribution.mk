# SPDX-License-Identifier: GPL-2.0-or-later
# Who made a call: add-ons that call in every way they can, and a comparison of what was recorded with who it was.

CALLS    ?= 10
VM_CALLS ?= 1

PLAIN_CORPUS = PYTHONDONTWRITEBYTECODE=1 /usr/bin/python3 tests/attribution/plain.py --build $(BUILD)

test-attribution: all ## the corpus on plain Pythons: every call has the right author (CALLS in each cell, PYTHONS)
	@$(PLAIN_CORPUS) --count $(CALLS) $(PYTHONS)

test-hostile: all $(BUILD)/tests/interpreters/embed ## hostile programs: each gets the one answer that docs/attribution.md gives it
	@PYTHONDONTWRITEBYTECODE=1 /usr/bin/python3 tests/attribution/hostile.py --build $(BUILD)

test-vm-attribution: all ## the corpus on stock kernels in virtual machines: the same names (KERNELS, BACKENDS, ONLY, VM_CALLS)
	@PYTHONDONTWRITEBYTECODE=1 tests/vm/attribution.py --build $(BUILD) --kernels "$(KERNELS)" --backends "$(BACKENDS)" \
		--only "$(ONLY)" --count $(VM_CALLS)

attribution-selftest: $(BUILD)/tests/interpreters/embed ## the corpus is complete, and its comparison notices every kind of wrong author
	@PYTHONDONTWRITEBYTECODE=1 /usr/bin/python3 tests/attribution/selftest.py
	@$(PLAIN_CORPUS) --count 1 --truth-only /usr/bin/python3
	@PYTHONDONTWRITEBYTECODE=1 /usr/bin/python3 tests/attribution/hostile.py --build $(BUILD) --truth-only

.PHONY: test-attribution test-hostile test-vm-attribution attribution-selftest
