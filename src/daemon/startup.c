/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The checks at start: root, kernel, users, folders, lock. */
#include "daemon/startup.h"

#include <errno.h>
#include <fcntl.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "base/file.h"
#include "daemon/exit_codes.h"

#define BTF_FILE "/sys/kernel/btf/vmlinux"
#define LOCKDOWN_FILE "/sys/kernel/security/lockdown"
/* Ring buffers (5.8), CAP_BPF (5.8) and the socket iterators (5.9); 5.10 is the oldest kernel that is tested. */
#define OLDEST_MAJOR 5
#define OLDEST_MINOR 10

static int check_root(struct na_startup *startup, const struct na_config *config, struct na_error *error)
{
	(void)startup;
	(void)config;
	if (geteuid() == 0)
		return 0;
	return na_error_set(error, -EPERM, "must be started by root: loading programs into the kernel needs it");
}

static int check_kernel(struct na_startup *startup, const struct na_config *config, struct na_error *error)
{
	unsigned int major = 0, minor = 0;
	struct utsname name;
	char *lockdown = NULL;
	size_t bytes;
	int confidential;

	(void)startup;
	(void)config;
	if (uname(&name) < 0 || sscanf(name.release, "%u.%u", &major, &minor) != 2)
		return na_error_set(error, -ENOSYS, "cannot tell the kernel's version");
	if (major < OLDEST_MAJOR || (major == OLDEST_MAJOR && minor < OLDEST_MINOR))
		return na_error_set(error, -ENOSYS, "kernel %s is too old: %d.%d or later is needed", name.release,
				    OLDEST_MAJOR, OLDEST_MINOR);
	if (access(BTF_FILE, R_OK) < 0)
		return na_error_set(error, -ENOSYS, "no " BTF_FILE ": this kernel was built without CONFIG_DEBUG_INFO_BTF"
				    " (or /sys is not mounted); use a kernel that has it");
	if (na_read_file(AT_FDCWD, LOCKDOWN_FILE, 256, &lockdown, &bytes) != 0)
		return 0;	/* no lockdown, or securityfs is not mounted: loading will tell */
	confidential = strstr(lockdown, "[confidentiality]") != NULL;
	free(lockdown);
	if (confidential)
		return na_error_set(error, -ENOSYS, "the kernel is locked down (confidentiality), which forbids BPF to read"
				    " kernel memory; boot with lockdown=integrity or none");
	return 0;
}

static int find_user(const char *name, struct na_identity *identity, struct na_error *error)
{
	const struct passwd *entry;

	errno = 0;
	entry = getpwnam(name);
	if (!entry)
		return na_error_set(error, -ENOENT, "user \"%s\" does not exist: create it with systemd-sysusers or "
				    "\"make install\"", name);
	if (entry->pw_uid == 0)
		return na_error_set(error, -EINVAL, "user \"%s\" is root under another name; it must not be", name);
	identity->uid = entry->pw_uid;
	identity->gid = entry->pw_gid;
	return 0;
}

static int check_users(struct na_startup *startup, const struct na_config *config, struct na_error *error)
{
	int result = find_user(config->user, &startup->journal, error);

	if (!result)
		result = find_user(config->sign_user, &startup->signer, error);
	if (!result && startup->journal.uid == startup->signer.uid)
		result = na_error_set(error, -EINVAL, "users \"%s\" and \"%s\" are the same: who writes rows must not "
				      "hold the keys", config->user, config->sign_user);
	return result;
}

/* Opens a folder of ours, made when missing, that belongs to root and is writable by nobody else. */
static int open_folder(const char *path, mode_t mode, int *fd, struct na_error *error)
{
	struct stat status;

	if (mkdir(path, mode) < 0 && errno != EEXIST)
		return na_error_set(error, -errno, "cannot make folder %s: %s", path, strerror(errno));
	*fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	if (*fd < 0)
		return na_error_set(error, -errno, "cannot open folder %s: %s", path, strerror(errno));
	if (fstat(*fd, &status) < 0 || status.st_uid != 0 || status.st_mode & (S_IWGRP | S_IWOTH))
		return na_error_set(error, -EPERM, "folder %s must belong to root and be writable by nobody else", path);
	if ((status.st_mode & 07777) != mode && fchmod(*fd, mode) < 0)
		return na_error_set(error, -errno, "cannot change the mode of folder %s: %s", path, strerror(errno));
	return 0;
}

/* A component's folder below the state folder. One that exists keeps its owner: the component refuses a wrong one. */
static int make_component_folder(int state_fd, const char *name, const char *path, const struct na_identity *owner,
				 struct na_error *error)
{
	int fd, result = 0;

	if (mkdirat(state_fd, name, 0700) < 0)
		return errno == EEXIST ? 0 : na_error_set(error, -errno, "cannot make folder %s: %s", path, strerror(errno));
	fd = openat(state_fd, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	if (fd < 0 || fchmod(fd, 0700) < 0 || fchown(fd, owner->uid, owner->gid) < 0)
		result = na_error_set(error, -errno, "cannot give folder %s to its user: %s", path, strerror(errno));
	if (fd >= 0)
		(void)close(fd);
	return result;
}

static int check_folders(struct na_startup *startup, const struct na_config *config, struct na_error *error)
{
	int state_fd = -1, result;

	(void)snprintf(startup->journal_dir, sizeof(startup->journal_dir), "%s/journal", config->state_dir);
	(void)snprintf(startup->signer_dir, sizeof(startup->signer_dir), "%s/signer", config->state_dir);
	result = open_folder(config->run_dir, 0755, &startup->run_fd, error);
	/* 0711: the two users pass through to their own folder and see nothing else. */
	if (!result)
		result = open_folder(config->state_dir, 0711, &state_fd, error);
	if (!result) {
		startup->lock_fd = openat(state_fd, "lock", O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
		if (startup->lock_fd < 0)
			result = na_error_set(error, -errno, "cannot write in folder %s: %s", config->state_dir,
					      strerror(errno));
	}
	if (!result)
		result = make_component_folder(state_fd, "journal", startup->journal_dir, &startup->journal, error);
	if (!result)
		result = make_component_folder(state_fd, "signer", startup->signer_dir, &startup->signer, error);
	if (state_fd >= 0)
		(void)close(state_fd);
	return result;
}

static int check_alone(struct na_startup *startup, const struct na_config *config, struct na_error *error)
{
	char text[24] = "";
	int length;

	/* flock(2) belongs to the open file, which children inherit: it outlives a supervisor whose children still write. */
	if (flock(startup->run_fd, LOCK_EX | LOCK_NB) < 0)
		return errno == EWOULDBLOCK ?
			       na_error_set(error, -EBUSY, "another netaudit-bpf writes its status in %s", config->run_dir) :
			       na_error_set(error, -errno, "cannot lock %s: %s", config->run_dir, strerror(errno));
	if (flock(startup->lock_fd, LOCK_EX | LOCK_NB) < 0) {
		if (errno != EWOULDBLOCK)
			return na_error_set(error, -errno, "cannot lock %s: %s", config->state_dir, strerror(errno));
		if (pread(startup->lock_fd, text, sizeof(text) - 1, 0) < 0)
			text[0] = '\0';
		return na_error_set(error, -EBUSY, "another netaudit-bpf (pid %ld) runs on %s", strtol(text, NULL, 10),
				    config->state_dir);
	}
	length = snprintf(text, sizeof(text), "%d\n", (int)getpid());
	if (ftruncate(startup->lock_fd, 0) < 0 || pwrite(startup->lock_fd, text, (size_t)length, 0) != length)
		return na_error_set(error, -errno, "cannot write in folder %s: %s", config->state_dir, strerror(errno));
	return 0;
}

/* In this order: what a stranger may know first, what touches the disk last. */
static const struct {
	int (*check)(struct na_startup *, const struct na_config *, struct na_error *);
	enum na_exit_code exit_code;
} checks[] = {
	{ check_root, NA_EXIT_NOT_ROOT },
	{ check_kernel, NA_EXIT_UNSUPPORTED },
	{ check_users, NA_EXIT_CONFIG },
	{ check_folders, NA_EXIT_UNWRITABLE },
	{ check_alone, NA_EXIT_RUNNING },
};

int na_startup_check(struct na_startup *startup, const struct na_config *config, struct na_error *error)
{
	memset(startup, 0, sizeof(*startup));
	startup->run_fd = -1;
	startup->lock_fd = -1;
	for (size_t i = 0; i < sizeof(checks) / sizeof(checks[0]); i++)
		if (checks[i].check(startup, config, error) != 0)
			return (int)checks[i].exit_code;
	return 0;
}
