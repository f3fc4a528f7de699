/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The registered words for DNS numbers; what has none is written as RFC 3597 does (TYPE65280). */
#ifndef NETAUDIT_CLASSIFY_DNS_WORDS_H
#define NETAUDIT_CLASSIFY_DNS_WORDS_H

#define NA_DNS_WORD_BYTES 16

/* Each returns `out`, or a constant. */
const char *na_dns_type_name(char out[NA_DNS_WORD_BYTES], unsigned int type);	/* "A", "MX", "TYPE65280" */
const char *na_dns_code_name(char out[NA_DNS_WORD_BYTES], unsigned int code);	/* "NOERROR", "NXDOMAIN", "RCODE12" */

#endif
