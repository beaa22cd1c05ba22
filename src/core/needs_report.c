/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The table of needs.c with what this host has of each row, for people and as JSON (`ketch doctor`). */
#include <errno.h>
#include <string.h>

#include "core/needs.h"
#include "util/jsonw.h"
#include "util/util.h"

static const char *const states[] = { "yes", "partly", "no" };

void needs_host(const struct facts *f, struct buf *out)
{
	buf_addf(out, "Linux %s %s, %u CPUs, cgroups %s, %s%s", f->kernel_release, f->machine,
		 f->n_cpus, facts_cgroup_modes[f->cgroup_mode],
		 f->uid == 0 ? "root" : "an ordinary user",
		 f->in_userns ? " in a user namespace" : "");
}

static int property_width(void)
{
	size_t width = 0;

	for (const struct need *n = needs; n->property; n++)
		width = MAX(width, strlen(n->property));
	return (int)width;
}

static void text_row(const struct need *n, enum need_state s, const char *why, int width,
		     struct buf *out)
{
	bool yes = s == NEED_YES;

	buf_addf(out, "%-7s %-*s", states[s], *why || !yes ? width : 0, n->property);
	if (*why)
		buf_addf(out, "  %s", why);
	if (!yes)
		buf_addf(out, "%s%s%s", *why ? " (takes " : "  takes ", n->takes, *why ? ")" : "");
	buf_addc(out, '\n');
	if (!yes)
		buf_addf(out, "%8s-> %s\n", "", n->advice);
}

static void json_row(struct jsonw *w, const struct need *n, enum need_state s, const char *why)
{
	jsonw_object(w, NULL);
	jsonw_str(w, "property", n->property);
	jsonw_str(w, "available", states[s]);
	jsonw_str(w, "takes", n->takes);
	jsonw_str(w, "why", why);
	jsonw_str(w, "advice", s == NEED_YES ? NULL : n->advice);
	jsonw_end_object(w);
}

int needs_report(const struct facts *f, bool json, struct buf *out)
{
	auto_buf struct buf host = { 0 };
	auto_buf struct buf why = { 0 };
	int width = property_width();
	struct jsonw w;

	needs_host(f, &host);
	jsonw_init(&w, out, 2);
	if (json) {
		jsonw_object(&w, NULL);
		jsonw_str(&w, "host", buf_str(&host));
		jsonw_array(&w, "properties");
	} else {
		buf_addf(out, "%s\n\n", buf_str(&host));
	}
	for (const struct need *n = needs; n->property; n++) {
		buf_reset(&why);
		enum need_state s = n->probe(n, f, &why);
		if (json)
			json_row(&w, n, s, buf_str(&why));
		else
			text_row(n, s, buf_str(&why), width, out);
	}
	if (json) {
		jsonw_end_array(&w);
		jsonw_end_object(&w);
		buf_addc(out, '\n');
	}
	return buf_error(out) < 0 || buf_error(&why) < 0 ? -ENOMEM : 0;
}
