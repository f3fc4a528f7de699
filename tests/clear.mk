# SPDX-License-Identifier: GPL-2.0-or-later
# Clear text: the kernel's parser against independent answers, here and as a loaded program.

$(BUILD)/tests/clear/clear.bpf.o: tests/clear/clear.bpf.c $(wildcard bpf/*.h include/netaudit/*.h)
	@mkdir -p $(@D)
	$(call say,BPF,$@)$(CLANG) $(BPF_FLAGS) -c -o $@ $<

$(BUILD)/tests/clear/feed: tests/clear/feed.c tests/clear/clear_here.h $(wildcard bpf/*.h include/netaudit/*.h)
	@mkdir -p $(@D)
	$(call say,TEST,$@)$(CC) $(CPPFLAGS) $(CFLAGS) $(LDFLAGS) -o $@ $< $(LDLIBS)

test-clear: $(BUILD)/tests/clear/feed $(BUILD)/tests/clear/clear.bpf.o ## HTTP in clear text: the kernel's parser against known answers, however it is cut
	@PYTHONDONTWRITEBYTECODE=1 /usr/bin/python3 tests/clear/run.py $(BUILD)/tests/clear $(wildcard $(BUILD)/fuzz/found/clear)

.PHONY: test-clear
