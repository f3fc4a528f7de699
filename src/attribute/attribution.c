// SPDX-License-Identifier: GPL-2.0-or-later
/* Attributions are counted, because flows, threads and processes share them; and their names in the journal. */
#include <stdlib.h>

#include "attribute/attribute.h"

static const char *const evidence_names[NA_EVIDENCES] = {
	[NA_EVIDENCE_NONE] = "none",
	[NA_EVIDENCE_PYTHON_STACK] = "python-stack",
	[NA_EVIDENCE_PYTHON_USDT] = "python-usdt",
	[NA_EVIDENCE_MODULE_GLOBALS] = "module-globals",
	[NA_EVIDENCE_NATIVE_OBJECT] = "native-object",
	[NA_EVIDENCE_THREAD_PARENT] = "thread-parent",
	[NA_EVIDENCE_PROCESS_PARENT] = "process-parent",
	[NA_EVIDENCE_ROUTE] = "route",
};

static const char *const author_names[NA_AUTHORS] = {
	[NA_AUTHOR_UNKNOWN] = "unknown",
	[NA_AUTHOR_ADDON] = "addon",
	[NA_AUTHOR_ODOO] = "odoo",
	[NA_AUTHOR_LIBRARY] = "library",
};

const char *na_evidence_name(enum na_evidence_kind evidence)
{
	return evidence_names[evidence];
}

const char *na_witness_name(enum na_stack_witness witness)
{
	return witness == NA_WITNESS_AGREES ? "agrees" : witness == NA_WITNESS_DISAGREES ? "disagrees" : NULL;
}

const char *na_author_name(enum na_author author)
{
	return author_names[author];
}

const struct na_attribution *na_attribution_hold(const struct na_attribution *attribution)
{
	if (attribution)
		((struct na_attribution *)attribution)->holders++;
	return attribution;
}

void na_attribution_release(const struct na_attribution *attribution)
{
	struct na_attribution *mine = (struct na_attribution *)attribution;

	if (!mine || --mine->holders)
		return;
	free(mine->file);
	free(mine->function);
	free(mine->resolved);
	free(mine);
}
