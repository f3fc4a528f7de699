/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What this kernel allows, found out by trying where that is harmless.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/bpf.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "base/escape.h"
#include "base/file.h"
#include "capture/capture.h"
#include "cli/doctor.h"

#define SMALL_FILE_BYTES (1024 * 1024)

static void say(char found[NA_FINDING_BYTES], const char *text)
{
	na_escape(found, NA_FINDING_BYTES, text, strlen(text));
}

static enum na_verdict check_release(const struct na_cli *cli, char found[NA_FINDING_BYTES])
{
	struct utsname name;
	int major = 0, minor = 0;

	(void)cli;
	if (uname(&name))
		return NA_NOT_KNOWN;
	say(found, name.release);
	if (sscanf(name.release, "%d.%d", &major, &minor) != 2)
		return NA_NOT_KNOWN;
	if (major < 5 || (major == 5 && minor < 10))
		return NA_MISSING;
	return major > 5 || minor >= 12 ? NA_GOOD : NA_WEAKER;
}

static enum na_verdict check_btf(const struct na_cli *cli, char found[NA_FINDING_BYTES])
{
	static const char path[] = "/sys/kernel/btf/vmlinux";
	bool readable = !access(path, R_OK);

	(void)cli;
	say(found, readable ? path : strerror(errno));
	return readable ? NA_GOOD : NA_MISSING;
}

/* A ring buffer of one page is made and let go: it needs the bpf() call, the permission and 5.8. */
static enum na_verdict check_ring(const struct na_cli *cli, char found[NA_FINDING_BYTES])
{
	union bpf_attr attr = { .map_type = BPF_MAP_TYPE_RINGBUF, .max_entries = (unsigned int)getpagesize() };
	int fd = (int)syscall(SYS_bpf, BPF_MAP_CREATE, &attr, sizeof(attr));

	(void)cli;
	if (fd >= 0) {
		close(fd);
		say(found, "a ring buffer can be made");
		return NA_GOOD;
	}
	say(found, strerror(errno));
	return errno == EPERM && geteuid() ? NA_NOT_KNOWN : NA_MISSING;
}

static enum na_verdict check_lockdown(const struct na_cli *cli, char found[NA_FINDING_BYTES])
{
	char *content;
	size_t bytes;
	enum na_verdict verdict;

	(void)cli;
	if (na_read_file(AT_FDCWD, "/sys/kernel/security/lockdown", 4096, &content, &bytes)) {
		say(found, "not built in, or securityfs is not mounted");
		return NA_GOOD;
	}
	verdict = strstr(content, "[confidentiality]") ? NA_MISSING : NA_GOOD;
	content[strcspn(content, "\n")] = '\0';
	say(found, content);
	free(content);
	return verdict;
}

static enum na_verdict check_memlock(const struct na_cli *cli, char found[NA_FINDING_BYTES])
{
	struct rlimit limit;
	struct utsname name;
	int major = 0, minor = 0;

	(void)cli;
	if (getrlimit(RLIMIT_MEMLOCK, &limit) || uname(&name) || sscanf(name.release, "%d.%d", &major, &minor) != 2)
		return NA_NOT_KNOWN;
	if (major > 5 || minor >= 11) {
		say(found, "not needed: this kernel counts BPF memory by cgroup");
		return NA_GOOD;
	}
	if (limit.rlim_cur == RLIM_INFINITY || !geteuid()) {
		say(found, "can be raised");
		return NA_GOOD;
	}
	say(found, "limited, and only root can raise it");
	return NA_WEAKER;
}

/* The mount point of the first file system of `type` in mountinfo(5); false when there is none. */
static bool find_mount(const char *type, char found[NA_FINDING_BYTES])
{
	char *content, *rest = NULL;
	size_t bytes;
	bool there = false;

	if (na_read_file(AT_FDCWD, "/proc/self/mountinfo", SMALL_FILE_BYTES, &content, &bytes))
		return false;
	for (char *line = strtok_r(content, "\n", &rest); line && !there; line = strtok_r(NULL, "\n", &rest)) {
		char *dash = strstr(line, " - "), *words = NULL, *point = line;

		if (!dash || strncmp(dash + 3, type, strlen(type)) || dash[3 + strlen(type)] != ' ')
			continue;
		*dash = '\0';
		for (int word = 0; word < 5 && point; word++)
			point = strtok_r(word ? NULL : line, " ", &words);
		say(found, point ? point : "mounted");
		there = true;
	}
	free(content);
	return there;
}

static enum na_verdict check_cgroup2(const struct na_cli *cli, char found[NA_FINDING_BYTES])
{
	(void)cli;
	if (find_mount("cgroup2", found))
		return NA_GOOD;
	say(found, "no cgroup2 file system is mounted");
	return NA_WEAKER;
}

static enum na_verdict check_tracefs(const struct na_cli *cli, char found[NA_FINDING_BYTES])
{
	(void)cli;
	if (!find_mount("tracefs", found))
		say(found, "not mounted: the auditor mounts it for itself alone");
	return NA_GOOD;
}

/* Loads and attaches a backend for a moment: what the daemon would do at start, and the only honest answer. */
static enum na_verdict try_backend(enum na_backend backend, char found[NA_FINDING_BYTES])
{
	const struct na_capture_options options = {
		.backend = backend, .scope_host = false, .ring_kib = 4, .bulk_ring_kib = 4, .max_sockets = 64, .max_peers = 64,
		.max_processes = 64,
	};
	struct na_capture *capture;
	struct na_error error;

	if (geteuid()) {
		say(found, "only root can try");
		return NA_NOT_KNOWN;
	}
	if (na_capture_open(&capture, &options, &error)) {
		say(found, error.text);
		return NA_WEAKER;
	}
	snprintf(found, NA_FINDING_BYTES, "loads and attaches (programs: %s)", na_capture_object(capture));
	if (*na_capture_missing_hooks(capture)) {
		snprintf(found + strlen(found), NA_FINDING_BYTES - strlen(found), ", without ");
		na_escape(found + strlen(found), NA_FINDING_BYTES - strlen(found), na_capture_missing_hooks(capture),
			  strlen(na_capture_missing_hooks(capture)));
	}
	na_capture_close(capture);
	return NA_GOOD;
}

static enum na_verdict check_fentry(const struct na_cli *cli, char found[NA_FINDING_BYTES])
{
	(void)cli;
	return try_backend(NA_BACKEND_FENTRY, found);
}

static enum na_verdict check_kprobe(const struct na_cli *cli, char found[NA_FINDING_BYTES])
{
	(void)cli;
	return try_backend(NA_BACKEND_KPROBE, found);
}

static enum na_verdict check_tracepoint(const struct na_cli *cli, char found[NA_FINDING_BYTES])
{
	(void)cli;
	return try_backend(NA_BACKEND_TRACEPOINT, found);
}

static enum na_verdict check_uprobes(const struct na_cli *cli, char found[NA_FINDING_BYTES])
{
	bool there = !access("/sys/bus/event_source/devices/uprobe/type", F_OK);

	(void)cli;
	say(found, there ? "the kernel has them" : "not built into this kernel");
	return there ? NA_GOOD : NA_WEAKER;
}

const struct na_check na_kernel_checks[] = {
	{ "release", check_release, "before 5.10 everything; before 5.12 calls made by io_uring workers lose their author",
	  "use a kernel of 5.12 or later" },
	{ "type information (BTF)", check_btf, "everything: the programs cannot be fitted to this kernel",
	  "use a kernel built with CONFIG_DEBUG_INFO_BTF=y; every Debian kernel since 11 is" },
	{ "bpf() and ring buffer", check_ring, "everything: nothing can be loaded",
	  "run as root, in a container with --privileged; look for a seccomp profile that refuses bpf()" },
	{ "lockdown", check_lockdown, "everything: confidentiality mode keeps BPF from reading kernel memory",
	  "start with lockdown=integrity or none" },
	{ "locked memory", check_memlock, "maps may not fit, then nothing is loaded",
	  "run as root, or set LimitMEMLOCK=infinity" },
	{ "cgroup2", check_cgroup2,
	  "without fentry and kprobes: destinations of unconnected UDP, and connects that fail before a SYN",
	  "mount -t cgroup2 none /sys/fs/cgroup/unified" },
	{ "tracefs", check_tracefs, "tracepoints: without fentry and kprobes nearly everything",
	  "mount -t tracefs none /sys/kernel/tracing" },
	{ "backend fentry", check_fentry, "nothing, as long as another backend loads; see the table below",
	  "use a kernel that permits BPF trampolines" },
	{ "backend kprobe", check_kprobe, "nothing, as long as another backend loads; see the table below",
	  "use a kernel with CONFIG_KPROBES=y" },
	{ "backend tracepoint", check_tracepoint, "nothing, as long as another backend loads; see the table below",
	  "mount cgroup v2 and tracefs" },
	{ "uprobes", check_uprobes, "clear text of TLS connections, the audit events of Python",
	  "use a kernel with CONFIG_UPROBE_EVENTS=y" },
};

const size_t na_kernel_check_count = sizeof(na_kernel_checks) / sizeof(*na_kernel_checks);
