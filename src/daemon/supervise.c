/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The supervisor's loop: signals, deaths, restarts, the status file, the orderly stop. */
#include "daemon/supervise.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "daemon/component.h"
#include "daemon/exit_codes.h"
#include "daemon/prepare.h"
#include "daemon/probe_channel.h"
#include "daemon/restart.h"

#define STOP_RESTARTS 3		/* of one that ends while stopping although it still has work to do */
#define READY_POLL_MS 20	/* children have no way to wake us; only until they are ready */

/* In the order they are stopped; started in the reverse order. */
static const enum na_component stop_order[] = { NA_CANARY, NA_OBSERVER, NA_JOURNAL, NA_SIGNER };
#define CHILDREN (sizeof(stop_order) / sizeof(stop_order[0]))

/* How long each may take to stop before it is killed: the journal may have a full queue to write. */
static const uint64_t stop_patience_ns[NA_COMPONENTS] = {
	[NA_OBSERVER] = 10 * NA_NS_PER_SECOND,
	[NA_JOURNAL] = 60 * NA_NS_PER_SECOND,
	[NA_SIGNER] = 5 * NA_NS_PER_SECOND,
	[NA_CANARY] = 5 * NA_NS_PER_SECOND,
};

struct child {
	pid_t pid;		/* 0: not running */
	uint64_t generation;	/* of the next start */
	uint64_t started_ns;
	uint64_t start_at_ns;	/* when not running */
	unsigned int stop_restarts;
	struct na_restart_state restarts;
};

struct supervisor {
	struct na_daemon daemon;
	const struct na_settings_source *source;
	struct child child[NA_COMPONENTS];
	bool announced;		/* READY=1 was sent */
	bool stopping;
	bool out_of_patience;	/* the one being stopped was killed by us */
	size_t stop_step;	/* index in stop_order of who is being stopped */
	uint64_t kill_at_ns;
	uint64_t next_status_ns;
	uint64_t catalogue_changes;	/* of the shared counter: that were followed */
	int status_error;	/* the last one, so that it is logged once */
	int exit_code;
};

static uint64_t ready_mark(const struct supervisor *s, enum na_component component)
{
	const struct na_shared *shared = s->daemon.shared;

	return na_counter_get(component == NA_OBSERVER ? &shared->observer_ready :
			      component == NA_JOURNAL ? &shared->journal_ready :
			      component == NA_CANARY ? &shared->canary_ready : &shared->signer_ready);
}

/* Marks are generation + 1, and `generation` is already the next one while a child runs. */
static bool is_ready(const struct supervisor *s, enum na_component component)
{
	return s->child[component].pid && ready_mark(s, component) == s->child[component].generation;
}

/* All but the canary, where there is none. */
static bool is_wanted(const struct supervisor *s, enum na_component component)
{
	return component != NA_CANARY || s->daemon.canary.net_namespace;
}

static bool all_ready(const struct supervisor *s)
{
	for (size_t i = 0; i < CHILDREN; i++)
		if (is_wanted(s, stop_order[i]) && !is_ready(s, stop_order[i]))
			return false;
	return true;
}

static void start_child(struct supervisor *s, enum na_component component, uint64_t now)
{
	struct child *child = &s->child[component];
	/* what an observer that ended had asked for is not for the next one's ears */
	pid_t pid = component == NA_OBSERVER ? na_probe_channel_renew(s->daemon.probe_channel) : 0;

	if (pid == 0)
		pid = na_component_start(&s->daemon, component, child->generation);
	if (pid < 0) {
		na_log_error("cannot start the %s: %s; trying again in a second", na_component_name(component),
			     strerror(-pid));
		child->start_at_ns = now + NA_NS_PER_SECOND;
		return;
	}
	na_counter_set(&s->daemon.shared->component[component].generation, child->generation);
	na_counter_set(&s->daemon.shared->component[component].pid, (uint64_t)pid);
	child->pid = pid;
	child->started_ns = now;
	child->generation++;
}

/* Who is stopped next; skips those that are not running. */
static void stop_step(struct supervisor *s, uint64_t now)
{
	static const uint64_t one = 1;

	while (s->stop_step < CHILDREN && !s->child[stop_order[s->stop_step]].pid)
		s->stop_step++;
	if (s->stop_step == CHILDREN)
		return;
	s->out_of_patience = false;
	s->kill_at_ns = now + stop_patience_ns[stop_order[s->stop_step]];
	if (write(s->daemon.stop_fd[stop_order[s->stop_step]], &one, sizeof(one)) < 0)
		s->kill_at_ns = now;	/* cannot be asked, so it is ended */
}

/* One that waits for its next start is needed to finish: no last head without the signer. */
static void start_ended_children(struct supervisor *s, uint64_t now)
{
	for (size_t i = CHILDREN; i-- > 0;)
		if (!s->child[stop_order[i]].pid && s->child[stop_order[i]].generation > 0)
			start_child(s, stop_order[i], now);
}

static void begin_stop(struct supervisor *s, int exit_code, uint64_t now)
{
	if (s->stopping)
		return;
	s->stopping = true;
	s->exit_code = exit_code;
	na_notify_send(&s->daemon.notify, "STOPPING=1\nSTATUS=Stopping");
	if (exit_code == NA_EXIT_STOPPED)
		start_ended_children(s, now);
	stop_step(s, now);
}

static void describe_end(int wait_status, char *out, size_t out_bytes)
{
	if (WIFSIGNALED(wait_status))
		(void)snprintf(out, out_bytes, "was ended by SIG%s", sigabbrev_np(WTERMSIG(wait_status)));
	else
		(void)snprintf(out, out_bytes, "exited with status %d", WEXITSTATUS(wait_status));
}

/*
 * The journal learns of the signer's end by the end of their socket, which only happens because we
 * cut it here: we hold both ends. The journal then ends itself and starts with the new pair.
 */
static void replace_signer_socket(struct supervisor *s)
{
	int result = na_prepare_signer_socket(&s->daemon);

	if (result) {
		na_log_error("cannot make a socket for the signer: %s", strerror(-result));
		begin_stop(s, NA_EXIT_SYSTEM, na_boottime_ns());
	}
}

static void ended_while_stopping(struct supervisor *s, enum na_component component, int wait_status, uint64_t now)
{
	struct child *child = &s->child[component];
	/* Its work is still needed: the rings to be drained, the queue to be committed, the last head to be signed. */
	bool again = wait_status != 0 && s->exit_code == NA_EXIT_STOPPED && !s->out_of_patience &&
		     child->stop_restarts < STOP_RESTARTS;

	if (again) {
		child->stop_restarts++;
		start_child(s, component, now);
	} else {
		stop_step(s, now);
	}
}

/* Before the next observer takes events of its own: what the one that ended had in hand. */
static void keep_unsettled(struct na_shared *shared)
{
	uint64_t settled = na_counter_get(&shared->events_settled), received = 0;

	for (int type = 0; type < NA_EVENT_TYPES; type++)
		received += na_counter_get(&shared->events_received[type]);
	na_counter_set(&shared->events_unsettled, received > settled ? received - settled : 0);
}

static void child_ended(struct supervisor *s, enum na_component component, int wait_status)
{
	struct child *child = &s->child[component];
	uint64_t now = na_boottime_ns();
	bool became_ready = is_ready(s, component);
	struct na_restart_decision decision;
	char how[64];

	child->pid = 0;
	if (component == NA_OBSERVER)
		keep_unsettled(s->daemon.shared);
	na_counter_set(&s->daemon.shared->component[component].ended_boottime_ns, now);
	na_counter_set(&s->daemon.shared->component[component].wait_status, (uint64_t)(unsigned int)wait_status);
	na_counter_set(&s->daemon.shared->component[component].pid, 0);
	describe_end(wait_status, how, sizeof(how));
	if (component == NA_SIGNER && !(s->stopping && wait_status == 0))
		replace_signer_socket(s);
	if (s->stopping) {
		if (wait_status != 0)
			na_log_warning("the %s %s while stopping", na_component_name(component), how);
		ended_while_stopping(s, component, wait_status, now);
		return;
	}
	decision = na_restart_decide(&child->restarts, component, wait_status, became_ready, now - child->started_ns);
	if (decision.give_up) {
		if (!decision.explained)
			na_log_error("the %s %s before it was ready, %d times in a row: giving up",
				     na_component_name(component), how, NA_RESTART_ATTEMPTS);
		begin_stop(s, decision.exit_code, now);
		return;
	}
	child->start_at_ns = now + decision.delay_ns;
	na_log_warning("the %s %s; starting it again", na_component_name(component), how);
}

static void reap(struct supervisor *s)
{
	int wait_status;
	pid_t pid;

	while ((pid = waitpid(-1, &wait_status, WNOHANG)) > 0)
		for (size_t i = 0; i < CHILDREN; i++)
			if (s->child[stop_order[i]].pid == pid)
				child_ended(s, stop_order[i], wait_status);
}

static void hang_up(struct supervisor *s)
{
	na_reload(&s->daemon, s->source);
	na_counter_add(&s->daemon.shared->catalogue_wanted, 1);
}

static void take_signals(struct supervisor *s)
{
	struct signalfd_siginfo signal;

	while (read(s->daemon.signal_fd, &signal, sizeof(signal)) == (ssize_t)sizeof(signal)) {
		if (signal.ssi_signo == SIGCHLD)
			reap(s);
		else if (signal.ssi_signo == SIGUSR1)
			na_counter_add(&s->daemon.shared->prune_requests, 1);
		else if (signal.ssi_signo == SIGHUP)
			hang_up(s);
		else
			begin_stop(s, NA_EXIT_STOPPED, na_boottime_ns());
	}
}

static void announce(struct supervisor *s)
{
	const struct na_facts *facts = &s->daemon.facts;

	s->announced = true;
	na_log_info("ready: version %s, backend %s, scope %s, journal in %s", facts->version, facts->backend,
		    s->daemon.config->scope == NA_CONFIG_SCOPE_HOST ? "host" : "odoo", facts->journal_dir);
	if (*facts->fallback_reason)
		na_log_notice("why not a stronger backend: %s", facts->fallback_reason);
	na_notify_send(&s->daemon.notify, "READY=1\nSTATUS=Recording with the %s backend", facts->backend);
}

/* RUN_DIR may be full or gone: the audit goes on, and the reason is logged once. */
static void write_status(struct supervisor *s, uint64_t now)
{
	const struct na_daemon *d = &s->daemon;
	uint64_t changes = na_counter_get(&d->shared->catalogue_changes);
	const char *state = s->stopping ? "stopping" : s->announced ? (all_ready(s) ? "running" : "degraded") : "starting";
	int result;

	if (changes != s->catalogue_changes)
		na_reload_catalogue(&s->daemon);
	s->catalogue_changes = changes;
	result = na_status_write(d->startup.run_fd, &d->facts, d->config, d->shared, d->queue, state);
	if (result && result != s->status_error)
		na_log_warning("cannot write %s/" NA_STATUS_FILE ": %s", d->config->run_dir, strerror(-result));
	s->status_error = result;
	s->next_status_ns = now + NA_NS_PER_SECOND;
}

/*
 * The first time each waits for the one it needs, so that one failure is told once and by who knows
 * best; meanwhile the kernel's rings hold what the observer has not read yet.
 */
static bool waits_for_start(const struct supervisor *s, size_t place)
{
	const struct child *child = &s->child[stop_order[place]];
	bool first = child->generation == 0 && place + 1 < CHILDREN;

	return !child->pid && !s->stopping && is_wanted(s, stop_order[place]) &&
	       (!first || is_ready(s, stop_order[place + 1]));
}

/* What is due at this moment, whatever woke us. */
static void work(struct supervisor *s)
{
	uint64_t now = na_boottime_ns();

	for (size_t i = CHILDREN; i-- > 0;)
		if (waits_for_start(s, i) && now >= s->child[stop_order[i]].start_at_ns)
			start_child(s, stop_order[i], now);
	if (s->stopping && s->stop_step < CHILDREN && now >= s->kill_at_ns) {
		na_log_warning("the %s does not stop: ending it", na_component_name(stop_order[s->stop_step]));
		s->out_of_patience = true;
		(void)kill(s->child[stop_order[s->stop_step]].pid, SIGKILL);
		s->kill_at_ns = now + NA_NS_PER_SECOND;
	}
	if (!s->announced && !s->stopping && all_ready(s)) {
		announce(s);
		s->next_status_ns = now;
	}
	if (now >= s->next_status_ns)
		write_status(s, now);
	na_notify_watchdog(&s->daemon.notify, now);
}

/* Milliseconds until something is due, rounded up, so that a wait never ends a moment too early. */
static int time_to_wait(const struct supervisor *s)
{
	uint64_t now = na_boottime_ns(), due = s->next_status_ns;

	for (size_t i = 0; i < CHILDREN; i++)
		if (waits_for_start(s, i) && s->child[stop_order[i]].start_at_ns < due)
			due = s->child[stop_order[i]].start_at_ns;
	if (s->stopping && s->kill_at_ns < due)
		due = s->kill_at_ns;
	if (s->daemon.notify.watchdog_ns && s->daemon.notify.next_watchdog_ns < due)
		due = s->daemon.notify.next_watchdog_ns;
	if (!s->announced && !s->stopping && due > now + READY_POLL_MS * NA_NS_PER_MS)
		return READY_POLL_MS;
	return due <= now ? 0 : (int)((due - now + NA_NS_PER_MS - 1) / NA_NS_PER_MS);
}

static int run(struct supervisor *s)
{
	while (!s->stopping || s->stop_step < CHILDREN) {
		struct pollfd wait[] = {
			{ .fd = s->daemon.signal_fd, .events = POLLIN },
			{ .fd = s->daemon.probe_channel[0], .events = POLLIN },	/* -1 before the first observer */
		};

		work(s);
		if (poll(wait, sizeof(wait) / sizeof(wait[0]), time_to_wait(s)) < 0 && errno != EINTR) {
			na_log_error("cannot wait for events: %s", strerror(errno));
			return NA_EXIT_INTERNAL;
		}
		take_signals(s);
		if (wait[1].revents && s->daemon.probe_channel[0] == wait[1].fd)
			na_probe_channel_serve(wait[1].fd, s->daemon.capture, s->daemon.shared);
	}
	return s->exit_code;
}

int na_supervise(const struct na_config *config, const struct na_startup *startup,
		 const struct na_settings_source *source)
{
	struct supervisor s = { .source = source, .exit_code = NA_EXIT_INTERNAL };
	struct na_error error = { 0 };
	int result = na_prepare(&s.daemon, config, startup, &error);

	if (result)
		na_log_error("%s", error.text);
	else
		result = run(&s);
	if (s.announced && result == NA_EXIT_STOPPED)
		na_log_info("stopped");
	na_prepare_undo(&s.daemon);
	return result;
}
