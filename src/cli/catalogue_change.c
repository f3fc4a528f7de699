/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * netaudit catalogue add, confirm, dismiss: a line in the site's catalogue, and a record that says so.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/network.h"
#include "cli/catalogue.h"
#include "cli/request.h"

#define SITE_FILE "50-decided.ini"
#define SITE_BYTES (48 * 1024)

/* The entry a destination becomes: what was reached is an address, a pattern, or a name. */
static void entry_of(char *out, size_t out_bytes, const char *destination)
{
	char address[128];
	uint8_t bytes[16];

	(void)snprintf(address, sizeof(address), "%.*s", (int)strcspn(destination, "/"), destination);
	(void)snprintf(out, out_bytes, "%s = %s", na_address_parse(bytes, address) == 0 ? "address" : "host", destination);
}

/* The file's text with the new section, in a folder beside, so that only what can be read is put in place. */
static int write_new(const char *folder, const char *text, size_t bytes)
{
	char path[PATH_MAX];
	int fd, error;

	(void)snprintf(path, sizeof(path), "%s/" SITE_FILE ".new", folder);
	fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0644);
	if (fd < 0)
		return -errno;
	error = na_write_all(fd, text, bytes);
	if (!error && (fchmod(fd, 0644) < 0 || fsync(fd) < 0))
		error = -errno;
	(void)close(fd);
	return error;
}

/* Whether the catalogue is sound with this text as one file more. */
static int check(const struct na_catalogue_request *request, const char *text, size_t bytes)
{
	char scratch[] = "/tmp/netaudit-catalogue-XXXXXX", path[PATH_MAX];
	const char *const folders[] = { request->folders[0], request->folders[1], scratch };
	struct na_catalogue *catalogue;
	struct na_error error = { 0 };
	int result = mkdtemp(scratch) ? write_new(scratch, text, bytes) : -errno, code = NA_CLI_OK;
	char made[PATH_MAX];

	(void)snprintf(made, sizeof(made), "%s/" SITE_FILE ".new", scratch);
	(void)snprintf(path, sizeof(path), "%s/" SITE_FILE, scratch);
	if (!result && rename(made, path) < 0)
		result = -errno;
	if (!result && na_catalogue_load(&catalogue, folders, 3, &error) == 0)
		na_catalogue_destroy(catalogue);
	else
		code = na_cli_usage(request->cli, "%s", result ? strerror(-result) : error.text);
	(void)unlink(path);
	(void)rmdir(scratch);
	return code;
}

static int append(const struct na_catalogue_request *request, const char *section)
{
	char path[PATH_MAX], made[PATH_MAX], *old = NULL, *text = NULL;
	size_t bytes = 0;
	int result, length;

	(void)snprintf(path, sizeof(path), "%s/" SITE_FILE, request->folders[1]);
	(void)snprintf(made, sizeof(made), "%s/" SITE_FILE ".new", request->folders[1]);
	result = na_read_file(AT_FDCWD, path, SITE_BYTES, &old, &bytes);
	if (result == -ENOENT)
		result = mkdir(request->folders[1], 0755) < 0 && errno != EEXIST ? -errno : 0;
	length = result ? -1 : asprintf(&text, "%s%s\n", old ? old : "; Written by netaudit catalogue.\n\n", section);
	if (!result && length < 0)
		result = -ENOMEM;
	if (!result)
		result = write_new(request->folders[1], text, (size_t)length);
	if (!result && rename(made, path) < 0)
		result = -errno;
	if (length >= 0)
		free(text);
	free(old);
	if (!result)
		return NA_CLI_OK;
	na_cli_error(request->cli, "cannot write %s: %s", path, strerror(-result));
	return NA_CLI_UNREADABLE;
}

/* Makes the section, checks it with everything else, puts it in place, and has it recorded. */
static int change(struct na_catalogue_request *request, const char *action, const char *component, const char *bucket,
		  const char *destination)
{
	char entry[400], section[1024];
	int length, code;

	entry_of(entry, sizeof(entry), destination);
	length = snprintf(section, sizeof(section), "[%s]\n%s%s%s%s\n", component, bucket ? "bucket = " : "", bucket ? bucket : "",
			  bucket ? "\n" : "", entry);
	if (length >= (int)sizeof(section) || strpbrk(component, "\n\r[]") || strpbrk(destination, "\n\r;"))
		return na_cli_usage(request->cli, "that is no name");
	if (request->addon && strpbrk(request->addon, "\n\r;"))
		return na_cli_usage(request->cli, "that is no add-on");
	if (request->addon)
		(void)snprintf(section + length, sizeof(section) - (size_t)length, "licence_addon = %s\n", request->addon);
	code = check(request, section, strlen(section));
	if (!code)
		code = append(request, section);
	if (code)
		return code;
	printf("%s/" SITE_FILE ": [%s] %s\n", request->folders[1], component, entry);
	return na_cli_request(request->cli,
			      json_pack("{s:s, s:s, s:s, s:s, s:s*, s:s*}", "kind", "catalogue", "action", action, "component",
					component, "entry", entry, "bucket", bucket, "reason", request->reason));
}

int na_catalogue_add(struct na_catalogue_request *request)
{
	const char *component = request->argument, *destination = request->second;

	if (!component || !destination)
		return na_cli_usage(request->cli, "add needs COMPONENT and DESTINATION");
	if (!na_catalogue_find(request->catalogue, component) && request->bucket == NA_BUCKET_COUNT)
		return na_cli_usage(request->cli, "[%s] is new: say its --bucket", component);
	return change(request, "add", component,
		      request->bucket == NA_BUCKET_COUNT ? NULL : na_bucket_name(request->bucket), destination);
}

int na_catalogue_confirm(struct na_catalogue_request *request)
{
	const char *component = request->argument, *destination = request->second;
	const struct na_catalogue_entry *vendor = component ? na_catalogue_find(request->catalogue, component) : NULL;

	if (!component || !destination)
		return na_cli_usage(request->cli, "confirm needs COMPONENT and DESTINATION");
	if (!vendor || vendor->bucket == NA_BUCKET_VENDOR)
		return change(request, "confirm", component, "vendor", destination);
	return na_cli_usage(request->cli, "[%s] is %s, no vendor; use add with --bucket vendor to change that", component,
			    na_bucket_name(vendor->bucket));
}

/* It stays unknown, and is no suspicion any more. */
int na_catalogue_dismiss(struct na_catalogue_request *request)
{
	if (!request->argument)
		return na_cli_usage(request->cli, "dismiss needs a DESTINATION");
	return change(request, "dismiss", "dismissed", "unknown", request->argument);
}
