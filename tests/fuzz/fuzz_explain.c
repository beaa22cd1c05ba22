/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Fuzz target: config.json → plan → what `explain` prints, for the recorded hosts. Host and options follow from the input.
 * The plan is pure, so nothing that it says may depend on this machine; the JSON form must be JSON, and neither form may
 * steer a terminal.
 */
#include <fcntl.h>
#include <string.h>

#include "core/steps.h"
#include "engine/explain.h"
#include "engine/facts_load.h"
#include "fuzz/fuzz.h"
#include "spec/json.h"
#include "spec/load.h"
#include "sys/hostfs.h"
#include "util/utf8.h"

static const char *const hosts[] = {
	FIXTURES "/facts/v1.json",	   FIXTURES "/facts/hybrid.json",
	FIXTURES "/facts/v2-systemd.json", FIXTURES "/facts/rootless.json",
	FIXTURES "/facts/old-kernel.json",
};
enum { N_HOSTS = sizeof(hosts) / sizeof(hosts[0]) };

static const struct facts *host(unsigned i)
{
	static struct facts all[N_HOSTS];
	struct err e = { 0 };

	for (unsigned k = 0; all[0].kernel_major == 0 && k < N_HOSTS; k++) {
		auto_buf struct buf text = { 0 };

		require(host_read(AT_FDCWD, hosts[N_HOSTS - 1 - k], 1 << 20, &text) >= 0);
		require(facts_load(&all[N_HOSTS - 1 - k], buf_str(&text), text.len, &e) == 0);
	}
	return &all[i % N_HOSTS];
}

static int any_event(void *ctx, struct json *j, const struct json_event *ev)
{
	(void)ctx;
	(void)j;
	(void)ev;
	return 0;
}

static void check_plan(const struct plan *p)
{
	for (size_t i = 0; i < p->mounts.n; i++) {
		const struct plan_mount *m = &p->mounts.v[i];

		require(m->dest[0] == '/' && m->source && m->data);
		require(m->kind != PLAN_MOUNT_BIND || m->source[0] == '/');
	}
	for (size_t i = 0; i < p->cgroup.leaves.n; i++)
		require(p->cgroup.leaves.v[i].dir[0] == '/' &&
			!strstr(p->cgroup.leaves.v[i].dir, "/../"));
	const struct plan_creds *c = &p->creds;
	require(!(c->effective & ~c->permitted) && !(c->inheritable & ~c->bounding));
	require(!(c->ambient & ~(c->permitted & c->inheritable)));
}

/* Without its line feeds it is what making it plain leaves as it is. */
static void check_text(const struct buf *out)
{
	auto_buf struct buf words = { 0 };
	auto_buf struct buf plain = { 0 };

	for (size_t i = 0; i < out->len; i++)
		buf_addc(&words, out->p[i] == '\n' ? ' ' : out->p[i]);
	buf_addplain(&plain, buf_str(&words), words.len);
	require(!strcmp(buf_str(&words), buf_str(&plain)));
}

static void explain(const struct plan *p)
{
	auto_buf struct buf text = { 0 };
	auto_buf struct buf json = { 0 };
	struct err e = { 0 };

	require(plan_explain(&step_table, p, false, &text) == 0);
	check_text(&text);
	require(plan_explain(&step_table, p, true, &json) == 0);
	require(json_parse(buf_str(&json), json.len, any_event, NULL, &e) == 0);
}

static void count(void *ctx, const struct err *e)
{
	require_err(-1, e);
	++*(unsigned *)ctx;
}

static void plan_for(const struct spec *s, const struct facts *f, uint32_t bits)
{
	static const char *const exec_cgroups[] = { "cpu:a/b", "/c", NULL };
	struct plan_opts o = {
		.use = bits & 1 ? FOR_CREATE : FOR_EXEC,
		.id = "fuzz",
		.bundle = "/bundle",
		.state_dir = "/run/ketch/fuzz",
		.cgroup_manager = (enum cgroup_manager)(bits >> 1 & 3),
		.rootless = (enum tristate)((int)(bits >> 3 & 3) % 3 - 1),
		.no_pivot = bits >> 5 & 1,
		.no_new_keyring = bits >> 6 & 1,
		.start_at_once = bits >> 7 & 1,
		.preserve_fds = bits >> 8 & 3,
		.listen_fds = bits >> 10 & 3,
		.notify_socket_host = bits >> 12 & 1 ? "/run/systemd/notify" : NULL,
		.exec_cgroups = bits >> 13 & 1 ? exec_cgroups : NULL,
	};
	struct plan *p = NULL;
	struct err e = { 0 };
	unsigned findings = 0;

	int r = plan_make(&p, s, f, &o, &e);
	require_err(r, &e);
	if (r >= 0) {
		check_plan(p);
		explain(p);
		plan_free(p);
	}
	o.finding = count;
	o.finding_ctx = &findings;
	p = NULL;
	require(plan_make(&p, s, f, &o, &e) == 0);
	require((findings > 0) == (r < 0));
	plan_free(p);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint32_t bits = fuzz_hash(data, size);
	struct spec *s = NULL;
	struct err e = { 0 };

	if (spec_load(&s, (const char *)data, size, &e) < 0)
		return 0;
	/* the commonest case, and one by chance */
	plan_for(s, host(bits >> 16), FOR_CREATE);
	plan_for(s, host(bits >> 20), bits);
	spec_free(s);
	return 0;
}
