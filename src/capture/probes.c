// SPDX-License-Identifier: GPL-2.0-or-later
/* Attaches programs to places in files, by descriptor: no name of a file is looked up again. */
#include "capture/probes.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/perf_event.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "capture/internal.h"

#define AT_RETURN 1		/* format/retprobe of this kind of event: bit 0 of its settings, since it exists (4.17) */
#define SEMAPHORE_SHIFT 32	/* PERF_UPROBE_REF_CTR_OFFSET_SHIFT, 4.20 */
#define SEMAPHORE_BYTES 2

static const struct {
	const char *name, *program;
	bool at_return;
} slots[NA_PROBE_SLOTS] = {
	[NA_PROBE_PYTHON_AUDIT] = { "python:audit", "na_python_audit", false },
	[NA_PROBE_TLS_WRITE] = { "SSL_write", "na_tls_write", false },
	[NA_PROBE_TLS_WRITTEN] = { "SSL_write's return", "na_tls_returned", true },
	[NA_PROBE_TLS_READ] = { "SSL_read", "na_tls_read", false },
	[NA_PROBE_TLS_HAS_READ] = { "SSL_read's return", "na_tls_returned", true },
	[NA_PROBE_TLS_CONTROL] = { "SSL_ctrl", "na_tls_control", false },
	[NA_PROBE_TLS_FREE] = { "SSL_free", "na_tls_free", false },
};

const char *na_probe_slot_name(uint64_t slot)
{
	return slot < NA_PROBE_SLOTS ? slots[slot].name : "unknown";
}

bool na_probe_returns_are_safe_on(const char *release)
{
	unsigned int version = 0, patch = 0, level = 0;

	/* what cannot be read is taken for the worst */
	if (sscanf(release, "%u.%u.%u", &version, &patch, &level) < 2)
		return false;
	if (version != 6 || patch < 11 || patch > 13)
		return true;
	/* the change reached 6.12.14 and 6.13.3; some later ones to be sure */
	return patch == 12 ? level >= 20 : patch == 13 && level >= 10;
}

bool na_probe_returns_are_safe(void)
{
#if defined(__x86_64__)
	struct utsname name;

	return !uname(&name) && na_probe_returns_are_safe_on(name.release);
#else
	return true;
#endif
}

bool na_probe_is_program(const char *program)
{
	for (size_t i = 0; i < NA_PROBE_SLOTS; i++)
		if (!strcmp(slots[i].program, program))
			return true;
	return false;
}

/* The kernel's number for this kind of event; it is not fixed. 0: it has none, which is also a kind, but another. */
static uint32_t kind_of_event(void)
{
	FILE *file = fopen("/sys/bus/event_source/devices/uprobe/type", "re");
	unsigned int number = 0;

	if (file && fscanf(file, "%u", &number) != 1)
		number = 0;
	if (file)
		(void)fclose(file);
	return number;
}

static int check_file(const struct na_probe *probe, int fd)
{
	struct stat status;

	if (fstat(fd, &status) < 0)
		return -errno;
	if (!S_ISREG(status.st_mode))
		return -EINVAL;
	if (status.st_dev != probe->device || status.st_ino != probe->inode)
		return -ESTALE;
	if (probe->offset >= (uint64_t)status.st_size ||
	    (probe->semaphore && (probe->semaphore > UINT32_MAX || (uint64_t)status.st_size < SEMAPHORE_BYTES ||
				  probe->semaphore > (uint64_t)status.st_size - SEMAPHORE_BYTES)))
		return -EINVAL;
	return 0;
}

/*
 * Whether 6.18 and later would turn the place into a call of a trampoline: what is mapped for that is left out by a
 * fork, and a child that comes there dies of SIGSEGV (seen on 6.18.44). The descriptor may be one that cannot be read.
 */
static int check_place(const struct na_probe *probe, int fd)
{
	static const uint8_t five_byte_nop[] = { 0x0f, 0x1f, 0x44, 0x00, 0x00 };
	uint8_t code[sizeof(five_byte_nop)];
	char path[32];
	ssize_t bytes;
	int readable;

	(void)snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	readable = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	if (readable < 0)
		return -errno;
	bytes = pread(readable, code, sizeof(code), (off_t)probe->offset);
	(void)close(readable);
	if (bytes < 0)
		return -EIO;
	return bytes == sizeof(code) && !memcmp(code, five_byte_nop, sizeof(code)) ? -EADDRNOTAVAIL : 0;
}

/* Of all processes: processor 0 says nothing about where they run. */
static int open_event(const struct na_probe *probe, int fd)
{
	char path[32];
	struct perf_event_attr attributes = {
		.type = kind_of_event(), .size = sizeof(attributes), .uprobe_path = (uint64_t)(uintptr_t)path,
		.config = probe->semaphore << SEMAPHORE_SHIFT | (slots[probe->slot].at_return ? AT_RETURN : 0),
		.probe_offset = probe->offset,
	};
	int event;

	if (!attributes.type)
		return -ENOTSUP;
	(void)snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	event = (int)syscall(SYS_perf_event_open, &attributes, -1, 0, -1, PERF_FLAG_FD_CLOEXEC);
	return event < 0 ? -errno : event;
}

/* The descriptor that holds it. Links to events came with cookies (5.15); before, the event itself holds programs. */
static int bind_program(int program, int event, uint64_t cookie)
{
	LIBBPF_OPTS(bpf_link_create_opts, options, .perf_event.bpf_cookie = cookie);
	int link = bpf_link_create(program, event, BPF_PERF_EVENT, &options);

	if (link >= 0) {
		(void)close(event);
		return link;
	}
	if (errno == EINVAL && !cookie && !ioctl(event, PERF_EVENT_IOC_SET_BPF, program))
		return event;
	link = errno == EINVAL && cookie ? -ENOTSUP : -errno;
	(void)close(event);
	return link;
}

static struct na_held_probe *find(struct na_capture *capture, const struct na_probe *probe)
{
	for (size_t i = 0; i < capture->probe_count; i++)
		if (!memcmp(&capture->probes[i].probe, probe, sizeof(*probe)))
			return &capture->probes[i];
	return NULL;
}

int na_capture_attach_probe(struct na_capture *capture, const struct na_probe *probe, int fd)
{
	const struct bpf_program *program;
	int result;

	if (probe->slot >= NA_PROBE_SLOTS)
		return -EINVAL;
	result = check_file(probe, fd);
	if (!result)
		result = check_place(probe, fd);
	if (result || find(capture, probe))
		return result;
	if (capture->probe_count == NA_PROBES)
		return -ENOSPC;
	program = capture->object ? bpf_object__find_program_by_name(capture->object, slots[probe->slot].program) : NULL;
	if (!program || bpf_program__fd(program) < 0)
		return -ENOTSUP;
	result = open_event(probe, fd);
	if (result >= 0)
		result = bind_program(bpf_program__fd(program), result, probe->cookie);
	if (result < 0)
		return result;
	capture->probes[capture->probe_count++] = (struct na_held_probe){ *probe, result };
	return 0;
}

int na_capture_release_probe(struct na_capture *capture, const struct na_probe *probe)
{
	struct na_held_probe *held = find(capture, probe);

	if (!held)
		return -ENOENT;
	(void)close(held->fd);
	*held = capture->probes[--capture->probe_count];
	return 0;
}

size_t na_capture_probes(const struct na_capture *capture)
{
	return capture->probe_count;
}

size_t na_capture_disown_probes(struct na_capture *capture, struct na_probe probes[NA_PROBES])
{
	size_t count = capture->probe_count;

	for (size_t i = 0; i < count; i++) {
		probes[i] = capture->probes[i].probe;
		(void)close(capture->probes[i].fd);
	}
	capture->probe_count = 0;
	return count;
}
