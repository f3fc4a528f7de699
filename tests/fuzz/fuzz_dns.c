/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Fuzzes the kernel's parser of DNS messages. Text is printable, in lower case and as long as is said; the numbers are
 * those of the message; what is DNS stays DNS when its answer is cut off.
 */
#include "fuzz.h"

#include "../unit/dns_here.h"

static void check(const struct na_dns *dns, const uint8_t *message, size_t size)
{
	static const uint8_t zero[sizeof(dns->addresses[0])];

	REQUIRE(dns->bytes == size && size >= NA_DNS_HEADER_BYTES + NA_DNS_QUESTION_BYTES);
	REQUIRE(dns->name_bytes > 0 && dns->name_bytes < NA_DNS_NAME_BYTES);
	for (size_t i = 0; i < NA_DNS_NAME_BYTES; i++) {
		char c = dns->name[i];

		REQUIRE(i < dns->name_bytes ? c > ' ' && c <= '~' && !(c >= 'A' && c <= 'Z') : c == 0);
	}
	REQUIRE(dns->address_count <= NA_DNS_ADDRESSES && dns->type && dns->id == (message[0] << 8 | message[1]));
	for (size_t i = dns->address_count; i < NA_DNS_ADDRESSES; i++)
		REQUIRE(!memcmp(dns->addresses[i], zero, sizeof(zero)));
	if (!(dns->flags & NA_DNS_RESPONSE))
		REQUIRE(!dns->flags && !dns->address_count && !dns->code && !dns->ttl_s);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct na_dns whole, less;

	if (!dns_read(&whole, data, size))
		return 0;
	check(&whole, data, size);
	for (size_t left = size; left > dns_work.position; left--)
		REQUIRE(dns_read(&less, data, left) && less.name_bytes == whole.name_bytes && less.type == whole.type);
	return 0;
}
