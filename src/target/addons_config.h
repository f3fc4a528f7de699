/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a server's command line, environment and configuration file say about where its add-ons are, and which databases
 * it may use, read as Odoo 17 to 19 would read them. Pure: bytes in, slices of them or bounded text out.
 */
#ifndef NETAUDIT_TARGET_ADDONS_CONFIG_H
#define NETAUDIT_TARGET_ADDONS_CONFIG_H

#include <stdbool.h>
#include <stddef.h>

#include "target/recognise.h"

/* Slices of the command line; length 0: not given. The last one given counts, as for Odoo. */
struct na_server_options {
	struct na_slice config, addons_path, data_dir, database;
	struct na_slice script;		/* odoo-bin, /usr/bin/odoo, … as given */
	bool module;			/* python -m odoo */
};

/* `arguments`: the bytes of /proc/PID/cmdline. */
struct na_server_options na_read_server_options(const char *arguments, size_t length);

/* The value of the last variable of that name in the bytes of /proc/PID/environ; length 0: none. */
struct na_slice na_environment_value(const char *environment, size_t length, const char *name);

#define NA_ADDONS_PATHS_TEXT_BYTES 16384	/* of all add-ons paths together; what is behind is not read */

/* Values as they stand, lines of a long one joined by a newline; "" when not set, or set to False. */
struct na_odoo_config {
	char addons_path[NA_ADDONS_PATHS_TEXT_BYTES];
	char data_dir[512];
	char db_name[512];
};

/* Section [options] (and [DEFAULT]) by the rules of Python's configparser. */
void na_read_odoo_config(struct na_odoo_config *config, const char *text, size_t length);

/* Takes the next of the paths in `rest` with `separator` between them: without surrounding space, never empty. */
bool na_next_path(struct na_slice *rest, char separator, struct na_slice *path);

#endif
