/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Return probes with room for every thread that is inside the function at once. Not thread-safe. */
#ifndef NETAUDIT_CAPTURE_RETURN_PROBE_H
#define NETAUDIT_CAPTURE_RETURN_PROBE_H

#include <bpf/libbpf.h>

/*
 * Attaches a kretprobe program to its function through tracefs. NULL with errno where tracefs is not writable: then
 * bpf_program__attach() still works, but some returns may go unseen. The caller destroys the link.
 */
struct bpf_link *na_return_probe_attach(const struct bpf_program *program);

/* After the links are destroyed: takes the probes of this process out of tracefs. */
void na_return_probes_remove(void);

#endif
