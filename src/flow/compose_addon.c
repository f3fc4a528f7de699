// SPDX-License-Identifier: GPL-2.0-or-later
/* The record that says which add-on was met: what its manifest says, and the manifest's hash to compare it by. */
#include "flow/compose_addon.h"

#include "journal/canonical.h"

static void put_text(struct na_canonical *c, const char *key, const char *text)
{
	if (text[0])
		na_canonical_string(c, key, text);
}

static bool is_known(const uint8_t hash[NA_HASH_BYTES])
{
	for (size_t i = 0; i < NA_HASH_BYTES; i++)
		if (hash[i])
			return true;
	return false;
}

ssize_t na_compose_addon(void *out, const struct na_addon *addon, const char *instance,
			 const struct na_clock_pair *clock)
{
	struct na_canonical c;

	_Static_assert(sizeof(addon->manifest_hash) == NA_HASH_BYTES, "a manifest's hash is one like all others");
	na_canonical_begin(&c, out, NA_COMPOSE_BYTES);
	na_canonical_string(&c, "addon", addon->name);
	if (addon->base)
		na_canonical_bool(&c, "base", true);
	put_text(&c, "instance", instance);
	na_canonical_string(&c, "kind", "addon");
	put_text(&c, "license", addon->license);
	put_text(&c, "maker", addon->author);
	if (is_known(addon->manifest_hash))
		na_canonical_bytes(&c, "manifest", addon->manifest_hash, sizeof(addon->manifest_hash));
	if (!addon->manifest_readable)
		na_canonical_bool(&c, "manifest_unreadable", true);
	na_canonical_nonce(&c);
	na_canonical_string(&c, "path", addon->path);
	na_canonical_integer(&c, "t", clock->wall_us);
	na_canonical_integer(&c, "tb", (int64_t)(clock->boottime_ns / NA_NS_PER_US));
	put_text(&c, "version", addon->version);
	put_text(&c, "website", addon->website);
	return na_canonical_end(&c);
}
