// SPDX-License-Identifier: GPL-2.0-or-later
/* Lines of Prometheus' text format. */
#include "report/exposition.h"

#include <math.h>
#include <string.h>

#include "base/escape.h"

#define VALUE_BYTES NA_ESCAPED_BYTES(64)	/* of a label; a database of series is no place for more */

void na_exposition_family(FILE *out, const char *name, const char *type, const char *help)
{
	fprintf(out, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, type);
}

/* What na_escape() leaves has no line break; backslashes, also its own, and quotes are the format's. */
static void put_label(FILE *out, const struct na_label *label)
{
	char text[VALUE_BYTES];

	na_escape(text, sizeof(text), label->value, strlen(label->value));
	fprintf(out, "%s=\"", label->name);
	for (const char *at = text; *at; at++) {
		if (*at == '"' || *at == '\\')
			fputc('\\', out);
		fputc(*at, out);
	}
	fputc('"', out);
}

void na_exposition_sample(FILE *out, const char *name, const struct na_label *labels, double value)
{
	fputs(name, out);
	for (size_t i = 0; labels && labels[i].name; i++) {
		fputc(i ? ',' : '{', out);
		put_label(out, &labels[i]);
	}
	if (labels && labels[0].name)
		fputc('}', out);
	fprintf(out, floor(value) < value ? " %.6f\n" : " %.0f\n", value);
}

void na_exposition_single(FILE *out, const char *name, const char *type, const char *help, double value)
{
	na_exposition_family(out, name, type, help);
	na_exposition_sample(out, name, NULL, value);
}
