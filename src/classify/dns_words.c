// SPDX-License-Identifier: GPL-2.0-or-later
/* From IANA's registry "Domain Name System (DNS) Parameters": what a resolver may be asked on an ordinary day. */
#include "classify/dns_words.h"

#include <stddef.h>
#include <stdio.h>

struct word {
	unsigned int number;
	const char *name;
};

static const struct word types[] = {
	{ 1, "A" },	 { 2, "NS" },	  { 5, "CNAME" },  { 6, "SOA" },     { 12, "PTR" },   { 13, "HINFO" },
	{ 15, "MX" },	 { 16, "TXT" },	  { 28, "AAAA" },  { 29, "LOC" },    { 33, "SRV" },   { 35, "NAPTR" },
	{ 39, "DNAME" }, { 43, "DS" },	  { 44, "SSHFP" }, { 46, "RRSIG" },  { 47, "NSEC" },  { 48, "DNSKEY" },
	{ 52, "TLSA" },	 { 64, "SVCB" },  { 65, "HTTPS" }, { 99, "SPF" },    { 249, "TKEY" }, { 250, "TSIG" },
	{ 251, "IXFR" }, { 252, "AXFR" }, { 255, "ANY" },  { 256, "URI" },   { 257, "CAA" },
};

static const struct word codes[] = {
	{ 0, "NOERROR" }, { 1, "FORMERR" },  { 2, "SERVFAIL" }, { 3, "NXDOMAIN" }, { 4, "NOTIMP" },   { 5, "REFUSED" },
	{ 6, "YXDOMAIN" }, { 7, "YXRRSET" }, { 8, "NXRRSET" },	{ 9, "NOTAUTH" },  { 10, "NOTZONE" }, { 11, "DSOTYPENI" },
};

static const char *find(const struct word *words, size_t count, unsigned int number)
{
	for (size_t i = 0; i < count; i++)
		if (words[i].number == number)
			return words[i].name;
	return NULL;
}

const char *na_dns_type_name(char out[NA_DNS_WORD_BYTES], unsigned int type)
{
	const char *name = find(types, sizeof(types) / sizeof(types[0]), type);

	if (name)
		return name;
	(void)snprintf(out, NA_DNS_WORD_BYTES, "TYPE%u", type);
	return out;
}

const char *na_dns_code_name(char out[NA_DNS_WORD_BYTES], unsigned int code)
{
	const char *name = find(codes, sizeof(codes) / sizeof(codes[0]), code);

	if (name)
		return name;
	(void)snprintf(out, NA_DNS_WORD_BYTES, "RCODE%u", code);
	return out;
}
