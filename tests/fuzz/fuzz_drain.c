/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Fuzzes the size check at the door of user space: an event reaches the observer only whole, and with the size of its
 * type, because everything behind reads it as a struct.
 */
#include "../../src/capture/drain.c"

#include "fuzz.h"

static size_t sample_bytes;

static void on_event(void *context, const struct na_event_header *header)
{
	static const size_t sizes[NA_EVENT_TYPES] = {
		[NA_EVENT_OPEN] = sizeof(struct na_flow_event),	     [NA_EVENT_CLOSE] = sizeof(struct na_flow_event),
		[NA_EVENT_DATAGRAM] = sizeof(struct na_flow_event),  [NA_EVENT_SOCKET_GONE] = sizeof(struct na_flow_event),
		[NA_EVENT_UNIX] = sizeof(struct na_unix_event),	     [NA_EVENT_FORK] = sizeof(struct na_process_event),
		[NA_EVENT_EXEC] = sizeof(struct na_process_event),   [NA_EVENT_EXIT] = sizeof(struct na_process_event),
		[NA_EVENT_PROGRESS] = sizeof(struct na_flow_event),  [NA_EVENT_STACK] = sizeof(struct na_stack_event),
		[NA_EVENT_CODE] = sizeof(struct na_code_event),	     [NA_EVENT_NATIVE] = sizeof(struct na_native_event),
		[NA_EVENT_NAME] = sizeof(struct na_name_event),
	};

	(void)context;
	REQUIRE(header->type > NA_EVENT_NONE && header->type < NA_EVENT_TYPES);
	REQUIRE(header->size == sizes[header->type] && header->size <= sample_bytes);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct na_capture capture = { .handle = on_event };
	struct na_ring ring = { .capture = &capture, .room = 2 };
	char *sample = fuzz_exact(data, size);

	sample_bytes = size;
	REQUIRE(on_ring_event(&ring, sample, size) == 0);
	REQUIRE(on_ring_event(&ring, sample, size) == ROOM_USED_UP);
	free(sample);
	return 0;
}
