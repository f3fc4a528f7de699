/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Users, capabilities and system call filters of the four processes, as tables. */
#include "daemon/sandbox.h"

#include <cap-ng.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/bpf.h>
#include <sched.h>
#include <seccomp.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "daemon/sandbox_calls.h"

#define FOR(component) (1u << (component))
#define ROOT_ONES (FOR(NA_SUPERVISOR) | FOR(NA_OBSERVER))

/* Where unprivileged use is off, which may happen later too, every bpf(2) call needed it (c8644cd0efe7). */
static bool kernel_before_5_19(void)
{
	unsigned int major = 0, minor = 0;
	struct utsname name;

	return uname(&name) < 0 || sscanf(name.release, "%u.%u", &major, &minor) != 2 || major < 5 ||
	       (major == 5 && minor < 19);
}

/*
 * Who keeps which capability, and what fails without it (tests/system/test_capabilities.py). What the observer has the
 * supervisor has to have too: it starts the observer again.
 */
static const struct {
	unsigned int capability;
	unsigned int components;
	bool (*needed)(void);	/* NULL: on every kernel */
} kept[] = {
	{ CAP_BPF, ROOT_ONES, kernel_before_5_19 },	/* bpf(2) on our maps */
	{ CAP_SYS_PTRACE, ROOT_ONES, NULL },		/* /proc/PID/exe, environ, fd, mem and root of other users */
	{ CAP_CHECKPOINT_RESTORE, ROOT_ONES, NULL },	/* /proc/PID/map_files: the very file a process has mapped */
	{ CAP_DAC_READ_SEARCH, ROOT_ONES, NULL },	/* /proc/PID/environ and fd, which only their user may open */
	/* probes in program files (probe_channel.h); CAP_PERFMON is not enough for them */
	{ CAP_SYS_ADMIN, FOR(NA_SUPERVISOR), NULL },
	{ CAP_SETUID, FOR(NA_SUPERVISOR), NULL },	/* starting the journal and the signer again */
	{ CAP_SETGID, FOR(NA_SUPERVISOR), NULL },
	{ CAP_SETPCAP, FOR(NA_SUPERVISOR), NULL },	/* emptying a child's bounding set */
	{ CAP_KILL, FOR(NA_SUPERVISOR), NULL },		/* ending a child of another user that does not stop */
};

int na_sandbox_privileges(enum na_component component, const struct na_identity *identity, struct na_error *error)
{
	/* The identity changes first, while we may; keeping capabilities across it is not needed for any component. */
	bool changes = identity->uid != geteuid();

	capng_clear(CAPNG_SELECT_ALL);
	for (size_t i = 0; i < sizeof(kept) / sizeof(kept[0]); i++)
		if (kept[i].components & FOR(component) && (!kept[i].needed || kept[i].needed()) &&
		    capng_update(CAPNG_ADD, CAPNG_EFFECTIVE | CAPNG_PERMITTED | CAPNG_BOUNDING_SET,
				 kept[i].capability) != 0)
			return na_error_set(error, -EINVAL, "capability %u is not known to libcap-ng",
					    kept[i].capability);
	if (capng_apply(CAPNG_SELECT_BOUNDS) != 0)
		return na_error_set(error, -EPERM, "cannot limit the bounding set: CAP_SETPCAP is missing");
	if (setgroups(0, NULL) < 0 || setresgid(identity->gid, identity->gid, identity->gid) < 0 ||
	    setresuid(identity->uid, identity->uid, identity->uid) < 0)
		return na_error_set(error, -errno, "cannot become uid %u: %s", (unsigned int)identity->uid,
				    strerror(errno));
	/* setresuid() away from root has already emptied every set; saying so again would need CAP_SETPCAP. */
	if (!changes && capng_apply(CAPNG_SELECT_CAPS) != 0)
		return na_error_set(error, -EPERM, "cannot keep the needed capabilities: some were not granted");
	return 0;
}

static int refuse(scmp_filter_ctx filter, const char *name)
{
	int number = seccomp_syscall_resolve_name(name);

	/* Not on this architecture, or newer than libseccomp: nothing to refuse. */
	return number < 0 ? 0 : seccomp_rule_add(filter, SCMP_ACT_ERRNO(EPERM), number, 0);
}

static int refuse_list(scmp_filter_ctx filter, unsigned int component)
{
	int result = 0;

	for (size_t i = 0; !result && i < na_refused_calls_count; i++)
		if (na_refused_calls[i].components & FOR(component))
			result = refuse(filter, na_refused_calls[i].name);
	/* every program is loaded before this: maps are used later, and programs attached */
	if (!result)
		result = seccomp_rule_add(filter, SCMP_ACT_ERRNO(EPERM), SCMP_SYS(bpf), 1,
					  SCMP_A0(SCMP_CMP_MASKED_EQ, UINT32_MAX, BPF_PROG_LOAD));
	/* "Not AF_UNIX" refuses values with high bits set too, which the kernel would cut to an internet family. */
	if (!result && component == NA_SUPERVISOR)
		result = seccomp_rule_add(filter, SCMP_ACT_ERRNO(EPERM), SCMP_SYS(socket), 1,
					  SCMP_A0(SCMP_CMP_NE, AF_UNIX));
	return result;
}

static int allow_list(scmp_filter_ctx filter, unsigned int component)
{
	int result = 0;

	for (size_t i = 0; !result && i < na_allowed_calls_count; i++) {
		const struct na_call_rule *rule = &na_allowed_calls[i];
		int number = seccomp_syscall_resolve_name(rule->name);

		if (!(rule->components & FOR(component)) || number < 0)
			continue;
		switch (rule->limit) {
		case NA_CALL_ANY:
			result = seccomp_rule_add(filter, SCMP_ACT_ALLOW, number, 0);
			break;
		case NA_CALL_NOT_EXECUTABLE:
			result = seccomp_rule_add(filter, SCMP_ACT_ALLOW, number, 1,
						  SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0));
			break;
		case NA_CALL_READ_ONLY:
			result = seccomp_rule_add(filter, SCMP_ACT_ALLOW, number, 1,
						  SCMP_A2(SCMP_CMP_MASKED_EQ, O_ACCMODE | O_CREAT | O_TRUNC, O_RDONLY));
			break;
		case NA_CALL_THREAD:
			result = seccomp_rule_add(filter, SCMP_ACT_ALLOW, number, 1,
						  SCMP_A0(SCMP_CMP_MASKED_EQ, CLONE_THREAD, CLONE_THREAD));
			break;
		case NA_CALL_ABSENT:
			result = seccomp_rule_add(filter, SCMP_ACT_ERRNO(ENOSYS), number, 0);
			break;
		case NA_CALL_UNDUMPABLE:
			result = seccomp_rule_add(filter, SCMP_ACT_ALLOW, number, 2,
						  SCMP_A0(SCMP_CMP_EQ, PR_SET_DUMPABLE), SCMP_A1(SCMP_CMP_EQ, 0));
			break;
		}
	}
	return result;
}

int na_sandbox_system_calls(enum na_component component, struct na_error *error)
{
	bool strict = component == NA_JOURNAL || component == NA_SIGNER || component == NA_CANARY ||
		      component == NA_SANDBOX_READER || component == NA_SANDBOX_WEB;
	scmp_filter_ctx filter;
	int result;

	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		return na_error_set(error, -errno, "cannot forbid new privileges: %s", strerror(errno));
	filter = seccomp_init(strict ? SCMP_ACT_ERRNO(EPERM) : SCMP_ACT_ALLOW);
	if (!filter)
		return na_error_set(error, -ENOMEM, "no memory for the system call filter");
	result = seccomp_attr_set(filter, SCMP_FLTATR_CTL_LOG, 1);
	if (!result)
		/* A binary tree instead of a list: the journal makes many calls. */
		result = seccomp_attr_set(filter, SCMP_FLTATR_CTL_OPTIMIZE, 2);
	if (!result)
		result = strict ? allow_list(filter, component) : refuse_list(filter, component);
	if (!result)
		result = seccomp_load(filter);
	seccomp_release(filter);
	if (result)
		return na_error_set(error, result, "cannot install the system call filter: %s", strerror(-result));
	return 0;
}
