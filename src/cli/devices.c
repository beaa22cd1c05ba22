/* SPDX-License-Identifier: GPL-2.0-or-later */
/* ketch devices: which devices the kernel lets a container use. */
#include <stdio.h>
#include <string.h>

#include "cli/cli.h"
#include "linux/cgroup_devices.h"
#include "util/jsonw.h"
#include "util/utf8.h"

enum format { TABLE, JSON };

struct devices_opts {
	int format;
};

static const struct opt_word formats[] = { { "table", TABLE }, { "json", JSON }, { 0 } };

static const struct opt options[] = {
	{ .short_name = 'f',
	  .name = "format",
	  .kind = OPT_WORD,
	  .offset = offsetof(struct devices_opts, format),
	  .arg = "table|json",
	  .words = formats,
	  .help = "form of the answer" },
};

static const char *const enforcers[] = {
	[CGROUP_ENFORCED_NOT] = "nobody",
	[CGROUP_ENFORCED_V1] = "cgroup v1",
	[CGROUP_ENFORCED_BPF] = "a BPF program",
	[CGROUP_ENFORCED_OTHER] = "another BPF program",
};

static void json(const struct cgroup_device_view *v, struct buf *out)
{
	struct jsonw w;

	jsonw_init(&w, out, 2);
	jsonw_object(&w, NULL);
	jsonw_str(&w, "enforcedBy", enforcers[v->by]);
	jsonw_str(&w, "default", v->devices.allow_all ? "allow" : "deny");
	jsonw_array(&w, "rules");
	for (size_t i = 0; i < v->devices.rules.n; i++) {
		const struct cgroup_device *d = &v->devices.rules.v[i];
		char words[48];

		cgroup_device_words(&d->rule, words);
		jsonw_object(&w, NULL);
		jsonw_bool(&w, "allow", d->rule.allow);
		jsonw_str(&w, "rule", words);
		if (d->index >= 0)
			jsonw_strf(&w, "from", "$.linux.resources.devices[%ld]", d->index);
		else
			jsonw_str(&w, "from", "default");
		jsonw_end_object(&w);
	}
	jsonw_end_array(&w);
	jsonw_array(&w, "others");
	for (size_t i = 0; i < v->others.n; i++)
		jsonw_str(&w, NULL, v->others.v[i]);
	jsonw_end_array(&w);
	jsonw_end_object(&w);
	buf_addc(out, '\n');
}

/* The last one that covers a device decides. */
static void table(const struct cgroup_device_view *v, struct buf *out)
{
	buf_addf(out, "%-6s %-22s %s\n", "", "DEVICES", "FROM");
	buf_addf(out, "%-6s %-22s %s\n", v->devices.allow_all ? "allow" : "deny", "all others", "");
	for (size_t i = 0; i < v->devices.rules.n; i++) {
		const struct cgroup_device *d = &v->devices.rules.v[i];
		char words[48];

		cgroup_device_words(&d->rule, words);
		buf_addf(out, "%-6s %-22s ", d->rule.allow ? "allow" : "deny", words);
		if (d->index >= 0)
			buf_addf(out, "$.linux.resources.devices[%ld]\n", d->index);
		else
			buf_adds(out, "every container\n");
	}
	buf_addf(out, "enforced by %s", enforcers[v->by]);
	if (v->by == CGROUP_ENFORCED_OTHER)
		buf_adds(out, ": the rules above are kept, and may not hold");
	if (v->denied_kept && v->devices.rules.n)
		buf_adds(out, " (the kernel does not list what is denied: as kept)");
	buf_addc(out, '\n');
	for (size_t i = 0; i < v->others.n; i++) {
		buf_adds(out, "also asked: ");
		buf_addplain(out, v->others.v[i], strlen(v->others.v[i]));
		buf_addc(out, '\n');
	}
}

static int run(const struct cli_global *g, void *opts, const struct args *a, struct err *e)
{
	const struct devices_opts *o = opts;
	auto_store struct store s = STORE_NONE;
	auto_container struct container *c = NULL;
	auto_arena struct arena arena = { 0 };
	auto_buf struct buf out = { 0 };
	struct cgroup_device_view view = { 0 };

	int r = cli_open_store(g, &s, false, e);
	if (r >= 0)
		r = container_open(&c, &s, a->v[0], e);
	if (r >= 0)
		r = container_devices(c, &arena, &view, e);
	if (r >= 0) {
		if (o->format == JSON)
			json(&view, &out);
		else
			table(&view, &out);
		r = cli_print(&out, e);
	}
	strv_free(&view.others);
	return r;
}

const struct command cmd_devices = {
	.name = "devices",
	.usage = "[OPTIONS] ID",
	.summary = "list the device rules that the kernel holds a container to",
	.opts = options,
	.n_opts = N_ELEMENTS(options),
	.opt_size = sizeof(struct devices_opts),
	.min_args = 1,
	.max_args = 1,
	.run = run,
};
