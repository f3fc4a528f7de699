/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A program of another language with a Python in it, as uwsgi and mod_wsgi are; then waits for its input to end.
 *
 *     embed LIBPYTHON idle      initialized, and runs nothing
 *     embed LIBPYTHON second    its thread runs code in a second interpreter
 *     embed LIBPYTHON late CODE connects before there is a Python in it, then runs CODE
 */
#include <arpa/inet.h>
#include <dlfcn.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static void *find(void *library, const char *name)
{
	void *symbol = dlsym(library, name);

	if (!symbol) {
		(void)fprintf(stderr, "embed: %s\n", dlerror());
		exit(1);
	}
	return symbol;
}

static void run_nothing(void *library)
{
	void *(*save_thread)(void) = (void *(*)(void))find(library, "PyEval_SaveThread");
	char byte = 'r';

	save_thread();
	if (write(STDOUT_FILENO, &byte, 1) == 1)
		(void)!read(STDIN_FILENO, &byte, 1);
}

static void run_second(void *library)
{
	static const char code[] = "import os\n"
				   "def inner(): os.write(1, b'r'), os.read(0, 1)\n"
				   "def outer(): inner()\n"
				   "outer()\n";
	void *(*new_interpreter)(void) = (void *(*)(void))find(library, "Py_NewInterpreter");
	int (*run)(const char *) = (int (*)(const char *))find(library, "PyRun_SimpleString");

	if (new_interpreter())
		run(code);
}

/* To a port where nobody listens: an attempt is a call. */
static void call_nobody(void)
{
	const struct sockaddr_in nobody = { .sin_family = AF_INET, .sin_port = htons(9),
					    .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int made = socket(AF_INET, SOCK_STREAM, 0);

	if (made >= 0) {
		(void)connect(made, (const struct sockaddr *)&nobody, sizeof(nobody));
		close(made);
	}
}

int main(int argc, char **argv)
{
	bool late = argc == 4 && strcmp(argv[2], "late") == 0;
	void (*initialize)(int);
	void *library;

	if (late) {
		call_nobody();
		sleep(1);	/* to be looked at, and found to be without */
	}
	library = late || argc == 3 ? dlopen(argv[1], RTLD_NOW | RTLD_GLOBAL) : NULL;
	if (!library) {
		(void)fprintf(stderr, "usage: embed LIBPYTHON idle|second|late CODE\n");
		return 2;
	}
	initialize = (void (*)(int))find(library, "Py_InitializeEx");
	initialize(0);
	if (late)
		return ((int (*)(const char *))find(library, "PyRun_SimpleString"))(argv[3]) != 0;
	if (strcmp(argv[2], "second") == 0)
		run_second(library);
	else
		run_nothing(library);
	_exit(0);
}
