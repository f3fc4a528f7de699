/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The two things that are done with keys. Both only leave a file for the daemon: this program holds no secret.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/file.h"
#include "cli/keys.h"
#include "journal/predecessor.h"

/* A new file that belongs to whom its folder belongs to. Returns 0 or negative errno. */
static int leave_file(const char *folder, const char *name, const char *text)
{
	struct stat status;
	int directory = open(folder, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC), fd, error = 0;

	if (directory < 0)
		return -errno;
	memset(&status, 0, sizeof(status));
	fd = fstat(directory, &status) < 0 ? -1 : openat(directory, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC,
							 0600);
	if (fd < 0)
		error = -errno;
	if (fd >= 0 && fchown(fd, status.st_uid, status.st_gid) < 0)
		error = -errno;
	if (!error)
		error = na_write_all(fd, text, strlen(text));
	if (!error && (fsync(fd) < 0 || fsync(directory) < 0))
		error = -errno;
	if (fd >= 0)
		close(fd);
	close(directory);
	return error;
}

int na_keys_rotate(const struct na_cli *cli)
{
	char folder[PATH_MAX];
	int error;

	(void)snprintf(folder, sizeof(folder), "%s/signer", cli->state_dir);
	error = leave_file(folder, "rotate", "");
	if (error && error != -EEXIST) {
		na_cli_error(cli, "cannot ask the signer in %s: %s", folder, strerror(-error));
		return NA_CLI_UNREADABLE;
	}
	printf("The signer will change its identity key with its next head, at the latest when the daemon is started again.\n"
	       "A record says so and is signed with the old key; the fingerprint stays as it is.\n");
	return NA_CLI_OK;
}

/* Whether a daemon writes there: it holds the lock as long as it lives. The lock is kept until we end. */
static int take_lock(const char *journal)
{
	char path[PATH_MAX];
	int fd;

	if (snprintf(path, sizeof(path), "%s/journal.lock", journal) >= (int)sizeof(path))
		return -ENAMETOOLONG;
	fd = open(path, O_RDWR | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return errno == ENOENT ? 0 : -errno;
	return flock(fd, LOCK_EX | LOCK_NB) < 0 ? -errno : 0;
}

static int move_away(const char *folder, const char *suffix, char moved[PATH_MAX])
{
	if (snprintf(moved, PATH_MAX, "%s.old-%s", folder, suffix) >= PATH_MAX)
		return -ENAMETOOLONG;
	return rename(folder, moved) < 0 && errno != ENOENT ? -errno : 0;
}

/* A folder as the old one was, with what the new journal's first record will say of the old. */
static int make_new(const char *folder, const char *old, const struct na_predecessor *predecessor)
{
	char text[NA_PREDECESSOR_BYTES];
	struct stat status;

	na_predecessor_write(text, predecessor);
	if (stat(old, &status) < 0 || mkdir(folder, 0700) < 0 || chown(folder, status.st_uid, status.st_gid) < 0)
		return -errno;
	return leave_file(folder, NA_PREDECESSOR_FILE, text);
}

static int describe_old(struct na_cli *cli, const char *journal, const char *previous,
			struct na_predecessor *predecessor)
{
	struct na_keys keys;
	int error = na_keys_read(journal, &keys);

	memset(predecessor, 0, sizeof(*predecessor));
	if (error && !previous) {
		na_cli_error(cli, "the journal in %s cannot be read (%s): give the fingerprint you wrote down with --previous, so that "
			     "the new journal can name it", journal, strerror(-error));
		return NA_CLI_UNREADABLE;
	}
	if (!error && previous && strcmp(previous, keys.fingerprint))
		return na_cli_usage(cli, "the journal in %s has the fingerprint %s", journal, keys.fingerprint);
	memcpy(predecessor->fingerprint, error ? previous : keys.fingerprint, NA_KEY_TEXT_BYTES);
	if (!error && keys.head_size) {
		predecessor->head_size = (uint64_t)keys.head_size;
		memcpy(predecessor->note, keys.note_hash, NA_KEY_TEXT_BYTES);
	}
	return -1;
}

int na_keys_renew(struct na_cli *cli, const char *previous)
{
	char journal[PATH_MAX], signer[PATH_MAX], moved[2][PATH_MAX], suffix[32];
	struct na_predecessor predecessor;
	time_t now = time(NULL);
	struct tm utc;
	int error, code;

	(void)snprintf(journal, sizeof(journal), "%s/journal", cli->state_dir);
	(void)snprintf(signer, sizeof(signer), "%s/signer", cli->state_dir);
	error = take_lock(journal);
	if (error == -EWOULDBLOCK) {
		na_cli_error(cli, "the daemon is running: stop it first");
		return NA_CLI_UNREADABLE;
	}
	code = error ? -1 : describe_old(cli, journal, previous, &predecessor);
	if (code >= 0)
		return code;
	if (!error && (!gmtime_r(&now, &utc) || !strftime(suffix, sizeof(suffix), "%Y%m%dT%H%M%SZ", &utc)))
		error = -EINVAL;
	if (!error)
		error = move_away(signer, suffix, moved[1]);
	if (!error)
		error = move_away(journal, suffix, moved[0]);
	if (!error)
		error = make_new(journal, moved[0], &predecessor);
	if (error) {
		na_cli_error(cli, "cannot begin a new journal in %s: %s", cli->state_dir, strerror(-error));
		return NA_CLI_UNREADABLE;
	}
	printf("The old journal is now in %s. It stays verifiable with its fingerprint, %s.\n"
	       "Its keys are in %s and should be destroyed once you have verified it.\n"
	       "The daemon will begin a new journal with new keys when it is started; its first record names the old one.\n"
	       "Then write down the new fingerprint: netaudit keys fingerprint\n", moved[0], predecessor.fingerprint, moved[1]);
	return NA_CLI_OK;
}
