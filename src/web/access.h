/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Who is let in. Over TCP: the browser that opened the URL with the token first, by the cookie it got for it; the token
 * is worth nothing afterwards. Over a unix socket: whom the reader service would answer. Thread-safe.
 */
#ifndef NETAUDIT_WEB_ACCESS_H
#define NETAUDIT_WEB_ACCESS_H

#include <microhttpd.h>

#include "web/web.h"

#define NA_WEB_SECRET_BYTES 65	/* hex and NUL */

enum na_web_access {
	NA_WEB_ALLOWED,
	NA_WEB_ENTERED,		/* with the token: `cookie` is to be given */
	NA_WEB_STRANGER,	/* neither token nor cookie */
	NA_WEB_WRONG_HOST,	/* called by another name than ours: a page of that name may be rebinding it */
};

/* Makes a new token, and prints the URL where there is one to be had. Returns 0 or negative errno. */
int na_web_invite(const struct na_web_settings *settings);

enum na_web_access na_web_access(const struct na_web_settings *settings, struct MHD_Connection *connection,
				 char cookie[NA_WEB_SECRET_BYTES]);

#endif
