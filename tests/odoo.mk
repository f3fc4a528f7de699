# SPDX-License-Identifier: GPL-2.0-or-later
# Tests against a real Odoo. Its root directory takes 4 minutes and 2.5 GB once, and is kept in ODOO_ROOT.

ODOO_ROOT ?= build/odoo-root

$(BUILD)/tests/odoo-%: tests/odoo/%.c $(BUILD)/libnetaudit.a
	@mkdir -p $(@D)
	$(call say,TEST,$@)$(CC) $(CPPFLAGS) $(CFLAGS) $(LDFLAGS) -o $@ $^ $(LDLIBS)

odoo-root: ## make the real Odoo the tests use, once
	tests/odoo/prepare $(ODOO_ROOT)

test-odoo-recognition: $(BUILD)/tests/odoo-recognition ## is a real Odoo recognised, with and without process titles?
	tests/odoo/run-recognition $(ODOO_ROOT) $<

test-manifests: $(BUILD)/tests/odoo-manifests ## are manifests read as Python reads them, invented ones and a real Odoo's?
	@tests/odoo/manifests.py $< $(ODOO_ROOT)

test-odoo-fake: $(BUILD)/tests/odoo-recognition ## the same in a second, with a stand-in for Odoo
	tests/system/odoo_fake/run-recognition $<

test-odoo: all ## add-ons of a real Odoo call in every style: every call has the right author (CALLS in each cell)
	@PYTHONDONTWRITEBYTECODE=1 /usr/bin/python3 tests/odoo/corpus.py --build $(BUILD) --root $(ODOO_ROOT) --count $(CALLS)

test-odoo-routes: all ## requests to a real Odoo are told to be of the add-on whose controller handled them
	@PYTHONDONTWRITEBYTECODE=1 /usr/bin/python3 tests/odoo/routes.py --build $(BUILD) --root $(ODOO_ROOT) \
		$(if $(PREPARED),--prepared)

test-odoo-databases: all ## calls of a real Odoo that serves two databases: none is told to be for the other one
	@PYTHONDONTWRITEBYTECODE=1 /usr/bin/python3 tests/odoo/databases.py --build $(BUILD) --root $(ODOO_ROOT) \
		$(if $(PREPARED),--prepared)

test-scope-odoo: all ## the default scope on two real Odoo and their PostgreSQL: each call once, with instance and worker
	@PYTHONDONTWRITEBYTECODE=1 /usr/bin/python3 tests/odoo/scope.py --build $(BUILD) --root $(ODOO_ROOT) \
		$(if $(PREPARED),--prepared)

test-day: all ## an ordinary day of a real Odoo is all-clear; every attack flips the report, and it flips back
	@PYTHONDONTWRITEBYTECODE=1 /usr/bin/python3 tests/odoo/day.py --build $(BUILD) --root $(ODOO_ROOT) \
		$(if $(PREPARED),--prepared)

.PHONY: odoo-root test-day test-odoo test-odoo-routes test-odoo-databases test-scope-odoo test-odoo-recognition test-odoo-fake test-manifests
