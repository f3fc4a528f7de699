/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The compiled BPF objects, as bytes inside this program. */
#ifndef NETAUDIT_CAPTURE_OBJECTS_H
#define NETAUDIT_CAPTURE_OBJECTS_H

#include <stddef.h>

/* The object for this kernel: the one with value-returning atomics where the kernel takes them (5.12). */
const void *na_bpf_object(size_t *bytes);

#endif
