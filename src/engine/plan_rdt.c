/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The intelRdt part of a plan: which group, what goes to its schemata. config-linux.md#IntelRdt. Pure. */
#include <errno.h>
#include <string.h>

#include "engine/plan.h"
#include "util/util.h"

#define AT "$.linux.intelRdt"

static bool is_mb_line(const char *line)
{
	return strncmp(line + strspn(line, " \t"), "MB:", 3) == 0;
}

/* The lines of TEXT, without those of MB where memBwSchema has its own. */
static void add_lines(struct buf *out, const char *text, bool drop_mb)
{
	while (*text) {
		size_t len = strcspn(text, "\n");

		if (len && !(drop_mb && is_mb_line(text)))
			buf_addf(out, "%.*s\n", (int)len, text);
		text += len + (text[len] == '\n');
	}
}

/* A container's id may be a name that resctrl uses itself. */
static int check_id(const char *id, struct err *e)
{
	static const char *const own[] = { "info", "mon_groups", "mon_data" };

	for (size_t i = 0; i < N_ELEMENTS(own); i++) {
		if (strcmp(id, own[i]) != 0)
			continue;
		err_set(e, ERR_SPEC, "the id '%s' can't name a group of resctrl", id);
		err_hint(e, "set linux.intelRdt.closID");
		return err_at(e, AT);
	}
	return 0;
}

static const char *keep(struct plan *p, const struct buf *text)
{
	return text->len ? arena_str(&p->arena, buf_str(text)) : NULL;
}

const char *plan_rdt_group(const struct spec_intel_rdt *s, const char *id)
{
	if (!s->clos_id)
		return id;
	return strcmp(s->clos_id, "/") == 0 ? "" : s->clos_id;
}

int plan_rdt(struct plan *p, struct err *e)
{
	const struct spec_intel_rdt *s = p->spec->lnx->intel_rdt;
	auto_buf struct buf schema = { 0 }, schemata = { 0 };
	struct plan_rdt *rdt = &p->rdt;

	if (!s)
		return 0;
	if (p->facts->complete && !p->facts->resctrl && p->opts.use != FOR_EXEC) {
		err_set(e, ERR_UNSUPPORTED,
			"intelRdt needs resctrl, which is not mounted on this host");
		err_hint(e, "mount -t resctrl resctrl /sys/fs/resctrl, on a CPU that has RDT");
		return err_at(e, AT);
	}
	*rdt = (struct plan_rdt){ .on = true, .given = s->clos_id != NULL };
	int r = rdt->given ? 0 : check_id(p->opts.id, e);
	if (r < 0)
		return r;
	rdt->group = plan_rdt_group(s, p->opts.id);
	rdt->monitor = s->enable_monitoring ? p->opts.id : NULL;
	if (s->l3_cache_schema)
		add_lines(&schema, s->l3_cache_schema, s->mem_bw_schema != NULL);
	if (s->mem_bw_schema)
		add_lines(&schema, s->mem_bw_schema, false);
	for (size_t i = 0; i < s->schemata.n; i++)
		add_lines(&schemata, s->schemata.v[i], false);
	rdt->schema = keep(p, &schema);
	rdt->schemata = keep(p, &schemata);
	if (buf_error(&schema) < 0 || buf_error(&schemata) < 0 || (schema.len && !rdt->schema) ||
	    (schemata.len && !rdt->schemata))
		return err_sys(e, -ENOMEM, "plan");
	return 0;
}
