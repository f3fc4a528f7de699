# SPDX-License-Identifier: GPL-2.0-or-later
# What the auditor costs (docs/cost.md). BENCH_PAIRS, BENCH_COUNT, BENCH_SECONDS and BENCH_JSON set the size of the run.

BENCH_PAIRS   ?= 7
BENCH_COUNT   ?= 40000
BENCH_SECONDS ?= 60
BENCH          = PYTHONDONTWRITEBYTECODE=1 /usr/bin/python3 tools/bench/bench.py --build $(BUILD) --pairs $(BENCH_PAIRS) \
		 --count $(BENCH_COUNT) --seconds $(BENCH_SECONDS) $(if $(BENCH_JSON),--json $(BENCH_JSON))

$(BUILD)/tools/bench/flood: $(BUILD)/tools/bench/flood.o
	$(call say,LINK,$@)$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $^

bench: all $(BUILD)/tools/bench/flood $(BUILD)/tests/python/walk ## what the auditor costs, each figure beside its aim (root)
	@$(BENCH)

bench-check: all $(BUILD)/tools/bench/flood $(BUILD)/tests/python/walk ## the same, and fails past twice an aim
	@$(BENCH) --check

bench-audit: all ## what listening to an interpreter's announcements costs the programs it runs (root)
	@PYTHONDONTWRITEBYTECODE=1 /usr/bin/python3 tools/bench/audit.py --build $(BUILD) --rounds $(BENCH_PAIRS)

bench-odoo: all ## what the auditor costs a real Odoo per request, beside an interceptor inside Python (BENCH_PAIRS)
	@PYTHONDONTWRITEBYTECODE=1 /usr/bin/python3 tools/bench/odoo_cost.py --build $(BUILD) --root $(ODOO_ROOT) \
		--pairs $(BENCH_PAIRS) $(if $(BENCH_JSON),--json $(BENCH_JSON))

$(BUILD)/tools/bench/journal: tools/bench/journal.c $(BUILD)/libnetaudit.a
	@mkdir -p $(@D)
	$(call say,LINK,$@)$(CC) $(CPPFLAGS) $(CFLAGS) $(LDFLAGS) -o $@ $< $(BUILD)/libnetaudit.a $(LDLIBS)

bench-journal: $(BUILD)/tools/bench/journal $(BUILD)/tests/journal_driver ## what the journal costs beside bare SQLite, reading, hashing (RECORDS=1000000 ROUNDS=5)
	@PYTHONDONTWRITEBYTECODE=1 python3 tools/bench/journal.py $(BUILD) $(or $(RECORDS),1000000) $(or $(ROUNDS),5) $(BENCH_CHECK)

$(BUILD)/tools/bench/report_fill: tools/bench/report_fill.c $(BUILD)/libnetaudit.a
	@mkdir -p $(@D)
	$(call say,LINK,$@)$(CC) $(CPPFLAGS) $(CFLAGS) $(LDFLAGS) -o $@ $< $(BUILD)/libnetaudit.a $(LDLIBS)

bench-report: all $(BUILD)/tools/bench/journal $(BUILD)/tools/bench/report_fill ## the report and pages of the log beside reading every record (RECORDS=10000000 ROUNDS=3)
	@PYTHONDONTWRITEBYTECODE=1 python3 tools/bench/report.py $(BUILD) $(or $(RECORDS),10000000) $(or $(ROUNDS),3) $(BENCH_CHECK)

bench-journal-check: ## the same, and fails past twice an aim
	@$(MAKE) --no-print-directory bench-journal BENCH_CHECK=--check

.PHONY: bench bench-check bench-audit bench-odoo bench-journal bench-journal-check bench-report
