# SPDX-License-Identifier: GPL-2.0-or-later
# The suites together, and those that are only a use of others. What each shows: tests/README.md.

check: ## every suite, sampled sizes (what CI runs)
	+@tests/run-suites tests/suites

check-all: ## every suite, full sizes (hours)
	+@tests/run-suites tests/suites-full

check-fast: all unit ## build and unit tests

build-programs: ## both programs, on all processors
	+@$(MAKE) -s -j$(shell nproc) all $(TEST_BIN)

# The daemon's filters refuse what the leak check of a dying process needs (ptrace), and stay as they are: leaks are
# looked for in the unit tests and the command. Any other finding ends the process, and with it the test.
SAN_MAKE  = $(MAKE) -s --no-print-directory SAN=1 BUILD=$(BUILD)/san
SAN_FOUND = (runtime error|AddressSanitizer|LeakSanitizer)
test-san: ## unit and system tests built with the address and undefined-behaviour sanitizers
	+@$(SAN_MAKE) -j$(shell nproc) all census-workload
	+@$(SAN_MAKE) unit test-cli
	+@ASAN_OPTIONS=detect_leaks=0 $(SAN_MAKE) daemon-tests
	+@ASAN_OPTIONS=detect_leaks=0 $(SAN_MAKE) test-census COUNT=2
	@! grep -E '$(SAN_FOUND)' $(BUILD)/san/tests/census/host/daemon.log

test-quickstart: ## the README's first command, as it stands there
	@mkdir -p $(BUILD)
	@env -u MAKEFLAGS -u MFLAGS -u MAKELEVEL sh tools/quickstart >$(BUILD)/quickstart.log 2>&1 || \
		{ cat $(BUILD)/quickstart.log; exit 1; }
	@grep -q '^Audit chain verified OK' $(BUILD)/quickstart.log || { tail -n 20 $(BUILD)/quickstart.log; exit 1; }
	@grep -q 'curl.*127\.0\.0\.1' $(BUILD)/quickstart.log || { echo "the call of curl is not in the log"; exit 1; }

test-install: all ## install into a folder, use what is there, remove it
	@tests/system/test_install.sh $(BUILD)

.PHONY: check check-all check-fast build-programs test-san test-quickstart test-install
