// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * BPF maps as bytes, to be searched: maps ID... writes all there is in them, rings included, to its output.
 * maps plant: makes a map of what comes in, prints its id and keeps it until its input ends.
 */
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define PLANTED_BYTES 4096

static int dump_ring(int fd, size_t bytes)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE), length = page + 2 * bytes;
	void *ring = mmap(NULL, length, PROT_READ, MAP_SHARED, fd, (off_t)page);

	if (ring == MAP_FAILED)
		return 1;
	if (fwrite(ring, 1, length, stdout) != length)
		return 1;
	return munmap(ring, length) != 0;
}

static int dump_entries(int fd, const struct bpf_map_info *info, int cpus)
{
	bool each_cpu = info->type == BPF_MAP_TYPE_PERCPU_ARRAY || info->type == BPF_MAP_TYPE_PERCPU_HASH;
	size_t bytes = each_cpu ? (info->value_size + 7UL) / 8 * 8 * (size_t)cpus : info->value_size;
	char *key = calloc(1, info->key_size + 1), *value = calloc(1, bytes + 1);
	int more = key && value ? bpf_map_get_next_key(fd, NULL, key) : -1;
	int failed = !key || !value;

	while (!failed && !more) {
		if (!bpf_map_lookup_elem(fd, key, value))
			failed = fwrite(key, info->key_size, 1, stdout) != 1 || fwrite(value, bytes, 1, stdout) != 1;
		more = bpf_map_get_next_key(fd, key, key);
	}
	free(key);
	free(value);
	return failed;
}

static int dump(uint32_t id, int cpus)
{
	struct bpf_map_info info = { 0 };
	uint32_t size = sizeof(info);
	int fd = bpf_map_get_fd_by_id(id), failed;

	if (fd < 0 || bpf_obj_get_info_by_fd(fd, &info, &size))
		return 1;
	failed = info.type == BPF_MAP_TYPE_RINGBUF ? dump_ring(fd, info.max_entries) : dump_entries(fd, &info, cpus);
	close(fd);
	return failed;
}

static int plant(void)
{
	char bytes[PLANTED_BYTES] = { 0 };
	struct bpf_map_info info = { 0 };
	uint32_t zero = 0, size = sizeof(info);
	int fd = bpf_map_create(BPF_MAP_TYPE_ARRAY, "planted", sizeof(zero), sizeof(bytes), 1, NULL);

	if (fd < 0 || !fgets(bytes, sizeof(bytes), stdin) || bpf_map_update_elem(fd, &zero, bytes, BPF_ANY) ||
	    bpf_obj_get_info_by_fd(fd, &info, &size))
		return 1;
	printf("%u\n", info.id);
	(void)fflush(stdout);
	while (getchar() != EOF)
		continue;
	return 0;
}

int main(int argc, char **argv)
{
	int cpus = libbpf_num_possible_cpus();

	if (argc == 2 && !strcmp(argv[1], "plant"))
		return plant();
	for (int i = 1; i < argc; i++) {
		if (dump((uint32_t)strtoul(argv[i], NULL, 10), cpus)) {
			(void)fprintf(stderr, "maps: map %s cannot be read\n", argv[i]);
			return 1;
		}
	}
	return 0;
}
