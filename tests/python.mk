# SPDX-License-Identifier: GPL-2.0-or-later
# Python stacks, as the kernel sees them and as Python itself does.

$(BUILD)/tests/python/walk: tests/system/python/walk.c $(BUILD)/libnetaudit.a
	@mkdir -p $(@D)
	$(call say,TEST,$@)$(CC) $(CPPFLAGS) $(CFLAGS) $(LDFLAGS) -o $@ $< $(BUILD)/libnetaudit.a $(LDLIBS)

test-python: $(BUILD)/tests/python/walk ## Python frames walked in the kernel are those Python itself sees
	@PYTHONDONTWRITEBYTECODE=1 /usr/bin/python3 tests/system/python/run.py --walk $<

test-python-hostile: $(BUILD)/tests/python/walk ## processes that lie about their frames, or die while they are walked
	@PYTHONDONTWRITEBYTECODE=1 /usr/bin/python3 tests/system/python/hostile.py --walk $<

test-native: $(BUILD)/tests/python/walk ## an add-on's native code is found on the C stack exactly where it is (PYTHONS)
	@PYTHONDONTWRITEBYTECODE=1 /usr/bin/python3 tests/system/python/native.py --walk $< $(PYTHONS)

test-usdt: all ## what interpreters announce is a second witness of their calls; probes come and go
	@PYTHONDONTWRITEBYTECODE=1 /usr/bin/python3 tests/system/test_usdt.py $(BUILD) $(BACKEND)

test-vm-python: $(BUILD)/tests/python/walk ## the same on stock kernels in virtual machines (KERNELS, BACKENDS)
	@PYTHONDONTWRITEBYTECODE=1 tests/vm/python.py --build $(BUILD) --kernels "$(KERNELS)" --backends "$(BACKENDS)"

test-vm-usdt: all ## what interpreters announce, on stock kernels with cookies for probes (KERNELS, BACKENDS)
	@PYTHONDONTWRITEBYTECODE=1 tests/vm/usdt.py --build $(BUILD) --kernels "$(filter-out 5.10,$(KERNELS))" \
		--backends "$(BACKENDS)"

.PHONY: test-vm-usdt test-usdt test-python test-python-hostile test-native test-vm-python
