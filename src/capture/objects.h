/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The compiled BPF objects, as bytes inside this program, and which of them the running kernel may take. */
#ifndef NETAUDIT_CAPTURE_OBJECTS_H
#define NETAUDIT_CAPTURE_OBJECTS_H

#include <stdbool.h>
#include <stddef.h>

/* All have the same programs and maps. */
struct na_bpf_object {
	const char *name;
	const unsigned char *image, *end;
	bool (*fits)(void);	/* asks the running kernel; a yes is no promise that the verifier takes all of it */
};

/* Cheapest to run first; NULL past the last, which fits everywhere. Static. */
const struct na_bpf_object *na_bpf_object(size_t number);

#endif
