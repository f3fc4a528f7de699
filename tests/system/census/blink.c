/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Connects once to a port on the loopback device and is gone: a process too short for anyone to look it up. */
#include "blink.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

static uint64_t now_us(void)
{
	struct timespec now;

	clock_gettime(CLOCK_BOOTTIME, &now);
	return (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
}

int main(int count, char **arguments)
{
	struct sockaddr_in address = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t bytes = sizeof(address);
	struct na_blink_report report = { 0 };

	if (count < 2)	/* only the process itself is wanted */
		_exit(0);
	address.sin_port = htons((uint16_t)atoi(arguments[1]));
	int descriptor = socket(AF_INET, SOCK_STREAM, 0);

	report.begun_us = now_us();
	if (connect(descriptor, (struct sockaddr *)&address, sizeof(address)))
		report.error = errno;
	report.opened_us = now_us();
	getsockname(descriptor, (struct sockaddr *)&address, &bytes);
	report.port = ntohs(address.sin_port);
	_exit(write(NA_BLINK_REPORT, &report, sizeof(report)) != sizeof(report));
}
