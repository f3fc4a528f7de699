// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Feeds streams to the parser of clear text, in this process or to the loaded program, and prints the messages as JSON.
 *
 * usage: feed here|kernel [OBJECT] <INPUT. Input: for each piece its length (u32, little-endian) and its bytes; a
 * length of 0xffffffff ends a stream. The key is 00 01 … 0f.
 */
#include <stdio.h>
#include <stdlib.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "clear_here.h"

#define PIECE_MOST (4U << 20)
#define STREAM_ENDS 0xffffffffU
#define CALLS_ARGUMENTS 4
#define NA_SLOTS 4	/* bpf/clear_run.h */

static const uint64_t key[2] = { 0x0706050403020100, 0x0f0e0d0c0b0a0908 };

struct kernel {
	struct bpf_object *object;
	int program, streams, told, works, bss;
};

static struct na_clear_stream stream;

static void print_text(const char *name, const char *text, size_t bytes)
{
	printf(",\"%s\":\"", name);
	for (size_t i = 0; i < bytes; i++) {
		if (text[i] < ' ' || text[i] > '~' || text[i] == '"' || text[i] == '\\')
			printf("\\u%04x", (unsigned char)text[i]);
		else
			putchar(text[i]);
	}
	putchar('"');
}

static void print_message(const struct na_message *message)
{
	printf("{\"number\":%llu,\"part\":%d,\"kind\":%d,\"minor\":%d,\"status\":%d,\"flags\":%d,\"head\":%llu,\"body\":%llu",
	       message->number, message->part, message->kind, message->minor, message->status, message->flags,
	       message->head_bytes, message->body_bytes);
	printf(",\"hashed\":%llu,\"declared\":%lld,\"fingerprint\":\"%016llx%016llx\"", message->hashed_bytes,
	       (long long)message->declared_bytes, message->fingerprint[0], message->fingerprint[1]);
	print_text("method", message->method, strnlen(message->method, sizeof(message->method)));
	print_text("host", message->host, message->host_bytes);
	print_text("path", message->text, message->path_bytes);
	print_text("keys", message->text + message->path_bytes, message->keys_bytes);
	print_text("names", message->text + message->path_bytes + message->keys_bytes, message->names_bytes);
	puts("}");
}

static int load(struct kernel *kernel, const char *path)
{
	uint32_t zero = 0;

	kernel->object = bpf_object__open_file(path, NULL);
	if (!kernel->object || bpf_object__load(kernel->object))
		return 1;
	kernel->program = bpf_program__fd(bpf_object__find_program_by_name(kernel->object, "feed"));
	kernel->streams = bpf_object__find_map_fd_by_name(kernel->object, "streams");
	kernel->told = bpf_object__find_map_fd_by_name(kernel->object, "told");
	kernel->works = bpf_object__find_map_fd_by_name(kernel->object, "clear_works");
	kernel->bss = bpf_map__fd(bpf_object__find_map_by_name(kernel->object, ".bss"));
	return bpf_map_update_elem(bpf_object__find_map_fd_by_name(kernel->object, "clear_key"), &zero, key, BPF_ANY);
}

static int feed_kernel(const struct kernel *kernel, const void *bytes, size_t length)
{
	uint64_t arguments[CALLS_ARGUMENTS] = { (uintptr_t)bytes, length, UINT64_MAX, 0 };
	LIBBPF_OPTS(bpf_test_run_opts, options, .ctx_in = arguments, .ctx_size_in = sizeof(arguments));

	return bpf_prog_test_run_opts(kernel->program, &options) || options.retval;
}

/* Whether nothing is left in the scratch of any CPU, `busy` included. */
static int scratch_is_zero(const struct kernel *kernel)
{
	int cpus = libbpf_num_possible_cpus();
	size_t stride = (sizeof(struct na_clear_work) + 7) / 8 * 8;
	uint8_t *all = calloc((size_t)cpus, stride);
	int zero = all != NULL;

	for (uint32_t slot = 0; zero && slot < NA_SLOTS; slot++) {
		if (bpf_map_lookup_elem(kernel->works, &slot, all))
			zero = 0;
		for (size_t i = 0; zero && i < (size_t)cpus * stride; i++)
			zero = !all[i];
	}
	free(all);
	return zero;
}

/* Prints what the kernel told since the last call, and forgets it and the stream. */
static int end_kernel(const struct kernel *kernel)
{
	struct na_clear_stream fresh = { 0 };
	struct na_message message;
	uint32_t zero = 0, count = 0;

	if (!scratch_is_zero(kernel) || bpf_map_lookup_elem(kernel->bss, &zero, &count))
		return 1;
	for (uint32_t i = 0; i < count; i++) {
		if (bpf_map_lookup_elem(kernel->told, &i, &message))
			break;	/* more than there is room for: the parser's own output is cut there too */
		print_message(&message);
	}
	count = 0;
	return bpf_map_update_elem(kernel->bss, &zero, &count, BPF_ANY) ||
	       bpf_map_update_elem(kernel->streams, &zero, &fresh, BPF_ANY);
}

static int run(const struct kernel *kernel, uint8_t *bytes)
{
	uint32_t length;

	while (fread(&length, sizeof(length), 1, stdin) == 1) {
		if (length == STREAM_ENDS) {
			if (kernel && end_kernel(kernel))
				return 1;
			memset(&stream, 0, sizeof(stream));
			puts("{}");
			continue;
		}
		if (length > PIECE_MOST || fread(bytes, 1, length, stdin) != length)
			return 1;
		if (!kernel)
			clear_feed(&stream, bytes, length, key, UINT64_MAX, 0);
		else if (feed_kernel(kernel, bytes, length))
			return 1;
	}
	return 0;
}

int main(int argc, char **argv)
{
	struct kernel kernel = { 0 };
	bool in_kernel = argc == 3 && !strcmp(argv[1], "kernel");
	static uint8_t bytes[PIECE_MOST];
	int failed;

	on_message = print_message;
	failed = in_kernel ? load(&kernel, argv[2]) : 0;
	if (!failed)
		failed = run(in_kernel ? &kernel : NULL, bytes);
	bpf_object__close(kernel.object);
	return failed;
}
