/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What na_python_examine() says about processes in every state one may be met in, with this host's own python3.
 */
#include <errno.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>

#include <cap-ng.h>

#include "daemon/sandbox.h"
#include "test_python_running.h"

static void test_a_running_python_is_found(void **state)
{
	struct running running = start_python(PYTHON, READY BLOCK);
	struct na_python_info info;
	struct na_python python;

	(void)state;
	assert_int_equal(examine(&running, &python, &info), 0);
	assert_int_equal(python.start_ns, running.start_ns);
	assert_true(python.version >= 0x0309);
	assert_memory_equal(info.version, "3.", 2);
	assert_true(python.runtime != 0 && python.code_type != 0 && python.string_type != 0);
	stop(&running);
}

static void test_threads_do_not_hide_it(void **state)
{
	struct running running = start_python(PYTHON, "import threading, time\n"
						      "for _ in range(100):\n"
						      "  threading.Thread(target=time.sleep, args=(60,), daemon=True).start()\n"
						      READY BLOCK);
	struct na_python_info info;
	struct na_python python;

	(void)state;
	assert_int_equal(examine(&running, &python, &info), 0);
	stop(&running);
}

static void test_a_program_without_python_has_none(void **state)
{
	static const char *const arguments[] = { "sh", "-c", "printf r; read line", NULL };
	struct running running = start("/bin/sh", arguments);
	struct na_python_info info;
	struct na_python python;

	(void)state;
	assert_int_equal(examine(&running, &python, &info), -ENOENT);
	assert_int_equal(python.runtime, 0);
	stop(&running);
}

static void test_a_process_that_is_gone_is_told(void **state)
{
	struct running running = start_python(PYTHON, READY BLOCK);
	struct na_python_info info;
	struct na_python python;

	(void)state;
	running.start_ns += UINT64_C(1000000000);
	assert_int_equal(examine(&running, &python, &info), -ESRCH);
	running.start_ns -= UINT64_C(1000000000);
	kill(running.pid, SIGKILL);
	assert_int_equal(waitid(P_PID, (id_t)running.pid, &(siginfo_t){ 0 }, WEXITED | WNOWAIT), 0);
	assert_int_equal(examine(&running, &python, &info), -ESRCH);	/* a zombie */
	stop(&running);
	assert_int_equal(examine(&running, &python, &info), -ESRCH);
}

/* What the observer may do, less `without`; -1: all of it. Another user's process is examined. */
static int examine_with(const struct running *running, int without)
{
	struct na_python_info info;
	struct na_python python;
	struct na_error error;
	int status = 0;
	pid_t child = fork();

	assert_true(child >= 0);
	if (child == 0) {
		if (na_sandbox_privileges(NA_OBSERVER, &(struct na_identity){ 0, 0 }, &error) != 0)
			_exit(99);
		if (without >= 0 && (capng_update(CAPNG_DROP, CAPNG_EFFECTIVE | CAPNG_PERMITTED,
						  (unsigned int)without) != 0 ||
				     capng_apply(CAPNG_SELECT_CAPS) != 0))
			_exit(98);
		_exit(-examine(running, &python, &info));
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFEXITED(status));
	return WEXITSTATUS(status);
}

static void test_the_observers_capabilities_are_enough_and_needed(void **state)
{
	struct running running;

	(void)state;
	if (geteuid() != 0)
		skip();
	running = start_python(PYTHON, "import os; os.setgid(65534); os.setuid(65534); " READY BLOCK);
	assert_int_equal(examine_with(&running, -1), 0);
	assert_int_equal(examine_with(&running, CAP_SYS_PTRACE), EACCES);
	assert_int_equal(examine_with(&running, CAP_CHECKPOINT_RESTORE), EPERM);
	stop(&running);
}

/* Before exec it is this test; then a program that loads, a Python that starts, and one that runs. */
static void test_a_starting_python_is_not_there_yet_and_then_is(void **state)
{
	static const char *const arguments[] = { "python3", "-I", "-S", "-c", READY BLOCK, NULL };
	struct na_python_info info;
	struct na_python python;
	int said, result;
	struct running running = begin(PYTHON, arguments, &said);

	(void)state;
	do {
		result = examine(&running, &python, &info);
		assert_true(result == 0 || result == -ENOENT || result == -EAGAIN);
	} while (result != 0);
	close(said);
	stop(&running);
}

static void test_a_busy_python_is_never_taken_for_another(void **state)
{
	struct running running = start_python(PYTHON, READY "\n"
						      "def f(n): return sum(f(n - 1) for _ in (1, 2)) if n else 1\n"
						      "while True: f(12)\n");
	size_t found = 0;

	(void)state;
	for (size_t i = 0; i < 300; i++) {
		struct na_python_info info;
		struct na_python python;
		int result = examine(&running, &python, &info);

		assert_true(result == 0 || result == -EAGAIN);
		found += result == 0;
	}
	assert_true(found > 0);
	stop(&running);
}

static void test_a_python_that_dies_meanwhile_harms_nobody(void **state)
{
	(void)state;
	for (useconds_t delay = 0; delay < 2000; delay += 100) {
		struct running running = start_python(PYTHON, READY BLOCK);
		struct na_python_info info;
		struct na_python python;
		pid_t killer = fork();
		int result = 0;

		if (killer == 0) {
			usleep(delay);
			kill(running.pid, SIGKILL);
			_exit(0);
		}
		while (result == 0)
			result = examine(&running, &python, &info);
		assert_true(result == -ESRCH || result == -EAGAIN || result == -ENOENT);
		waitpid(killer, NULL, 0);
		stop(&running);
		assert_int_equal(examine(&running, &python, &info), -ESRCH);
	}
}

static void copy_file(const char *from, const char *to)
{
	int in = open(from, O_RDONLY | O_CLOEXEC), out = open(to, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0700);
	static char bytes[1 << 16];
	ssize_t got;

	assert_true(in >= 0 && out >= 0);
	while ((got = read(in, bytes, sizeof(bytes))) > 0)
		assert_int_equal(write(out, bytes, (size_t)got), got);
	assert_int_equal(got, 0);
	close(in);
	close(out);
}

static void test_name_and_presence_of_the_program_do_not_matter(void **state)
{
	char folder[] = "/tmp/na-python-XXXXXX", path[64];
	struct na_python_info info;
	struct na_python python;
	struct running running;

	(void)state;
	assert_non_null(mkdtemp(folder));
	(void)snprintf(path, sizeof(path), "%s/worker 1\n(x)", folder);
	copy_file(PYTHON, path);
	running = start_python(path, READY BLOCK);
	assert_int_equal(examine(&running, &python, &info), 0);
	assert_int_equal(unlink(path), 0);
	assert_int_equal(rmdir(folder), 0);
	assert_int_equal(examine(&running, &python, &info), 0);
	stop(&running);
}

/* Its paths then mean nothing here, as in a container. */
static void test_another_root_and_mount_namespace_do_not_matter(void **state)
{
	char folder[] = "/tmp/na-python-XXXXXX";
	struct na_python_info info;
	struct na_python python;
	struct running running;
	int output[2];
	char byte;

	(void)state;
	if (geteuid() != 0)
		skip();
	assert_non_null(mkdtemp(folder));
	assert_int_equal(pipe2(output, O_CLOEXEC), 0);
	running.pid = fork();
	if (running.pid == 0) {
		dup2(output[1], STDOUT_FILENO);
		if (unshare(CLONE_NEWNS) != 0 || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0 ||
		    mount("/", folder, NULL, MS_BIND | MS_REC, NULL) != 0 || chroot(folder) != 0 || chdir("/") != 0)
			_exit(126);
		execl(PYTHON, "python3", "-I", "-S", "-c", READY "import signal; signal.pause()", NULL);
		_exit(127);
	}
	close(output[1]);
	assert_int_equal(read(output[0], &byte, 1), 1);
	running.start_ns = start_of(running.pid);
	running.input = output[0];
	assert_int_equal(examine(&running, &python, &info), 0);
	stop(&running);
	assert_int_equal(rmdir(folder), 0);
}

/* A process with `bytes` of a file mapped as code, and no Python in it. */
static struct running start_liar(int fd, size_t bytes)
{
	int said[2], input[2];
	struct running running;
	char byte = 'r';

	assert_int_equal(pipe2(said, O_CLOEXEC), 0);
	assert_int_equal(pipe2(input, O_CLOEXEC), 0);
	running.pid = fork();
	if (running.pid == 0) {
		if (mmap(NULL, bytes, PROT_READ | PROT_EXEC, MAP_PRIVATE, fd, 0) == MAP_FAILED)
			_exit(1);
		close(input[1]);
		(void)!write(said[1], &byte, 1);
		(void)!read(input[0], &byte, 1);
		_exit(0);
	}
	close(said[1]);
	close(input[0]);
	assert_int_equal(read(said[0], &byte, 1), 1);
	close(said[0]);
	running.input = input[1];
	running.start_ns = start_of(running.pid);
	return running;
}

static void test_a_mapped_python_that_does_not_run_is_not_believed(void **state)
{
	int fd = open(PYTHON, O_RDONLY | O_CLOEXEC);
	struct running running = start_liar(fd, 4 << 20);
	struct na_python_info info;
	struct na_python python;
	int result = examine(&running, &python, &info);

	(void)state;
	assert_true(result == -ENOENT || result == -EAGAIN || result == -ENOTSUP);
	assert_int_equal(python.runtime, 0);
	stop(&running);
	close(fd);
}

/* A program file whose every table is somewhere else than it says. */
static void test_damaged_program_files_are_no_python(void **state)
{
	static unsigned char bytes[1 << 16];
	int source = open(PYTHON, O_RDONLY | O_CLOEXEC);
	uint32_t random = 1;

	(void)state;
	assert_int_equal(read(source, bytes, sizeof(bytes)), sizeof(bytes));
	close(source);
	for (size_t round = 0; round < 50; round++) {
		int fd = memfd_create("python", MFD_CLOEXEC);
		struct na_python_info info;
		struct na_python python;
		struct running running;

		for (size_t i = 16; i < 1024; i += 1 + random % 64) {
			random = random * 1664525 + 1013904223;
			bytes[i] = (unsigned char)(random >> 24);
		}
		assert_int_equal(write(fd, bytes, sizeof(bytes)), sizeof(bytes));
		assert_int_equal(ftruncate(fd, round % 2 ? INT64_C(1) << 40 : (off_t)sizeof(bytes)), 0);
		running = start_liar(fd, sizeof(bytes));
		assert_int_equal(examine(&running, &python, &info), -ENOENT);
		stop(&running);
		close(fd);
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_running_python_is_found),
		cmocka_unit_test(test_threads_do_not_hide_it),
		cmocka_unit_test(test_a_program_without_python_has_none),
		cmocka_unit_test(test_a_process_that_is_gone_is_told),
		cmocka_unit_test(test_a_starting_python_is_not_there_yet_and_then_is),
		cmocka_unit_test(test_a_busy_python_is_never_taken_for_another),
		cmocka_unit_test(test_a_python_that_dies_meanwhile_harms_nobody),
		cmocka_unit_test(test_name_and_presence_of_the_program_do_not_matter),
		cmocka_unit_test(test_another_root_and_mount_namespace_do_not_matter),
		cmocka_unit_test(test_a_mapped_python_that_does_not_run_is_not_believed),
		cmocka_unit_test(test_damaged_program_files_are_no_python),
		cmocka_unit_test(test_the_observers_capabilities_are_enough_and_needed),
	};

	if (access(PYTHON, X_OK) != 0)
		return 0;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
