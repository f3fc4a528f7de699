// SPDX-License-Identifier: GPL-2.0-or-later
/* Requests to proxies, in the kernel's parser compiled for this process, and what user space makes of their targets. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
/* clang-format off */
#include <cmocka.h>
/* clang-format on */

#include "base/network.h"
#include "flow/tunnel.h"
#include "test_dialogue.h"

#define SAY(by_server, bytes, piece) say(by_server, bytes, sizeof(bytes) - 1, piece)

static void assert_target(const struct na_message *request, int protocol, const char *host, bool tunnel)
{
	assert_int_equal(request->kind, NA_MESSAGE_REQUEST);
	assert_int_equal(request->protocol, protocol);
	assert_int_equal(request->host_bytes, strlen(host));
	assert_string_equal(request->host, host);
	assert_true(na_is_proxied(request));
	assert_int_equal(!!(request->flags & NA_MESSAGE_TUNNEL), tunnel);
}

static void assert_granted(const struct na_message *response, bool granted)
{
	assert_int_equal(response->kind, NA_MESSAGE_RESPONSE);
	assert_int_equal(!!(response->flags & NA_MESSAGE_TUNNEL), granted);
}

static void test_what_follows_a_granted_connect_begins_anew(void **state)
{
	static const char *const lines[] = {
		"C:CONNECT mail.example:143 HTTP/1.1\r\nProxy-Authorization: SECRET\r\n\r\n", "S:HTTP/1.1 200 OK\r\n\r\n",
		"S:* OK ready\r\n", "C:a1 NOOP\r\na2 LOGIN SECRET SECRET\r\n", "S:a2 NO no\r\na1 OK done\r\n", NULL,
	};

	(void)state;
	for (size_t piece = 1; piece < 60; piece += 3) {
		talk(lines, piece);
		assert_int_equal(told_count, 6);
		assert_target(&told[0], NA_PROTOCOL_HTTP1, "mail.example:143", true);
		assert_granted(&told[1], true);
		assert_message(&told[2], NA_MESSAGE_REQUEST, 1, NA_COMMAND_NOOP);
		assert_message(&told[3], NA_MESSAGE_REQUEST, 2, NA_COMMAND_LOGIN);
		assert_message(&told[4], NA_MESSAGE_RESPONSE, 2, 0);
		assert_message(&told[5], NA_MESSAGE_RESPONSE, 1, 0);
		assert_int_equal(told[5].status, NA_RESULT_OK);
		assert_no_secret();
	}
}

static void test_what_follows_a_refused_connect_is_more_of_http(void **state)
{
	static const char *const lines[] = {
		"C:CONNECT one.example:443 HTTP/1.1\r\n\r\n", "S:HTTP/1.1 407 No\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nno\r\n0\r\n\r\n",
		"C:CONNECT two.example:25 HTTP/1.1\r\n\r\n", "S:HTTP/1.1 200 OK\r\n\r\n",
		"S:220 ready\r\n", "C:EHLO x\r\nQUIT\r\n", "S:250 x\r\n221 bye\r\n", NULL,
	};

	(void)state;
	talk(lines, 5);
	assert_int_equal(told_count, 7);
	assert_target(&told[0], NA_PROTOCOL_HTTP1, "one.example:443", true);
	assert_granted(&told[2], false);	/* its head was told before */
	assert_int_equal(told[2].status, 407);
	assert_int_equal(told[2].body_bytes, 2);
	assert_target(&told[3], NA_PROTOCOL_HTTP1, "two.example:25", true);
	assert_granted(&told[4], true);
	assert_message(&told[5], NA_MESSAGE_REQUEST, 2, NA_COMMAND_QUIT);
	assert_message(&told[6], NA_MESSAGE_RESPONSE, 2, 0);
	assert_int_equal(told[6].status, 221);
}

static void test_an_absolute_target_is_no_tunnel(void **state)
{
	static const char *const lines[] = { "C:GET http://SECRET@a.example:8080/x?k=v HTTP/1.1\r\nHost: b.example\r\n\r\n",
					     "S:HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", NULL };

	(void)state;
	talk(lines, 4);
	assert_int_equal(told_count, 2);
	assert_target(&told[0], NA_PROTOCOL_HTTP1, "a.example:8080", false);
	assert_granted(&told[1], false);
	assert_no_secret();
}

static void test_socks_5_with_a_password(void **state)
{
	(void)state;
	for (size_t piece = 1; piece < 30; piece++) {
		new_connection();
		SAY(false, "\5\2\0\2", piece);
		SAY(true, "\5\2", piece);
		SAY(false, "\1\6SECRET\6SECRET", piece);
		SAY(true, "\1\0", piece);
		SAY(false, "\5\1\0\3\13web.example\0\120", piece);
		SAY(true, "\5\0\0\1\12\0\0\1\17\240", piece);
		SAY(false, "GET /x HTTP/1.1\r\nHost: h\r\n\r\n", piece);
		SAY(true, "HTTP/1.1 204 No\r\n\r\n", piece);
		assert_int_equal(told_count, 4);
		assert_target(&told[0], NA_PROTOCOL_SOCKS, "web.example:80", true);
		assert_message(&told[0], NA_MESSAGE_REQUEST, 0, NA_COMMAND_CONNECT);
		assert_int_equal(told[0].minor, 5);
		assert_granted(&told[1], true);
		assert_message(&told[2], NA_MESSAGE_REQUEST, 1, 0);
		assert_string_equal(told[2].method, "GET");
		assert_message(&told[3], NA_MESSAGE_RESPONSE, 1, 0);
		assert_int_equal(told[3].status, 204);
		assert_no_secret();
	}
}

static void test_socks_5_addresses(void **state)
{
	(void)state;
	new_connection();
	SAY(false, "\5\1\0\5\1\0\1\12\377\0\1\1\273", 3);	/* did not wait to be asked */
	assert_int_equal(told_count, 1);
	assert_target(&told[0], NA_PROTOCOL_SOCKS, "10.255.0.1:443", true);
	SAY(true, "\5\0\5\5\0\1\0\0\0\0\0\0", 3);
	assert_int_equal(told_count, 2);
	assert_granted(&told[1], false);
	assert_int_equal(told[1].status, 5);
	SAY(false, "GET / HTTP/1.1\r\nHost: h\r\n\r\n", 3);
	assert_int_equal(told_count, 2);	/* nobody can have taken that */
	assert_int_equal(client.state, NA_CLEAR_OPAQUE);
	new_connection();
	SAY(false, "\5\1\0", 1);
	SAY(true, "\5\0", 1);
	SAY(false, "\5\1\0\4\x20\1\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\1\0\x19", 1);
	assert_target(&told[0], NA_PROTOCOL_SOCKS, "[2001:0db8:0000:0000:0000:0000:0000:0001]:25", true);
}

static void test_socks_4_and_4a(void **state)
{
	(void)state;
	for (size_t piece = 1; piece < 20; piece++) {
		new_connection();
		SAY(false, "\4\1\0\x19\0\0\0\7SECRET\0mail.example\0", piece);
		SAY(true, "\0\132\0\0\0\0\0\0", piece);
		SAY(true, "220 ready\r\n", piece);
		SAY(false, "EHLO x\r\nQUIT\r\n", piece);
		SAY(true, "250 x\r\n221 bye\r\n", piece);
		assert_int_equal(told_count, 4);
		assert_target(&told[0], NA_PROTOCOL_SOCKS, "mail.example:25", true);
		assert_granted(&told[1], true);
		assert_int_equal(told[1].status, 90);
		assert_message(&told[2], NA_MESSAGE_REQUEST, 1, NA_COMMAND_QUIT);
		assert_int_equal(told[3].status, 221);
		assert_no_secret();
	}
	new_connection();
	SAY(false, "\4\1\0\x50\x7f\0\0\1\0", 1);
	assert_target(&told[0], NA_PROTOCOL_SOCKS, "127.0.0.1:80", true);
	SAY(true, "\0\133\0\0\0\0\0\0", 1);
	assert_granted(&told[1], false);
	assert_int_equal(server.state, NA_CLEAR_OPAQUE);
}

static void test_other_commands_of_socks_are_no_tunnel(void **state)
{
	(void)state;
	new_connection();
	SAY(false, "\5\1\0", 1);
	SAY(true, "\5\0", 1);
	SAY(false, "\5\3\0\1\0\0\0\0\0\0", 1);
	SAY(true, "\5\0\0\1\0\0\0\0\0\0", 1);
	assert_int_equal(told_count, 2);
	assert_target(&told[0], NA_PROTOCOL_SOCKS, "0.0.0.0:0", false);
	assert_int_equal(told[0].command, NA_COMMAND_ASSOCIATE);
	assert_granted(&told[1], false);
}

static void test_authorities_in_two_parts(void **state)
{
	static const struct {
		const char *authority, *host;
		int port;
	} known[] = {
		{ "a.example:443", "a.example", 443 },	    { "a.example", "a.example", -1 },
		{ "[2001:db8::1]:80", "2001:db8::1", 80 }, { "[::1]", "::1", -1 },
		{ "a.example:", "a.example", -1 },	    { "a.example:65536", "a.example", -1 },
		{ "a:b:1", "a:b:1", -1 },		    { "a.example:4x", "a.example", -1 },
		{ "[", "[", -1 },			    { "", "", -1 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(known) / sizeof(*known); i++) {
		char text[64];
		int port;

		(void)snprintf(text, sizeof(text), "%s", known[i].authority);
		na_split_authority(text, &port);
		assert_string_equal(text, known[i].host);
		assert_int_equal(port, known[i].port);
	}
}

static void test_addresses_of_16_bytes_are_shortened(void **state)
{
	struct na_message request = { .kind = NA_MESSAGE_REQUEST, .protocol = NA_PROTOCOL_SOCKS, .minor = 5 };
	struct na_tunnel tunnel;

	(void)state;
	request.flags = NA_MESSAGE_ABSOLUTE | NA_MESSAGE_TUNNEL;
	request.host_bytes = (__u16)snprintf(request.host, sizeof(request.host), "[2001:0db8:0000:0000:0000:0000:0000:0001]:25");
	na_tunnel_of(&tunnel, &request);
	assert_string_equal(tunnel.host, "2001:db8::1");
	assert_int_equal(tunnel.port, 25);
	assert_string_equal(tunnel.by, "socks5");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_what_follows_a_granted_connect_begins_anew),
		cmocka_unit_test(test_what_follows_a_refused_connect_is_more_of_http),
		cmocka_unit_test(test_an_absolute_target_is_no_tunnel),
		cmocka_unit_test(test_socks_5_with_a_password),
		cmocka_unit_test(test_socks_5_addresses),
		cmocka_unit_test(test_socks_4_and_4a),
		cmocka_unit_test(test_other_commands_of_socks_are_no_tunnel),
		cmocka_unit_test(test_authorities_in_two_parts),
		cmocka_unit_test(test_addresses_of_16_bytes_are_shortened),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
