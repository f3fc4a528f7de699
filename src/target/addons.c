/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Answers whose a file or a module is, and remembers the answers.
 *
 * An answer is good for some seconds; then the disk is looked at again. What was somebody's stays theirs when the file
 * is gone: code in memory outlives it. Which view a process has is remembered for a second: 40 frames must not cost 40
 * looks at /proc.
 */
#include "target/addons.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "target/addons_view.h"
#include "target/procfs.h"

#define PROCESSES 1024	/* power of two */
#define ANSWER_AGE_S 30
#define FACTS_AGE_S 5
#define PROCESS_AGE_S 1

struct process {
	uint32_t pid;
	struct na_addon_view *view;
	int64_t checked_s;
};

struct na_addons {
	int proc_fd;
	struct na_addon_view *views;
	size_t count;
	struct process process[PROCESSES];
	struct na_addons_known known;
};

static int64_t now_s(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC_COARSE, &now);
	return now.tv_sec;
}

int na_addons_create(struct na_addons **result, const char *proc_root)
{
	struct na_addons *addons = calloc(1, sizeof(*addons));
	int error;

	*result = NULL;
	if (!addons)
		return -ENOMEM;
	error = na_addons_known_open(&addons->known);
	if (!error) {
		addons->proc_fd = open(proc_root ? proc_root : "/proc", O_PATH | O_DIRECTORY | O_CLOEXEC);
		if (addons->proc_fd >= 0) {
			*result = addons;
			return 0;
		}
		error = -errno;
		na_addons_known_close(&addons->known);
	}
	free(addons);
	return error;
}

void na_addons_destroy(struct na_addons *addons)
{
	if (!addons)
		return;
	while (addons->views) {
		struct na_addon_view *view = addons->views;

		addons->views = view->next;
		na_addon_view_free(view);
	}
	na_addons_known_close(&addons->known);
	close(addons->proc_fd);
	free(addons);
}

/* ---- views ---- */

static int open_root(const struct na_addons *addons, uint32_t pid, struct na_root *root)
{
	int pid_fd = na_proc_open(addons->proc_fd, pid), error;

	if (pid_fd < 0)
		return pid_fd;
	error = na_root_open(root, pid_fd);
	close(pid_fd);
	return error;
}

static void forget_processes(struct na_addons *addons)
{
	memset(addons->process, 0, sizeof(addons->process));
}

/* The view not used for longest goes. Add-ons stay known: records and attributions point to them. */
static void make_room(struct na_addons *addons)
{
	struct na_addon_view **oldest = &addons->views, *view;

	if (!*oldest || addons->count < NA_ADDON_VIEWS)
		return;
	for (struct na_addon_view **at = &addons->views; *at; at = &(*at)->next)
		if ((*at)->used_s < (*oldest)->used_s)
			oldest = at;
	view = *oldest;
	*oldest = view->next;
	na_addon_view_free(view);
	addons->count--;
	forget_processes(addons);
}

static int add_view(struct na_addons *addons, const char *instance, uint32_t pid, const struct na_root *root,
		    struct na_addon_view **result)
{
	struct na_addon_view *view;
	int error;

	make_room(addons);
	view = na_addon_view_new(instance, root);
	if (!view)
		return -ENOMEM;
	error = na_addon_facts_learn(view->facts, addons->proc_fd, pid, root);
	if (error) {
		na_addon_view_free(view);
		return error;
	}
	view->learned_s = now_s();
	view->next = addons->views;
	addons->views = view;
	addons->count++;
	*result = view;
	return 0;
}

/* Once a process is gone its root cannot be told: only where the instance has one view it must have been that. */
static int only_view(const struct na_addons *addons, const char *instance, struct na_addon_view **result)
{
	*result = NULL;
	for (struct na_addon_view *view = addons->views; view; view = view->next) {
		if (strcmp(view->instance, instance) != 0)
			continue;
		if (*result)
			return -ESRCH;
		*result = view;
	}
	return *result ? 0 : -ESRCH;
}

static int find_view(struct na_addons *addons, const char *instance, uint32_t pid, struct na_addon_view **result)
{
	struct na_root root;
	int error = open_root(addons, pid, &root);

	if (error)
		return only_view(addons, instance, result);
	for (struct na_addon_view *view = addons->views; view; view = view->next)
		if (na_root_same(&view->root, &root) && strcmp(view->instance, instance) == 0) {
			*result = view;
			na_root_close(&root);
			return 0;
		}
	error = add_view(addons, instance, pid, &root, result);
	na_root_close(&root);
	return error;
}

static int view_of(struct na_addons *addons, const char *instance, uint32_t pid, struct na_addon_view **result)
{
	struct process *process = &addons->process[pid & (PROCESSES - 1)];
	int64_t now = now_s();
	int error;

	if (process->view && process->pid == pid && now - process->checked_s < PROCESS_AGE_S &&
	    strcmp(process->view->instance, instance) == 0) {
		*result = process->view;
		return 0;
	}
	error = find_view(addons, instance, pid, result);
	if (error)
		return error;
	na_addon_view_add_process(*result, pid);
	(*result)->used_s = now;
	*process = (struct process){ pid, *result, now };
	return 0;
}

/* The view's root through the process, or through another one that is known to have it. */
static int open_view(const struct na_addons *addons, const struct na_addon_view *view, uint32_t *pid,
		     struct na_root *root)
{
	for (size_t i = 0; i <= NA_VIEW_PROCESSES; i++) {
		if (i > 0)
			*pid = view->process[i - 1];
		if (*pid == 0 || open_root(addons, *pid, root) != 0)
			continue;
		if (na_root_same(root, &view->root))
			return 0;
		na_root_close(root);
	}
	return -ESRCH;
}

/* Learns once more when a path or the configuration file has changed. What was learned stays when that fails. */
static void refresh(struct na_addons *addons, struct na_addon_view *view, uint32_t pid, const struct na_root *root)
{
	struct na_addon_facts *facts;
	int64_t now = now_s();

	if (now - view->learned_s < FACTS_AGE_S)
		return;
	view->learned_s = now;
	if (!na_addon_facts_changed(view->facts, addons->proc_fd, root))
		return;
	facts = malloc(sizeof(*facts));
	if (facts && na_addon_facts_learn(facts, addons->proc_fd, pid, root) == 0 && facts->odoo >= view->facts->odoo) {
		free(view->facts);
		view->facts = facts;
		view->generation++;
	} else {
		free(facts);
	}
}

int na_addons_learn(struct na_addons *addons, const char *instance, uint32_t pid)
{
	struct na_addon_view *view;
	struct na_root root;
	int error = view_of(addons, instance, pid, &view);

	if (error || open_view(addons, view, &pid, &root) != 0)
		return error;
	refresh(addons, view, pid, &root);
	na_root_close(&root);
	return 0;
}

void na_addons_look_again(struct na_addons *addons)
{
	for (struct na_addon_view *view = addons->views; view; view = view->next) {
		view->generation++;
		view->learned_s = INT64_MIN / 2;
	}
	forget_processes(addons);
}

/* Processes of one instance may have different options (`odoo shell -d …`): only the one that told counts. */
const char *na_addons_database(const struct na_addons *addons, const char *instance, uint32_t pid, uint32_t parent_pid)
{
	struct na_addon_view *view;

	if (only_view(addons, instance, &view) || !view->facts->database[0] ||
	    (view->facts->server != pid && view->facts->server != parent_pid))
		return NULL;
	return view->facts->database;
}

/* ---- answers ---- */

static struct na_owned look_up(struct na_addons *addons, struct na_addon_view *view, const struct na_root *root,
			       const char *text)
{
	struct na_owned owned = { NA_OWNER_NOBODY, NULL };
	struct na_addon_found found;
	bool news;

	if (text[0] == '/')
		na_addon_find_file(&found, view->facts, root, text);
	else
		na_addon_find_module(&found, view->facts, root, text);
	if (found.owner != NA_OWNER_ADDON) {
		owned.owner = found.owner;
		return owned;
	}
	owned.addon = na_addon_view_addon(view, &addons->known, root, &found, &news);
	if (owned.addon)
		owned.owner = NA_OWNER_ADDON;
	if (owned.addon && news)
		na_addons_known_announce(&addons->known, view->instance, owned.addon);
	return owned;
}

static size_t count_answers(const struct na_addons *addons)
{
	size_t count = 0;

	for (const struct na_addon_view *view = addons->views; view; view = view->next)
		count += view->answers;
	return count;
}

static struct na_answer *add_answer(struct na_addons *addons, struct na_addon_view *view, const char *text)
{
	if (count_answers(addons) >= NA_ADDON_ANSWERS)
		for (struct na_addon_view *each = addons->views; each; each = each->next)
			na_addon_view_forget_answers(each);
	return na_addon_view_add_answer(view, text);
}

static struct na_owned ask(struct na_addons *addons, const char *instance, uint32_t pid, const char *text)
{
	struct na_owned owned = { NA_OWNER_NOBODY, NULL };
	struct na_addon_view *view;
	struct na_answer *answer;
	struct na_root root;
	int64_t now = now_s();

	if (view_of(addons, instance, pid, &view) != 0)
		return owned;
	answer = na_addon_view_answer(view, text);
	if (answer && answer->generation == view->generation && now - answer->checked_s < ANSWER_AGE_S)
		return answer->owned;
	if (open_view(addons, view, &pid, &root) != 0)
		return answer ? answer->owned : owned;
	refresh(addons, view, pid, &root);
	owned = look_up(addons, view, &root, text);
	na_root_close(&root);
	if (!answer)
		answer = add_answer(addons, view, text);
	if (!answer)
		return owned;
	if (owned.owner != NA_OWNER_NOBODY || answer->owned.owner == NA_OWNER_NOBODY)
		answer->owned = owned;
	answer->checked_s = now;
	answer->generation = view->generation;
	return answer->owned;
}

struct na_owned na_addons_of_file(struct na_addons *addons, const char *instance, uint32_t pid, const char *file)
{
	if (file[0] != '/')
		return (struct na_owned){ NA_OWNER_NOBODY, NULL };
	return ask(addons, instance, pid, file);
}

struct na_owned na_addons_of_module(struct na_addons *addons, const char *instance, uint32_t pid, const char *module)
{
	if (strncmp(module, "odoo", 4) != 0 && strncmp(module, "openerp", 7) != 0)
		return (struct na_owned){ NA_OWNER_NOBODY, NULL };
	return ask(addons, instance, pid, module);
}

void na_addons_each(const struct na_addons *addons, void (*visit)(void *context, const struct na_addon *addon),
		    void *context)
{
	for (size_t i = 0; i < addons->known.count; i++)
		visit(context, addons->known.addon[i]);
}

void na_addons_each_new(struct na_addons *addons,
			void (*visit)(void *context, const char *instance, const struct na_addon *addon), void *context)
{
	for (size_t i = 0; i < addons->known.news_count; i++) {
		visit(context, addons->known.news[i].instance, addons->known.news[i].addon);
		free(addons->known.news[i].instance);
	}
	addons->known.news_count = 0;
}
