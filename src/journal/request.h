/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * How `netaudit` asks the daemon for a record: a file of JSON in this folder below the state folder, renamed into
 * place. The daemon takes it away when the record is queued. Only root may write there.
 */
#ifndef NETAUDIT_JOURNAL_REQUEST_H
#define NETAUDIT_JOURNAL_REQUEST_H

#define NA_REQUEST_FOLDER "requests"
#define NA_REQUEST_BYTES 8192

#endif
