/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The cgroupfs driver on a directory that imitates cgroup2 with plain files: which levels get which controllers, what is
 * written where, what is in the journal, what is refused. (That the kernel obeys is shown on real hosts.)
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "linux/cgroup_impl.h"
#include "linux/steps.h"
#include "sys/hostfs.h"
#include "tap.h"

static char base[PATH_MAX];
static struct facts facts;
static struct spec_linux lnx;
static struct spec_resources resources;
static struct spec_memory memory;
static struct spec_cpu cpu;
static struct spec spec;
static struct plan plan;
static struct run run;
static struct err err;
static struct strv notes;

/* ---- the imitation ---- */

static void put(const char *dir, const char *file, const char *text)
{
	char path[PATH_MAX + 64];

	snprintf(path, sizeof(path), "%s%s/%s", base, dir, file);
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	CHECK(fd >= 0);
	CHECK(write(fd, text, strlen(text)) == (ssize_t)strlen(text));
	close(fd);
}

static const char *get(const char *dir, const char *file)
{
	static char text[512];
	char path[PATH_MAX + 64];

	snprintf(path, sizeof(path), "%s%s/%s", base, dir, file);
	if (host_read_small(AT_FDCWD, path, text, sizeof(text)) < 0)
		snprintf(text, sizeof(text), "(none)");
	return text;
}

static void make_cgroup(const char *dir, const char *controllers, const char *subtree)
{
	char path[PATH_MAX + 64];

	snprintf(path, sizeof(path), "%s%s", base, dir);
	CHECK(mkdir(path, 0755) == 0 || errno == EEXIST);
	put(dir, "cgroup.controllers", controllers);
	put(dir, "cgroup.subtree_control", subtree);
	put(dir, "cgroup.procs", "");
	put(dir, "cgroup.events", "populated 0\nfrozen 0\n");
	put(dir, "cgroup.freeze", "");
}

static int keep_note(struct run *r, const char *what, const char *value, struct err *e)
{
	(void)r;
	(void)e;
	return strv_addf(&notes, "%s %s", what, value + strlen(base));
}

static void fresh(const char *path)
{
	static char copy[256];

	if (*base) {
		char parent[] = "/tmp";
		int dir = open(parent, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		CHECK(host_remove_tree(dir, base + sizeof(parent)) >= 0);
		close(dir);
	}
	strcpy(base, "/tmp/ketch-cgroup2-XXXXXX");
	CHECK(mkdtemp(base) != NULL);
	make_cgroup("", "cpu io memory pids", "");
	strv_free(&notes);
	notes = (struct strv){ 0 };
	cgroup_free(run.cgroup);
	arena_free(&plan.arena);
	facts = (struct facts){ .cgroup_mode = CGROUP_MODE_V2, .n_hierarchies = 1 };
	facts.hierarchies[0].v2 = true;
	strcpy(facts.hierarchies[0].controllers, "cpu,io,memory,pids");
	strcpy(facts.hierarchies[0].own, "/");
	snprintf(facts.hierarchies[0].mount, sizeof(facts.hierarchies[0].mount), "%s", base);
	snprintf(copy, sizeof(copy), "%s", path);
	resources = (struct spec_resources){ .memory = NULL };
	memory = (struct spec_memory){ .has_limit = false };
	cpu = (struct spec_cpu){ .has_shares = false };
	lnx = (struct spec_linux){ .cgroups_path = copy, .resources = &resources };
	spec = (struct spec){ .lnx = &lnx };
	/* rootless: no device program, which plain directories can't carry */
	plan = (struct plan){ .spec = &spec,
			      .facts = &facts,
			      .rootless = true,
			      .opts = { .use = FOR_CREATE, .id = "x" } };
	plan.fork.into_cgroup = true;
	run = (struct run){ .plan = &plan, .undo_note = keep_note };
	memset(&err, 0, sizeof(err));
}

static int create(void)
{
	int r = plan_cgroup(&plan, &err);

	return r < 0 ? r : step_cgroup_create.run(&run, &err);
}

static int limits(void)
{
	return step_cgroup_limits.applies(&plan) ? step_cgroup_limits.run(&run, &err) : 0;
}

static bool exists(const char *dir)
{
	char path[PATH_MAX + 64];

	snprintf(path, sizeof(path), "%s%s", base, dir);
	return access(path, F_OK) == 0;
}

/* ---- tests ---- */

static void makes_and_removes(void)
{
	struct stat st;
	char path[PATH_MAX + 64];

	fresh("/a/b/c");
	umask(0077);
	CHECK_INT(create(), 0);
	umask(0022);
	snprintf(path, sizeof(path), "%s/a/b/c", base);
	CHECK(stat(path, &st) == 0 && (st.st_mode & 07777) == 0755);
	CHECK_INT(notes.n, 3);
	CHECK_STR(notes.v[0], "cgroup /a/");
	CHECK_STR(notes.v[1], "cgroup /a/b/");
	CHECK_STR(notes.v[2], "cgroup /a/b/c");
	CHECK(cgroup_clone_fd(run.cgroup, 0) >= 0);
	step_cgroup_create.undo(&run);
	CHECK(!exists("/a"));
	CHECK(exists(""));
	CHECK(run.cgroup == NULL);
}

static void shared_parents_stay(void)
{
	fresh("/pod/one");
	CHECK_INT(create(), 0);
	CHECK_INT(mkdir(strcat(strcpy((char[PATH_MAX + 64]){ 0 }, base), "/pod/two"), 0755), 0);
	step_cgroup_create.undo(&run);
	CHECK(!exists("/pod/one"));
	CHECK(exists("/pod/two"));
}

static void foreign_parents_stay(void)
{
	fresh("/pod/one");
	make_cgroup("/pod", "cpu", "");
	CHECK_INT(create(), 0);
	CHECK_INT(notes.n, 1);
	CHECK_STR(notes.v[0], "cgroup /pod/one");
	step_cgroup_create.undo(&run);
	CHECK(!exists("/pod/one"));
	CHECK(exists("/pod"));
}

static void record_and_replay(void)
{
	struct cgroup_record rec;
	struct cgroup *again = NULL;
	char expected[PATH_MAX + 64];

	fresh("/a/b");
	CHECK_INT(create(), 0);
	CHECK_INT(cgroup_record(run.cgroup, &rec), 0);
	snprintf(expected, sizeof(expected), ":%s/a/b", base);
	CHECK_INT(rec.leaves.n, 1);
	CHECK_STR(rec.leaves.v[0], expected);
	CHECK_INT(rec.made.n, 2);
	CHECK_INT(cgroup_open(&again, &rec, &err), 0);
	CHECK(!cgroup_is_frozen(again));
	CHECK(again->leaves[0].made);
	cgroup_free(again);
	for (size_t i = rec.made.n; i > 0; i--)
		CHECK_INT(cgroup_remove_dir(rec.made.v[i - 1], &err), 0);
	CHECK(!exists("/a"));
	CHECK_INT(cgroup_remove_dir(rec.made.v[0], &err), 0); /* gone: fine */
	/* a container whose cgroups are gone */
	CHECK_INT(cgroup_open(&again, &rec, &err), 0);
	CHECK_INT(cgroup_kill(again, 9, &err), 0);
	CHECK_INT(cgroup_destroy(again, &err), 0);
	CHECK_INT(cgroup_clone_fd(again, 0), -EBADF);
	cgroup_free(again);
	cgroup_record_free(&rec);
}

/* The controllers that the resources need go on at each level above the leaf, and nowhere else. */
static void enables_what_is_needed(void)
{
	fresh("/a/leaf");
	make_cgroup("/a", "cpu io memory pids", "");
	make_cgroup("/a/leaf", "", "");
	put("/a/leaf", "memory.max", "");
	put("", "cgroup.subtree_control", "");
	memory.has_limit = true;
	memory.limit = 65536;
	resources.memory = &memory;
	CHECK_INT(create(), 0);
	CHECK_STR(get("", "cgroup.subtree_control"), "+memory");
	CHECK_STR(get("/a", "cgroup.subtree_control"), "+memory");
	CHECK_STR(get("/a/leaf", "cgroup.subtree_control"), "");
	CHECK_STR(get("/a/leaf", "memory.max"), ""); /* not before the container is set up */
	CHECK_INT(limits(), 0);
	CHECK_STR(get("/a/leaf", "memory.max"), "65536");
}

static void enables_only_what_lacks(void)
{
	fresh("/a/leaf");
	make_cgroup("/a", "cpu io memory pids", "cpu memory");
	make_cgroup("/a/leaf", "cpu memory", "");
	put("/a/leaf", "memory.max", "");
	put("/a/leaf", "cpu.weight", "");
	put("/a/leaf", "pids.max", "");
	memory.has_limit = true;
	memory.limit = 65536;
	cpu.has_shares = true;
	cpu.shares = 512;
	resources.memory = &memory;
	resources.cpu = &cpu;
	resources.has_pids_limit = true;
	resources.pids_limit = 0;
	CHECK_INT(create(), 0);
	CHECK_STR(get("/a", "cgroup.subtree_control"),
		  "+pidsemory"); /* written over "cpu memory" */
	CHECK_INT(limits(), 0);
	CHECK_STR(get("/a/leaf", "cpu.weight"), "59");
	CHECK_STR(get("/a/leaf", "pids.max"), "0");
	/* nothing asked, nothing enabled */
	fresh("/b/leaf");
	CHECK_INT(create(), 0);
	CHECK_STR(get("", "cgroup.subtree_control"), "");
	resources.has_pids_limit = true;
	resources.pids_limit = -1;
	CHECK_STR(get("", "cgroup.subtree_control"), "");
}

static void names_what_is_missing(void)
{
	char expected[PATH_MAX + 200];

	fresh("/leaf");
	make_cgroup("/leaf", "memory", "");
	memory.has_limit = true;
	memory.limit = 65536;
	memory.has_swap = true;
	memory.swap = 131072;
	resources.memory = &memory;
	put("/leaf", "memory.max", "");
	CHECK_INT(create(), 0);
	CHECK(limits() < 0);
	CHECK_INT(err.code, ERR_UNSUPPORTED);
	CHECK_STR(err.where, "$.linux.resources.memory.swap");
	CHECK_STR(err.msg, "memory.swap needs file memory.swap.max of the cgroup controller "
			   "'memory', which this kernel has not got");
	/* a kernel's refusal */
	fresh("/leaf");
	make_cgroup("/leaf", "memory", "");
	resources.memory = &memory;
	memory.has_limit = true;
	memory.limit = 65536;
	snprintf(expected, sizeof(expected), "%s/leaf/memory.max", base);
	CHECK_INT(symlink("/proc/version", expected),
		  0); /* O_NOFOLLOW: no file of cgroupfs is one */
	CHECK_INT(create(), 0);
	CHECK(limits() < 0);
	CHECK_STR(err.msg, "memory.max: write '65536': Too many levels of symbolic links");
	CHECK_STR(err.where, "$.linux.resources.memory.limit");
}

static void either_weight_file(void)
{
	struct spec_block_io io = { .has_weight = true, .weight = 500 };

	fresh("/leaf");
	make_cgroup("/leaf", "io", "");
	resources.block_io = &io;
	put("/leaf", "io.weight", "");
	CHECK_INT(create(), 0);
	CHECK_INT(limits(), 0);
	CHECK_STR(get("/leaf", "io.weight"), "4950");
	put("/leaf", "io.weight", "");
	put("/leaf", "io.bfq.weight", "");
	CHECK_INT(limits(), 0);
	CHECK_STR(get("/leaf", "io.weight"), "");
	CHECK_STR(get("/leaf", "io.bfq.weight"), "500");
	CHECK_INT(unlink(strcat(strcpy((char[PATH_MAX + 64]){ 0 }, base), "/leaf/io.weight")), 0);
	CHECK_INT(unlink(strcat(strcpy((char[PATH_MAX + 64]){ 0 }, base), "/leaf/io.bfq.weight")),
		  0);
	CHECK(limits() < 0);
	CHECK_INT(err.code, ERR_UNSUPPORTED);
}

static void limit_below_usage(void)
{
	fresh("/leaf");
	make_cgroup("/leaf", "memory", "");
	put("/leaf", "memory.max", "");
	put("/leaf", "memory.current", "81920\n");
	memory.has_limit = memory.has_check_before_update = memory.check_before_update = true;
	memory.limit = 4096;
	resources.memory = &memory;
	CHECK_INT(create(), 0);
	CHECK(limits() < 0);
	CHECK_STR(err.msg, "memory.max: 4096 is below current usage 81920");
	CHECK_STR(get("/leaf", "memory.max"), "");
}

static void not_fit(void)
{
	fresh("/used");
	make_cgroup("/used", "", "");
	put("/used", "cgroup.procs", "1234\n");
	CHECK(create() < 0);
	CHECK_INT(err.code, ERR_EXISTS);
	CHECK_STR(err.where, "$.linux.cgroupsPath");
	CHECK_INT(notes.n, 0);
	fresh("/used");
	make_cgroup("/used", "", "");
	make_cgroup("/used/below", "", "");
	put("/used/below", "cgroup.procs", "1234\n");
	CHECK(create() < 0);
	CHECK_INT(err.code, ERR_EXISTS);
	fresh("/cold");
	make_cgroup("/cold", "", "");
	put("/cold", "cgroup.events", "populated 0\nfrozen 1\n");
	CHECK(create() < 0);
	CHECK_INT(err.code, ERR_STATE);
	cgroup_free(run.cgroup);
	run.cgroup = NULL; /* its processes are no real ones */
}

static void no_links_out(void)
{
	char path[PATH_MAX + 64];

	fresh("/link/leaf");
	snprintf(path, sizeof(path), "%s/link", base);
	CHECK_INT(symlink("/tmp", path), 0);
	CHECK(create() < 0);
	CHECK_INT(err.errnum, ELOOP);
	CHECK_INT(notes.n, 0);
}

static void exec_goes_where_it_may(void)
{
	static const char *const sub[] = { "sub", NULL }, *const none[] = { "none", NULL },
				 *const out[] = { "../x", NULL },
				 *const controller[] = { "cpu:sub", NULL };
	struct stat want, got;
	char path[PATH_MAX + 64];

	fresh("/leaf");
	make_cgroup("/leaf", "", "");
	make_cgroup("/leaf/sub", "", "");
	CHECK_INT(create(), 0);
	CHECK_INT(cgroup_prepare_join(run.cgroup, sub, getpid(), &err), 0);
	int fd = cgroup_clone_fd(run.cgroup, getpid());
	snprintf(path, sizeof(path), "%s/leaf/sub", base);
	CHECK(stat(path, &want) == 0 && fstat(fd, &got) == 0 && want.st_ino == got.st_ino);
	CHECK(cgroup_prepare_join(run.cgroup, none, getpid(), &err) < 0);
	CHECK_INT(err.code, ERR_NOT_FOUND);
	CHECK(cgroup_prepare_join(run.cgroup, out, getpid(), &err) < 0);
	CHECK_INT(err.code, ERR_USAGE);
	CHECK(cgroup_prepare_join(run.cgroup, controller, getpid(), &err) < 0);
	CHECK_INT(err.code, ERR_USAGE);
}

static void join_without_birth(void)
{
	fresh("/leaf");
	make_cgroup("/leaf", "", "");
	CHECK_INT(create(), 0);
	CHECK_INT(cgroup_join_self(run.cgroup, &err), 0);
	CHECK_STR(get("/leaf", "cgroup.procs"), "0");
	CHECK_INT(run.cgroup->leaves[0].fd, -EBADF);
	/* one that was there before is joined: it may have been killed once */
	put("/leaf", "cgroup.procs", "");
	CHECK_INT(cgroup_clone_fd(run.cgroup, 0), -EBADF);
	CHECK_INT(cgroup_join_self(run.cgroup, &err), 0);
	CHECK_STR(get("/leaf", "cgroup.procs"), "0");
	put("/leaf", "cgroup.procs", "");
	run.cgroup->leaves[0].made = true;
	CHECK(cgroup_clone_fd(run.cgroup, 0) >= 0);
	CHECK_INT(cgroup_join_self(run.cgroup, &err), 0);
	CHECK_STR(get("/leaf", "cgroup.procs"), "");
}

static void gives_the_cgroup_away(void)
{
	struct stat st;
	char path[PATH_MAX + 64];

	if (geteuid() != 0)
		return;
	fresh("/leaf");
	make_cgroup("/leaf", "", "");
	put("/leaf", "memory.max", "");
	snprintf(path, sizeof(path), "%s/leaf", base);
	int dir = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	CHECK_INT(cgroup_v2_delegate(dir, "/leaf", 1234, &err), 0);
	CHECK(fstat(dir, &st) == 0 && st.st_uid == 1234);
	CHECK(fstatat(dir, "cgroup.procs", &st, 0) == 0 && st.st_uid == 1234);
	CHECK(fstatat(dir, "cgroup.subtree_control", &st, 0) == 0 && st.st_uid == 1234);
	CHECK(fstatat(dir, "memory.max", &st, 0) == 0 && st.st_uid == 0);
	CHECK(fstatat(dir, "cgroup.controllers", &st, 0) == 0 && st.st_uid == 0);
	close(dir);
}

static void freeze_flag(void)
{
	struct cgroup *cg;

	fresh("/leaf");
	make_cgroup("/leaf", "", "");
	CHECK_INT(create(), 0);
	cg = run.cgroup;
	put("/leaf", "cgroup.events", "populated 1\nfrozen 1\n");
	CHECK(cgroup_is_frozen(cg));
	CHECK_INT(cgroup_freeze(cg, true, &err), 0);
	CHECK_STR(get("/leaf", "cgroup.freeze"), "1");
	CHECK_INT(cgroup_dir_freeze(&cgroup_v2, cgroup_leaf_fd(&cg->leaves[0]), false, 20),
		  -ETIMEDOUT);
	put("/leaf", "cgroup.events", "populated 1\nfrozen 0\n");
	CHECK_INT(cgroup_freeze(cg, false, &err), 0);
	CHECK_STR(get("/leaf", "cgroup.freeze"), "0");
	/* a freeze that never comes is taken back */
	CHECK_INT(cgroup_dir_freeze(&cgroup_v2, cgroup_leaf_fd(&cg->leaves[0]), true, 20),
		  -ETIMEDOUT);
	CHECK_STR(get("/leaf", "cgroup.freeze"), "0");
}

/* A freezer that obeys when it has been asked for the contrary once more. */
static bool state, was_asked;

static int stuck_frozen(UNUSED int dir)
{
	return state;
}

static int stuck_freeze(UNUSED int dir, bool on)
{
	if (was_asked && on != state)
		state = on;
	was_asked |= on == state;
	return 0;
}

static void stuck_freezer(void)
{
	const struct cgroup_version version = { 2, stuck_frozen, stuck_freeze };

	for (int on = 0; on < 2; on++) {
		state = !on;
		was_asked = false;
		CHECK_INT(cgroup_dir_freeze(&version, -EBADF, on, 5000), 0);
		CHECK_INT(state, on);
	}
}

static void cleanup(void)
{
	fresh("/x");
	int dir = open("/tmp", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	CHECK(host_remove_tree(dir, base + strlen("/tmp/")) >= 0);
	close(dir);
	base[0] = '\0';
}

static const struct test tests[] = {
	{ "cgroups are noted, made and removed", makes_and_removes },
	{ "a parent that others use stays", shared_parents_stay },
	{ "a parent that was there stays", foreign_parents_stay },
	{ "recorded, opened again, replayed", record_and_replay },
	{ "needed controllers are enabled above the leaf", enables_what_is_needed },
	{ "only those that lack", enables_only_what_lacks },
	{ "missing files and refusals are named", names_what_is_missing },
	{ "io.bfq.weight or io.weight", either_weight_file },
	{ "checkBeforeUpdate", limit_below_usage },
	{ "a cgroup in use or frozen is refused", not_fit },
	{ "symlinks are not followed", no_links_out },
	{ "exec --cgroup", exec_goes_where_it_may },
	{ "joining without CLONE_INTO_CGROUP", join_without_birth },
	{ "ownership", gives_the_cgroup_away },
	{ "freeze and thaw", freeze_flag },
	{ "a freezer that is stuck", stuck_freezer },
	{ "nothing stays behind", cleanup },
};

TAP_MAIN(tests)
