/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Formats a struct na_error. */
#include "base/error.h"

#include <stdarg.h>
#include <stdio.h>

int na_error_set(struct na_error *error, int code, const char *format, ...)
{
	va_list arguments;

	if (!error)
		return code;
	error->code = code;
	va_start(arguments, format);
	(void)vsnprintf(error->text, sizeof(error->text), format, arguments);
	va_end(arguments);
	return code;
}
