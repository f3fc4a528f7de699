// SPDX-License-Identifier: GPL-2.0-or-later
/* One bit per port and namespace. The tables are the kernel's own text: proc(5), state 0A is LISTEN. */
#include "target/listeners.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

struct namespace_ports {
	struct namespace_ports *next;
	uint32_t id;
	uint8_t ports[65536 / 8];
};

struct na_listeners {
	struct namespace_ports *first;
};

int na_listeners_create(struct na_listeners **listeners)
{
	*listeners = calloc(1, sizeof(**listeners));
	return *listeners ? 0 : -ENOMEM;
}

void na_listeners_destroy(struct na_listeners *listeners)
{
	if (!listeners)
		return;
	while (listeners->first) {
		struct namespace_ports *ports = listeners->first;

		listeners->first = ports->next;
		free(ports);
	}
	free(listeners);
}

static void read_table(struct namespace_ports *ports, uint32_t pid, const char *table)
{
	char path[64], line[512];
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%u/net/%s", pid, table);
	file = fopen(path, "re");
	if (!file)
		return;
	while (fgets(line, sizeof(line), file)) {
		unsigned int port, state;

		if (sscanf(line, " %*u: %*[0-9A-Fa-f]:%x %*[0-9A-Fa-f]:%*x %x", &port, &state) == 2 && state == 0x0a &&
		    port < 65536)
			ports->ports[port / 8] |= (uint8_t)(1u << (port % 8));
	}
	fclose(file);
}

bool na_listeners_has(struct na_listeners *listeners, uint32_t pid, uint32_t net_namespace, uint16_t port)
{
	struct namespace_ports *ports = listeners->first;

	while (ports && ports->id != net_namespace)
		ports = ports->next;
	if (!ports) {
		ports = calloc(1, sizeof(*ports));
		if (!ports)
			return false;
		ports->id = net_namespace;
		read_table(ports, pid, "tcp");
		read_table(ports, pid, "tcp6");
		ports->next = listeners->first;
		listeners->first = ports;
	}
	return ports->ports[port / 8] & (1u << (port % 8));
}
