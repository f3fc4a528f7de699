/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Acquires what the supervisor holds, in order, and releases it. */
#include "daemon/prepare.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "daemon/digest.h"
#include "daemon/exit_codes.h"
#include "daemon/settings_file.h"

static int make_signals(struct na_daemon *daemon)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGCHLD);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGHUP);
	sigaddset(&set, SIGUSR1);
	/* Inherited as ignored, SIGCHLD would make the kernel reap children before we see how they ended. */
	if (sigprocmask(SIG_SETMASK, &set, NULL) < 0 || signal(SIGPIPE, SIG_IGN) == SIG_ERR ||
	    signal(SIGCHLD, SIG_DFL) == SIG_ERR)
		return -errno;
	daemon->signal_fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	return daemon->signal_fd < 0 ? -errno : 0;
}

int na_prepare_signer_socket(struct na_daemon *daemon)
{
	for (int i = 0; i < 2; i++) {
		if (daemon->signer_socket[i] < 0)
			continue;
		/* Closing our copy would not be noticed: both children's ends are open here too. */
		(void)shutdown(daemon->signer_socket[i], SHUT_RDWR);
		(void)close(daemon->signer_socket[i]);
		daemon->signer_socket[i] = -1;
	}
	return socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, daemon->signer_socket) < 0 ? -errno : 0;
}

static int make_shared(struct na_daemon *daemon)
{
	void *memory = mmap(NULL, sizeof(*daemon->shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	int result;

	if (memory == MAP_FAILED)
		return -errno;
	daemon->shared = memory;
	na_counter_set(&daemon->shared->component[NA_SUPERVISOR].pid, (uint64_t)getpid());
	for (int i = 0; i < NA_COMPONENTS; i++) {
		daemon->stop_fd[i] = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
		if (daemon->stop_fd[i] < 0)
			return -errno;
	}
	result = na_prepare_signer_socket(daemon);
	if (!result)
		result = make_signals(daemon);
	if (!result)
		result = na_queue_create(&daemon->queue, (size_t)daemon->config->queue_mib << 20);
	return result;
}

static int open_capture(struct na_daemon *daemon, struct na_error *error)
{
	const struct na_config *config = daemon->config;
	const struct na_capture_options options = {
		.backend = (enum na_backend)config->backend,
		.scope_host = config->scope == NA_CONFIG_SCOPE_HOST,
		.ring_kib = config->ring_kib,
		.bulk_ring_kib = config->bulk_ring_kib,
		.max_sockets = config->max_sockets,
		.max_peers = config->max_peers,
		.max_processes = config->max_processes,
		.switches = na_config_switches(config),
		.body_key = daemon->fingerprint.kernel,
	};
	int result = na_capture_open(&daemon->capture, &options, error);

	if (result == -ENOMEM)
		return NA_EXIT_SYSTEM;
	if (result == -EPERM)
		return NA_EXIT_NOT_ROOT;
	return result ? NA_EXIT_UNSUPPORTED : 0;
}

static int collect_facts(struct na_daemon *daemon)
{
	static char binary_hash[NA_DIGEST_HEX_BYTES];
	size_t bytes = na_config_text(daemon->config, daemon->settings, sizeof(daemon->settings));
	struct na_clock_pair now = na_clock_read();
	int result = na_digest_hex(daemon->settings, bytes, daemon->config_hash);

	if (!result)
		result = na_digest_file_hex("/proc/self/exe", binary_hash);
	daemon->facts = (struct na_facts){
		.version = NA_VERSION,
		.backend = na_backend_name(na_capture_backend(daemon->capture)),
		.programs = na_capture_object(daemon->capture),
		.fallback_reason = na_capture_fallback_reason(daemon->capture),
		.hooks = na_capture_hooks(daemon->capture),
		.missing_hooks = na_capture_missing_hooks(daemon->capture),
		.uncounted_misses = na_capture_uncounted_misses(daemon->capture),
		.config_hash = daemon->config_hash,
		.catalogue_hash = na_catalogue_hash(daemon->catalogue),
		.binary_hash = binary_hash,
		.journal_dir = daemon->startup.journal_dir,
		.started_us = now.wall_us,
		.started_boottime_ns = now.boottime_ns,
	};
	return result;
}

int na_prepare_catalogue(struct na_catalogue **catalogue, const struct na_config *config, struct na_error *error)
{
	const char *const folders[] = { config->shipped_dir, config->site_dir };

	return na_catalogue_load(catalogue, folders, 2, error);
}

/* Before hooks are attached, so that its making is nobody's call. Without one the audit goes on, less proven. */
static void make_canary(struct na_daemon *daemon)
{
	int err = daemon->config->canary_seconds ? na_canary_sockets_make(&daemon->canary) : 0;

	if (err)
		na_log_warning("there will be no canary, so nothing shows that capture works: its network namespace: %s",
			       strerror(-err));
	na_counter_set(&daemon->shared->canary_namespace, daemon->canary.net_namespace);
}

int na_prepare(struct na_daemon *daemon, const struct na_config *config, const struct na_startup *startup,
	       struct na_error *error)
{
	static const struct na_identity root = { 0, 0 };
	int result;

	memset(daemon, 0, sizeof(*daemon));
	daemon->config = config;
	daemon->startup = *startup;
	daemon->signal_fd = -1;
	daemon->signer_socket[0] = daemon->signer_socket[1] = -1;
	daemon->probe_channel[0] = daemon->probe_channel[1] = -1;
	daemon->canary = (struct na_canary_sockets){ -1, -1, -1, -1, 0 };
	for (int i = 0; i < NA_COMPONENTS; i++)
		daemon->stop_fd[i] = -1;
	na_notify_open(&daemon->notify);

	result = make_shared(daemon);
	if (result) {
		na_error_set(error, result, "cannot make shared memory and descriptors: %s", strerror(-result));
		return NA_EXIT_SYSTEM;
	}
	make_canary(daemon);
	if (na_prepare_catalogue(&daemon->catalogue, config, error))
		return NA_EXIT_CONFIG;
	na_notify_send(&daemon->notify, "STATUS=Loading programs into the kernel");
	if (na_fingerprint_keys_read(&daemon->fingerprint, config->state_dir, error))
		return NA_EXIT_UNWRITABLE;
	na_counter_set(&daemon->shared->capture_off, !config->enabled);
	result = open_capture(daemon, error);
	if (result)
		return result;
	result = collect_facts(daemon);
	if (result) {
		na_error_set(error, result, "cannot hash the settings and the program: %s", strerror(-result));
		return NA_EXIT_INTERNAL;
	}
	na_settings_write(daemon->startup.run_fd, config);
	if (na_sandbox_privileges(NA_SUPERVISOR, &root, error) != 0)
		return NA_EXIT_NOT_ROOT;
	return na_sandbox_system_calls(NA_SUPERVISOR, error) ? NA_EXIT_SYSTEM : 0;
}

void na_prepare_undo(struct na_daemon *daemon)
{
	if (daemon->facts.version) {
		(void)unlinkat(daemon->startup.run_fd, NA_STATUS_FILE, 0);
		(void)unlinkat(daemon->startup.run_fd, NA_SETTINGS_FILE, 0);
	}
	na_capture_close(daemon->capture);
	na_canary_sockets_close(&daemon->canary);
	na_queue_destroy(daemon->queue);
	na_catalogue_destroy(daemon->catalogue);
	if (daemon->shared)
		(void)munmap(daemon->shared, sizeof(*daemon->shared));
	daemon->capture = NULL;
	daemon->queue = NULL;
	daemon->catalogue = NULL;
	daemon->shared = NULL;
}
