// SPDX-License-Identifier: GPL-2.0-or-later
/* Opening a capture: the strongest backend that the running kernel really accepts. */
#include "capture/capture.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "capture/internal.h"
#include "capture/tracefs.h"

static const char *const backend_names[NA_BACKENDS] = { "auto", "fentry", "kprobe", "tracepoint" };

const char *na_backend_name(enum na_backend backend)
{
	return backend < NA_BACKENDS ? backend_names[backend] : "unknown";
}

static int try_backend(struct na_capture *capture, enum na_backend backend, struct na_error *error)
{
	int err;

	capture->backend = backend;
	err = na_capture_load(capture, error);
	if (!err)
		err = na_capture_attach(capture, error);
	if (err)
		na_capture_unload(capture);
	return err;
}

/* Asks by doing: what the kernel accepts is what it loads and attaches, whatever its version says. */
static int try_backends(struct na_capture *capture, struct na_error *error)
{
	size_t used = 0;
	int err = -ENOSYS;

	if (capture->options.backend != NA_BACKEND_AUTO)
		return try_backend(capture, capture->options.backend, error);
	for (int backend = NA_BACKEND_FENTRY; backend < NA_BACKENDS; backend++) {
		err = try_backend(capture, (enum na_backend)backend, error);
		if (!err)
			return 0;
		used += (size_t)snprintf(capture->reason + used, sizeof(capture->reason) - used, "%s%s: %.150s",
					 used ? "; " : "", na_backend_name((enum na_backend)backend),
					 error ? error->text : strerror(-err));
		if (used >= sizeof(capture->reason))
			used = sizeof(capture->reason) - 1;
	}
	return err;
}

int na_capture_open(struct na_capture **out, const struct na_capture_options *options, struct na_error *error)
{
	struct na_capture *capture = calloc(1, sizeof(*capture));
	struct na_error scratch;
	int err;

	if (!capture)
		return na_error_set(error, -ENOMEM, "out of memory");
	if (access("/sys/kernel/btf/vmlinux", R_OK)) {
		free(capture);
		return na_error_set(error, -ENOSYS, "/sys/kernel/btf/vmlinux is missing: this kernel has no BTF; "
				    "use a kernel built with CONFIG_DEBUG_INFO_BTF (Debian 11 and later)");
	}
	na_tracefs_ensure();	/* what needs it says so when it attaches */
	capture->options = *options;
	/* ids of different runs differ: nobody opens a flow per nanosecond for as long as a run lasts */
	capture->flow_id_base = na_boottime_ns();
	err = try_backends(capture, error ? error : &scratch);
	if (err) {
		free(capture);
		return err;
	}
	*out = capture;
	return 0;
}

void na_capture_close(struct na_capture *capture)
{
	if (!capture)
		return;
	for (int i = 0; i < NA_RINGS; i++)
		ring_buffer__free(capture->rings[i].buffer);
	na_capture_unload(capture);
	free(capture);
}

enum na_backend na_capture_backend(const struct na_capture *capture)
{
	return capture->backend;
}

const char *na_capture_fallback_reason(const struct na_capture *capture)
{
	return capture->reason;
}

const char *na_capture_object(const struct na_capture *capture)
{
	return capture->object_name;
}

const char *na_capture_hooks(const struct na_capture *capture)
{
	return capture->hooks;
}

const char *na_capture_missing_hooks(const struct na_capture *capture)
{
	return capture->missing;
}

/* tp_btf and fentry count what they miss; kprobes before 6.7 and classic tracepoints may not (kernel-notes). */
bool na_capture_uncounted_misses(const struct na_capture *capture)
{
	return capture->backend != NA_BACKEND_FENTRY;
}
