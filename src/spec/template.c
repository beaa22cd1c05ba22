/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The config.json of `ketch spec`: a shell on a terminal with few capabilities, as data, and its writer. */
#include "spec/load.h"
#include "util/jsonw.h"
#include "util/util.h"

enum { MAX_OPTIONS = 8 };

static const char *const env[] = {
	"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
	"TERM=xterm",
};

static const char *const caps[] = { "CAP_AUDIT_WRITE", "CAP_KILL", "CAP_NET_BIND_SERVICE" };
static const char *const cap_sets[] = { "bounding", "effective", "permitted" };

/* Who a row is for. */
enum audience { EVERYBODY, ROOT_ONLY, ROOTLESS_ONLY };

struct mount_row {
	enum audience who;
	const char *destination, *type, *source;
	const char *options[MAX_OPTIONS];
};

static const struct mount_row mounts[] = {
	{ EVERYBODY, "/proc", "proc", "proc", { NULL } },
	{ EVERYBODY,
	  "/dev",
	  "tmpfs",
	  "tmpfs",
	  { "nosuid", "strictatime", "mode=755", "size=65536k" } },
	{ ROOT_ONLY,
	  "/dev/pts",
	  "devpts",
	  "devpts",
	  { "nosuid", "noexec", "newinstance", "ptmxmode=0666", "mode=0620", "gid=5" } },
	/* A map of one id has no group 5. */
	{ ROOTLESS_ONLY,
	  "/dev/pts",
	  "devpts",
	  "devpts",
	  { "nosuid", "noexec", "newinstance", "ptmxmode=0666", "mode=0620" } },
	{ EVERYBODY,
	  "/dev/shm",
	  "tmpfs",
	  "shm",
	  { "nosuid", "noexec", "nodev", "mode=1777", "size=65536k" } },
	{ EVERYBODY, "/dev/mqueue", "mqueue", "mqueue", { "nosuid", "noexec", "nodev" } },
	{ ROOT_ONLY, "/sys", "sysfs", "sysfs", { "nosuid", "noexec", "nodev", "ro" } },
	/* A new sysfs needs a network namespace that belongs to the user namespace. */
	{ ROOTLESS_ONLY, "/sys", "none", "/sys", { "rbind", "nosuid", "noexec", "nodev", "ro" } },
	{ EVERYBODY,
	  "/sys/fs/cgroup",
	  "cgroup",
	  "cgroup",
	  { "nosuid", "noexec", "nodev", "relatime", "ro" } },
};

static const struct {
	enum audience who;
	const char *type;
} namespaces[] = {
	{ EVERYBODY, "pid" },	   { ROOT_ONLY, "network" }, { EVERYBODY, "ipc" },
	{ EVERYBODY, "uts" },	   { EVERYBODY, "mount" },   { EVERYBODY, "cgroup" },
	{ ROOTLESS_ONLY, "user" },
};

static const char *const masked_paths[] = {
	"/proc/acpi",	       "/proc/asound",	   "/proc/kcore",	"/proc/keys",
	"/proc/latency_stats", "/proc/timer_list", "/proc/timer_stats", "/proc/sched_debug",
	"/sys/firmware",       "/proc/scsi",
};

static const char *const readonly_paths[] = {
	"/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger",
};

static bool is_for(enum audience who, bool rootless)
{
	return who == EVERYBODY || (who == ROOTLESS_ONLY) == rootless;
}

static void strings(struct jsonw *w, const char *key, const char *const *v, size_t n)
{
	jsonw_array(w, key);
	for (size_t i = 0; i < n && v[i]; i++)
		jsonw_str(w, NULL, v[i]);
	jsonw_end_array(w);
}

static void write_process(struct jsonw *w)
{
	static const char *const args[] = { "sh" };

	jsonw_object(w, "process");
	jsonw_bool(w, "terminal", true);
	jsonw_object(w, "user");
	jsonw_u64(w, "uid", 0);
	jsonw_u64(w, "gid", 0);
	jsonw_end_object(w);
	strings(w, "args", args, N_ELEMENTS(args));
	strings(w, "env", env, N_ELEMENTS(env));
	jsonw_str(w, "cwd", "/");
	jsonw_object(w, "capabilities");
	for (size_t i = 0; i < N_ELEMENTS(cap_sets); i++)
		strings(w, cap_sets[i], caps, N_ELEMENTS(caps));
	jsonw_end_object(w);
	jsonw_array(w, "rlimits");
	jsonw_object(w, NULL);
	jsonw_str(w, "type", "RLIMIT_NOFILE");
	jsonw_u64(w, "hard", 1024);
	jsonw_u64(w, "soft", 1024);
	jsonw_end_object(w);
	jsonw_end_array(w);
	jsonw_bool(w, "noNewPrivileges", true);
	jsonw_end_object(w);
}

static void write_mounts(struct jsonw *w, bool rootless)
{
	jsonw_array(w, "mounts");
	for (size_t i = 0; i < N_ELEMENTS(mounts); i++) {
		const struct mount_row *m = &mounts[i];

		if (!is_for(m->who, rootless))
			continue;
		jsonw_object(w, NULL);
		jsonw_str(w, "destination", m->destination);
		jsonw_str(w, "type", m->type);
		jsonw_str(w, "source", m->source);
		if (m->options[0])
			strings(w, "options", m->options, MAX_OPTIONS);
		jsonw_end_object(w);
	}
	jsonw_end_array(w);
}

static void write_mapping(struct jsonw *w, const char *key, unsigned id)
{
	jsonw_array(w, key);
	jsonw_object(w, NULL);
	jsonw_u64(w, "containerID", 0);
	jsonw_u64(w, "hostID", id);
	jsonw_u64(w, "size", 1);
	jsonw_end_object(w);
	jsonw_end_array(w);
}

/* All devices are forbidden; the default ones stay allowed by the specification. */
static void write_resources(struct jsonw *w)
{
	jsonw_object(w, "resources");
	jsonw_array(w, "devices");
	jsonw_object(w, NULL);
	jsonw_bool(w, "allow", false);
	jsonw_str(w, "access", "rwm");
	jsonw_end_object(w);
	jsonw_end_array(w);
	jsonw_end_object(w);
}

static void write_linux(struct jsonw *w, bool rootless, unsigned uid, unsigned gid)
{
	jsonw_object(w, "linux");
	if (rootless) {
		write_mapping(w, "uidMappings", uid);
		write_mapping(w, "gidMappings", gid);
	} else {
		write_resources(w);
	}
	jsonw_array(w, "namespaces");
	for (size_t i = 0; i < N_ELEMENTS(namespaces); i++) {
		if (!is_for(namespaces[i].who, rootless))
			continue;
		jsonw_object(w, NULL);
		jsonw_str(w, "type", namespaces[i].type);
		jsonw_end_object(w);
	}
	jsonw_end_array(w);
	strings(w, "maskedPaths", masked_paths, N_ELEMENTS(masked_paths));
	strings(w, "readonlyPaths", readonly_paths, N_ELEMENTS(readonly_paths));
	jsonw_end_object(w);
}

int spec_template(struct buf *out, bool rootless, unsigned uid, unsigned gid)
{
	struct jsonw w;

	jsonw_init(&w, out, 2);
	jsonw_object(&w, NULL);
	jsonw_str(&w, "ociVersion", "1.3.0");
	write_process(&w);
	jsonw_object(&w, "root");
	jsonw_str(&w, "path", "rootfs");
	jsonw_bool(&w, "readonly", true);
	jsonw_end_object(&w);
	jsonw_str(&w, "hostname", "ketch");
	write_mounts(&w, rootless);
	write_linux(&w, rootless, uid, gid);
	jsonw_end_object(&w);
	buf_addc(out, '\n');
	return buf_error(out);
}
