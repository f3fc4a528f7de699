/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What fuzz targets share: a demand that holds in every build, and ways to take an input apart. */
#ifndef NETAUDIT_TESTS_FUZZ_H
#define NETAUDIT_TESTS_FUZZ_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Not assert(): it must hold in every build. */
#define REQUIRE(condition) ((condition) ? (void)0 : fuzz_fail(__FILE__, __LINE__, #condition))

static inline _Noreturn void fuzz_fail(const char *file, int line, const char *condition)
{
	(void)fprintf(stderr, "%s:%d: not so: %s\n", file, line, condition);
	abort();
}

/* libFuzzer calls it with every input. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct fuzz_input {
	const uint8_t *at;
	size_t left;
};

/* The next `bytes`; zeros once the input has ended. */
static inline void fuzz_take(struct fuzz_input *input, void *out, size_t bytes)
{
	size_t have = bytes < input->left ? bytes : input->left;

	memset(out, 0, bytes);
	memcpy(out, input->at, have);
	input->at += have;
	input->left -= have;
}

static inline uint8_t fuzz_byte(struct fuzz_input *input)
{
	uint8_t byte;

	fuzz_take(input, &byte, 1);
	return byte;
}

/* A copy of exactly its size, so that one byte too far is seen. The caller frees it. */
static inline char *fuzz_exact(const void *bytes, size_t length)
{
	char *copy = calloc(length ? length : 1, 1);

	REQUIRE(copy != NULL);
	memcpy(copy, bytes, length);
	return copy;
}

/* The rest of the input as a string that ends at its first NUL. The caller frees it. */
static inline char *fuzz_string(const struct fuzz_input *input)
{
	char *copy = malloc(input->left + 1);

	REQUIRE(copy != NULL);
	memcpy(copy, input->at, input->left);
	copy[input->left] = '\0';
	return copy;
}

#endif
