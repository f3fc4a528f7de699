/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Sessions in which client and server talk by turns, fed to the kernel's parser: what both say, cut into pieces. */
#ifndef NETAUDIT_TESTS_DIALOGUE_H
#define NETAUDIT_TESTS_DIALOGUE_H

#include "../clear/clear_here.h"

#define MOST 16

static const uint64_t key[2] = { 0x0706050403020100, 0x0f0e0d0c0b0a0908 };
static struct na_message told[MOST];
static size_t told_count;
static struct na_clear_stream client, server;

static void keep(const struct na_message *message)
{
	if (told_count < MOST)
		told[told_count] = *message;
	told_count++;
}

static inline void say(bool by_server, const char *bytes, size_t length, size_t piece)
{
	for (size_t at = 0; at < length; at += piece)
		dialogue_feed(by_server ? &server : &client, by_server ? &client : &server, bytes + at,
			      length - at < piece ? length - at : piece, key);
}

static inline void new_connection(void)
{
	on_message = keep;
	told_count = 0;
	memset(told, 0, sizeof(told));
	memset(&client, 0, sizeof(client));
	memset(&server, 0, sizeof(server));
}

/* A new connection. Each line begins with S: or C:, whoever says it; NULL ends them. */
static inline void talk(const char *const *lines, size_t piece)
{
	new_connection();
	for (; *lines; lines++)
		say(**lines == 'S', *lines + 2, strlen(*lines + 2), piece);
}

static inline void assert_message(const struct na_message *message, int kind, uint64_t number, int command)
{
	assert_int_equal(message->kind, kind);
	assert_int_equal(message->part, NA_MESSAGE_WHOLE);
	assert_int_equal(message->number, number);
	assert_int_equal(message->command, command);
}

static inline void assert_steps(const struct na_message *message, const uint16_t *steps, size_t count)
{
	assert_int_equal(message->step_count, count);
	for (size_t i = 0; i < count; i++)
		assert_int_equal(message->steps[i], steps[i]);
}

/* Nor is there any other text. */
static inline void assert_text(const struct na_message *message, const char *keys)
{
	assert_int_equal(message->keys_bytes, strlen(keys));
	assert_string_equal(message->text, keys);
}

static inline void assert_no_secret(void)
{
	assert_null(memmem(told, sizeof(told), "SECRET", 6));
	assert_null(memmem(told, sizeof(told), "secret", 6));
	assert_null(memmem(&client, sizeof(client), "SECRET", 6));
	assert_null(memmem(&client, sizeof(client), "secret", 6));
	assert_null(memmem(&server, sizeof(server), "SECRET", 6));
}

#endif
