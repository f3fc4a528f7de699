# SPDX-License-Identifier: GPL-2.0-or-later
# Builds netaudit-bpf (the daemon) and netaudit (the command). `make help` lists the targets.

VERSION   := 0.1.0
BUILD     ?= build
CC        ?= gcc
CLANG     ?= clang
LLVM_STRIP ?= llvm-strip
PREFIX    ?= /usr
DESTDIR   ?=

ARCH      := $(shell uname -m | sed 's/x86_64/x86/;s/aarch64/arm64/')
PACKAGES  := libbpf libelf libdw zlib sqlite3 libsodium libcrypto inih jansson libpsl libseccomp libcap-ng libqrencode libmicrohttpd

WARN      := -Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wpointer-arith -Wvla -Wformat=2 -Wundef
WARN      += $(if $(CI),-Werror)
HARDEN    := -fstack-protector-strong -D_FORTIFY_SOURCE=2 -fPIE
CPPFLAGS  += -D_GNU_SOURCE -DNA_VERSION='"$(VERSION)"' -Iinclude -Isrc -I$(BUILD) $(shell pkg-config --cflags $(PACKAGES) 2>/dev/null)
CFLAGS    ?= -O2 -g
CFLAGS    += -std=gnu11 $(WARN)
LDFLAGS   += -pie -Wl,-z,relro,-z,now,--as-needed
LDLIBS    += $(shell pkg-config --libs $(PACKAGES) 2>/dev/null) -lZydis -lpthread -lm

ifdef SAN
BUILD     := build/san
CFLAGS    += -O1 -fsanitize=address,undefined -fno-omit-frame-pointer -fno-sanitize-recover=all
LDFLAGS   += -fsanitize=address,undefined
HARDEN    := -fPIE
endif
CFLAGS    += $(HARDEN)

Q         := $(if $(V),,@)
say        = $(if $(V),,@printf '  %-7s %s\n' '$(1)' '$(2)';)

LIB_SRC   := $(filter-out src/daemon/main.c,$(wildcard src/*/*.c))
LIB_SRC   := $(filter-out src/cli/% src/web/%,$(LIB_SRC))
LIB_OBJ   := $(LIB_SRC:%.c=$(BUILD)/%.o)
CLI_OBJ   := $(patsubst %.c,$(BUILD)/%.o,$(wildcard src/cli/*.c src/web/*.c))
TEST_SRC  := $(wildcard tests/unit/test_*.c)
TEST_BIN  := $(TEST_SRC:tests/unit/%.c=$(BUILD)/tests/%)
BPF_OBJ   := $(BUILD)/netaudit.bpf.o $(BUILD)/netaudit_direct.bpf.o $(BUILD)/netaudit_old.bpf.o

all: $(BUILD)/netaudit-bpf $(BUILD)/netaudit ## build both programs

$(BUILD)/netaudit-bpf: $(BUILD)/src/daemon/main.o $(BUILD)/libnetaudit.a
	$(call say,LINK,$@)$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $^ $(LDLIBS)

$(BUILD)/netaudit: $(CLI_OBJ) $(BUILD)/libnetaudit.a
	$(call say,LINK,$@)$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $^ $(LDLIBS)

$(BUILD)/libnetaudit.a: $(LIB_OBJ)
	$(call say,AR,$@)rm -f $@ && ar rcs $@ $^

$(BUILD)/%.o: %.c
	@mkdir -p $(@D)
	$(call say,CC,$<)$(CC) $(CPPFLAGS) $(CFLAGS) -MMD -MP -c -o $@ $<

$(BUILD)/src/capture/objects.o: CPPFLAGS += -DNA_BPF_DIRECTORY='"$(abspath $(BUILD))"'
$(BUILD)/src/capture/objects.o: $(BPF_OBJ)

# The BPF side, three objects from the same files: for 5.12 and later, for 6.2 and later (bpf/read.h), and for older kernels.
BPF_FLAGS := -O2 -g -Wall -Werror -target bpf -mcpu=v3 -D__TARGET_ARCH_$(ARCH) -Iinclude -Ibpf

$(BPF_OBJ): bpf/netaudit.bpf.c $(wildcard bpf/*.h include/netaudit/*.h)
	@mkdir -p $(@D)
	$(call say,BPF,$@)$(CLANG) $(BPF_FLAGS) $(BPF_VARIANT) -c -o $@ $<
	$(Q)$(LLVM_STRIP) -g $@

$(BUILD)/netaudit_direct.bpf.o: BPF_VARIANT := -DNA_DIRECT_READS
$(BUILD)/netaudit_old.bpf.o: BPF_VARIANT := -DNA_BEFORE_5_12

# Tests
$(BUILD)/tests/%: tests/unit/%.c $(BUILD)/libnetaudit.a
	@mkdir -p $(@D)
	$(call say,TEST,$@)$(CC) $(CPPFLAGS) $(CFLAGS) -MMD -MP -Itests/unit $(LDFLAGS) -o $@ $< $(BUILD)/libnetaudit.a $(LDLIBS) -lcmocka

$(BUILD)/tests/test_flow_table: LDFLAGS += -Wl,--wrap=malloc,--wrap=calloc

unit: $(TEST_BIN) ## unit tests
	@set -e; for t in $(TEST_BIN); do echo "== $$t"; $$t; done

include $(wildcard tools/*.mk tests/*.mk deploy/*.mk)

clean: ## remove what was built
	rm -rf build

help: ## this list
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | sort | awk -F'\t' '{printf "  %-14s %s\n", $$1, $$2}'

.PHONY: all unit clean help
.DELETE_ON_ERROR:
-include $(shell find $(BUILD)/src $(BUILD)/tests -name '*.d' -type f 2>/dev/null)
