/* SPDX-License-Identifier: GPL-2.0-or-later */
/* SHA-256 of memory and of files, by libcrypto. */
#include "daemon/digest.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/evp.h>
#include <unistd.h>

static void write_hex(const unsigned char *digest, char *hex)
{
	static const char digits[] = "0123456789abcdef";

	for (int i = 0; i < 32; i++) {
		hex[2 * i] = digits[digest[i] >> 4];
		hex[2 * i + 1] = digits[digest[i] & 15];
	}
	hex[64] = '\0';
}

int na_digest_hex(const void *content, size_t bytes, char hex[NA_DIGEST_HEX_BYTES])
{
	unsigned char digest[EVP_MAX_MD_SIZE];

	if (EVP_Digest(content, bytes, digest, NULL, EVP_sha256(), NULL) != 1)
		return -EIO;
	write_hex(digest, hex);
	return 0;
}

static int digest_fd(int fd, EVP_MD_CTX *context, char *hex)
{
	unsigned char digest[EVP_MAX_MD_SIZE], block[16384];
	ssize_t got;

	if (EVP_DigestInit_ex(context, EVP_sha256(), NULL) != 1)
		return -EIO;
	while ((got = read(fd, block, sizeof(block))) != 0) {
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return -errno;
		if (EVP_DigestUpdate(context, block, (size_t)got) != 1)
			return -EIO;
	}
	if (EVP_DigestFinal_ex(context, digest, NULL) != 1)
		return -EIO;
	write_hex(digest, hex);
	return 0;
}

int na_digest_file_hex(const char *path, char hex[NA_DIGEST_HEX_BYTES])
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	EVP_MD_CTX *context = EVP_MD_CTX_new();
	int result = -ENOMEM;

	if (fd < 0)
		result = -errno;
	else if (context)
		result = digest_fd(fd, context, hex);
	EVP_MD_CTX_free(context);
	if (fd >= 0)
		(void)close(fd);
	return result;
}
