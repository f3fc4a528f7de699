/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the program that lives under a millisecond reports about its one connection, on descriptor 3. */
#ifndef NETAUDIT_CENSUS_BLINK_H
#define NETAUDIT_CENSUS_BLINK_H

#include <stdint.h>

#define NA_BLINK_REPORT 3

struct na_blink_report {
	uint64_t begun_us;	/* boottime, before connect */
	uint64_t opened_us;	/* after */
	int32_t error;		/* errno */
	uint16_t port;		/* local */
	uint16_t reserved;
};

#endif
