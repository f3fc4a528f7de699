/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Is this Odoo? Pure functions over text a process chose: its command line, its title, its executable's name.
 *
 * Nothing is copied: results point into the caller's buffer, which the caller wipes.
 */
#ifndef NETAUDIT_TARGET_RECOGNISE_H
#define NETAUDIT_TARGET_RECOGNISE_H

#include <stdbool.h>
#include <stddef.h>

#include "target/process.h"

/* A piece of somebody else's buffer; not NUL-terminated. */
struct na_slice {
	const char *bytes;
	size_t length;
};

struct na_recognition {
	bool odoo;
	bool wsgi;		/* an application server that serves Odoo: forked children have its titles, not Odoo's */
	enum na_worker worker;
	struct na_slice config;	/* argument of -c or --config; length 0: none given */
};

/*
 * `arguments`: the bytes of /proc/PID/cmdline. `exe_name`: last component of the executable, or "" when it
 * could not be read; then the first argument's is believed.
 */
struct na_recognition na_recognise_command(const char *exe_name, const char *arguments, size_t length);

/*
 * The role told by a title set with setproctitle ("odoo: WorkerHTTP 71", "gunicorn: worker [odoo]");
 * NA_WORKER_NONE when the text is no such title, NA_WORKER_UNKNOWN for a worker class that is not Odoo's own.
 */
enum na_worker na_recognise_title(const char *arguments, size_t length, bool wsgi);

/* Names of files, without their folder. */
bool na_is_python_name(const char *name);
bool na_is_odoo_script_name(const char *name);

/* The value of the last of Odoo's variables for its configuration file in the bytes of /proc/PID/environ. */
struct na_slice na_config_in_environment(const char *environment, size_t length);

#endif
