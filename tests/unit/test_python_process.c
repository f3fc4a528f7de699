/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What na_python_examine() says about processes in every state one may be met in, with this host's own python3.
 */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cap-ng.h>
#include <cmocka.h>

#include "daemon/sandbox.h"
#include "target/procfs.h"
#include "target/python.h"

#define PYTHON "/usr/bin/python3"
#define READY "import sys; sys.stdout.write('r'); sys.stdout.flush(); "
#define BLOCK "sys.stdin.read()"

/* A program that has said 'r' and waits for its input to end. */
struct running {
	pid_t pid;
	int input;
	uint64_t start_ns;
};

static uint64_t start_of(pid_t pid)
{
	struct na_proc_stat stat = { 0 };
	int proc_fd = open("/proc", O_PATH | O_DIRECTORY | O_CLOEXEC), pid_fd = na_proc_open(proc_fd, (uint32_t)pid);

	assert_true(pid_fd >= 0);
	assert_int_equal(na_proc_stat(pid_fd, &stat), 0);
	close(pid_fd);
	close(proc_fd);
	return stat.start_ticks * (UINT64_C(1000000000) / (uint64_t)sysconf(_SC_CLK_TCK));
}

static struct running start(const char *program, const char *const *arguments)
{
	int input[2], output[2];
	struct running running;
	char said = 0;

	assert_int_equal(pipe2(input, O_CLOEXEC), 0);
	assert_int_equal(pipe2(output, O_CLOEXEC), 0);
	running.pid = fork();
	assert_true(running.pid >= 0);
	if (running.pid == 0) {
		dup2(input[0], STDIN_FILENO);
		dup2(output[1], STDOUT_FILENO);
		execv(program, (char *const *)arguments);
		_exit(127);
	}
	close(input[0]);
	close(output[1]);
	assert_int_equal(read(output[0], &said, 1), 1);
	assert_int_equal(said, 'r');
	close(output[0]);
	running.input = input[1];
	running.start_ns = start_of(running.pid);
	return running;
}

static struct running start_python(const char *program, const char *code)
{
	const char *const arguments[] = { "python3", "-I", "-S", "-c", code, NULL };

	return start(program, arguments);
}

static void stop(const struct running *running)
{
	close(running->input);
	kill(running->pid, SIGKILL);
	waitpid(running->pid, NULL, 0);
}

static int examine(const struct running *running, struct na_python *python, struct na_python_info *info)
{
	int error = na_python_examine(NULL, (uint32_t)running->pid, running->start_ns, python, info);

	if (error)
		assert_string_not_equal(info->reason, "");
	return error;
}

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

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_running_python_is_found),
		cmocka_unit_test(test_threads_do_not_hide_it),
		cmocka_unit_test(test_a_program_without_python_has_none),
		cmocka_unit_test(test_a_process_that_is_gone_is_told),
		cmocka_unit_test(test_the_observers_capabilities_are_enough_and_needed),
	};

	if (access(PYTHON, X_OK) != 0)
		return 0;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
