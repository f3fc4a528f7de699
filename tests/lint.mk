# SPDX-License-Identifier: GPL-2.0-or-later
# Everything that finds faults by reading: make lint, or one of its parts.

LINT_C      = $(shell git ls-files '*.c' '*.h')
# layout.c is compiled against the headers of whatever CPython is found; BPF programs are not for this machine.
LINT_TIDY   = $(filter-out tests/python/layout.c %.bpf.c,$(shell git ls-files 'src/*.c' 'tests/*.c' 'tools/*.c'))
LINT_SHELL  = $(shell git ls-files | xargs grep -lE '^\#!.*\b(sh|bash)$$' 2>/dev/null)
LINT_PYTHON = $(shell git ls-files | xargs grep -lE '^\#!.*\bpython3' 2>/dev/null) $(shell git ls-files '*.py')
LINT_MAN    = $(shell git ls-files 'docs/man/*')

CPPCHECK := cppcheck --quiet --std=c11 --enable=warning,portability,performance --inline-suppr --error-exitcode=1 \
	-j$(shell nproc) -D_GNU_SOURCE -D__x86_64__ -DNA_VERSION='""' -Iinclude -Isrc --include=tests/lint/cppcheck.h \
	--suppress=missingIncludeSystem
# objects.c: both symbols bound one object, in assembly. stream.c: recvmsg() fills it through an iovec.
# The BPF program of a test is not for this machine.
CPPCHECK += -itests/clear/clear.bpf.c
CPPCHECK += --suppress=comparePointers:src/capture/objects.c --suppress=uninitvar:tests/system/census/stream.c

lint-format: ## spacing, indentation and line length as .clang-format says
	@tests/lint/format.py $(LINT_C)

lint-cppcheck: ## cppcheck
	@$(CPPCHECK) src tests tools

# One flag a line, which is how clang-tidy takes them for all files at once.
$(BUILD)/lint/compile_flags.txt: $(MAKEFILE_LIST)
	@mkdir -p $(@D)
	@printf '%s\n' -std=gnu11 $(patsubst -Iinclude,-I$(abspath include),$(patsubst -Isrc,-I$(abspath src),$(CPPFLAGS))) \
		-I$(abspath tests/unit) -I$(abspath tests/python) -I$(abspath $(BUILD)) '-DNA_BPF_DIRECTORY="$(abspath $(BUILD))"' >$@

lint-tidy: $(BUILD)/lint/compile_flags.txt $(BPF_OBJ) ## clang-tidy: bugprone, cert, the static analyzer
	@printf '%s\n' $(LINT_TIDY) | xargs -P $(shell nproc) -n 4 clang-tidy --quiet -p $(BUILD)/lint \
		2>$(BUILD)/lint/tidy.log || { grep -E 'error:|fatal' $(BUILD)/lint/tidy.log; exit 1; }

lint-shell: ## shell scripts: syntax and shellcheck
	@shellcheck --severity=warning $(LINT_SHELL)

lint-python: ## Python: syntax, unused names, common slips
	@PYTHONDONTWRITEBYTECODE=1 tests/lint/python.py $(sort $(LINT_PYTHON))

lint-man: ## manual pages
	@for page in $(LINT_MAN); do \
		out=$$(LC_ALL=C.UTF-8 MANROFFSEQ= MANWIDTH=80 man --warnings -E UTF-8 -l -Tutf8 -Z $$page 2>&1 >/dev/null); \
		[ -z "$$out" ] || { echo "$$page: $$out"; exit 1; }; done

lint-files: ## licence lines, no machine's paths, no stray bytes
	@tests/lint/files.py

lint-rules: ## each rule of the verdict has its section in docs/alarms.md
	@PYTHONDONTWRITEBYTECODE=1 tests/lint/rules.py

lint-bpf-stack: $(BPF_OBJ) ## no chain of BPF functions needs more stack than a verifier gives
	@PYTHONDONTWRITEBYTECODE=1 tests/lint/bpf_stack.py $^

lint: lint-format lint-files lint-rules lint-cppcheck lint-tidy lint-shell lint-python lint-man lint-bpf-stack ## find faults by reading
	@echo "lint: clean"

.PHONY: lint lint-bpf-stack lint-format lint-files lint-rules lint-cppcheck lint-tidy lint-shell lint-python lint-man
