/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Clocks, nonces, whole files, errors and log lines. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/file.h"
#include "base/log.h"
#include "base/nonce.h"

static void test_boottime_converts_both_ways(void **state)
{
	const struct na_clock_pair pair = { .boottime_ns = 5 * NA_NS_PER_SECOND, .wall_us = 1000000000000 };

	(void)state;
	assert_int_equal(na_clock_wall_us(&pair, 7 * NA_NS_PER_SECOND), 1000000000000 + 2000000);
	assert_int_equal(na_clock_wall_us(&pair, 2 * NA_NS_PER_SECOND), 1000000000000 - 3000000);
	assert_int_equal(na_clock_wall_us(&pair, pair.boottime_ns), pair.wall_us);
}

static void test_a_step_of_the_wall_clock_shows(void **state)
{
	const struct na_clock_pair earlier = { .boottime_ns = NA_NS_PER_SECOND, .wall_us = 50000000 };
	struct na_clock_pair later = { .boottime_ns = 11 * NA_NS_PER_SECOND, .wall_us = 60000000 };

	(void)state;
	assert_int_equal(na_clock_step_us(&earlier, &later), 0);
	later.wall_us -= 3600000000;
	assert_int_equal(na_clock_step_us(&earlier, &later), -3600000000);
}

static void test_the_clocks_are_the_kernels(void **state)
{
	uint64_t before = na_boottime_ns();
	struct na_clock_pair pair = na_clock_read();
	struct timespec wall;

	(void)state;
	assert_true(pair.boottime_ns >= before && pair.boottime_ns <= na_boottime_ns());
	assert_int_equal(clock_gettime(CLOCK_REALTIME, &wall), 0);
	assert_true(pair.wall_us <= (int64_t)wall.tv_sec * 1000000 + wall.tv_nsec / 1000);
	assert_true(pair.wall_us > (int64_t)(wall.tv_sec - 3600) * 1000000);
}

static int by_bytes(const void *one, const void *other)
{
	return memcmp(one, other, NA_NONCE_BYTES);
}

static void test_nonces_do_not_repeat(void **state)
{
	enum { COUNT = 4096 };
	static uint8_t nonces[COUNT][NA_NONCE_BYTES];

	(void)state;
	for (int i = 0; i < COUNT; i++)
		assert_int_equal(na_nonce(nonces[i]), 0);
	qsort(nonces, COUNT, NA_NONCE_BYTES, by_bytes);
	for (int i = 1; i < COUNT; i++)
		assert_memory_not_equal(nonces[i - 1], nonces[i], NA_NONCE_BYTES);
}

static void test_a_forked_child_has_nonces_of_its_own(void **state)
{
	uint8_t ours[NA_NONCE_BYTES], theirs[NA_NONCE_BYTES];
	int ends[2];
	pid_t pid;

	(void)state;
	assert_int_equal(na_nonce(ours), 0);	/* the block is filled, most of it unused */
	assert_int_equal(pipe(ends), 0);
	pid = fork();
	if (pid == 0) {
		uint8_t nonce[NA_NONCE_BYTES];

		_exit(na_nonce(nonce) || na_write_all(ends[1], nonce, sizeof(nonce)));
	}
	assert_int_equal(read(ends[0], theirs, sizeof(theirs)), sizeof(theirs));
	assert_int_equal(waitpid(pid, NULL, 0), pid);
	assert_int_equal(na_nonce(ours), 0);
	assert_memory_not_equal(ours, theirs, NA_NONCE_BYTES);
	close(ends[0]);
	close(ends[1]);
}

static void test_files_are_read_whole_or_refused(void **state)
{
	char directory[] = "/tmp/netaudit-test-XXXXXX", content[10000], *read_back = NULL;
	size_t bytes = 0;
	struct stat status;
	int fd;

	(void)state;
	memset(content, 'x', sizeof(content));
	assert_non_null(mkdtemp(directory));
	fd = open(directory, O_RDONLY | O_DIRECTORY);
	assert_true(fd >= 0);
	assert_int_equal(na_replace_file(fd, "file", content, sizeof(content), 0640), 0);
	assert_int_equal(na_read_file(fd, "file", sizeof(content), &read_back, &bytes), 0);
	assert_int_equal(bytes, sizeof(content));
	assert_memory_equal(read_back, content, sizeof(content));
	assert_int_equal(read_back[bytes], '\0');
	free(read_back);
	assert_int_equal(na_read_file(fd, "file", sizeof(content) - 1, &read_back, &bytes), -EFBIG);
	assert_int_equal(na_read_file(fd, "missing", 10, &read_back, &bytes), -ENOENT);
	assert_int_equal(na_replace_file(fd, "file", "", 0, 0640), 0);
	assert_int_equal(fstatat(fd, "file", &status, 0), 0);
	assert_int_equal(status.st_size, 0);
	assert_int_equal(fstatat(fd, "file.new", &status, 0), -1);
	assert_int_equal(unlinkat(fd, "file", 0), 0);
	close(fd);
	assert_int_equal(rmdir(directory), 0);
}

static void test_a_link_in_the_way_is_not_followed(void **state)
{
	char directory[] = "/tmp/netaudit-test-XXXXXX";
	struct stat status;
	int fd;

	(void)state;
	assert_non_null(mkdtemp(directory));
	fd = open(directory, O_RDONLY | O_DIRECTORY);
	assert_int_equal(symlinkat("target", fd, "file.new"), 0);
	assert_int_equal(na_replace_file(fd, "file", "x", 1, 0600), -ELOOP);
	assert_int_equal(fstatat(fd, "target", &status, 0), -1);
	(void)unlinkat(fd, "file.new", 0);
	close(fd);
	assert_int_equal(rmdir(directory), 0);
}

static void test_an_error_is_cut_not_overrun(void **state)
{
	char text[1000];
	struct na_error error = { 0 };

	(void)state;
	memset(text, 'a', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	assert_int_equal(na_error_set(&error, -EINVAL, "%s", text), -EINVAL);
	assert_int_equal(error.code, -EINVAL);
	assert_int_equal(strlen(error.text), NA_ERROR_TEXT_BYTES - 1);
	assert_int_equal(na_error_set(NULL, -EIO, "nobody listens"), -EIO);
}

/* What one call of na_log() writes, with JOURNAL_STREAM naming standard error or nothing. */
static void logged(int as_journal, const char *text, char *out, size_t out_bytes)
{
	int ends[2];
	struct stat status;
	char stream[64];
	ssize_t length;
	pid_t pid;

	assert_int_equal(pipe(ends), 0);
	assert_int_equal(fstat(ends[1], &status), 0);
	(void)snprintf(stream, sizeof(stream), "%llu:%llu", (unsigned long long)status.st_dev,
		       (unsigned long long)status.st_ino + (as_journal ? 0 : 1));
	pid = fork();
	if (pid == 0) {
		dup2(ends[1], STDERR_FILENO);
		setenv("JOURNAL_STREAM", stream, 1);
		na_log_open("name", NA_LOG_INFO);
		na_log_debug("not this");
		na_log_warning("%s", text);
		_exit(0);
	}
	close(ends[1]);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
	length = read(ends[0], out, out_bytes - 1);
	assert_true(length > 0);
	out[length] = '\0';
	close(ends[0]);
}

static void test_log_lines_carry_a_priority_only_in_the_journal(void **state)
{
	char line[256];

	(void)state;
	logged(1, "text", line, sizeof(line));
	assert_string_equal(line, "<4>name: text\n");
	logged(0, "text", line, sizeof(line));
	assert_string_equal(line, "name: text\n");
}

static void test_a_log_line_cannot_be_forged(void **state)
{
	char line[256];

	(void)state;
	logged(1, "a\n<0>name: forged\x1b[2J", line, sizeof(line));
	assert_string_equal(line, "<4>name: a\\x0a<0>name: forged\\x1b[2J\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_boottime_converts_both_ways),
		cmocka_unit_test(test_a_step_of_the_wall_clock_shows),
		cmocka_unit_test(test_the_clocks_are_the_kernels),
		cmocka_unit_test(test_nonces_do_not_repeat),
		cmocka_unit_test(test_a_forked_child_has_nonces_of_its_own),
		cmocka_unit_test(test_files_are_read_whole_or_refused),
		cmocka_unit_test(test_a_link_in_the_way_is_not_followed),
		cmocka_unit_test(test_an_error_is_cut_not_overrun),
		cmocka_unit_test(test_log_lines_carry_a_priority_only_in_the_journal),
		cmocka_unit_test(test_a_log_line_cannot_be_forged),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
