# SPDX-License-Identifier: GPL-2.0-or-later
# Tests against a real Odoo. Its root directory takes 4 minutes and 2.5 GB once, and is kept in ODOO_ROOT.

ODOO_ROOT ?= build/odoo-root

$(BUILD)/tests/odoo-recognition: tests/odoo/recognition.c $(patsubst %.c,$(BUILD)/%.o,$(wildcard src/target/*.c))
	@mkdir -p $(@D)
	$(call say,TEST,$@)$(CC) $(CPPFLAGS) $(CFLAGS) $(LDFLAGS) -o $@ $^

odoo-root: ## make the real Odoo the tests use, once
	tests/odoo/prepare $(ODOO_ROOT)

test-odoo-recognition: $(BUILD)/tests/odoo-recognition ## is a real Odoo recognised, with and without process titles?
	tests/odoo/run-recognition $(ODOO_ROOT) $<

test-odoo-fake: $(BUILD)/tests/odoo-recognition ## the same in a second, with a stand-in for Odoo
	tests/system/odoo_fake/run-recognition $<

.PHONY: odoo-root test-odoo-recognition test-odoo-fake
