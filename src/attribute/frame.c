// SPDX-License-Identifier: GPL-2.0-or-later
/* The table of two witnesses, and the few functions of Python, gevent and Odoo that the rules know by name. */
#include "attribute/frame.h"

#include <string.h>

/* NULL matches anything; a file matches at its end, after a slash. */
static const struct {
	const char *file, *module, *function;
	unsigned int traits;
} known_frames[] = {
	{ "threading.py", "threading", NULL, NA_TRAIT_THREADING },
	{ "concurrent/futures/thread.py", "concurrent.futures.thread", "_worker", NA_TRAIT_POOL },
	{ "concurrent/futures/process.py", "concurrent.futures.process", "_process_worker", NA_TRAIT_POOL },
	{ "concurrent/futures/interpreter.py", "concurrent.futures.interpreter", NULL, NA_TRAIT_POOL },
	{ "multiprocessing/pool.py", "multiprocessing.pool", "worker", NA_TRAIT_POOL },
	{ "gevent/threadpool.py", "gevent.threadpool", NULL, NA_TRAIT_POOL },
	{ "gevent/pywsgi.py", "gevent.pywsgi", NULL, NA_TRAIT_SERVER },
	{ "odoo/service/server.py", "odoo.service.server", NULL, NA_TRAIT_SERVER },
	{ "odoo/http.py", "odoo.http", NULL, NA_TRAIT_SERVER },
	{ "odoo/cli/server.py", "odoo.cli.server", NULL, NA_TRAIT_SERVER },
	{ "werkzeug/serving.py", "werkzeug.serving", "WSGIRequestHandler.run_wsgi", NA_TRAIT_SERVING },
	{ "base/models/ir_http.py", "odoo.addons.base.models.ir_http", "IrHttp._dispatch", NA_TRAIT_DISPATCH },
	{ "odoo/http.py", "odoo.http", "HttpDispatcher.dispatch", NA_TRAIT_DISPATCH },
	{ "odoo/http.py", "odoo.http", "JsonRPCDispatcher.dispatch", NA_TRAIT_DISPATCH },
	{ "odoo/http.py", "odoo.http", "Json2Dispatcher.dispatch", NA_TRAIT_DISPATCH },
	{ "odoo/http.py", "odoo.http", "route.<locals>.decorator.<locals>.route_wrapper", NA_TRAIT_ROUTE },
	{ "runpy.py", "runpy", "_run_module_as_main", NA_TRAIT_PROGRAM },
	{ "<frozen runpy>", "runpy", "_run_module_as_main", NA_TRAIT_PROGRAM },
	{ "<frozen importlib._bootstrap>", "importlib._bootstrap", "_call_with_frames_removed", NA_TRAIT_IMPORTER },
};

/* Modules that CPython 3.11 and later keep inside the interpreter: Python/frozen.c. Their files have no folder. */
static const char *const frozen_modules[] = {
	"_collections_abc", "_sitebuiltins", "abc", "codecs", "genericpath", "importlib._bootstrap",
	"importlib._bootstrap_external", "importlib.machinery", "importlib.util", "io", "ntpath", "os", "posixpath",
	"runpy", "site", "stat", "zipimport",
};

static bool is_frozen(const char *file, const char *module)
{
	static const char begin[] = "<frozen ";
	size_t length = strlen(module);

	if (strncmp(file, begin, sizeof(begin) - 1) != 0)
		return false;
	file += sizeof(begin) - 1;
	if (!strcmp(file, "_collections_abc>") && !strcmp(module, "collections.abc"))
		return true;	/* it gives itself that name */
	for (size_t i = 0; i < sizeof(frozen_modules) / sizeof(*frozen_modules); i++)
		if (!strcmp(module, frozen_modules[i]))
			return !strncmp(file, module, length) && !strcmp(file + length, ">");
	return false;
}

static bool ends_in(const char *text, const char *end)
{
	size_t length = strlen(text), end_length = strlen(end);

	return length >= end_length && !strcmp(text + length - end_length, end) &&
	       (length == end_length || text[length - end_length - 1] == '/');
}

/* Names are qualified from Python 3.11 on. */
static bool is_method(const char *function, const char *last)
{
	return last != function && strcmp(last, "__call__") != 0 && !strstr(function, "<locals>");
}

static unsigned int traits_of(const struct na_witnesses *w, enum na_says says)
{
	static const char *const comprehensions[] = { "<listcomp>", "<setcomp>", "<dictcomp>" };
	const char *last = strrchr(w->function, '.');	/* a qualified name ends in the function's own */
	unsigned int traits = 0;

	last = last ? last + 1 : w->function;
	if (!strcmp(last, "<module>"))
		traits |= strcmp(w->module, "__main__") ? NA_TRAIT_BODY : NA_TRAIT_BODY | NA_TRAIT_PROGRAM;
	for (size_t i = 0; i < sizeof(comprehensions) / sizeof(*comprehensions); i++)
		if (!strcmp(last, comprehensions[i]))
			traits |= NA_TRAIT_COMPREHENSION;
	if (is_method(w->function, last))
		traits |= NA_TRAIT_METHOD;
	if (says != NA_SAYS_LIBRARY && says != NA_SAYS_ODOO)
		return traits;
	if (!strcmp(last, "__del__"))
		traits |= NA_TRAIT_FINALIZER;
	for (size_t i = 0; i < sizeof(known_frames) / sizeof(*known_frames); i++)
		if (ends_in(w->file, known_frames[i].file) && !strcmp(w->module, known_frames[i].module) &&
		    (!known_frames[i].function || !strcmp(w->function, known_frames[i].function)))
			traits |= known_frames[i].traits;
	return traits;
}

/* Whether a module of this name can have come from that file: "…/requests/api.py" is "requests.api". */
static bool name_fits_file(const char *module, const char *file)
{
	const char *end = file + strlen(file), *dot = strrchr(file, '.'), *slash = strrchr(file, '/');
	size_t length = strlen(module);

	if (!strcmp(module, "__main__") || !strcmp(module, "__mp_main__"))
		return true;
	if (!strcmp(module, "collections.abc") && ends_in(file, "_collections_abc.py"))
		return true;
	if (dot && slash && dot > slash)
		end = dot;
	if (end - file > 9 && !strncmp(end - 9, "/__init__", 9))
		end -= 9;
	if (!length || (size_t)(end - file) <= length || end[-(ptrdiff_t)length - 1] != '/')
		return false;
	for (size_t i = 0; i < length; i++) {
		char wanted = module[i] == '.' ? '/' : module[i];

		if (module[i] == '/' || end[(ptrdiff_t)i - (ptrdiff_t)length] != wanted)
			return false;
	}
	return true;
}

static struct na_statement of_addon(const struct na_addon *addon, enum na_evidence_kind evidence, bool disagree)
{
	enum na_says says = addon->base ? NA_SAYS_ODOO : NA_SAYS_ADDON;

	if (addon->base && evidence != NA_EVIDENCE_PYTHON_STACK)	/* who calls itself Odoo needs both witnesses */
		return (struct na_statement){ .says = NA_SAYS_NOBODY };
	return (struct na_statement){ .says = says, .addon = addon, .evidence = evidence, .disagree = disagree };
}

static struct na_statement of_addon_file(const struct na_witnesses *w)
{
	const struct na_addon *by_file = w->of_file.addon, *by_module = w->of_module.addon;

	if (w->of_module.owner != NA_OWNER_ADDON)
		/* a claim to be `base` would be one to be Odoo: it vouches for nobody */
		return (struct na_statement){ .says = by_file->base ? NA_SAYS_NOBODY : NA_SAYS_CLAIM,
					      .addon = by_file };
	if (strcmp(by_file->name, by_module->name) != 0)
		return (struct na_statement){ .says = NA_SAYS_CONFLICT, .addon = by_file, .other = by_module,
					      .disagree = true };
	return of_addon(by_file, NA_EVIDENCE_PYTHON_STACK, false);
}

static struct na_statement of_other_file(const struct na_witnesses *w)
{
	struct na_statement nobody = { .says = NA_SAYS_NOBODY };

	if (w->of_file.owner == NA_OWNER_ODOO) {
		if (w->of_module.owner == NA_OWNER_ODOO || !strcmp(w->module, "__main__"))
			return (struct na_statement){ .says = NA_SAYS_ODOO, .evidence = NA_EVIDENCE_PYTHON_STACK };
		return nobody;
	}
	/* what calls itself Odoo's or an add-on's and is neither by its file is no library */
	if (w->of_module.owner != NA_OWNER_NOBODY || !strncmp(w->module, "odoo.", 5) ||
	    !strncmp(w->module, "openerp.", 8))
		return nobody;
	if (w->of_file.owner == NA_OWNER_NOBODY ? is_frozen(w->file, w->module) : name_fits_file(w->module, w->file))
		return (struct na_statement){ .says = NA_SAYS_LIBRARY };
	return nobody;
}

struct na_statement na_frame_says(const struct na_witnesses *w)
{
	struct na_statement statement;

	if (w->of_file.owner == NA_OWNER_ADDON)
		statement = of_addon_file(w);
	else if (w->of_module.owner == NA_OWNER_ADDON)
		statement =
			of_addon(w->of_module.addon, NA_EVIDENCE_MODULE_GLOBALS, w->of_file.owner != NA_OWNER_NOBODY);
	else
		statement = of_other_file(w);
	statement.traits = traits_of(w, statement.says);
	return statement;
}

struct na_statement na_frame_says_falsely(const struct na_statement *statement)
{
	return (struct na_statement){ .says = NA_SAYS_CLAIM, .addon = statement->addon,
				      .traits = statement->traits | NA_TRAIT_NOT_MODULE };
}
