# SPDX-License-Identifier: GPL-2.0-or-later
# The census, and the tests of relays, on Debian's stock kernels: make test-vm [KERNELS="5.10 6.1"] [BACKENDS=fentry] [COUNT=20]

KERNELS  ?= 5.10 6.1 6.12 7.2
BACKENDS ?= fentry kprobe tracepoint
COUNT    ?= 100

test-vm: all census-workload ## the census on stock kernels in virtual machines (KERNELS, BACKENDS, COUNT)
	@PYTHONDONTWRITEBYTECODE=1 tests/vm/census.py --build $(BUILD) --kernels "$(KERNELS)" --backends "$(BACKENDS)" \
		--count $(COUNT)

test-vm-scope: all census-workload ## relays on stock kernels in virtual machines (KERNELS, BACKENDS)
	@PYTHONDONTWRITEBYTECODE=1 tests/vm/scope.py --build $(BUILD) --kernels "$(KERNELS)" --backends "$(BACKENDS)"

test-vm-binding: all ## which flow a connection of OpenSSL goes through, on stock kernels in virtual machines (KERNELS, BACKENDS)
	@PYTHONDONTWRITEBYTECODE=1 tests/vm/binding.py --build $(BUILD) --kernels "$(KERNELS)" --backends "$(BACKENDS)"

.PHONY: test-vm-binding test-vm test-vm-scope
