/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which Odoo of this host: builds an instance's name from what /proc tells about its first process, and keeps
 * the numbers of the names in use.
 */
#ifndef NETAUDIT_TARGET_INSTANCE_H
#define NETAUDIT_TARGET_INSTANCE_H

#include <stddef.h>
#include <stdint.h>

#include "target/process.h"
#include "target/recognise.h"

#define NA_INSTANCES 1024	/* held at once; whoever comes later shares "other" */

/* Name of the instance of the process behind `pid_fd`, NUL-terminated. `config` may be relative or empty. */
void na_instance_describe(int pid_fd, uint32_t pid, struct na_slice config, char name[NA_INSTANCE_NAME_BYTES]);

/* One slot per name in use; `holders` counts processes. Slot 0 is "no instance". */
struct na_instances {
	struct {
		char name[NA_INSTANCE_NAME_BYTES];
		uint32_t holders;
	} slot[NA_INSTANCES + 2];
};

/* Returns the number for the name, counting one holder. */
uint32_t na_instance_hold(struct na_instances *instances, const char *name);
void na_instance_hold_again(struct na_instances *instances, uint32_t instance);
void na_instance_release(struct na_instances *instances, uint32_t instance);

#endif
