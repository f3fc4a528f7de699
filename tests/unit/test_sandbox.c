/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * After the sandbox, no process of the daemon can open an internet socket, directly or around
 * socket(2). Each check runs in a forked child that enters the sandbox as that component does.
 * Filters need no privilege; the check of users and capabilities needs root and says when it is skipped.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <linux/bpf.h>
#include <linux/capability.h>
#include <netinet/in.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "daemon/sandbox.h"

static const char *const names[] = { "supervisor", "observer", "journal", "signer", "canary", [NA_SANDBOX_READER] = "reader" };

/* Runs `check` inside the component's filters (its own over the supervisor's). It returns 0 when all is well. */
static void in_sandbox(enum na_component component, int (*check)(enum na_component))
{
	struct na_error error = { 0 };
	int status;
	pid_t pid = fork();

	assert_true(pid >= 0);
	if (pid == 0) {
		/* the reader is not the supervisor's child */
		if ((component != NA_SANDBOX_READER && na_sandbox_system_calls(NA_SUPERVISOR, &error) != 0) ||
		    (component != NA_SUPERVISOR && na_sandbox_system_calls(component, &error) != 0)) {
			fprintf(stderr, "%s: %s\n", names[component], error.text);
			_exit(100);
		}
		_exit(check(component));
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	if (!WIFEXITED(status) || WEXITSTATUS(status) != 0)
		fail_msg("%s: wait status %#x", names[component], (unsigned int)status);
}

static bool refused(long result)
{
	return result == -1 && errno == EPERM;
}

static int cannot_open_internet_sockets(enum na_component component)
{
	static const int families[] = { AF_INET, AF_INET6, AF_PACKET, AF_NETLINK, AF_VSOCK, AF_BLUETOOTH, 45, 255 };

	(void)component;
	for (size_t i = 0; i < sizeof(families) / sizeof(families[0]); i++) {
		if (!refused(socket(families[i], SOCK_STREAM, 0)) || !refused(socket(families[i], SOCK_DGRAM, 0)))
			return 1 + (int)i;
		/* The kernel looks at the low 32 bits only. */
		if (!refused(syscall(SYS_socket, (1L << 32) | families[i], SOCK_STREAM, 0)))
			return 20 + (int)i;
	}
	if (!refused(socket(AF_INET, SOCK_RAW, IPPROTO_ICMP)))
		return 40;
	/* AF_UNIX in the high half, an internet family in the low half */
	return refused(syscall(SYS_socket, ((long)AF_UNIX << 32) | AF_INET, SOCK_STREAM, 0)) ? 0 : 41;
}

static bool is_strict(enum na_component component)
{
	return component == NA_JOURNAL || component == NA_SIGNER || component == NA_CANARY || component == NA_SANDBOX_READER;
}

static int cannot_go_around(enum na_component component)
{
	char parameters[256] = { 0 };

	(void)component;
	if (!refused(syscall(SYS_io_uring_setup, 4, parameters)))
		return 1;
	if (!refused(syscall(SYS_pidfd_getfd, -1, 0, 0)))
		return 2;
	if (!refused(syscall(SYS_execve, "/bin/true", NULL, NULL)))
		return 3;
	if (!refused(syscall(SYS_ptrace, 0, 0, 0, 0)))
		return 4;
	if (!refused(syscall(SYS_process_vm_writev, getpid(), NULL, 0, NULL, 0, 0)))
		return 5;
	/* what CAP_SYS_ADMIN would allow, which the supervisor has for its probes */
	if (!refused(mount("none", "/", "tmpfs", 0, NULL)) || !refused(setns(-1, 0)) || !refused(unshare(CLONE_NEWNS)))
		return 7;
	if (!refused(syscall(SYS_fsopen, "tmpfs", 0)) || !refused(sethostname("", 0)))
		return 8;
	if (!refused(syscall(SYS_bpf, BPF_PROG_LOAD, NULL, 0)) ||
	    !refused(syscall(SYS_bpf, (1L << 32) | BPF_PROG_LOAD, NULL, 0)))
		return 9;
	return prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 1 || is_strict(component) ? 0 : 6;
}

/* Only the supervisor speaks to anybody by name (the service manager). */
static int only_the_supervisor_makes_unix_sockets(enum na_component component)
{
	int fd = socket(AF_UNIX, SOCK_DGRAM, 0);

	return component == NA_SUPERVISOR ? fd < 0 : !(fd == -1 && errno == EPERM);
}

static int strict_processes_cannot_fork_or_add_code(enum na_component component)
{
	void *page;

	if (!is_strict(component))
		return 0;
	if (!refused(fork()))
		return 1;
	if (mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) != MAP_FAILED || errno != EPERM)
		return 2;
	page = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (page == MAP_FAILED)
		return 3;
	if (!refused(mprotect(page, 4096, PROT_READ | PROT_EXEC)))
		return 4;
	if (!refused(prctl(PR_SET_DUMPABLE, 1, 0, 0, 0)))
		return 5;
	return component == NA_SIGNER && prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) != 0 ? 6 : 0;
}

/* Its own program file and the folder it is in stand for whatever it may read. */
static int the_reader_changes_no_file(enum na_component component)
{
	static const int writing[] = { O_WRONLY, O_RDWR, O_RDONLY | O_CREAT, O_RDONLY | O_TRUNC, O_WRONLY | O_APPEND };
	int fd = open("/proc/self/exe", O_RDONLY);

	(void)component;
	if (fd < 0)
		return 1;
	for (size_t i = 0; i < sizeof(writing) / sizeof(writing[0]); i++)
		if (!refused(open("/dev/null", writing[i], 0600)) || !refused(syscall(SYS_open, "/dev/null", writing[i], 0600)))
			return 10 + (int)i;
	if (!refused(ftruncate(fd, 0)) || !refused(fchmod(fd, 0)) || !refused(unlink("/nowhere")) || !refused(rename("/a", "/b")))
		return 2;
	if (!refused(pwrite(fd, "", 0, 0)) || !refused(fsync(fd)) || !refused(mkdir("/nowhere", 0)) || !refused(kill(1, 0)))
		return 3;
	return refused(link("/nowhere", "/a")) && refused(symlink("/nowhere", "/a")) ? 0 : 4;
}

static void for_each_component(int (*check)(enum na_component))
{
	for (int component = 0; component <= NA_SANDBOX_READER; component++)
		in_sandbox((enum na_component)component, check);
}

static void test_no_process_can_open_an_internet_socket(void **state)
{
	(void)state;
	for_each_component(cannot_open_internet_sockets);
}

static void test_no_process_can_go_around_the_socket_call(void **state)
{
	(void)state;
	for_each_component(cannot_go_around);
}

static void test_only_the_supervisor_can_make_a_unix_socket(void **state)
{
	(void)state;
	for_each_component(only_the_supervisor_makes_unix_sockets);
}

static void test_the_journal_and_the_signer_cannot_fork_or_add_code(void **state)
{
	(void)state;
	for_each_component(strict_processes_cannot_fork_or_add_code);
}

static void test_the_reader_can_only_read(void **state)
{
	(void)state;
	in_sandbox(NA_SANDBOX_READER, the_reader_changes_no_file);
}

/* Bits of one of the Cap lines of /proc/self/status. */
static unsigned long long capabilities(const char *line)
{
	char text[8192], wanted[16], *found;
	FILE *file = fopen("/proc/self/status", "r");
	size_t length = file ? fread(text, 1, sizeof(text) - 1, file) : 0;
	unsigned long long bits = ~0ULL;

	if (file)
		fclose(file);
	text[length] = '\0';
	(void)snprintf(wanted, sizeof(wanted), "%s:", line);
	found = strstr(text, wanted);
	return found && sscanf(found + strlen(wanted), "%llx", &bits) == 1 ? bits : ~0ULL;
}

static int privileges_are_exact(enum na_component component, const struct na_identity *identity)
{
	/* CAP_BPF: before 5.19 */
	const unsigned long long observer = 1ULL << CAP_SYS_PTRACE | 1ULL << CAP_DAC_READ_SEARCH |
					    1ULL << CAP_CHECKPOINT_RESTORE;
	const unsigned long long expected = component == NA_OBSERVER ? observer : 0;
	const unsigned long long ignored = component == NA_OBSERVER ? 1ULL << CAP_BPF : 0;
	static const char *const lines[] = { "CapEff", "CapPrm", "CapBnd", "CapInh", "CapAmb" };
	struct na_error error = { 0 };
	uid_t real, effective, saved;

	if (na_sandbox_privileges(component, identity, &error) != 0) {
		fprintf(stderr, "%s: %s\n", names[component], error.text);
		return 1;
	}
	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++)
		if ((capabilities(lines[i]) & ~ignored) != (i < 3 ? expected : 0))
			return 10 + (int)i;
	if (getresuid(&real, &effective, &saved) < 0 || real != identity->uid || effective != identity->uid ||
	    saved != identity->uid)
		return 2;
	if (getgid() != identity->gid || getgroups(0, NULL) != 0)
		return 3;
	return identity->uid != 0 && setuid(0) == 0 ? 4 : 0;
}

static void test_users_and_capabilities_are_exact(void **state)
{
	static const struct {
		enum na_component component;
		struct na_identity identity;
	} cases[] = {
		{ NA_OBSERVER, { 0, 0 } },
		{ NA_JOURNAL, { 65534, 65534 } },
		{ NA_SIGNER, { 65534, 65534 } },
		{ NA_CANARY, { 65534, 65534 } },
	};

	(void)state;
	if (geteuid() != 0) {
		print_message("skipped: changing users and capabilities needs root\n");
		skip();
	}
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		int status;
		pid_t pid = fork();

		if (pid == 0)
			_exit(privileges_are_exact(cases[i].component, &cases[i].identity));
		assert_int_equal(waitpid(pid, &status, 0), pid);
		if (status != 0)
			fail_msg("%s: wait status %#x", names[cases[i].component], (unsigned int)status);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_no_process_can_open_an_internet_socket),
		cmocka_unit_test(test_no_process_can_go_around_the_socket_call),
		cmocka_unit_test(test_only_the_supervisor_can_make_a_unix_socket),
		cmocka_unit_test(test_the_journal_and_the_signer_cannot_fork_or_add_code),
		cmocka_unit_test(test_the_reader_can_only_read),
		cmocka_unit_test(test_users_and_capabilities_are_exact),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
