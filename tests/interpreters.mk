# SPDX-License-Identifier: GPL-2.0-or-later
# Every Python that can be had is read right: what is on this system, and Debian roots (made once, kept).

PYTHON_SUITES ?= bullseye trixie forky sid
PYTHON_ROOTS  ?= $(ODOO_ROOT) $(wildcard $(patsubst %,build/python-roots/%,$(PYTHON_SUITES)))
PYTHON_TOOLS  := $(BUILD)/tests/interpreters/stacks $(BUILD)/tests/interpreters/lines $(BUILD)/tests/interpreters/embed

$(BUILD)/tests/interpreters/%: tests/python/%.c tests/python/walk.c tests/python/walk.h $(BUILD)/libnetaudit.a
	@mkdir -p $(@D)
	$(call say,TEST,$@)$(CC) $(CPPFLAGS) $(CFLAGS) -Itests/python $(LDFLAGS) -o $@ $< tests/python/walk.c \
		$(BUILD)/libnetaudit.a $(LDLIBS)

python-roots: ## small Debian roots with every Python they have, made once
	@for suite in $(PYTHON_SUITES); do tools/python-root $$suite || [ $$? = 77 ] || exit 1; done

test-interpreters: $(PYTHON_TOOLS) ## is every Python that can be had read right?
	@PYTHONDONTWRITEBYTECODE=1 PYTHON_ROOTS='$(PYTHON_ROOTS)' tests/python/layouts.py
	@PYTHONDONTWRITEBYTECODE=1 PYTHON_ROOTS='$(PYTHON_ROOTS)' tests/python/interpreters.py $(abspath $(PYTHON_TOOLS))

.PHONY: python-roots test-interpreters
