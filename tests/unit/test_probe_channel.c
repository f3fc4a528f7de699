/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Attach on request: what the supervisor refuses by the descriptor alone, and that every request has its answer. That
 * what is asked for rightly is attached is shown by make test-usdt, on a real kernel.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "capture/internal.h"
#include "daemon/config.h"
#include "daemon/observer_probes.h"
#include "daemon/probe_channel.h"

/* A capture that has loaded nothing: who gets as far as a program is refused with -ENOTSUP. */
struct place {
	struct na_capture capture;
	struct na_shared shared;
	int ends[2];
	int file;
	struct na_probe probe;
};

static int set_up(void **state)
{
	static struct place place;
	struct stat status;

	memset(&place, 0, sizeof(place));
	place.ends[0] = place.ends[1] = -1;
	place.file = memfd_create("library", MFD_CLOEXEC);
	if (place.file < 0 || ftruncate(place.file, 4096) || fstat(place.file, &status) ||
	    na_probe_channel_renew(place.ends))
		return -1;
	place.probe = (struct na_probe){ .device = status.st_dev, .inode = status.st_ino, .offset = 64, .cookie = 1 };
	*state = &place;
	return 0;
}

static int tear_down(void **state)
{
	struct place *place = *state;

	(void)close(place->file);
	(void)close(place->ends[0]);
	(void)close(place->ends[1]);
	return 0;
}

static int answer_to(struct place *place, enum na_probe_request request, const struct na_probe *probe, int file)
{
	struct na_probe_message answer;

	assert_int_equal(na_probe_channel_ask(place->ends[1], request, probe, file), 0);
	na_probe_channel_serve(place->ends[0], &place->capture, &place->shared);
	assert_int_equal(na_probe_channel_hear(place->ends[1], &answer), 0);
	assert_int_equal(answer.request, request);
	assert_memory_equal(&answer.probe, probe, sizeof(*probe));
	assert_int_equal(na_probe_channel_hear(place->ends[1], &answer), -EAGAIN);
	return answer.result;
}

static void test_a_place_whose_probe_would_kill_forked_children_is_refused(void **state)
{
	static const unsigned char nop[] = { 0x0f, 0x1f, 0x44, 0x00, 0x00 };
	struct place *place = *state;

	assert_int_equal(pwrite(place->file, nop, sizeof(nop), (off_t)place->probe.offset), sizeof(nop));
	assert_int_equal(answer_to(place, NA_PROBE_ATTACH, &place->probe, place->file), -EADDRNOTAVAIL);
	place->probe.offset++;
	assert_int_equal(answer_to(place, NA_PROBE_ATTACH, &place->probe, place->file), -ENOTSUP);
}

static void test_a_file_that_is_the_one_meant_gets_as_far_as_the_kernel(void **state)
{
	struct place *place = *state;

	assert_int_equal(answer_to(place, NA_PROBE_ATTACH, &place->probe, place->file), -ENOTSUP);
}

static void test_another_file_is_refused(void **state)
{
	struct place *place = *state;
	struct na_probe probe = place->probe;

	probe.inode++;
	assert_int_equal(answer_to(place, NA_PROBE_ATTACH, &probe, place->file), -ESTALE);
	probe.inode--;
	probe.device++;
	assert_int_equal(answer_to(place, NA_PROBE_ATTACH, &probe, place->file), -ESTALE);
}

static void test_what_is_no_place_in_a_regular_file_is_refused(void **state)
{
	struct place *place = *state;
	struct na_probe probe = place->probe;
	int pipe_ends[2];

	probe.offset = 4096;
	assert_int_equal(answer_to(place, NA_PROBE_ATTACH, &probe, place->file), -EINVAL);
	probe.offset = 64;
	probe.semaphore = 4095;
	assert_int_equal(answer_to(place, NA_PROBE_ATTACH, &probe, place->file), -EINVAL);
	probe.semaphore = 1ULL << 32;
	assert_int_equal(answer_to(place, NA_PROBE_ATTACH, &probe, place->file), -EINVAL);
	probe.semaphore = 0;
	probe.slot = NA_PROBE_SLOTS;
	assert_int_equal(answer_to(place, NA_PROBE_ATTACH, &probe, place->file), -EINVAL);
	assert_int_equal(pipe2(pipe_ends, O_CLOEXEC), 0);
	assert_int_equal(answer_to(place, NA_PROBE_ATTACH, &place->probe, pipe_ends[0]), -EINVAL);
	(void)close(pipe_ends[0]);
	(void)close(pipe_ends[1]);
	assert_int_equal(answer_to(place, NA_PROBE_ATTACH, &place->probe, -1), -EBADF);
}

static void test_malformed_requests_leave_the_supervisor_as_it_was(void **state)
{
	struct place *place = *state;
	struct na_probe_message message = { .request = NA_PROBE_REQUESTS }, answer;
	char longer[sizeof(message) + 8] = { 0 };

	assert_int_equal(send(place->ends[1], "?", 1, 0), 1);
	assert_int_equal(send(place->ends[1], longer, sizeof(longer), 0), sizeof(longer));
	assert_int_equal(send(place->ends[1], &message, sizeof(message), 0), sizeof(message));
	na_probe_channel_serve(place->ends[0], &place->capture, &place->shared);
	assert_int_equal(na_probe_channel_hear(place->ends[1], &answer), 0);
	assert_int_equal(answer.result, -EINVAL);
	assert_int_equal(na_probe_channel_hear(place->ends[1], &answer), -EAGAIN);
}

static void test_nothing_leaks_when_descriptors_come_that_nobody_wants(void **state)
{
	struct place *place = *state;
	int before = dup(place->file), after;

	for (int i = 0; i < 64; i++)
		assert_int_equal(answer_to(place, NA_PROBE_RELEASE, &place->probe, place->file), -ENOENT);
	after = dup(place->file);
	assert_int_equal(after, before + 1);
	(void)close(after);
	(void)close(before);
}

static void test_what_is_held_is_there_already_and_can_be_released(void **state)
{
	struct place *place = *state;

	place->capture.probes[0] = (struct na_held_probe){ place->probe, dup(place->file) };
	place->capture.probe_count = 1;
	assert_int_equal(answer_to(place, NA_PROBE_ATTACH, &place->probe, place->file), 0);
	assert_int_equal(na_capture_probes(&place->capture), 1);
	assert_int_equal(na_counter_get(&place->shared.probes), 1);
	assert_int_equal(answer_to(place, NA_PROBE_RELEASE, &place->probe, -1), 0);
	assert_int_equal(answer_to(place, NA_PROBE_RELEASE, &place->probe, -1), -ENOENT);
	assert_int_equal(na_counter_get(&place->shared.probes), 0);
}

static void test_no_more_are_held_than_there_is_room_for(void **state)
{
	struct place *place = *state;
	struct na_probe probe = place->probe;

	for (size_t i = 0; i < NA_PROBES; i++) {
		probe.offset = i;
		place->capture.probes[i] = (struct na_held_probe){ probe, -1 };
	}
	place->capture.probe_count = NA_PROBES;
	probe.offset = NA_PROBES;
	assert_int_equal(answer_to(place, NA_PROBE_ATTACH, &probe, place->file), -ENOSPC);
}

/* The observer's list, with the other side played here. */

static int opened;

static int open_copy(void *context)
{
	opened++;
	return dup(*(int *)context);
}

static struct na_probes *list_allowed(struct place *place, uint32_t allowed)
{
	struct na_probes *probes = NULL;

	opened = 0;
	assert_int_equal(na_probes_create(&probes, place->ends[1], allowed, &place->capture, &place->shared), 0);
	return probes;
}

static struct na_probes *observer_list(struct place *place)
{
	return list_allowed(place, NA_CONFIG_PROBES_PYTHON | NA_CONFIG_PROBES_TLS);
}

static void test_what_the_settings_do_not_allow_is_not_asked_for(void **state)
{
	struct place *place = *state;
	struct na_probe tls = { .slot = NA_PROBE_TLS_WRITE, .device = place->probe.device, .inode = place->probe.inode };
	struct na_probes *probes = list_allowed(place, NA_CONFIG_PROBES_TLS);

	assert_int_equal(place->probe.slot, NA_PROBE_PYTHON_AUDIT);
	na_probes_use(probes, &place->probe, open_copy, &place->file);
	assert_int_equal(opened, 0);
	na_probes_use(probes, &tls, open_copy, &place->file);
	assert_int_equal(opened, 1);
	na_probes_leave(probes, place->probe.slot, place->probe.device, place->probe.inode);
	na_probes_destroy(probes);
}

static void test_a_new_observer_takes_over_what_is_held_and_does_not_hold_it_itself(void **state)
{
	struct place *place = *state;
	int held = dup(place->file);
	struct na_probes *probes;
	struct na_probe_message request;

	place->capture.probes[0] = (struct na_held_probe){ place->probe, held };
	place->capture.probe_count = 1;
	probes = observer_list(place);
	assert_int_equal(na_capture_probes(&place->capture), 0);
	assert_int_equal(fcntl(held, F_GETFD), -1);
	na_probes_use(probes, &place->probe, open_copy, &place->file);
	assert_int_equal(opened, 0);
	assert_int_equal(na_probe_channel_hear(place->ends[0], &request), -EAGAIN);
	na_probes_destroy(probes);
}

static void test_one_request_serves_all_processes_and_the_last_lets_go(void **state)
{
	struct place *place = *state;
	struct na_probes *probes = observer_list(place);
	struct na_probe_message request;
	uint64_t later_ns;

	for (int i = 0; i < 3; i++)
		na_probes_use(probes, &place->probe, open_copy, &place->file);
	assert_int_equal(opened, 1);
	assert_int_equal(na_probe_channel_hear(place->ends[0], &request), 0);
	assert_int_equal(request.request, NA_PROBE_ATTACH);
	assert_int_equal(na_probe_channel_hear(place->ends[0], &request), -EAGAIN);
	assert_int_equal(send(place->ends[0], &request, sizeof(request), 0), sizeof(request));
	na_probes_hear(probes);
	na_probes_share(probes, 0, place->probe.device, place->probe.inode);
	for (int i = 0; i < 3; i++)
		na_probes_leave(probes, 0, place->probe.device, place->probe.inode);
	later_ns = UINT64_MAX / 2;
	na_probes_tick(probes, later_ns);
	assert_int_equal(na_probe_channel_hear(place->ends[0], &request), -EAGAIN);
	na_probes_leave(probes, 0, place->probe.device, place->probe.inode);
	na_probes_tick(probes, later_ns);
	assert_int_equal(na_probe_channel_hear(place->ends[0], &request), 0);
	assert_int_equal(request.request, NA_PROBE_RELEASE);
	na_probes_destroy(probes);
}

static void test_a_refusal_and_a_missing_answer_are_counted(void **state)
{
	struct place *place = *state;
	struct na_probes *probes = observer_list(place);
	struct na_probe other = place->probe;
	struct na_probe_message request;

	other.offset = 128;
	na_probes_use(probes, &place->probe, open_copy, &place->file);
	na_probes_use(probes, &other, open_copy, &place->file);
	assert_int_equal(na_probe_channel_hear(place->ends[0], &request), 0);
	request.result = -EPERM;
	assert_int_equal(send(place->ends[0], &request, sizeof(request), 0), sizeof(request));
	na_probes_hear(probes);
	assert_int_equal(na_counter_get(&place->shared.probes_failed), 1);
	na_probes_tick(probes, UINT64_MAX / 2);
	assert_int_equal(na_counter_get(&place->shared.probes_failed), 2);
	na_probes_leave(probes, 0, other.device, other.inode);
	na_probes_tick(probes, UINT64_MAX / 2);
	assert_int_equal(na_counter_get(&place->shared.probes_failed), 0);
	na_probes_destroy(probes);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_a_place_whose_probe_would_kill_forked_children_is_refused),
		TEST(test_a_file_that_is_the_one_meant_gets_as_far_as_the_kernel),
		TEST(test_another_file_is_refused),
		TEST(test_what_is_no_place_in_a_regular_file_is_refused),
		TEST(test_malformed_requests_leave_the_supervisor_as_it_was),
		TEST(test_nothing_leaks_when_descriptors_come_that_nobody_wants),
		TEST(test_what_is_held_is_there_already_and_can_be_released),
		TEST(test_no_more_are_held_than_there_is_room_for),
		TEST(test_what_the_settings_do_not_allow_is_not_asked_for),
		TEST(test_a_new_observer_takes_over_what_is_held_and_does_not_hold_it_itself),
		TEST(test_one_request_serves_all_processes_and_the_last_lets_go),
		TEST(test_a_refusal_and_a_missing_answer_are_counted),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
