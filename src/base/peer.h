/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Who may read metadata: root, and members of the two groups, by what the kernel kept when they connected. */
#ifndef NETAUDIT_BASE_PEER_H
#define NETAUDIT_BASE_PEER_H

#include <stddef.h>
#include <sys/types.h>

struct na_peer_groups {
	gid_t gid[2];
	size_t count;
};

/* Looks the groups' numbers up, where they exist. */
void na_peer_groups_load(struct na_peer_groups *groups);

/* The other end of a connected unix socket. Returns 0, -EACCES, or another negative errno. */
int na_peer_may_read(int fd, const struct na_peer_groups *groups);

#endif
