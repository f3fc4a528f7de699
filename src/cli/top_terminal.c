// SPDX-License-Identifier: GPL-2.0-or-later
/* termios, two escape sequences, and the signals that end or stop a program. */
#include "cli/top_terminal.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#include "base/file.h"

/* xterm's private modes, which every terminal in use knows: second screen, no cursor; and back. */
static const char enter[] = "\033[?1049h\033[?25l\033[H\033[2J";
static const char leave[] = "\033[0m\033[?25h\033[?1049l";

static const int ending[] = { SIGINT, SIGTERM, SIGHUP, SIGQUIT };
static const int faults[] = { SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT };

static struct termios before;
static volatile sig_atomic_t taken, asked_to_end, asked_to_stop;
static bool has_keys;
static sigset_t unblocked;

/* Only what a signal handler may do. */
static void put_back(void)
{
	ssize_t ignored;

	if (!taken)
		return;
	taken = 0;
	if (has_keys)
		(void)tcsetattr(STDIN_FILENO, TCSANOW, &before);	/* not TCSAFLUSH: that waits for a terminal that is held */
	ignored = write(STDOUT_FILENO, leave, sizeof(leave) - 1);
	(void)ignored;
}

static void on_end(int number)
{
	asked_to_end = number;
}

static void on_stop(int number)
{
	asked_to_stop = number;
}

static void on_wake(int number)
{
	(void)number;	/* it ends the wait, and the next picture is of the new size */
}

static void on_fault(int number)
{
	put_back();
	(void)raise(number);	/* its handler was taken away when it was called */
}

static void handle(int number, void (*handler)(int), int flags)
{
	struct sigaction action = { .sa_handler = handler, .sa_flags = flags };

	sigemptyset(&action.sa_mask);
	(void)sigaction(number, &action, NULL);
}

static int set_modes(void)
{
	struct termios raw = before;

	raw.c_lflag &= ~(tcflag_t)(ICANON | ECHO);
	raw.c_cc[VMIN] = 1;
	raw.c_cc[VTIME] = 0;
	taken = 1;
	if (has_keys && tcsetattr(STDIN_FILENO, TCSAFLUSH, &raw) < 0)
		return -errno;
	return na_terminal_write(enter, sizeof(enter) - 1);
}

int na_terminal_take(void)
{
	sigset_t blocked;

	has_keys = tcgetattr(STDIN_FILENO, &before) == 0;
	sigemptyset(&blocked);
	for (size_t i = 0; i < sizeof(ending) / sizeof(ending[0]); i++) {
		sigaddset(&blocked, ending[i]);
		handle(ending[i], on_end, 0);
	}
	sigaddset(&blocked, SIGWINCH);
	sigaddset(&blocked, SIGTSTP);
	handle(SIGWINCH, on_wake, 0);
	handle(SIGTSTP, on_stop, 0);
	for (size_t i = 0; i < sizeof(faults) / sizeof(faults[0]); i++)
		handle(faults[i], on_fault, (int)SA_RESETHAND | SA_NODEFER);
	handle(SIGPIPE, SIG_IGN, 0);
	/* they arrive only while a key is waited for, so that none is missed between two looks */
	if (sigprocmask(SIG_BLOCK, &blocked, &unblocked) < 0 || atexit(put_back) != 0)
		return -errno;
	return set_modes();
}

void na_terminal_give_back(void)
{
	put_back();
}

void na_terminal_size(size_t *columns, size_t *lines)
{
	struct winsize size = { 0 };

	(void)ioctl(STDOUT_FILENO, TIOCGWINSZ, &size);
	*columns = size.ws_col ? size.ws_col : 80;
	*lines = size.ws_row ? size.ws_row : 24;
}

/* As any program stops: the shell gets its terminal back, and we take it again when we go on. */
static int stop(void)
{
	sigset_t stopping;

	asked_to_stop = 0;
	put_back();
	sigemptyset(&stopping);
	sigaddset(&stopping, SIGTSTP);
	handle(SIGTSTP, SIG_DFL, 0);
	(void)raise(SIGTSTP);
	(void)sigprocmask(SIG_UNBLOCK, &stopping, NULL);	/* here it stops */
	(void)sigprocmask(SIG_BLOCK, &stopping, NULL);
	handle(SIGTSTP, on_stop, 0);
	return set_modes();
}

int na_terminal_key(int timeout_ms)
{
	struct pollfd input = { .fd = has_keys ? STDIN_FILENO : -1, .events = POLLIN };
	struct timespec timeout = { .tv_sec = timeout_ms / 1000, .tv_nsec = (long)(timeout_ms % 1000) * 1000000 };
	int ready = ppoll(&input, 1, &timeout, &unblocked);
	unsigned char key;

	if (asked_to_end || (ready < 0 && errno != EINTR) || (asked_to_stop && stop() < 0))
		return NA_KEY_END;
	if (ready <= 0)
		return NA_KEY_NONE;
	return read(STDIN_FILENO, &key, 1) == 1 ? key : NA_KEY_END;
}

int na_terminal_write(const char *text, size_t bytes)
{
	return na_write_all(STDOUT_FILENO, text, bytes);
}
