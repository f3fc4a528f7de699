# SPDX-License-Identifier: GPL-2.0-or-later
# One fuzz target per parser of bytes we did not write ourselves: make fuzz [FUZZ_SECONDS=10] [FUZZ=note]
#
# tests/fuzz/fuzz_NAME.c is a target; the table gives its longest input. Seeds come from tests/fuzz/seeds.py, what is
# found beyond them stays below $(BUILD)/fuzz. The seed is fixed, so that a run can be had again.

# name       bytes  what it is fed
define FUZZ_TABLE
addons        1024  what says where a server has its add-ons
anchors       4096  anchors.log as a crash or a stranger left it
attribute      512  strings of Python; what frames say, and who started them
catalogue     1024  files that say whose destinations are
canonical     4096  record bytes; text to be written as a record
clear         4096  what programs write to connections, for the parser that the kernel runs
compose       1024  events of the kernel, with names the traced process chose
config        1024  configuration files
describe      8192  records, for people
dialogue      1024  sessions of client and server, for the parsers that the kernel runs
dns           1400  DNS messages, for the parser that the kernel runs
drain        16384  ring buffer samples
escape         512  text of any kind
export       16384  exports, and single lines of them
filter         160  what people ask the log for
index_row     4096  record bytes
libssl        8192  program files that have OpenSSL in them, and their functions
manifest      1024  manifests of add-ons
note          1024  signed heads
python        2048  mappings, line tables and offsets of a Python process
python_elf    8192  program files that a process has mapped
queue         4096  the shared memory between observer and journal
signer        4096  requests, and the state file
status        4096  status.json
target        1024  command lines, titles, environments, /proc
when            64  points in time as people write them
witness       1024  keys and answers of witnesses, witness.log, heads that were kept
endef

define newline :=


endef
FUZZ_ROWS    := $(subst $(newline), | ,$(FUZZ_TABLE))
FUZZ_NAMES   := $(shell printf '%s' '$(FUZZ_ROWS)' | tr '|' '\n' | awk '{ print $$1 }')
FUZZ         ?= $(FUZZ_NAMES)
FUZZ_SECONDS ?= 10
FUZZ_JOBS    ?= $(shell nproc)
FUZZ_BUILD   := $(BUILD)/fuzz
# clang knows neither that our log functions check their formats, nor libseccomp's macros as gcc does.
FUZZ_CFLAGS  := -O1 -g -std=gnu11 -fno-omit-frame-pointer -fno-sanitize-recover=all $(WARN) -Wno-format-nonliteral \
		-Wno-missing-field-initializers
fuzz_length   = $(shell printf '%s' '$(FUZZ_ROWS)' | tr '|' '\n' | awk '$$1 == "$(1)" { print $$2 }')

# Everything but the programs' own mains and the object that embeds the BPF programs.
FUZZ_LIB_SRC := $(filter-out src/capture/objects.c,$(LIB_SRC)) $(filter-out src/cli/main.c,$(wildcard src/cli/*.c))
FUZZ_LIB_OBJ := $(FUZZ_LIB_SRC:%.c=$(FUZZ_BUILD)/%.o)

$(FUZZ_BUILD)/src/%.o: src/%.c
	@mkdir -p $(@D)
	$(call say,FUZZCC,$<)$(CLANG) $(CPPFLAGS) $(FUZZ_CFLAGS) -fsanitize=fuzzer-no-link,address,undefined -MMD -MP -c -o $@ $<

$(FUZZ_BUILD)/libnetaudit.a: $(FUZZ_LIB_OBJ)
	$(call say,AR,$@)rm -f $@ && ar rcs $@ $^

$(FUZZ_BUILD)/fuzz_%: tests/fuzz/fuzz_%.c $(FUZZ_BUILD)/libnetaudit.a
	$(call say,FUZZ,$@)$(CLANG) $(CPPFLAGS) $(FUZZ_CFLAGS) -fsanitize=fuzzer,address,undefined -MMD -MP -o $@ $< \
		$(FUZZ_BUILD)/libnetaudit.a $(LDLIBS)

# A finding is left in $(FUZZ_BUILD)/NAME-crash-…: run the target on that file to see it again.
$(FUZZ_NAMES:%=fuzz-run-%): fuzz-run-%: $(FUZZ_BUILD)/fuzz_%
	@mkdir -p $(FUZZ_BUILD)/found/$*
	@PYTHONDONTWRITEBYTECODE=1 /usr/bin/python3 tests/fuzz/seeds.py $* $(FUZZ_BUILD)/seeds/$*
	@$(FUZZ_BUILD)/fuzz_$* -seed=1 -max_len=$(call fuzz_length,$*) -max_total_time=$(FUZZ_SECONDS) -timeout=10 -rss_limit_mb=2048 \
		-artifact_prefix=$(FUZZ_BUILD)/$*- -print_final_stats=1 -verbosity=0 -close_fd_mask=1 \
		$(FUZZ_BUILD)/found/$* $(FUZZ_BUILD)/seeds/$* >$(FUZZ_BUILD)/$*.log 2>&1 || { \
		echo "fuzz target $* failed; $(FUZZ_BUILD)/$*.log ends:"; tail -n 60 $(FUZZ_BUILD)/$*.log; exit 1; }
	@awk -v name=$* '/number_of_executed_units/ { printf "  fuzz %-10s %9d inputs, nothing found\n", name, $$2 }' \
		$(FUZZ_BUILD)/$*.log

fuzz: ## every parser against invented input, FUZZ_SECONDS each (FUZZ names some of them)
	+@$(MAKE) -s --no-print-directory -k -j$(FUZZ_JOBS) $(FUZZ:%=fuzz-run-%)

.PHONY: fuzz $(FUZZ_NAMES:%=fuzz-run-%)
.SECONDARY: $(FUZZ_LIB_OBJ) $(FUZZ_NAMES:%=$(FUZZ_BUILD)/fuzz_%)
-include $(FUZZ_LIB_OBJ:.o=.d) $(FUZZ_NAMES:%=$(FUZZ_BUILD)/fuzz_%.d)
