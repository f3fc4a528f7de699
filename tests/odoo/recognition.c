/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Prints what a scan of this host's /proc takes for Odoo: "PID WORKER SCOPE INSTANCE", one process a line.
 */
#include <stdio.h>
#include <string.h>

#include "target/process.h"

static void print(void *context, const struct na_target *target)
{
	const struct na_targets *targets = context;

	if (target->scope != NA_SCOPE_NONE)
		printf("%u %s %s %s\n", target->pid, na_worker_name(target->worker), na_scope_name(target->scope),
		       na_targets_instance_name(targets, target->instance));
}

int main(void)
{
	struct na_targets_options options = { .proc_root = NULL };
	struct na_targets *targets;
	int error = na_targets_create(&targets, &options);

	if (error == 0)
		error = na_targets_scan(targets);
	if (error) {
		fprintf(stderr, "cannot read /proc: %s\n", strerror(-error));
		return 1;
	}
	na_targets_each(targets, print, targets);
	na_targets_destroy(targets);
	return 0;
}
