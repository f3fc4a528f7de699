/* SPDX-License-Identifier: GPL-2.0-or-later */
/* na-workload: runs every kind of the census and leaves the truth behind. */
#include "workload.h"

#include <errno.h>
#include <getopt.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct na_settings na_settings = { .seed = 1, .count = 100 };
unsigned int na_skipped;

/* Nothing that was started may outlive a failure: all of it is one process group. */
void na_die(const char *what, ...)
{
	char text[256];
	va_list list;
	int error = errno;

	va_start(list, what);
	vsnprintf(text, sizeof(text), what, list);
	va_end(list);
	fprintf(stderr, "na-workload: %s (pid %d): %s\n", text, (int)getpid(), error ? strerror(error) : "failed");
	fflush(NULL);
	kill(0, SIGKILL);
	_exit(1);
}

static void out_of_time(int number)
{
	static const char text[] = "na-workload: out of time\n";

	(void)number;
	if (write(STDERR_FILENO, text, sizeof(text) - 1) > 0)
		kill(0, SIGKILL);
	_exit(1);
}

void na_skip(const char *kind, const char *why)
{
	printf("skip: %s: %s\n", kind, why);
	fflush(stdout);
	na_skipped++;
}

bool na_wanted(const char *kind)
{
	return !na_settings.only || strstr(kind, na_settings.only);
}

static void usage(void)
{
	fputs("usage: na-workload --truth FILE [--blink PROGRAM] [--count N] [--seed N] [--hold SECONDS]\n"
	      "                   [--only PART] [--limit SECONDS]\n", stderr);
	exit(2);
}

static void read_options(int count, char **arguments, const char **truth, unsigned int *limit)
{
	static const struct option options[] = {
		{ "truth", required_argument, NULL, 't' }, { "blink", required_argument, NULL, 'b' },
		{ "count", required_argument, NULL, 'c' }, { "seed", required_argument, NULL, 's' },
		{ "hold", required_argument, NULL, 'h' }, { "only", required_argument, NULL, 'o' },
		{ "limit", required_argument, NULL, 'l' }, { NULL, 0, NULL, 0 },
	};
	int option;

	while ((option = getopt_long(count, arguments, "", options, NULL)) != -1) {
		switch (option) {
		case 't':
			*truth = optarg;
			break;
		case 'b':
			na_settings.blink = optarg;
			break;
		case 'c':
			na_settings.count = (unsigned int)strtoul(optarg, NULL, 10);
			break;
		case 's':
			na_settings.seed = strtoull(optarg, NULL, 10);
			break;
		case 'h':
			na_settings.hold_seconds = (unsigned int)strtoul(optarg, NULL, 10);
			break;
		case 'o':
			na_settings.only = optarg;
			break;
		case 'l':
			*limit = (unsigned int)strtoul(optarg, NULL, 10);
			break;
		default:
			usage();
		}
	}
	if (optind != count || !*truth || !na_settings.count)
		usage();
}

int main(int count, char **arguments)
{
	char folder[] = "/tmp/na-census-XXXXXX", beside[4096];
	const char *truth = NULL;
	unsigned int limit = 900;

	read_options(count, arguments, &truth, &limit);
	if (!na_settings.blink) {
		ssize_t used = readlink("/proc/self/exe", beside, sizeof(beside) - sizeof("/na-blink"));
		char *slash = used > 0 ? memrchr(beside, '/', (size_t)used) : NULL;

		strcpy(slash ? slash : beside, "/na-blink");
		na_settings.blink = beside;
	}
	if (access(na_settings.blink, X_OK))
		na_die("no na-blink beside this program; name it with --blink");
	setpgid(0, 0);
	signal(SIGPIPE, SIG_IGN);
	signal(SIGALRM, out_of_time);
	alarm(limit);
	if (!mkdtemp(folder) || chmod(folder, 0755))
		na_die("make a folder");
	na_settings.folder = folder;
	na_truth_open(truth);
	na_probe();
	na_net_create();
	na_kinds_progress_begin();
	na_kinds_slow_begin();
	na_kinds_stream();
	na_kinds_fail();
	na_kinds_datagram();
	na_kinds_other();
	na_kinds_unix();
	na_kinds_process();
	na_kinds_slow_end();
	na_kinds_progress_end();
	rmdir(folder);
	printf("na-workload: done, %u kinds skipped\n", na_skipped);
	return 0;
}
