/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Tests which container and pod a task is in, by control groups, mounts and files as runtimes leave them. */
#include "test_addons_root.h"

#include <errno.h>

#include "target/container.h"

#define ID "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define OUTER "fedcba9876543210fedcba9876543210fedcba9876543210fedcba9876543210"
#define UID "1b4e28ba-2fa1-11d2-883f-0016d3cca427"
#define UID_LINES "1b4e28ba_2fa1_11d2_883f_0016d3cca427"
#define STATIC_UID "d41d8cd98f00b204e9800998ecf8427e"

struct fixture {
	struct place place;
	struct na_containers *containers;
};

static int begin(void **state)
{
	struct fixture *fixture = calloc(1, sizeof(*fixture));
	char proc[80];

	assert_non_null(fixture);
	place_new(&fixture->place);
	snprintf(proc, sizeof(proc), "%s/proc", fixture->place.top);
	mkdir(proc, 0755);
	put_file(&fixture->place, "host/etc/hostname", "host\n");
	put_process(&fixture->place, (struct process){ 1, 0, "host", .command = "init" });
	assert_int_equal(na_containers_create(&fixture->containers, proc, NULL), 0);
	*state = fixture;
	return 0;
}

static int end(void **state)
{
	struct fixture *fixture = *state;

	na_containers_destroy(fixture->containers);
	place_free(&fixture->place);
	free(fixture);
	return 0;
}

static const struct {
	const char *text, *container, *pod, *unit;
} groups[] = {
	{ "0::/system.slice/docker-" ID ".scope\n", ID, "", "" },
	{ "0::/docker/" ID "\n", ID, "", "" },
	{ "0::/machine.slice/libpod-" ID ".scope/container\n", ID, "", "" },
	{ "0::/machine.slice/libpod-conmon-" ID ".scope\n", "", "", "" },
	{ "3:cpu:/libpod_parent/libpod-" ID "\n1:name=systemd:/libpod_parent/libpod-" ID "\n0::/\n", ID, "", "" },
	{ "0::/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod" UID_LINES ".slice/cri-containerd-" ID ".scope\n",
	  ID, UID_LINES, "" },
	{ "0::/kubepods.slice/kubepods-pod" UID_LINES ".slice/crio-" ID ".scope/container\n", ID, UID_LINES, "" },
	{ "0::/kubepods.slice/kubepods-pod" UID_LINES ".slice\n", "", UID_LINES, "" },
	{ "11:memory:/kubepods/besteffort/pod" UID "/" ID "\n1:name=systemd:/kubepods/besteffort/pod" UID "/" ID "\n", ID, UID, "" },
	{ "0::/kubepods/burstable/pod" STATIC_UID "/" ID "\n", ID, STATIC_UID, "" },
	{ "0::/system.slice/docker-" OUTER ".scope/kubelet.slice/kubelet-kubepods.slice/kubelet-kubepods-pod" UID_LINES
	  ".slice/cri-containerd-" ID ".scope\n", ID, UID_LINES, "" },
	{ "0::/../../kubepods/pod" UID "/" ID "\n", ID, UID, "" },
	{ "0::/system.slice/containerd.service/kubepods-burstable-pod" UID_LINES ".slice:cri-containerd:" ID "\n", ID, UID_LINES,
	  "containerd.service" },
	{ "0::/system.slice/odoo.service\n", "", "", "odoo.service" },
	{ "0::/user.slice/user-1000.slice/user@1000.service/app.slice/odoo.service\n", "", "", "odoo.service" },
	{ "0::/user.slice/pod" UID "/x\n", "", "", "" },
	{ "0::/kubepods/pod1b4e28ba-2fa1-11d2-883f-0016d3cca42/x\n", "", "", "" },
	{ "0::/kubepods/pod" UID "0/x\n", "", "", "" },
	{ "0::/docker/" ID "0\n", "", "", "" },
	{ "0::/docker/0" ID "\n", "", "", "" },
	{ "0::/docker/\n", "", "", "" },
	{ "", "", "", "" },
	{ "\n\n", "", "", "" },
	{ "0::", "", "", "" },
};

static void check_slice(const char *text, const char *what, struct na_slice found, const char *expected)
{
	if (found.length != strlen(expected) || memcmp(found.length ? found.bytes : "", expected, found.length) != 0)
		fail_msg("%s%s is %.*s, not %s", text, what, (int)found.length, found.bytes, expected);
}

static void test_control_groups_are_read(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(groups) / sizeof(groups[0]); i++) {
		struct na_cgroup found = na_parse_cgroup(groups[i].text, strlen(groups[i].text));

		check_slice(groups[i].text, "container", found.container, groups[i].container);
		check_slice(groups[i].text, "pod", found.pod, groups[i].pod);
		check_slice(groups[i].text, "unit", found.unit, groups[i].unit);
	}
}

static void test_a_group_answers_for_all_only_where_it_can(void **state)
{
	static const struct { const char *text; bool unified; } cases[] = {
		{ "0::/a\n", true }, { "0::/docker/" ID "\n1:cpu:/\n", true }, { "1:cpu:/docker/" ID "\n0::/\n", false },
		{ "1:cpu:/\n0::/\n", false }, { "1:cpu:/\n", false },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		assert_int_equal(na_parse_cgroup(cases[i].text, strlen(cases[i].text)).unified, cases[i].unified);
}

static struct na_task task_of(uint32_t pid, uint64_t cgroup_id)
{
	return (struct na_task){ .pid = pid, .start_ns = (pid + 1000) * UINT64_C(10000000) + 5, .cgroup_id = cgroup_id };
}

/* Puts a process into a control group of the host, and returns that group's id: the number of its folder. */
static uint64_t put_into_group(struct fixture *fixture, uint32_t pid, const char *root, const char *group)
{
	char path[512], text[512];
	struct stat status;

	put_process(&fixture->place, (struct process){ pid, 1, root, .command = "python3" });
	snprintf(path, sizeof(path), "proc/%u/cgroup", pid);
	snprintf(text, sizeof(text), "0::%s\n", group);
	put_file(&fixture->place, path, text);
	snprintf(path, sizeof(path), "host/sys/fs/cgroup%s/cgroup.procs", group);
	put_file(&fixture->place, path, "");
	snprintf(path, sizeof(path), "%s/host/sys/fs/cgroup%s", fixture->place.top, group);
	assert_int_equal(stat(path, &status), 0);
	return status.st_ino;
}

static const struct na_container *container_of(struct fixture *fixture, uint32_t pid, uint64_t cgroup_id)
{
	struct na_task task = task_of(pid, cgroup_id);

	return na_containers_of(fixture->containers, &task);
}

/* As a kubelet lays it out: NAMESPACE_NAME_UID/CONTAINER/0.log; names of pods and namespaces have no underscore. */
static void test_pod_has_its_name_from_the_log_folder(void **state)
{
	struct fixture *fixture = *state;
	const struct na_container *container;
	uint64_t group = put_into_group(fixture, 50, "host", "/kubepods.slice/kubepods-pod" UID_LINES ".slice/cri-containerd-" ID
							    ".scope");

	put_file(&fixture->place, "host/var/log/pods/shop_odoo-0_" STATIC_UID "/odoo/0.log", "");
	put_file(&fixture->place, "host/var/log/pods/shop_odoo-7d9c-x2k4f_" UID "/odoo/0.log", "");
	put_file(&fixture->place, "host/var/log/pods/" UID "/odoo/0.log", "");
	put_file(&fixture->place, "host/var/log/pods/_" UID "/odoo/0.log", "");
	container = container_of(fixture, 50, group);
	assert_non_null(container);
	assert_string_equal(container->id, ID);
	assert_string_equal(container->pod_uid, UID);
	assert_string_equal(container->pod, "odoo-7d9c-x2k4f");
	assert_string_equal(container->pod_namespace, "shop");
	assert_string_equal(container->image, "");
	/* another process of the group is answered for although it is gone already */
	assert_ptr_equal(container_of(fixture, 51, group), container);
	assert_null(container_of(fixture, 51, group + 1000000));
}

/* Process 1 may not be looked at everywhere; then our own root is the host's. */
static void test_without_process_1_our_own_root_is_the_hosts(void **state)
{
	struct fixture *fixture = *state;
	uint64_t group = put_into_group(fixture, 50, "host", "/docker/" ID);

	take_away(&fixture->place, "proc/1");
	assert_null(container_of(fixture, 50, group));
	put_process(&fixture->place, (struct process){ (uint32_t)getpid(), 0, "host", .command = "netaudit-bpf" });
	assert_non_null(container_of(fixture, 50, group));
}

static void test_pod_without_logs_has_no_name(void **state)
{
	struct fixture *fixture = *state;
	uint64_t group = put_into_group(fixture, 50, "host", "/kubepods/burstable/pod" UID "/" ID);
	const struct na_container *container = container_of(fixture, 50, group);

	assert_string_equal(container->pod_uid, UID);
	assert_string_equal(container->pod, "");
	assert_string_equal(container->pod_namespace, "");
}

static void test_images_of_docker_and_podman(void **state)
{
	struct fixture *fixture = *state;
	uint64_t group;

	put_file(&fixture->place, "host/var/lib/docker/containers/" ID "/config.v2.json",
		 "{\"ID\":\"" ID "\",\"Config\":{\"Image\":\"odoo:17.0\"},\"Name\":\"/shop\"}");
	put_file(&fixture->place, "host/var/lib/containers/storage/overlay-containers/containers.json",
		 "[{\"id\":\"x\"},{\"id\":\"" OUTER "\",\"image\":\"abc\",\"metadata\":"
		 "\"{\\\"image-name\\\":\\\"docker.io/library/odoo:18.0\\\",\\\"name\\\":\\\"shop\\\"}\"}]");
	group = put_into_group(fixture, 50, "host", "/docker/" ID);
	assert_string_equal(container_of(fixture, 50, group)->image, "odoo:17.0");
	group = put_into_group(fixture, 52, "host", "/machine.slice/libpod-" OUTER ".scope/container");
	assert_string_equal(container_of(fixture, 52, group)->image, "docker.io/library/odoo:18.0");
}

static void test_runtime_files_that_are_not_what_they_should_be(void **state)
{
	static const char *const contents[] = { "", "[", "{}", "[1]", "null", "{\"Config\":7}", "{\"Config\":{\"Image\":{}}}",
						"[{\"id\":\"" ID "\",\"metadata\":\"[\"}]", "[{\"id\":\"" ID "\",\"metadata\":{}}]" };
	struct fixture *fixture = *state;

	for (uint32_t i = 0; i < sizeof(contents) / sizeof(contents[0]); i++) {
		char group[160];

		put_file(&fixture->place, "host/var/lib/docker/containers/" ID "/config.v2.json", contents[i]);
		put_file(&fixture->place, "host/var/lib/containers/storage/overlay-containers/containers.json", contents[i]);
		na_containers_destroy(fixture->containers);
		snprintf(group, sizeof(group), "%s/proc", fixture->place.top);
		assert_int_equal(na_containers_create(&fixture->containers, group, NULL), 0);
		snprintf(group, sizeof(group), "/docker%u/" ID, i);
		assert_string_equal(container_of(fixture, 60 + i, put_into_group(fixture, 60 + i, "host", group))->image, "");
	}
}

/* Between the event and our look the process was moved: what it is in now says nothing about what it was in then. */
static void test_a_process_that_moved_is_not_believed(void **state)
{
	struct fixture *fixture = *state;
	uint64_t before = put_into_group(fixture, 50, "host", "/user.slice");
	uint64_t after = put_into_group(fixture, 50, "host", "/machine.slice/libpod-" ID ".scope");

	assert_null(container_of(fixture, 50, before));
	assert_non_null(container_of(fixture, 50, after));
	assert_null(container_of(fixture, 50, before));
}

static void test_a_reused_number_is_not_believed(void **state)
{
	struct fixture *fixture = *state;
	uint64_t group = put_into_group(fixture, 50, "host", "/docker/" ID);
	struct na_task task = task_of(50, group);

	task.start_ns -= 5000000000;
	assert_null(na_containers_of(fixture->containers, &task));
}

/* A hybrid host, where one cgroup2 path holds everybody: each process is asked. */
static void test_processes_of_a_hybrid_host_are_told_apart(void **state)
{
	struct fixture *fixture = *state;

	for (uint32_t pid = 50; pid < 53; pid++)
		put_process(&fixture->place, (struct process){ pid, 1, "host", .command = "python3" });
	put_file(&fixture->place, "proc/50/cgroup", "1:cpu:/\n0::/\n");
	put_file(&fixture->place, "proc/51/cgroup", "1:cpu:/libpod_parent/libpod-" ID "\n0::/\n");
	put_file(&fixture->place, "proc/52/cgroup", "1:cpu:/docker/" OUTER "\n0::/\n");
	assert_null(container_of(fixture, 50, 1));
	assert_string_equal(container_of(fixture, 51, 1)->id, ID);
	assert_string_equal(container_of(fixture, 52, 1)->id, OUTER);
	assert_null(container_of(fixture, 50, 1));
}

static void put_shared(struct fixture *fixture, const char *from, const char *to)
{
	char left[512], right[512], text[256];

	snprintf(text, sizeof(text), "%s", from);
	put_file(&fixture->place, text, "x\n");
	make_folders(&fixture->place, to, right);
	snprintf(left, sizeof(left), "%s/%s", fixture->place.top, from);
	assert_int_equal(link(left, right), 0);
}

/* The control group says nothing, the mounted files do: but only when they are the runtime's own. */
static void test_mounts_tell_where_control_groups_do_not(void **state)
{
	struct fixture *fixture = *state;
	uint64_t group;

	put_shared(fixture, "host/var/lib/docker/containers/" ID "/hostname", "inside/etc/hostname");
	group = put_into_group(fixture, 50, "inside", "/quiet");
	put_file(&fixture->place, "proc/50/mountinfo", "1 2 8:1 / / rw - ext4 x rw\n3 1 8:1 /var/lib/docker/containers/" ID
							"/hostname /etc/hostname rw - ext4 x rw\n");
	assert_string_equal(container_of(fixture, 50, group)->id, ID);
	put_shared(fixture, "host/var/lib/kubelet/pods/" UID "/etc-hosts", "pod/etc/hosts");
	group = put_into_group(fixture, 51, "pod", "/quiet/pod");
	put_file(&fixture->place, "proc/51/mountinfo", "3 1 8:1 /pods/" UID "/etc-hosts /etc/hosts rw - ext4 x rw\n");
	assert_string_equal(container_of(fixture, 51, group)->pod_uid, UID);
	/* a file of the same name, made by the process itself */
	put_file(&fixture->place, "liar/etc/hostname", "x\n");
	group = put_into_group(fixture, 52, "liar", "/quiet/liar");
	put_file(&fixture->place, "proc/52/mountinfo", "3 1 0:5 /var/lib/docker/containers/" ID
							"/hostname /etc/hostname rw - tmpfs x rw\n");
	assert_null(container_of(fixture, 52, group));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_control_groups_are_read),
		cmocka_unit_test(test_a_group_answers_for_all_only_where_it_can),
		cmocka_unit_test_setup_teardown(test_pod_has_its_name_from_the_log_folder, begin, end),
		cmocka_unit_test_setup_teardown(test_without_process_1_our_own_root_is_the_hosts, begin, end),
		cmocka_unit_test_setup_teardown(test_pod_without_logs_has_no_name, begin, end),
		cmocka_unit_test_setup_teardown(test_images_of_docker_and_podman, begin, end),
		cmocka_unit_test_setup_teardown(test_runtime_files_that_are_not_what_they_should_be, begin, end),
		cmocka_unit_test_setup_teardown(test_a_process_that_moved_is_not_believed, begin, end),
		cmocka_unit_test_setup_teardown(test_a_reused_number_is_not_believed, begin, end),
		cmocka_unit_test_setup_teardown(test_processes_of_a_hybrid_host_are_told_apart, begin, end),
		cmocka_unit_test_setup_teardown(test_mounts_tell_where_control_groups_do_not, begin, end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
