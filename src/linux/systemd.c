/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Calls to the service manager. A job's result is awaited by its JobRemoved signal, which is told before or after the call's answer. */
#include "linux/systemd.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "linux/cgroup_impl.h"
#include "sys/dbus.h"
#include "util/util.h"

enum {
	CALL_MS = 30000, /* connecting, and each call */
	JOB_MS = 60000,	 /* a job: hundreds may be queued before it */
	EXISTS_MS = 2000,
	MAX_JOB = 64,
	MAX_RESULT = 32,
};

#define SERVICE		 "org.freedesktop.systemd1"
#define MANAGER		 SERVICE ".Manager"
#define UNKNOWN_PROPERTY "org.freedesktop.DBus.Error.PropertyReadOnly"

struct systemd {
	struct dbus bus;
	bool user;
	bool is_bus; /* a message bus stands between us */
	/* the last job removed of the unit that is waited for */
	const char *unit;
	char job[MAX_JOB], result[MAX_RESULT];
};

static const char *who(const struct systemd *sd)
{
	return sd->user ? "the user's systemd" : "systemd";
}

/* ---- calls ---- */

static int lost(struct systemd *sd, int r, const char *what, struct err *e)
{
	err_sys(e, r, "%s: %s", who(sd), what);
	if (r == -ETIMEDOUT)
		err_hint(e, "it did not answer in time: is the system overloaded, or systemd "
			    "itself stuck?");
	return r;
}

static void take_signal(void *ctx, struct dbus_message *m)
{
	struct systemd *sd = ctx;

	if (!sd->unit || !m->h.member || strcmp(m->h.member, "JobRemoved") != 0 ||
	    strcmp(m->h.signature, "uoss") != 0)
		return;
	(void)dbus_get_u32(&m->body);
	const char *job = dbus_get_str(&m->body), *unit = dbus_get_str(&m->body);
	const char *result = dbus_get_str(&m->body);

	if (m->body.error || strcmp(unit, sd->unit) != 0)
		return;
	snprintf(sd->job, sizeof(sd->job), "%s", job);
	snprintf(sd->result, sizeof(sd->result), "%s", result);
}

static int call_at(struct systemd *sd, const char *path, const char *interface, const char *member,
		   const char *signature, const struct buf *body, struct dbus_message *ret,
		   struct err *e)
{
	const struct dbus_header h = {
		.path = path,
		.interface = interface,
		.member = member,
		.destination = sd->is_bus ? SERVICE : NULL,
		.signature = signature,
	};

	dbus_set_deadline(&sd->bus, CALL_MS);
	int r = dbus_call(&sd->bus, &h, body, take_signal, sd, ret);
	return r < 0 ? lost(sd, r, member, e) : 0;
}

static int call(struct systemd *sd, const char *member, const char *signature,
		const struct buf *body, struct dbus_message *ret, struct err *e)
{
	return call_at(sd, "/org/freedesktop/systemd1", MANAGER, member, signature, body, ret, e);
}

static bool is_error(const struct dbus_message *m, const char *name)
{
	return m->h.type == DBUS_ERROR && m->h.error_name && strcmp(m->h.error_name, name) == 0;
}

/* 0 for an answer that is no error; else E says what systemd says. */
static int check(struct systemd *sd, struct dbus_message *m, const char *member, const char *unit,
		 struct err *e)
{
	if (m->h.type == DBUS_RETURN)
		return 0;
	const char *name = m->h.error_name ? m->h.error_name : "";
	const char *text = m->h.signature[0] == 's' ? dbus_get_str(&m->body) : "";
	bool denied = strstr(name, "AccessDenied") || strstr(name, "Authorization");

	err_set(e, denied ? ERR_DENIED : ERR_KERNEL, "%s: %s of '%s': %s", who(sd), member, unit,
		*text ? text : name);
	if (denied && !sd->user)
		err_hint(e,
			 "units of the system are root's: run ketch as root, or as a user with a "
			 "manager of its own");
	return err_errno(e);
}

/* A call that answers nothing of interest. IGNORED: an error that is success. */
static int simple_call(struct systemd *sd, const char *member, const char *signature,
		       const struct buf *body, const char *unit, const char *ignored, struct err *e)
{
	struct dbus_message m;

	int r = call(sd, member, signature, body, &m, e);
	if (r < 0)
		return r;
	r = ignored && is_error(&m, ignored) ? 0 : check(sd, &m, member, unit, e);
	dbus_message_free(&m);
	return r;
}

/* ---- connecting ---- */

/* On a bus signals come to those who ask for them. */
static int subscribe(struct systemd *sd, struct err *e)
{
	static const struct dbus_header match = {
		.path = "/org/freedesktop/DBus",
		.interface = "org.freedesktop.DBus",
		.member = "AddMatch",
		.destination = "org.freedesktop.DBus",
		.signature = "s",
	};
	auto_buf struct buf body = { 0 };
	struct dbus_message m;

	dbus_put_str(&body, "type='signal',sender='" SERVICE "',interface='" MANAGER
			    "',member='JobRemoved'");
	int r = dbus_call(&sd->bus, &match, &body, NULL, NULL, &m);
	if (r < 0)
		return lost(sd, r, "AddMatch", e);
	r = check(sd, &m, "AddMatch", SERVICE, e);
	dbus_message_free(&m);
	return r < 0 ? r : simple_call(sd, "Subscribe", NULL, NULL, SERVICE, NULL, e);
}

static bool try_socket(struct systemd *sd, const char *path, bool is_bus, int *why)
{
	int r = dbus_connect(&sd->bus, path, is_bus, CALL_MS);

	sd->is_bus = is_bus;
	if (r < 0 && (*why == 0 || *why == -ENOENT))
		*why = r;
	return r >= 0;
}

static bool try_address(struct systemd *sd, const char *variable, const char *otherwise, int *why)
{
	const char *address = getenv(variable);
	char path[DBUS_MAX_PATH];

	if (!address || dbus_address(address, path) < 0)
		snprintf(path, sizeof(path), "%s", otherwise);
	return try_socket(sd, path, true, why);
}

static bool try_user(struct systemd *sd, int *why)
{
	const char *runtime = getenv("XDG_RUNTIME_DIR");
	char dir[64], path[DBUS_MAX_PATH];

	snprintf(dir, sizeof(dir), "/run/user/%u", (unsigned)geteuid());
	if (!runtime || runtime[0] != '/')
		runtime = dir;
	if ((size_t)snprintf(path, sizeof(path), "%s/systemd/private", runtime) >= sizeof(path))
		return false;
	if (try_socket(sd, path, false, why))
		return true;
	snprintf(path, sizeof(path), "%s/bus", runtime);
	return try_address(sd, "DBUS_SESSION_BUS_ADDRESS", path, why);
}

static bool try_system(struct systemd *sd, int *why)
{
	return try_socket(sd, "/run/systemd/private", false, why) ||
	       try_address(sd, "DBUS_SYSTEM_BUS_ADDRESS", "/run/dbus/system_bus_socket", why);
}

static int no_manager(bool user, int why, struct err *e)
{
	err_sys(e, why ? why : -ENOENT, "connect to %s", user ? "the user's systemd" : "systemd");
	if (why == -ENOENT || why == -ECONNREFUSED || why == 0)
		e->code = ERR_UNSUPPORTED;
	if (user)
		return err_hint(e,
				"log in, or run `loginctl enable-linger`, so that there is a user "
				"manager, and set XDG_RUNTIME_DIR to its directory");
	return err_hint(e, "is systemd running here? --cgroup-manager cgroupfs does without it");
}

int systemd_connect(struct systemd **ret, bool user, struct err *e)
{
	struct systemd *sd = calloc(1, sizeof(*sd));
	int why = 0;

	if (!sd)
		return err_sys(e, -ENOMEM, "connect to systemd");
	sd->bus.fd = -EBADF;
	sd->user = user;
	bool connected = user ? try_user(sd, &why) : try_system(sd, &why);
	/* root of a user namespace has a user manager outside, or a system's inside */
	if (!connected && user && geteuid() == 0) {
		sd->user = false;
		connected = try_system(sd, &why);
	}
	int r = connected ? 0 : no_manager(user, why, e);
	if (r >= 0 && sd->is_bus)
		r = subscribe(sd, e);
	if (r < 0)
		systemd_free(sd);
	else
		*ret = sd;
	return r;
}

void systemd_free(struct systemd *sd)
{
	if (!sd)
		return;
	dbus_close(&sd->bus);
	free(sd);
}

/* ---- jobs ---- */

/* The unit's own word: "oom-kill", "timeout", "resources". */
static void add_unit_result(struct systemd *sd, const char *unit, struct err *e)
{
	auto_arena struct arena a = { 0 };
	auto_buf struct buf body = { 0 };
	const char *path = systemd_object_path(&a, unit);
	struct dbus_message m;
	struct err ignored;

	dbus_put_str(&body, SERVICE ".Scope");
	dbus_put_str(&body, "Result");
	if (!path || call_at(sd, path, "org.freedesktop.DBus.Properties", "Get", "ss", &body, &m,
			     &ignored) < 0)
		return;
	if (m.h.type == DBUS_RETURN && strcmp(dbus_get_sig(&m.body), "s") == 0) {
		const char *result = dbus_get_str(&m.body);

		if (!m.body.error && strcmp(result, "success") != 0)
			err_wrap(e, "result '%s' of the unit", result);
	}
	dbus_message_free(&m);
}

static int job_error(struct systemd *sd, const char *unit, const char *what, struct err *e)
{
	err_set(e, ERR_KERNEL, "%s: the job to %s '%s' ended with '%s'", who(sd), what, unit,
		sd->result);
	err_hint(e, "see `systemctl %sstatus '%s'` and the journal", sd->user ? "--user " : "",
		 unit);
	add_unit_result(sd, unit, e);
	return err_errno(e);
}

/* Waits for the end of the job that M answers with. */
static int await_job(struct systemd *sd, struct dbus_message *m, const char *unit, const char *what,
		     struct err *e)
{
	char job[MAX_JOB];
	struct dbus_message next;

	snprintf(job, sizeof(job), "%s",
		 strcmp(m->h.signature, "o") == 0 ? dbus_get_str(&m->body) : "");
	dbus_set_deadline(&sd->bus, JOB_MS);
	while (strcmp(sd->job, job) != 0) {
		int r = dbus_next(&sd->bus, &next);

		if (r < 0) {
			err_sys(e, r, "%s: wait for the job to %s '%s'", who(sd), what, unit);
			return err_hint(e, "see `systemctl %slist-jobs`",
					sd->user ? "--user " : "");
		}
		if (next.h.type == DBUS_SIGNAL)
			take_signal(sd, &next);
		dbus_message_free(&next);
	}
	return 0;
}

static void expect_job(struct systemd *sd, const char *unit)
{
	sd->unit = unit;
	sd->job[0] = sd->result[0] = '\0';
}

/* What systemd knows since 236 and 242: it refuses a unit for a property that it does not know, and can do without these. */
static bool is_newer(const struct systemd_prop *p)
{
	return strcmp(p->name, "CollectMode") == 0 || strcmp(p->name, "CPUQuotaPeriodUSec") == 0;
}

/* Copied, not appended: a plan is not changed. OLD: without the newer ones. */
static void copy_props(struct systemd_props *to, const struct systemd_props *from, bool old)
{
	for (size_t i = 0; i < from->n; i++) {
		struct systemd_prop *p =
			old && is_newer(&from->v[i]) ? NULL : systemd_add(to, "", "", 0);

		if (p)
			*p = from->v[i];
	}
	to->failed = to->failed || from->failed;
}

static void put_scope(const char *name, pid_t pid, const struct systemd_props *props, bool old,
		      struct buf *out)
{
	auto_arena struct arena a = { 0 };
	struct systemd_props all = { .arena = &a };

	copy_props(&all, props, old);
	systemd_add_number(&all, "PIDs", "au", (uint64_t)pid);
	dbus_put_str(out, name);
	dbus_put_str(out, "fail");
	systemd_put_props(&all, 1u << CGROUP_EARLY, out);
	dbus_end_array(out, dbus_begin_array(out, 8), 8); /* no auxiliary units */
	if (all.failed)
		out->error = -ENOMEM;
}

static int reset_failed(struct systemd *sd, const char *name, struct err *e)
{
	auto_buf struct buf body = { 0 };

	dbus_put_str(&body, name);
	return simple_call(sd, "ResetFailedUnit", "s", &body, name, SERVICE ".NoSuchUnit", e);
}

static int exists(const char *name, struct err *e)
{
	err_set(e, ERR_EXISTS, "systemd has a unit '%s' already", name);
	return err_hint(e, "choose another linux.cgroupsPath, or stop it: `systemctl stop '%s'`",
			name);
}

int systemd_start_scope(struct systemd *sd, const char *name, pid_t pid,
			const struct systemd_props *props, bool *made, struct err *e)
{
	auto_buf struct buf body = { 0 };
	struct cgroup_deadline d;
	struct dbus_message m;
	bool old = false;
	int r;

	*made = false;
	cgroup_deadline_start(&d, EXISTS_MS);
	for (;;) {
		buf_reset(&body);
		put_scope(name, pid, props, old, &body);
		if (buf_error(&body) < 0)
			return err_sys(e, -ENOMEM, "make scope '%s'", name);
		expect_job(sd, name);
		r = call(sd, "StartTransientUnit", "ssa(sv)a(sa(sv))", &body, &m, e);
		if (r < 0)
			return r;
		bool unknown = !old && is_error(&m, UNKNOWN_PROPERTY);
		if (!unknown && !is_error(&m, SERVICE ".UnitExists"))
			break;
		dbus_message_free(&m);
		old = old || unknown;
		if (unknown)
			continue;
		/* left over: failed, or ended and not collected yet */
		r = reset_failed(sd, name, e);
		if (r < 0 || !cgroup_deadline_wait(&d))
			return r < 0 ? r : exists(name, e);
	}
	r = check(sd, &m, "StartTransientUnit", name, e);
	*made = r >= 0;
	if (r >= 0)
		r = await_job(sd, &m, name, "start", e);
	if (r >= 0 && strcmp(sd->result, "done") != 0)
		r = job_error(sd, name, "start", e);
	dbus_message_free(&m);
	return r;
}

int systemd_set(struct systemd *sd, const char *name, const struct systemd_props *props,
		unsigned when_mask, struct err *e)
{
	struct dbus_message m;
	bool old = false;
	int r;

	for (;; old = true) {
		auto_arena struct arena a = { 0 };
		auto_buf struct buf body = { 0 };
		struct systemd_props all = { .arena = &a };

		copy_props(&all, props, old);
		dbus_put_str(&body, name);
		dbus_put_u32(&body, true); /* runtime: not beyond the next boot */
		systemd_put_props(&all, when_mask, &body);
		if (buf_error(&body) < 0 || all.failed)
			return err_sys(e, -ENOMEM, "change scope '%s'", name);
		r = call(sd, "SetUnitProperties", "sba(sv)", &body, &m, e);
		if (r < 0)
			return r;
		if (old || !is_error(&m, UNKNOWN_PROPERTY))
			break;
		dbus_message_free(&m);
	}
	r = check(sd, &m, "SetUnitProperties", name, e);
	dbus_message_free(&m);
	return r;
}

int systemd_attach(struct systemd *sd, const char *name, const char *sub, pid_t pid, struct err *e)
{
	auto_buf struct buf body = { 0 };

	dbus_put_str(&body, name);
	dbus_put_str(&body, sub);
	size_t begin = dbus_begin_array(&body, 4);
	dbus_put_u32(&body, (uint32_t)pid);
	dbus_end_array(&body, begin, 4);
	if (buf_error(&body) < 0)
		return err_sys(e, -ENOMEM, "move process %d to '%s'", (int)pid, name);
	return simple_call(sd, "AttachProcessesToUnit", "ssau", &body, name, NULL, e);
}

static int kill_unit(struct systemd *sd, const char *name, struct err *e)
{
	auto_buf struct buf body = { 0 };

	dbus_put_str(&body, name);
	dbus_put_str(&body, "all");
	dbus_put_u32(&body, SIGKILL);
	return simple_call(sd, "KillUnit", "ssi", &body, name, SERVICE ".NoSuchUnit", e);
}

int systemd_stop(struct systemd *sd, const char *name, bool kill, struct err *e)
{
	auto_buf struct buf body = { 0 };
	struct dbus_message m;
	struct err ignored;

	if (kill) /* a unit without processes has nobody to kill, which is an error */
		(void)kill_unit(sd, name, &ignored);
	expect_job(sd, name);
	dbus_put_str(&body, name);
	dbus_put_str(&body, "replace");
	int r = call(sd, "StopUnit", "ss", &body, &m, e);
	if (r < 0)
		return r;
	if (!is_error(&m, SERVICE ".NoSuchUnit")) {
		r = check(sd, &m, "StopUnit", name, e);
		if (r >= 0)
			r = await_job(sd, &m, name, "stop", e);
		if (r >= 0 &&
		    (strcmp(sd->result, "failed") == 0 || strcmp(sd->result, "timeout") == 0))
			r = job_error(sd, name, "stop", e);
		if (r >= 0)
			r = reset_failed(sd, name, e);
	}
	dbus_message_free(&m);
	return r;
}
