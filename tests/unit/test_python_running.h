/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Programs that run while a test looks at them: started, waited for until they say so, ended. */
#ifndef NETAUDIT_TESTS_TEST_PYTHON_RUNNING_H
#define NETAUDIT_TESTS_TEST_PYTHON_RUNNING_H

#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "target/procfs.h"
#include "target/python.h"

#define PYTHON "/usr/bin/python3"
#define READY "import sys; sys.stdout.write('r'); sys.stdout.flush(); "
#define BLOCK "sys.stdin.read()"

/* A program that has said 'r' and waits for its input to end. */
struct running {
	pid_t pid;
	int input;	/* write end; closing it ends the program */
	uint64_t start_ns;
};

static inline uint64_t start_of(pid_t pid)
{
	struct na_proc_stat stat = { 0 };
	int proc_fd = open("/proc", O_PATH | O_DIRECTORY | O_CLOEXEC), pid_fd = na_proc_open(proc_fd, (uint32_t)pid);

	assert_true(pid_fd >= 0);
	assert_int_equal(na_proc_stat(pid_fd, &stat), 0);
	close(pid_fd);
	close(proc_fd);
	return stat.start_ticks * (UINT64_C(1000000000) / (uint64_t)sysconf(_SC_CLK_TCK));
}

/* `*said` gets the read end of what it says. */
static inline struct running begin(const char *program, const char *const *arguments, int *said)
{
	int input[2], output[2];
	struct running running;

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
	*said = output[0];
	running.input = input[1];
	running.start_ns = start_of(running.pid);
	return running;
}

static inline struct running start(const char *program, const char *const *arguments)
{
	char byte = 0;
	int said;
	struct running running = begin(program, arguments, &said);

	assert_int_equal(read(said, &byte, 1), 1);
	assert_int_equal(byte, 'r');
	close(said);
	return running;
}

static inline struct running start_python(const char *program, const char *code)
{
	const char *const arguments[] = { "python3", "-I", "-S", "-c", code, NULL };

	return start(program, arguments);
}

static inline void stop(const struct running *running)
{
	close(running->input);
	kill(running->pid, SIGKILL);
	waitpid(running->pid, NULL, 0);
}

static inline int examine(const struct running *running, struct na_python *python, struct na_python_info *info)
{
	int error = na_python_examine(NULL, (uint32_t)running->pid, running->start_ns, python, info);

	if (error)
		assert_string_not_equal(info->reason, "");
	return error;
}

#endif
