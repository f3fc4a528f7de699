/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Macros of uthash and libbpf as cppcheck has to see them: it does not read the system's headers. */
#define HASH_ITER(hh, head, element, next) for ((element) = (head), (next) = NULL; (element); (element) = (next))
#define LIBBPF_OPTS(type, name, ...) struct type name = { __VA_ARGS__ }
