// SPDX-License-Identifier: GPL-2.0-or-later
/* Loads the object with one backend's programs and attaches them; all or nothing. */
#include <bpf/btf.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/statfs.h>
#include <unistd.h>

#include "capture/backends.h"
#include "capture/hooks.h"
#include "capture/internal.h"
#include "capture/objects.h"
#include "capture/return_probe.h"
#include "capture/stream.h"

#define CGROUP2_MAGIC 0x63677270

/* The end of libbpf's and the verifier's last complaint, for the reason people are shown. */
static char last_complaint[NA_REASON_BYTES];

static int keep_complaint(enum libbpf_print_level level, const char *format, va_list arguments)
{
	char line[NA_REASON_BYTES];

	if (getenv("NETAUDIT_DEBUG_BPF"))
		vfprintf(stderr, format, arguments);
	else if (level == LIBBPF_WARN && vsnprintf(line, sizeof(line), format, arguments) > 0 && !last_complaint[0])
		snprintf(last_complaint, sizeof(last_complaint), "%.*s", (int)strcspn(line, "\n"), line);
	return 0;
}

static void append_name(char *list, size_t size, const char *name)
{
	size_t used = strlen(list);

	snprintf(list + used, size - used, "%s%s", used ? "," : "", name);
}

/* A load-time setting: a const volatile global of the object, found by name in its BTF. */
static int set_global(struct bpf_object *object, const char *name, const void *value, size_t size)
{
	struct bpf_map *map = bpf_object__find_map_by_name(object, ".rodata");
	const struct btf *btf = bpf_object__btf(object);
	int section = btf__find_by_name_kind(btf, ".rodata", BTF_KIND_DATASEC);
	const struct btf_type *type = section > 0 ? btf__type_by_id(btf, (__u32)section) : NULL;
	size_t bytes;
	char *data = map ? (char *)bpf_map__initial_value(map, &bytes) : NULL;
	const struct btf_var_secinfo *variable;

	if (!type || !data)
		return -ENOENT;
	variable = btf_var_secinfos(type);
	for (int i = 0; i < btf_vlen(type); i++, variable++) {
		const struct btf_type *entry = btf__type_by_id(btf, variable->type);

		if (strcmp(btf__name_by_offset(btf, entry->name_off), name))
			continue;
		if (variable->size != size || variable->offset + size > bytes)
			return -EINVAL;
		memcpy(data + variable->offset, value, size);
		return 0;
	}
	return -ENOENT;
}

static int set_globals(struct na_capture *capture, const struct btf *kernel)
{
	bool twice = kernel && btf__find_by_name(kernel, na_hook_second_copies_need()) >= 0;
	bool tracepoint = capture->backend == NA_BACKEND_TRACEPOINT;
	int err;

	err = set_global(capture->object, "scope_host", &capture->options.scope_host, sizeof(bool));
	if (!err)
		err = set_global(capture->object, "backend_tracepoint", &tracepoint, sizeof(tracepoint));
	if (!err)
		err = set_global(capture->object, "second_copies", &twice, sizeof(twice));
	if (!err)
		err = set_global(capture->object, "flow_id_base", &capture->flow_id_base, sizeof(uint64_t));
	return err;
}

/* A ring holds a power of two pages. */
static uint32_t ring_bytes(uint32_t kib)
{
	uint32_t bytes = 4096;

	while (bytes < kib * 1024u && bytes < 1u << 30)
		bytes *= 2;
	return bytes;
}

static int size_maps(struct na_capture *capture)
{
	const struct { const char *name; uint32_t entries; } sizes[] = {
		{ "ring_high", ring_bytes(capture->options.ring_kib) },
		{ "ring_bulk", ring_bytes(capture->options.bulk_ring_kib) },
		{ "ring_stacks", ring_bytes(capture->options.bulk_ring_kib) },
		{ "sockets", capture->options.max_sockets },
		{ "peers", capture->options.max_peers },
		{ "said", capture->options.max_peers },
		{ "scopes", capture->options.max_processes },
	};

	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		struct bpf_map *map = bpf_object__find_map_by_name(capture->object, sizes[i].name);
		int err = map ? bpf_map__set_max_entries(map, sizes[i].entries) : -ENOENT;

		if (err)
			return err;
	}
	return 0;
}

static bool is_second_copy(const struct bpf_program *program)
{
	return strstr(bpf_program__name(program), "_again") != NULL;
}

static void choose_programs(struct na_capture *capture, const struct btf *kernel)
{
	struct bpf_program *program;

	bpf_object__for_each_program(program, capture->object) {
		const struct na_hook *hook = na_hook_find(bpf_program__name(program));
		const struct na_hook *better = na_hook_instead_of(bpf_program__name(program));
		bool wanted = hook && (hook->backends & NA_BACKEND_BIT(capture->backend));

		if (wanted && better && kernel && btf__find_by_name(kernel, better->needs) >= 0)
			wanted = false;
		if (wanted && hook->needs && kernel && btf__find_by_name(kernel, hook->needs) < 0) {
			if (!is_second_copy(program) && !na_hook_has_substitute(hook->program))
				append_name(capture->missing, sizeof(capture->missing), hook->program);
			wanted = false;
		}
		bpf_program__set_autoload(program, wanted);
	}
}

static void find_maps(struct na_capture *capture)
{
	capture->peers = bpf_object__find_map_fd_by_name(capture->object, "peers");
	capture->relay_expected = bpf_object__find_map_fd_by_name(capture->object, "relay_expected");
	capture->said = bpf_object__find_map_fd_by_name(capture->object, "said");
	capture->scopes = bpf_object__find_map_fd_by_name(capture->object, "scopes");
	capture->losses = bpf_object__find_map_fd_by_name(capture->object, "losses");
	capture->counts = bpf_object__find_map_fd_by_name(capture->object, "counts");
	capture->sockets = bpf_object__find_map_fd_by_name(capture->object, "sockets");
	capture->pythons = bpf_object__find_map_fd_by_name(capture->object, "pythons");
	capture->natives = bpf_object__find_map_fd_by_name(capture->object, "natives");
	capture->code_generation = bpf_object__find_map_fd_by_name(capture->object, "code_generation");
}

static int set_body_key(struct na_capture *capture, struct na_error *error)
{
	uint8_t key[NA_BODY_KEY_BYTES] = { 0 };
	uint32_t zero = 0;

	if (capture->options.body_key)
		memcpy(key, capture->options.body_key, sizeof(key));
	if (!bpf_map_update_elem(bpf_object__find_map_fd_by_name(capture->object, "clear_key"), &zero, key, BPF_ANY))
		return 0;
	return na_error_set(error, -errno, "cannot give the kernel its key: %s", strerror(errno));
}

static int load_object(struct na_capture *capture, const struct na_bpf_object *image, struct na_error *error)
{
	LIBBPF_OPTS(bpf_object_open_opts, options, .object_name = "netaudit");
	struct btf *kernel;
	int err;

	last_complaint[0] = 0;
	capture->hooks[0] = capture->missing[0] = 0;
	capture->object = bpf_object__open_mem(image->image, (size_t)(image->end - image->image), &options);
	if (!capture->object)
		return na_error_set(error, -errno, "cannot open the built-in BPF object: %s", last_complaint);
	kernel = btf__load_vmlinux_btf();
	err = set_globals(capture, kernel);
	if (!err)
		err = size_maps(capture);
	choose_programs(capture, kernel);
	btf__free(kernel);
	if (err)
		return na_error_set(error, err, "cannot prepare the built-in BPF object: %s", strerror(-err));
	err = bpf_object__load(capture->object);
	if (err)
		return na_error_set(error, err, "this kernel does not load the %s backend: %s",
				    na_backend_name(capture->backend), last_complaint);
	find_maps(capture);
	err = na_capture_switch(capture, &capture->options.switches);
	if (err)
		return na_error_set(error, err, "cannot give the kernel its switches: %s", strerror(-err));
	return set_body_key(capture, error);
}

/* The cheapest object that the verifier takes. One that may load nothing of the kind (EPERM) may load no other. */
int na_capture_load(struct na_capture *capture, struct na_error *error)
{
	const struct na_bpf_object *image;
	int err;

	libbpf_set_print(keep_complaint);
	err = na_backend_possible(capture->backend, error);
	if (err)
		return err;
	err = -ENOSYS;
	for (size_t number = 0; err && err != -EPERM && (image = na_bpf_object(number)); number++) {
		if (!image->fits())
			continue;
		na_capture_unload(capture);
		err = load_object(capture, image, error);
		capture->object_name = image->name;
	}
	return err;
}

/* The root of cgroup v2, also where v1 has the usual place. */
static int open_cgroup_root(const char *wanted)
{
	const char *const places[] = { wanted, "/sys/fs/cgroup", "/sys/fs/cgroup/unified" };

	for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
		struct statfs fs;
		int fd = places[i] ? open(places[i], O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;

		if (fd < 0)
			continue;
		if (!fstatfs(fd, &fs) && fs.f_type == CGROUP2_MAGIC)
			return fd;
		close(fd);
	}
	return -ENOENT;
}

static bool needs_cgroup(const struct bpf_program *program)
{
	enum bpf_prog_type type = bpf_program__type(program);

	return type == BPF_PROG_TYPE_CGROUP_SKB || type == BPF_PROG_TYPE_CGROUP_SOCK ||
	       type == BPF_PROG_TYPE_CGROUP_SOCK_ADDR;
}

static struct bpf_link *attach_one(struct na_capture *capture, struct bpf_program *program, int cgroup)
{
	LIBBPF_OPTS(bpf_iter_attach_opts, options);
	union bpf_iter_link_info info = { .map.map_fd = (__u32)capture->sockets };

	if (needs_cgroup(program))
		return bpf_program__attach_cgroup(program, cgroup);
	if (!strncmp(bpf_program__section_name(program), "kretprobe/", strlen("kretprobe/"))) {
		struct bpf_link *link = na_return_probe_attach(program);

		if (link)
			return link;
		/* one instance per CPU: returns of simultaneous calls may go unseen, so status and doctor say it */
		append_name(capture->missing, sizeof(capture->missing), "return-probe-instances");
		return bpf_program__attach(program);
	}
	if (!strcmp(bpf_program__name(program), "na_open_flows")) {
		options.link_info = &info;
		options.link_info_len = sizeof(info);
		return bpf_program__attach_iter(program, &options);
	}
	return bpf_program__attach(program);
}

static int attach_and_keep(struct na_capture *capture, struct bpf_program *program, int cgroup, struct na_error *error)
{
	const char *name = bpf_program__name(program);
	struct bpf_link *link;

	last_complaint[0] = 0;
	link = attach_one(capture, program, cgroup);
	if (!link)
		return na_error_set(error, -errno, "cannot attach %s: %s (%s)", name, strerror(errno), last_complaint);
	if (!strcmp(name, "na_existing_sockets"))
		capture->existing = link;
	else if (!strcmp(name, "na_existing_relays"))
		capture->relays = link;
	else if (!strcmp(name, "na_open_flows"))
		capture->progress = link;
	else
		capture->attached[capture->attached_count++] = (struct na_attached){ program, link };
	append_name(capture->hooks, sizeof(capture->hooks), name);
	return 0;
}

/* One program for both ways (bpf/stream.h). */
static int attach_stream(struct na_capture *capture, struct bpf_program *program, int cgroup, struct na_error *error)
{
	int err = na_stream_attach(capture->stream_links, program, cgroup);

	if (err)
		return na_error_set(error, err, "cannot attach %s: %s", NA_STREAM_PROGRAM, strerror(-err));
	capture->stream_attached = true;
	append_name(capture->hooks, sizeof(capture->hooks), NA_STREAM_PROGRAM);
	return 0;
}

int na_capture_attach(struct na_capture *capture, struct na_error *error)
{
	int cgroup = open_cgroup_root(capture->options.cgroup_root);
	struct bpf_program *program;
	int err = 0;

	if (capture->backend == NA_BACKEND_TRACEPOINT && cgroup < 0)
		return na_error_set(error, cgroup, "cgroup v2 is not mounted: mount it (mount -t cgroup2 none "
				    "/sys/fs/cgroup/unified) or use a kernel with fentry or kprobes");
	/* a trampoline runs the program attached last first: second copies must come after their first */
	for (int second = 1; second >= 0 && !err; second--) {
		bpf_object__for_each_program(program, capture->object) {
			if (!bpf_program__autoload(program) || is_second_copy(program) != second ||
			    na_probe_is_program(bpf_program__name(program)))
				continue;
			if (needs_cgroup(program) && cgroup < 0) {	/* the other backends do more without it than not at all */
				append_name(capture->missing, sizeof(capture->missing), bpf_program__name(program));
				continue;
			}
			err = na_stream_is_program(program) ? attach_stream(capture, program, cgroup, error)
							    : attach_and_keep(capture, program, cgroup, error);
			if (err)
				break;
		}
	}
	if (cgroup >= 0)
		close(cgroup);
	return err;
}

void na_capture_unload(struct na_capture *capture)
{
	while (capture->probe_count)
		(void)close(capture->probes[--capture->probe_count].fd);
	for (size_t i = 0; i < capture->attached_count; i++)
		bpf_link__destroy(capture->attached[i].link);
	capture->attached_count = 0;
	for (int i = 0; capture->stream_attached && i < NA_STREAM_WAYS; i++)
		(void)close(capture->stream_links[i]);
	capture->stream_attached = false;
	bpf_link__destroy(capture->existing);
	bpf_link__destroy(capture->progress);
	bpf_link__destroy(capture->relays);
	capture->existing = capture->progress = capture->relays = NULL;
	na_return_probes_remove();
	bpf_object__close(capture->object);
	capture->object = NULL;
}
