/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Tests whose files and modules are, in the layouts Odoo is installed in, and in those somebody makes up. */
#include "test_addons_root.h"

#include "target/addons.h"

#define DIST "/usr/lib/python3/dist-packages"
#define NOBODY "nobody"
#define ODOO "odoo"
#define LIBRARY "library"
#define OTHER "other"

struct fixture {
	struct place place;
	struct na_addons *addons;
};

static int begin(void **state)
{
	struct fixture *fixture = calloc(1, sizeof(*fixture));
	char proc[80];

	assert_non_null(fixture);
	place_new(&fixture->place);
	snprintf(proc, sizeof(proc), "%s/proc", fixture->place.top);
	mkdir(proc, 0755);
	assert_int_equal(na_addons_create(&fixture->addons, proc), 0);
	*state = fixture;
	return 0;
}

static int end(void **state)
{
	struct fixture *fixture = *state;

	na_addons_destroy(fixture->addons);
	place_free(&fixture->place);
	free(fixture);
	return 0;
}

/* "ADD-ON@FOLDER", or the owner's name. */
static const char *say(struct na_owned owned)
{
	static const char *const names[] = {
		[NA_OWNER_NOBODY] = NOBODY, [NA_OWNER_ODOO] = ODOO, [NA_OWNER_LIBRARY] = LIBRARY, [NA_OWNER_OTHER] = OTHER,
	};
	static char text[NA_ADDON_NAME_BYTES + NA_ADDON_PATH_BYTES];

	if (owned.owner != NA_OWNER_ADDON)
		return names[owned.owner];
	snprintf(text, sizeof(text), "%s@%s", owned.addon->name, owned.addon->path);
	return text;
}

struct expected {
	const char *text, *owner;
};

static void check_files(struct fixture *fixture, const char *instance, uint32_t pid, const struct expected *expected)
{
	for (; expected->text; expected++) {
		const char *said = say(na_addons_of_file(fixture->addons, instance, pid, expected->text));

		if (strcmp(said, expected->owner) != 0)
			fail_msg("%s is %s, not %s", expected->text, said, expected->owner);
	}
}

static void check_modules(struct fixture *fixture, const char *instance, uint32_t pid, const struct expected *expected)
{
	for (; expected->text; expected++) {
		const char *said = say(na_addons_of_module(fixture->addons, instance, pid, expected->text));

		if (strcmp(said, expected->owner) != 0)
			fail_msg("%s is %s, not %s", expected->text, said, expected->owner);
	}
}

/* Debian's package: the odoo package among the installed ones, and add-ons of one's own in two more paths. */
static void put_debian(struct fixture *fixture, const char *root)
{
	struct place *place = &fixture->place;
	static const char *const files[] = {
		"/usr/bin/odoo", "/usr/bin/python3.13", "/usr/lib/python3.13/socket.py", DIST "/requests/api.py",
		DIST "/odoo/release.py", DIST "/odoo/http.py", DIST "/odoo/service/server.py", DIST "/odoo/addons/__init__.py",
		DIST "/odoo/addons/left_over/x.py", "/srv/cron.py", "/srv/venv/pyvenv.cfg",
		"/srv/venv/lib/python3.13/site-packages/zeep/x.py", "/srv/fake/lib/python3.13/site-packages/zeep/x.py",
	};
	static const char *const addons[] = {
		DIST "/odoo/addons/base", DIST "/odoo/addons/mail", "/opt/own/probe", "/opt/own/twice", "/opt/more/twice",
		"/opt/elsewhere/probe", "/opt/linked_target", "/var/lib/odoo/.local/share/Odoo/addons/19.0/downloaded",
		"/var/lib/odoo/.local/share/Odoo/addons/18.0/downloaded", "/opt/more/base",
	};
	char path[512];

	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
		snprintf(path, sizeof(path), "%s%s", root, files[i]);
		put_file(place, path, strstr(path, "release.py") ? "version_info = (19, 0, 0, FINAL, 0, '')\n" : "");
	}
	for (size_t i = 0; i < sizeof(addons) / sizeof(addons[0]); i++) {
		snprintf(path, sizeof(path), "%s%s", root, addons[i]);
		put_addon(place, path, "{'name': 'X', 'version': '19.0.1.0', 'author': ['A', 'B'], 'license': 'LGPL-3'}");
	}
	snprintf(path, sizeof(path), "%s/opt/own/linked", root);
	put_link(place, path, "/opt/linked_target");
	snprintf(path, sizeof(path), "%s/etc/odoo/odoo.conf", root);
	put_file(place, path, "[options]\n; addons_path = /opt/elsewhere\nAddons_Path = /opt/own,\n  /opt/more\ndb_user = x\n");
}

static void put_debian_processes(struct fixture *fixture, uint32_t pid, const char *root)
{
	put_process(&fixture->place, (struct process){ pid, 1, root, .command =
		"/usr/bin/python3|/usr/bin/odoo|--config|/etc/odoo/odoo.conf", .environment = "HOME=/var/lib/odoo" });
	put_process(&fixture->place, (struct process){ pid + 1, pid, root, .command = "odoo: WorkerHTTP 11" });
	put_process(&fixture->place, (struct process){ pid + 2, pid + 1, root, .command = "curl|x",
						       .executable = "/usr/bin/curl" });
}

static const struct expected debian_files[] = {
	{ "/opt/own/probe/models/thing.py", "probe@/opt/own/probe" },
	{ "/opt/own/probe/__init__.py", "probe@/opt/own/probe" },
	{ "/opt/own/twice/models/thing.py", "twice@/opt/own/twice" },
	{ "/opt/more/twice/models/thing.py", "twice@/opt/more/twice" },
	{ "/opt/own/linked/models/thing.py", "linked@/opt/linked_target" },
	{ "/opt/linked_target/models/thing.py", "linked@/opt/linked_target" },
	{ "/opt/own/../own/./probe//models/thing.py", "probe@/opt/own/probe" },
	{ DIST "/odoo/addons/base/models/thing.py", "base@" DIST "/odoo/addons/base" },
	{ DIST "/odoo/addons/mail/models/thing.py", "mail@" DIST "/odoo/addons/mail" },
	{ "/var/lib/odoo/.local/share/Odoo/addons/19.0/downloaded/__init__.py",
	  "downloaded@/var/lib/odoo/.local/share/Odoo/addons/19.0/downloaded" },
	{ "/var/lib/odoo/.local/share/Odoo/addons/18.0/downloaded/__init__.py", OTHER },
	{ "/opt/elsewhere/probe/models/thing.py", OTHER },
	{ DIST "/odoo/addons/left_over/x.py", OTHER },
	{ DIST "/odoo/addons/__init__.py", ODOO },
	{ DIST "/odoo/http.py", ODOO },
	{ DIST "/odoo/service/server.py", ODOO },
	{ "/usr/bin/odoo", ODOO },
	{ DIST "/requests/api.py", LIBRARY },
	{ "/usr/lib/python3.13/socket.py", LIBRARY },
	{ "/srv/venv/lib/python3.13/site-packages/zeep/x.py", LIBRARY },
	{ "/srv/fake/lib/python3.13/site-packages/zeep/x.py", OTHER },
	{ "/srv/cron.py", OTHER },
	{ "/opt/own/probe/models/invented.py", NOBODY },
	{ "/opt/own/probe/models", NOBODY },
	{ "/opt/own/probe", NOBODY },
	{ "/", NOBODY },
	{ "", NOBODY },
	{ "<string>", NOBODY },
	{ "<frozen importlib._bootstrap>", NOBODY },
	{ "ir.actions.server(158,)", NOBODY },
	{ "opt/own/probe/models/thing.py", NOBODY },
	{ "/proc/self/cwd/opt/own/probe/models/thing.py", NOBODY },
	{ NULL, NULL },
};

static const struct expected debian_modules[] = {
	{ "odoo.addons.probe.models.thing", "probe@/opt/own/probe" },
	{ "odoo.addons.probe", "probe@/opt/own/probe" },
	{ "openerp.addons.probe.x", "probe@/opt/own/probe" },
	{ "odoo.addons.twice", "twice@/opt/own/twice" },
	{ "odoo.addons.linked", "linked@/opt/linked_target" },
	{ "odoo.addons.base.models", "base@" DIST "/odoo/addons/base" },
	{ "odoo.addons.nothing", NOBODY },
	{ "odoo.addons.", NOBODY },
	{ "odoo.addons...", NOBODY },
	{ "odoo.addons.../..", NOBODY },
	{ "odoo.addons", ODOO },
	{ "odoo", ODOO },
	{ "odoo.http", ODOO },
	{ "odoo.service.server", ODOO },
	{ "odoo.invented", NOBODY },
	{ "odoo_things.http", NOBODY },
	{ "requests.api", NOBODY },
	{ "__main__", NOBODY },
	{ "", NOBODY },
	{ NULL, NULL },
};

static void test_debian_layout(void **state)
{
	struct fixture *fixture = *state;

	put_debian(fixture, "root");
	put_debian_processes(fixture, 10, "root");
	assert_int_equal(na_addons_learn(fixture->addons, "config:/etc/odoo/odoo.conf", 11), 0);
	for (uint32_t pid = 10; pid < 13; pid++) {
		check_files(fixture, "config:/etc/odoo/odoo.conf", pid, debian_files);
		check_modules(fixture, "config:/etc/odoo/odoo.conf", pid, debian_modules);
	}
}

static void test_manifest_is_told(void **state)
{
	struct fixture *fixture = *state;
	struct na_owned owned;
	static const uint8_t zeros[32];

	put_debian(fixture, "root");
	put_debian_processes(fixture, 10, "root");
	owned = na_addons_of_module(fixture->addons, "i", 10, "odoo.addons.probe");
	assert_string_equal(owned.addon->version, "19.0.1.0");
	assert_string_equal(owned.addon->author, "A, B");
	assert_string_equal(owned.addon->website, "");
	assert_string_equal(owned.addon->license, "LGPL-3");
	assert_true(owned.addon->manifest_readable);
	assert_memory_not_equal(owned.addon->manifest_hash, zeros, 32);
	assert_false(owned.addon->base);
	/* only Odoo's own `base` is the core, not every add-on of that name */
	assert_true(na_addons_of_module(fixture->addons, "i", 10, "odoo.addons.base").addon->base);
	assert_false(na_addons_of_file(fixture->addons, "i", 10, "/opt/more/base/__init__.py").addon->base);
}

static size_t news_count;
static char news[8][256];

static void note_news(void *context, const char *instance, const struct na_addon *addon)
{
	(void)context;
	snprintf(news[news_count++ % 8], sizeof(news[0]), "%s %s %s", instance, addon->name, addon->version);
}

static void take_news(struct fixture *fixture)
{
	news_count = 0;
	na_addons_each_new(fixture->addons, note_news, NULL);
}

static void test_addons_are_announced_once_and_when_changed(void **state)
{
	struct fixture *fixture = *state;
	const struct na_addon *before, *after;

	put_debian(fixture, "root");
	put_debian_processes(fixture, 10, "root");
	for (int i = 0; i < 3; i++)
		before = na_addons_of_file(fixture->addons, "i", 10, "/opt/own/probe/__init__.py").addon;
	na_addons_of_file(fixture->addons, "other", 11, "/opt/own/probe/models/thing.py");
	take_news(fixture);
	assert_int_equal(news_count, 2);
	assert_string_equal(news[0], "i probe 19.0.1.0");
	assert_string_equal(news[1], "other probe 19.0.1.0");
	take_news(fixture);
	assert_int_equal(news_count, 0);
	put_file(&fixture->place, "root/opt/own/probe/__manifest__.py", "{'version': '19.0.1.1'}");
	na_addons_look_again(fixture->addons);
	after = na_addons_of_file(fixture->addons, "i", 10, "/opt/own/probe/__init__.py").addon;
	assert_ptr_not_equal(before, after);
	assert_string_equal(before->version, "19.0.1.0");
	assert_string_equal(after->version, "19.0.1.1");
	take_news(fixture);
	assert_int_equal(news_count, 1);
	assert_string_equal(news[0], "i probe 19.0.1.1");
	put_file(&fixture->place, "root/opt/own/probe/__manifest__.py", "import os");
	na_addons_look_again(fixture->addons);
	after = na_addons_of_file(fixture->addons, "i", 10, "/opt/own/probe/__init__.py").addon;
	assert_false(after->manifest_readable);
	assert_string_equal(after->version, "");
}

static void test_configuration_that_changes_is_read_again(void **state)
{
	static const struct expected before[] = { { "/opt/elsewhere/probe/__init__.py", OTHER }, { NULL, NULL } };
	static const struct expected after[] = {
		{ "/opt/elsewhere/probe/__init__.py", "probe@/opt/elsewhere/probe" }, { NULL, NULL },
	};
	struct fixture *fixture = *state;

	put_debian(fixture, "root");
	put_debian_processes(fixture, 10, "root");
	check_files(fixture, "i", 10, before);
	put_file(&fixture->place, "root/etc/odoo/odoo.conf", "[options]\naddons_path = /opt/elsewhere\n");
	na_addons_look_again(fixture->addons);
	check_files(fixture, "i", 10, after);
}

static void test_what_was_somebodys_stays_theirs(void **state)
{
	static const struct expected kept[] = { { "/opt/own/probe/models/thing.py", "probe@/opt/own/probe" }, { NULL, NULL } };
	static const struct expected gone[] = { { "/opt/own/probe/__init__.py", NOBODY }, { NULL, NULL } };
	struct fixture *fixture = *state;

	put_debian(fixture, "root");
	put_debian_processes(fixture, 10, "root");
	check_files(fixture, "i", 10, kept);
	take_away(&fixture->place, "root/opt/own/probe");
	na_addons_look_again(fixture->addons);
	check_files(fixture, "i", 10, kept);
	check_files(fixture, "i", 10, gone);
	/* nor does it matter that the process which asks is gone: another one has the same root, or the answer is known */
	take_away(&fixture->place, "proc/11");
	check_files(fixture, "i", 11, kept);
	take_away(&fixture->place, "proc");
	na_addons_look_again(fixture->addons);
	check_files(fixture, "i", 10, kept);
	check_files(fixture, "nobody's", 10, gone);
}

/* The same path in two containers is two files; in one instance too, when a sub-process has another root. */
static void test_roots_are_kept_apart(void **state)
{
	static const struct expected inside[] = { { "/opt/own/probe/__init__.py", "probe@/opt/own/probe" }, { NULL, NULL } };
	static const struct expected outside[] = {
		{ "/opt/own/probe/__init__.py", OTHER }, { "/opt/own/linked/__init__.py", NOBODY }, { NULL, NULL },
	};
	struct fixture *fixture = *state;

	put_debian(fixture, "root");
	put_debian_processes(fixture, 10, "root");
	put_file(&fixture->place, "other/opt/own/probe/__init__.py", "");
	put_link(&fixture->place, "other/opt/own/linked", "../../../root/opt/own/probe");
	put_process(&fixture->place, (struct process){ 20, 10, "other", .command = "python3|x.py" });
	check_files(fixture, "i", 10, inside);
	check_files(fixture, "i", 20, outside);
	check_files(fixture, "i", 11, inside);
	/* with two roots to choose from, a process that is gone has none */
	check_files(fixture, "i", 4000, (const struct expected[]){ { "/opt/own/probe/__init__.py", NOBODY }, { NULL, NULL } });
}

/* A link that leads out of the root, and one that leads to it through "..", stay inside. */
static void test_links_do_not_leave_the_root(void **state)
{
	static const struct expected expected[] = {
		{ "/opt/own/escape/__init__.py", NOBODY }, { "/opt/own/up/__init__.py", NOBODY },
		{ "/opt/own/loop/__init__.py", NOBODY }, { NULL, NULL },
	};
	struct fixture *fixture = *state;
	char target[128];

	put_debian(fixture, "root");
	put_debian_processes(fixture, 10, "root");
	put_addon(&fixture->place, "secret", "{'name': 'S'}");
	snprintf(target, sizeof(target), "%s/secret", fixture->place.top);
	put_link(&fixture->place, "root/opt/own/escape", target);
	put_link(&fixture->place, "root/opt/own/up", "../../../../secret");
	put_link(&fixture->place, "root/opt/own/loop", "loop");
	check_files(fixture, "i", 10, expected);
}

/* A manifest that is a device, a pipe or a folder is none, and nothing is opened that would wait. */
static void test_only_files_are_read(void **state)
{
	struct fixture *fixture = *state;
	static const struct expected expected[] = { { "/opt/own/pipe/x.py", OTHER }, { NULL, NULL } };
	char path[128];

	put_debian(fixture, "root");
	put_debian_processes(fixture, 10, "root");
	put_file(&fixture->place, "root/opt/own/pipe/x.py", "");
	snprintf(path, sizeof(path), "%s/root/opt/own/pipe/__manifest__.py", fixture->place.top);
	assert_int_equal(mkfifo(path, 0600), 0);
	check_files(fixture, "i", 10, expected);
}

/* A source checkout: odoo-bin beside the package, a sibling folder of add-ons, paths relative to where it started. */
static void put_checkout(struct fixture *fixture)
{
	struct place *place = &fixture->place;

	put_file(place, "root/opt/odoo/odoo-bin", "");
	put_file(place, "root/opt/odoo/odoo/__init__.py", "");
	put_file(place, "root/opt/odoo/odoo/release.py", "version_info = ('saas~17', 2, 0, FINAL, 0, '')\n");
	put_file(place, "root/opt/odoo/odoo/tools/mail.py", "");
	put_addon(place, "root/opt/odoo/odoo/addons/base", "{'name': 'Base'}");
	put_addon(place, "root/opt/odoo/addons/sale", "{'name': 'Sales'}");
	put_addon(place, "root/home/me/mine/probe", "{'name': 'Probe'}");
	put_addon(place, "root/home/me/data/addons/saas~17.2/got", "{'name': 'Got'}");
	put_file(place, "root/home/me/mine/probe/vendor/inner/__manifest__.py", "{}");
	put_file(place, "root/home/me/mine/probe/vendor/inner/x.py", "");
	put_file(place, "root/home/me/mine/sold/__manifest__.py", "{'name': 'No sources'}");
	put_file(place, "root/home/me/mine/sold/__init__.pyc", "");
	put_file(place, "root/home/me/mine/sold/models/secret.pyc", "");
	put_file(place, "root/home/me/mine/sold/models/native.cpython-313-x86_64-linux-gnu.so", "");
	put_file(place, "root/home/me/mine/old/__openerp__.py", "{'name': 'Old'}");
	put_file(place, "root/home/me/mine/old/x.py", "");
	put_file(place, "root/home/me/mine/namespace/models/x.py", "");
}

static const struct expected checkout_files[] = {
	{ "/opt/odoo/odoo-bin", ODOO },
	{ "/opt/odoo/odoo/tools/mail.py", ODOO },
	{ "/opt/odoo/odoo/addons/base/__init__.py", "base@/opt/odoo/odoo/addons/base" },
	{ "/opt/odoo/addons/sale/models/thing.py", "sale@/opt/odoo/addons/sale" },
	{ "/home/me/mine/probe/models/thing.py", "probe@/home/me/mine/probe" },
	{ "/home/me/mine/probe/vendor/inner/x.py", "probe@/home/me/mine/probe" },
	{ "/home/me/mine/sold/models/secret.py", "sold@/home/me/mine/sold" },
	{ "/home/me/mine/sold/models/native.cpython-313-x86_64-linux-gnu.so", "sold@/home/me/mine/sold" },
	{ "/home/me/mine/sold/models/other.py", NOBODY },
	{ "/home/me/mine/old/x.py", "old@/home/me/mine/old" },
	{ "/home/me/mine/namespace/models/x.py", OTHER },
	{ "/home/me/data/addons/saas~17.2/got/__init__.py", "got@/home/me/data/addons/saas~17.2/got" },
	{ NULL, NULL },
};

static void test_source_checkout(void **state)
{
	static const char *const commands[] = {
		"python3|odoo-bin|--addons-path=../../home/me/mine,addons|-D|/home/me/data",
		"python3|./odoo-bin|--addons-path|addons,/home/me/mine|--data-dir=~/data",
		"python3|/opt/odoo/odoo-bin|server|-c|/home/me/o.conf",
		"python3|odoo-bin|--conf=/home/me/o.conf",
		"python3|odoo-bin|-c/home/me/o.conf|--addons-path=~/mine",
		"python3|odoo-bin", /* ~/.odoorc */
		"python3|-m|odoo|-c|/home/me/o.conf",
	};
	struct fixture *fixture = *state;

	put_checkout(fixture);
	put_file(&fixture->place, "root/home/me/o.conf", "[options]\naddons_path=/home/me/mine\ndata_dir : /home/me/data\n");
	put_file(&fixture->place, "root/home/me/.odoorc", "[options]\naddons_path=/home/me/mine\ndata_dir=~/data\n");
	for (uint32_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++) {
		char instance[16];

		snprintf(instance, sizeof(instance), "pid:%u", 30 + i);
		put_process(&fixture->place, (struct process){ 30 + i, 1, "root", .command = commands[i],
							       .folder = "/opt/odoo", .environment = "HOME=/home/me" });
		check_files(fixture, instance, 30 + i, checkout_files);
	}
}

/* Without HOME the user's entry in the process's own passwd file tells; without an environment the usual file does. */
static void test_home_and_usual_places(void **state)
{
	static const struct expected expected[] = {
		{ "/home/me/mine/probe/x.py", "probe@/home/me/mine/probe" }, { NULL, NULL },
	};
	struct fixture *fixture = *state;
	char passwd[128];

	put_checkout(fixture);
	put_file(&fixture->place, "root/home/me/mine/probe/x.py", "");
	put_file(&fixture->place, "root/home/me/.odoorc", "[options]\naddons_path=~/mine\n");
	snprintf(passwd, sizeof(passwd), "x:x:99999:0::/x:\nme:x:%u:0::/home/me:/bin/sh\n", getuid());
	put_file(&fixture->place, "root/etc/passwd", passwd);
	put_process(&fixture->place, (struct process){ 40, 1, "root", .command = "python3|/opt/odoo/odoo-bin",
						       .environment = "LANG=C" });
	check_files(fixture, "a", 40, expected);
	take_away(&fixture->place, "root/home/me/.odoorc");
	put_file(&fixture->place, "root/etc/odoo/odoo.conf", "[options]\naddons_path=/home/me/mine\n");
	put_process(&fixture->place, (struct process){ 41, 1, "root", .command = "python3|/opt/odoo/odoo-bin" });
	check_files(fixture, "b", 41, expected);
	put_process(&fixture->place, (struct process){ 42, 1, "root", .command = "python3|/opt/odoo/odoo-bin",
						       .environment = "ODOO_RC=/etc/odoo/odoo.conf" });
	check_files(fixture, "c", 42, expected);
}

/* Packages that bring add-ons (odoo/addons/NAME among installed packages) are part of the same namespace. */
static void test_installed_addons(void **state)
{
	static const struct expected expected[] = {
		{ "/srv/env/lib/python3.11/site-packages/odoo/addons/wheel/models/thing.py",
		  "wheel@/srv/env/lib/python3.11/site-packages/odoo/addons/wheel" },
		{ "/srv/env/lib/python3.11/site-packages/lxml/x.py", LIBRARY },
		{ "/opt/odoo/odoo/tools/mail.py", ODOO },
		{ NULL, NULL },
	};
	struct fixture *fixture = *state;

	put_checkout(fixture);
	put_file(&fixture->place, "root/srv/env/pyvenv.cfg", "");
	put_file(&fixture->place, "root/srv/env/lib/python3.11/site-packages/lxml/x.py", "");
	put_addon(&fixture->place, "root/srv/env/lib/python3.11/site-packages/odoo/addons/wheel", "{}");
	put_process(&fixture->place, (struct process){ 50, 1, "root", .command = "/srv/env/bin/python3|/opt/odoo/odoo-bin",
						       .executable = "/usr/bin/python3.11" });
	check_files(fixture, "i", 50, expected);
}

/* A Python program that is no Odoo: --addons-path as for Odoo, else what the folders look like. */
static void test_plain_python(void **state)
{
	static const struct expected given[] = {
		{ "/srv/a/probe/models/thing.py", "probe@/srv/a/probe" }, { "/srv/b/probe/models/thing.py", OTHER },
		{ NULL, NULL },
	};
	static const struct expected by_folder[] = {
		{ "/srv/a/probe/models/thing.py", "probe@/srv/a/probe" },
		{ "/srv/addons/probe/models/thing.py", "probe@/srv/addons/probe" },
		{ "/srv/b/probe/models/thing.py", OTHER },	/* beside packages that are no add-ons */
		{ "/srv/main.py", OTHER },
		{ NULL, NULL },
	};
	struct fixture *fixture = *state;

	put_addon(&fixture->place, "root/srv/a/probe", "{'name': 'P'}");
	put_addon(&fixture->place, "root/srv/b/probe", "{'name': 'P'}");
	put_addon(&fixture->place, "root/srv/addons/probe", "{'name': 'P'}");
	put_file(&fixture->place, "root/srv/b/package/__init__.py", "");
	put_file(&fixture->place, "root/srv/addons/package/__init__.py", "");
	put_file(&fixture->place, "root/srv/main.py", "");
	put_process(&fixture->place, (struct process){ 60, 1, "root", .command = "python3|/srv/main.py|--addons-path=/srv/a" });
	put_process(&fixture->place, (struct process){ 61, 60, "root", .command = "python3|/srv/child.py" });
	put_process(&fixture->place, (struct process){ 62, 1, "root", .command = "python3|/srv/main.py" });
	check_files(fixture, "pid:60", 60, given);
	check_files(fixture, "pid:61", 61, given);
	check_files(fixture, "pid:62", 62, by_folder);
}

static void add_name(void *context, const struct na_addon *addon)
{
	strcat(strcat(context, addon->name), " ");
}

static void test_all_are_listed_in_order_of_name(void **state)
{
	struct fixture *fixture = *state;
	char names[256] = "";

	put_debian(fixture, "root");
	put_debian_processes(fixture, 10, "root");
	check_files(fixture, "i", 10, debian_files);
	na_addons_each(fixture->addons, add_name, names);
	assert_string_equal(names, "base downloaded linked mail probe twice twice ");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_debian_layout, begin, end),
		cmocka_unit_test_setup_teardown(test_manifest_is_told, begin, end),
		cmocka_unit_test_setup_teardown(test_addons_are_announced_once_and_when_changed, begin, end),
		cmocka_unit_test_setup_teardown(test_configuration_that_changes_is_read_again, begin, end),
		cmocka_unit_test_setup_teardown(test_what_was_somebodys_stays_theirs, begin, end),
		cmocka_unit_test_setup_teardown(test_roots_are_kept_apart, begin, end),
		cmocka_unit_test_setup_teardown(test_links_do_not_leave_the_root, begin, end),
		cmocka_unit_test_setup_teardown(test_only_files_are_read, begin, end),
		cmocka_unit_test_setup_teardown(test_source_checkout, begin, end),
		cmocka_unit_test_setup_teardown(test_home_and_usual_places, begin, end),
		cmocka_unit_test_setup_teardown(test_installed_addons, begin, end),
		cmocka_unit_test_setup_teardown(test_plain_python, begin, end),
		cmocka_unit_test_setup_teardown(test_all_are_listed_in_order_of_name, begin, end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
