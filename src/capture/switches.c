// SPDX-License-Identifier: GPL-2.0-or-later
/* The switches of the programs: a section of their object that they read and only we write. */
#include <errno.h>

#include "capture/internal.h"

int na_capture_switch(struct na_capture *capture, const struct na_switches *switches)
{
	const struct bpf_map *map = bpf_object__find_map_by_name(capture->object, ".data.switches");
	uint32_t zero = 0;

	if (!map)
		return -ENOENT;
	return bpf_map_update_elem(bpf_map__fd(map), &zero, switches, BPF_ANY) ? -errno : 0;
}
