/* SPDX-License-Identifier: GPL-2.0-or-later */
/* An add-on's native code, as a compiled module would be: calls Python, connects by itself, or only leaves traces. */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <sys/socket.h>

extern void *PyObject_CallNoArgs(void *callable);

static void *to_call, *result;

void *call(void *callable)
{
	volatile char room[200];

	room[0] = 1;
	result = PyObject_CallNoArgs(callable);
	return room[0] ? result : NULL;
}

static int compare(const void *a, const void *b)
{
	if (!result)
		result = PyObject_CallNoArgs(to_call);
	return *(const int *)a - *(const int *)b;
}

/* With the C library and a frame of no fixed size in between. */
void *call_from_sort(void *callable, int count)
{
	int *numbers = __builtin_alloca((size_t)count * sizeof(*numbers));

	for (int i = 0; i < count; i++)
		numbers[i] = count - i;
	to_call = callable;
	result = NULL;
	qsort(numbers, (size_t)count, sizeof(*numbers), compare);
	return result;
}

int connect_here(int fd, int port)
{
	struct sockaddr_in address = { .sin_family = AF_INET, .sin_port = htons((unsigned short)port) };

	address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	return connect(fd, (struct sockaddr *)&address, sizeof(address));
}

int leave_traces(int depth)
{
	volatile int room[16];

	room[depth % 16] = depth;
	return depth ? leave_traces(depth - 1) + room[depth % 16] : 0;
}

/* Written out, because what the kernel maps for a probe depends on the instruction under it. */
__asm__(".text\n"
	".globl stepped, jumped\n"
	"stepped: xor %eax, %eax\n	ret\n"
	"jumped: .byte 0x0f, 0x1f, 0x44, 0, 0\n	ret\n");	/* no operation, 5 bytes: 6.18 makes a call of it */
