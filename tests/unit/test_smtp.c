// SPDX-License-Identifier: GPL-2.0-or-later
/* The kernel's parser of SMTP, compiled for this process: both directions of sessions, cut anywhere. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
/* clang-format off */
#include <cmocka.h>
/* clang-format on */

#include "test_dialogue.h"

#define HELLO "S:220 mail ready\r\n", "C:EHLO me\r\n", "S:250-mail\r\n250-SIZE 1000\r\n250 AUTH PLAIN\r\n"
#define MAIL "C:MAIL FROM:<SECRET@from.example> SIZE=5\r\n", "S:250 ok\r\n"
#define SENT "C:DATA\r\n", "S:354 go on\r\n", "C:Subject: SECRET\r\n\r\nSECRET\r\n.\r\n"

static void test_a_mail_is_one_exchange(void **state)
{
	static const char *const lines[] = {
		HELLO, "C:AUTH PLAIN U0VDUkVU\r\n", "S:235 ok\r\n", MAIL,
		"C:RCPT TO:<SECRET@Example.com>\r\n", "S:250 ok\r\n", "C:RCPT TO:<SECRET@example.com>\r\n", "S:550 no SECRET\r\n",
		"C:RCPT TO:<\"SECRET@x>\"@example.org>\r\n", "S:250 ok\r\n", SENT, "S:250 2.0.0 queued as SECRET\r\n",
		"C:QUIT\r\n", "S:221 bye\r\n", NULL,
	};
	static const uint16_t commands[] = { NA_COMMAND_EHLO, NA_COMMAND_AUTH, NA_COMMAND_MAIL, NA_COMMAND_RCPT,
					     NA_COMMAND_DATA };
	static const uint16_t replies[] = { 220, 250, 235, 250, 550, 250, 354, 250 };

	(void)state;
	for (size_t piece = 1; piece < 40; piece += 3) {
		talk(lines, piece);
		assert_int_equal(told_count, 4);	/* the head after MAIL and after DATA */
		assert_int_equal(told[0].part, NA_MESSAGE_HEAD);
		assert_message(&told[2], NA_MESSAGE_REQUEST, 0, NA_COMMAND_MAIL);
		assert_int_equal(told[2].recipients, 3);
		assert_text(&told[2], "example.com\nexample.org\n");
		assert_int_equal(told[2].body_bytes, strlen("Subject: SECRET\r\n\r\nSECRET\r\n"));
		assert_steps(&told[2], commands, 5);
		assert_message(&told[3], NA_MESSAGE_RESPONSE, 0, 0);
		assert_int_equal(told[3].status, 250);
		assert_int_equal(told[3].recipients, 1);
		assert_steps(&told[3], replies, 8);
		assert_no_secret();
	}
}

static void test_two_mails_of_a_session_are_two(void **state)
{
	static const char *const lines[] = {
		HELLO, MAIL, "C:RCPT TO:<a@one.example>\r\n", "S:250 ok\r\n", SENT, "S:250 ok\r\n",
		MAIL, "C:RCPT TO:<a@two.example>\r\n", "S:250 ok\r\n", SENT, "S:452 full\r\n", NULL,
	};

	(void)state;
	talk(lines, 7);
	assert_int_equal(told_count, 8);
	assert_message(&told[6], NA_MESSAGE_REQUEST, 1, NA_COMMAND_MAIL);
	assert_text(&told[6], "two.example\n");
	assert_message(&told[7], NA_MESSAGE_RESPONSE, 1, 0);
	assert_int_equal(told[7].status, 452);
}

static void test_commands_may_be_sent_together(void **state)
{
	static const char *const lines[] = {
		HELLO, "C:MAIL FROM:<>\r\nRCPT TO:<a@one.example>\r\nRCPT TO:<b@two.example>\r\nDATA\r\n",
		"S:250 ok\r\n550 no\r\n250 ok\r\n354 go on\r\n", "C:hello\r\n.\r\nQUIT\r\n", "S:250 ok\r\n221 bye\r\n", NULL,
	};

	(void)state;
	talk(lines, 1000);
	assert_int_equal(told_count, 4);
	assert_int_equal(told[2].recipients, 2);
	assert_int_equal(told[2].body_bytes, 7);
	assert_int_equal(told[3].recipients, 1);
	assert_int_equal(told[3].status, 250);
}

static void test_doubled_dots_are_not_counted(void **state)
{
	static const char *const lines[] = { HELLO, MAIL, "C:DATA\r\n", "S:354 ok\r\n",
					     "C:..\r\n.hidden\r\n\r.\r\nx.\r\r\n.\r\n", "S:250 ok\r\n", NULL };

	(void)state;
	for (size_t piece = 1; piece < 30; piece++) {
		talk(lines, piece);
		assert_int_equal(told[2].body_bytes, strlen(".\r\nhidden\r\n\r.\r\nx.\r\r\n"));
		assert_int_equal(told[3].status, 250);
	}
}

static void test_an_answer_to_auth_is_no_command(void **state)
{
	static const char *const lines[] = {
		HELLO, "C:AUTH LOGIN\r\n", "S:334 VXNlcm5hbWU6\r\n", "C:MAIL\r\n", "S:334 UGFzc3dvcmQ6\r\n", "C:SECRET\r\n",
		"S:535 no\r\n", "C:QUIT\r\n", "S:221 bye\r\n", NULL,
	};
	static const uint16_t commands[] = { NA_COMMAND_EHLO, NA_COMMAND_AUTH, NA_COMMAND_QUIT };

	(void)state;
	talk(lines, 5);
	assert_int_equal(told_count, 2);
	assert_message(&told[0], NA_MESSAGE_REQUEST, 0, NA_COMMAND_QUIT);
	assert_steps(&told[0], commands, 3);
	assert_int_equal(told[1].status, 535);
	assert_no_secret();
}

static void test_starttls_ends_what_is_clear(void **state)
{
	static const char *const lines[] = { HELLO, "C:STARTTLS\r\n", "S:220 go on\r\n", "C:\x16\x03\x01\x02",
					     "S:\x16\x03\x03\x02", NULL };

	(void)state;
	talk(lines, 100);
	assert_int_equal(told_count, 2);
	assert_message(&told[0], NA_MESSAGE_REQUEST, 0, NA_COMMAND_STARTTLS);
	assert_int_equal(told[1].status, 220);
	assert_int_equal(client.state, NA_CLEAR_OPAQUE);
	assert_int_equal(server.state, NA_CLEAR_OPAQUE);
}

static void test_inside_tls_the_client_begins(void **state)
{
	static const char *const lines[] = { "C:EHLO me\r\n", "S:250 ok\r\n", MAIL, "C:RCPT TO:<a@b.example>\r\n",
					     "S:554 no\r\n", "C:RSET\r\n", "S:250 ok\r\n", NULL };

	(void)state;
	talk(lines, 2);
	assert_int_equal(told_count, 3);
	assert_message(&told[1], NA_MESSAGE_REQUEST, 0, NA_COMMAND_MAIL);
	assert_int_equal(told[2].status, 554);	/* not that of RSET */
	assert_int_equal(told[2].recipients, 1);
}

static void test_chunks_are_counted_and_not_read(void **state)
{
	static const char *const lines[] = { HELLO, MAIL, "C:BDAT 8\r\nSECRET\r\n", "S:250 ok\r\n", "C:BDAT 6 LAST\r\nSECRET",
					     "S:250 ok\r\n", "C:QUIT\r\n", "S:221 bye\r\n", NULL };

	(void)state;
	for (size_t piece = 1; piece < 20; piece++) {
		talk(lines, piece);
		assert_int_equal(told_count, 3);
		assert_int_equal(told[1].body_bytes, 14);
		assert_int_equal(told[2].status, 250);
		assert_int_equal(client.state, NA_CLEAR_START);
		assert_no_secret();
	}
}

static void test_what_is_no_domain_is_not_kept(void **state)
{
	static const struct {
		const char *address, *domains;
	} addresses[] = {
		{ "<postmaster>", "" },		{ "<@a.example,@b.example:SECRET@c.example>", "c.example\n" },
		{ "<SECRET@SECRET@d.example>", "d.example\n" }, { "<x@SECRET", "" },
		{ "<x@[IPv6:::1]>", "[ipv6:::1]\n" }, { "<x@a b>", "" },
		{ "<\"SECRET\\\"@SECRET\"@e.example> ORCPT=rfc822;SECRET@x.example", "e.example\n" },
		{ "<SECRET@\xc3\xa9.example>", "??.example\n" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(addresses) / sizeof(*addresses); i++) {
		char line[200];
		const char *const lines[] = { HELLO, MAIL, line, "S:250 ok\r\n", SENT, "S:250 ok\r\n", NULL };

		(void)snprintf(line, sizeof(line), "C:RCPT TO:%s\r\n", addresses[i].address);
		talk(lines, 3);
		assert_int_equal(told_count, 4);
		assert_text(&told[2], addresses[i].domains);
		assert_no_secret();
	}
}

static void test_others_that_greet_alike_are_nobody(void **state)
{
	static const char *const ftp[] = { "S:220 ftp\r\n", "C:USER SECRET\r\n", "S:331 password\r\n", "C:PASS SECRET\r\n", NULL };
	static const char *const binary[] = { "S:2\x01\x02\r\n", "C:EHLO x\r\n", NULL };

	(void)state;
	talk(ftp, 4);
	assert_int_equal(told_count, 0);
	assert_int_equal(client.state, NA_CLEAR_OPAQUE);
	talk(binary, 4);
	assert_int_equal(told_count, 0);
	assert_int_equal(server.state, NA_CLEAR_OPAQUE);
}

/* Of a write of megabytes the middle is not looked at. */
static void test_a_large_mail_in_one_write(void **state)
{
	static const char *const lines[] = { HELLO, MAIL, "C:DATA\r\n", "S:354 ok\r\n", NULL };
	const size_t bytes = 5 << 20;
	char *mail = malloc(bytes);

	(void)state;
	assert_non_null(mail);
	memset(mail, '.', bytes);
	*mail = 'x';
	memcpy(mail + bytes - 5, "\r\n.\r\n", 5);
	talk(lines, 100);
	dialogue_feed(&client, &server, mail, bytes, key);
	assert_int_equal(told_count, 3);
	assert_int_equal(told[2].body_bytes, bytes - 3);
	assert_true(told[2].flags & NA_MESSAGE_ABOUT);
	for (size_t i = 0; i < bytes - 5; i++)
		mail[i] = i % 39 ? 'x' : '.';
	*mail = 'x';
	talk(lines, 100);
	dialogue_feed(&client, &server, mail, bytes, key);
	assert_int_equal(told[2].body_bytes, bytes - 3);
	memset(mail, 'x', bytes);
	memcpy(mail + 300000, "\r\n.\r\n", 5);
	talk(lines, 100);
	dialogue_feed(&client, &server, mail, 300005, key);
	assert_int_equal(told[2].body_bytes, 300002);
	assert_false(told[2].flags & NA_MESSAGE_ABOUT);
	free(mail);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_mail_is_one_exchange),
		cmocka_unit_test(test_two_mails_of_a_session_are_two),
		cmocka_unit_test(test_commands_may_be_sent_together),
		cmocka_unit_test(test_doubled_dots_are_not_counted),
		cmocka_unit_test(test_an_answer_to_auth_is_no_command),
		cmocka_unit_test(test_starttls_ends_what_is_clear),
		cmocka_unit_test(test_inside_tls_the_client_begins),
		cmocka_unit_test(test_chunks_are_counted_and_not_read),
		cmocka_unit_test(test_what_is_no_domain_is_not_kept),
		cmocka_unit_test(test_others_that_greet_alike_are_nobody),
		cmocka_unit_test(test_a_large_mail_in_one_write),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
