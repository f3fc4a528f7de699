// SPDX-License-Identifier: GPL-2.0-or-later
/* One random key in a file; two others are derived from it. */
#include "daemon/fingerprint_key.h"

#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"

#define NAME "fingerprint.key"
#define CONTEXT "netaudit"	/* as the signer's */

enum { FOR_KERNEL = 1, FOR_RECORDS = 2 };

static int make_key(int directory, uint8_t key[crypto_kdf_KEYBYTES])
{
	crypto_kdf_keygen(key);
	return na_replace_file(directory, NAME, key, crypto_kdf_KEYBYTES, 0600);
}

static int read_key(int directory, uint8_t key[crypto_kdf_KEYBYTES])
{
	size_t bytes = 0;
	char *content = NULL;
	int result = na_read_file(directory, NAME, crypto_kdf_KEYBYTES, &content, &bytes);

	if (result == -ENOENT)
		return make_key(directory, key);
	if (!result && bytes != crypto_kdf_KEYBYTES)
		result = -EBADMSG;
	if (!result)
		memcpy(key, content, crypto_kdf_KEYBYTES);
	if (content)
		sodium_memzero(content, bytes);
	free(content);
	return result;
}

int na_fingerprint_keys_read(struct na_fingerprint_keys *keys, const char *state_dir, struct na_error *error)
{
	int directory = open(state_dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC), result;
	uint8_t key[crypto_kdf_KEYBYTES];

	result = directory < 0 ? -errno : sodium_init() < 0 ? -EIO : read_key(directory, key);
	if (directory >= 0)
		(void)close(directory);
	if (result)
		return na_error_set(error, result, "cannot read or make %s/" NAME ": %s", state_dir,
				    result == -EBADMSG || result == -EFBIG ? "it is not 32 bytes long" : strerror(-result));
	(void)crypto_kdf_derive_from_key(keys->kernel, sizeof(keys->kernel), FOR_KERNEL, CONTEXT, key);
	(void)crypto_kdf_derive_from_key(keys->told, sizeof(keys->told), FOR_RECORDS, CONTEXT, key);
	sodium_memzero(key, sizeof(key));
	return 0;
}
