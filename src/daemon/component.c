/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The way from fork(2) to a component's entry point. */
#include "daemon/component.h"

#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/log.h"
#include "daemon/canary.h"
#include "daemon/observer.h"
#include "daemon/sandbox.h"
#include "daemon/title.h"
#include "journal/process.h"
#include "signer/signer.h"

#define NOBODY 65534	/* the kernel's overflow uid: owns nothing */

static int run_observer(const struct na_daemon *daemon, uint64_t generation)
{
	const struct na_observer_context context = {
		.config = daemon->config,
		.capture = daemon->capture,
		.queue = daemon->queue,
		.shared = daemon->shared,
		.stop_fd = daemon->stop_fd[NA_OBSERVER],
		.generation = generation,
		.fingerprint_key = daemon->fingerprint.told,
		.probe_channel = daemon->probe_channel[1],
		.catalogue = daemon->catalogue,
	};

	return na_observer_process(&context);
}

static int run_journal(const struct na_daemon *daemon, uint64_t generation)
{
	const struct na_config *config = daemon->config;
	const struct na_journal_context context = {
		.directory = daemon->startup.journal_dir,
		.origin = config->origin,
		.queue = daemon->queue,
		.shared = daemon->shared,
		.signer_fd = daemon->signer_socket[0],
		.stop_fd = daemon->stop_fd[NA_JOURNAL],
		.generation = generation,
		.version = daemon->facts.version,
		.config_hash = daemon->facts.config_hash,
		.catalogue_hash = daemon->facts.catalogue_hash,
		.settings = daemon->settings,
		.settings_told = na_counter_get(&daemon->shared->settings_told),
		.binary_hash = daemon->facts.binary_hash,
		.backend = daemon->facts.backend,
		.hooks = daemon->facts.hooks,
		.commit_records = config->commit_records,
		.commit_ms = config->commit_ms,
		.head_seconds = config->head_seconds,
		.head_records = config->head_records,
		.keep_seconds = (uint64_t)config->days * 86400,
		.max_bytes = (uint64_t)config->max_mib << 20,
	};

	return na_journal_process(&context);
}

static int run_signer(const struct na_daemon *daemon, uint64_t generation)
{
	const struct na_signer_context context = {
		.directory = daemon->startup.signer_dir,
		.fd = daemon->signer_socket[1],
		.stop_fd = daemon->stop_fd[NA_SIGNER],
		.shared = daemon->shared,
		.generation = generation,
	};

	return na_signer_process(&context);
}

static int run_canary(const struct na_daemon *daemon, uint64_t generation)
{
	const struct na_canary_context context = {
		.shared = daemon->shared,
		.sockets = &daemon->canary,
		.stop_fd = daemon->stop_fd[NA_CANARY],
		.period_seconds = daemon->config->canary_seconds,
		.generation = generation,
	};

	return na_canary_process(&context);
}

static const struct component {
	const char *name;
	const char *title;	/* command line and name on log lines */
	const char *comm;
	int (*run)(const struct na_daemon *daemon, uint64_t generation);
} components[NA_COMPONENTS] = {
	[NA_SUPERVISOR] = { "supervisor", "netaudit-bpf", "netaudit-bpf", NULL },
	[NA_OBSERVER] = { "observer", "netaudit-bpf: observer", "na-observer", run_observer },
	[NA_JOURNAL] = { "journal", "netaudit-bpf: journal", "na-journal", run_journal },
	[NA_SIGNER] = { "signer", "netaudit-bpf: signer", "na-signer", run_signer },
	[NA_CANARY] = { "canary", "netaudit-bpf: canary", "na-canary", run_canary },
};

const char *na_component_name(enum na_component component)
{
	return components[component].name;
}

static int by_number(const void *one, const void *other)
{
	return *(const int *)one - *(const int *)other;
}

/* Closes every descriptor but these (sorted here) and the standard three. */
static int close_all_but(int *keep, size_t count)
{
	unsigned int next = STDERR_FILENO + 1;

	qsort(keep, count, sizeof(*keep), by_number);
	for (size_t i = 0; i < count; i++) {
		if (keep[i] < (int)next)
			continue;
		if ((unsigned int)keep[i] > next && close_range(next, (unsigned int)keep[i] - 1, 0) < 0)
			return -errno;
		next = (unsigned int)keep[i] + 1;
	}
	return close_range(next, ~0U, 0) < 0 ? -errno : 0;
}

/*
 * The lock stays open in every child, so that no second daemon starts while one of ours still writes. The
 * observer keeps what else is open, because libbpf's descriptors are its own affair.
 */
static int close_descriptors(const struct na_daemon *daemon, enum na_component component)
{
	const bool canary = component == NA_CANARY;
	const struct na_canary_sockets *sockets = &daemon->canary;
	int keep[] = {
		daemon->startup.lock_fd,
		daemon->stop_fd[component],
		component == NA_JOURNAL ? daemon->signer_socket[0] :
		component == NA_SIGNER ? daemon->signer_socket[1] : STDERR_FILENO,
		component == NA_JOURNAL ? na_queue_wait_fd(daemon->queue) : STDERR_FILENO,
		canary ? sockets->listener : STDERR_FILENO, canary ? sockets->client : STDERR_FILENO,
		canary ? sockets->asks : STDERR_FILENO, canary ? sockets->answers : STDERR_FILENO,
	};
	const int others[] = {
		daemon->notify.fd, daemon->signal_fd, daemon->startup.run_fd, daemon->signer_socket[0],
		daemon->signer_socket[1], daemon->probe_channel[0], sockets->listener, sockets->client, sockets->asks,
		sockets->answers,
	};

	if (component != NA_OBSERVER)
		return close_all_but(keep, sizeof(keep) / sizeof(keep[0]));
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
		if (others[i] >= 0)
			(void)close(others[i]);
	return 0;
}

/* Ctrl-C and a closed terminal reach the whole group; only the supervisor acts on them, in order. */
static void reset_signals(void)
{
	sigset_t none;

	(void)signal(SIGINT, SIG_IGN);
	(void)signal(SIGHUP, SIG_IGN);
	(void)signal(SIGPIPE, SIG_IGN);
	sigemptyset(&none);
	(void)sigprocmask(SIG_SETMASK, &none, NULL);
}

static int set_up(const struct na_daemon *daemon, enum na_component component, pid_t supervisor, struct na_error *error)
{
	static const struct na_identity root = { 0, 0 }, nobody = { NOBODY, NOBODY };
	const struct na_identity *identity = component == NA_JOURNAL ? &daemon->startup.journal :
					     component == NA_SIGNER ? &daemon->startup.signer :
					     component == NA_CANARY ? &nobody : &root;
	int result;

	(void)umask(077);
	result = close_descriptors(daemon, component);
	if (result)
		return na_error_set(error, result, "cannot close inherited descriptors: %s", strerror(-result));
	result = na_sandbox_privileges(component, identity, error);
	if (result)
		return result;
	/* After the change of user, which clears it (prctl(2)). */
	if (prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) < 0)
		return na_error_set(error, -errno, "cannot tie its life to the supervisor's: %s", strerror(errno));
	if (getppid() != supervisor)
		return na_error_set(error, -ESRCH, "the supervisor is gone");
	if (component == NA_SIGNER && prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) < 0)
		return na_error_set(error, -errno, "cannot forbid core dumps: %s", strerror(errno));
	return na_sandbox_system_calls(component, error);
}

pid_t na_component_start(const struct na_daemon *daemon, enum na_component component, uint64_t generation)
{
	const struct component *self = &components[component];
	struct na_error error = { 0 };
	pid_t supervisor = getpid(), pid = fork();

	if (pid != 0)
		return pid < 0 ? -errno : pid;
	na_title_set(self->title, self->comm);
	na_log_open(self->title, (enum na_log_level)daemon->config->log_level);
	reset_signals();
	if (set_up(daemon, component, supervisor, &error) != 0) {
		na_log_error("%s", error.text);
		_exit(NA_COMPONENT_EXIT_SETUP);
	}
	/* Not exit(): the supervisor's handlers and buffers are not this process's to run and flush. */
	_exit(self->run(daemon, generation));
}
