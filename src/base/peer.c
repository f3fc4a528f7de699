/* SPDX-License-Identifier: GPL-2.0-or-later */
/* SO_PEERCRED and SO_PEERGROUPS against the groups netaudit and netaudit-forensic. */
#include "base/peer.h"

#include <errno.h>
#include <grp.h>
#include <sys/socket.h>

#define MOST_GROUPS 1024

static const char *const names[] = { "netaudit", "netaudit-forensic" };

void na_peer_groups_load(struct na_peer_groups *groups)
{
	groups->count = 0;
	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
		const struct group *group = getgrnam(names[i]);

		if (group)
			groups->gid[groups->count++] = group->gr_gid;
	}
}

int na_peer_may_read(int fd, const struct na_peer_groups *groups)
{
	struct ucred who;
	gid_t member_of[MOST_GROUPS];
	socklen_t bytes = sizeof(who), group_bytes = sizeof(member_of);

	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &who, &bytes) ||
	    getsockopt(fd, SOL_SOCKET, SO_PEERGROUPS, member_of, &group_bytes))
		return -errno;
	if (who.uid == 0)
		return 0;
	for (size_t i = 0; i < groups->count; i++) {
		if (groups->gid[i] == who.gid)
			return 0;
		for (size_t j = 0; j < group_bytes / sizeof(gid_t); j++)
			if (member_of[j] == groups->gid[i])
				return 0;
	}
	return -EACCES;
}
