/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Figures from resctrl. resctrl.rst: "info", "schemata", "mon_data". */
#include "linux/rdt_stats.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sys/hostfs.h"
#include "sys/raw.h"
#include "util/parse.h"

enum { MAX_TEXT = 64 * 1024, MAX_DOMAINS = 256 };

static bool number(int dir, const char *file, uint64_t *ret)
{
	char text[32];

	return host_read_small(dir, file, text, sizeof(text)) > 0 && parse_u64(text, ret) >= 0;
}

static void read_info(int root, struct rdt_stats *s)
{
	s->l3.has = host_read_small(root, "info/L3/cbm_mask", s->l3.cbm_mask,
				    sizeof(s->l3.cbm_mask)) > 0;
	(void)number(root, "info/L3/min_cbm_bits", &s->l3.min_cbm_bits);
	(void)number(root, "info/L3/num_closids", &s->l3.num_closids);
	s->mb.has = number(root, "info/MB/min_bandwidth", &s->mb.min_bandwidth);
	(void)number(root, "info/MB/bandwidth_gran", &s->mb.bandwidth_gran);
	(void)number(root, "info/MB/delay_linear", &s->mb.delay_linear);
	(void)number(root, "info/MB/num_closids", &s->mb.num_closids);
}

/* The line of TEXT that begins with RESOURCE ("L3:"), without the kernel's indentation. */
static int find_line(const char *text, const char *resource, struct arena *arena, char **ret)
{
	for (; *text; text += strcspn(text, "\n"), text += *text == '\n') {
		const char *line = text + strspn(text, " \t");

		if (strncmp(line, resource, strlen(resource)) != 0)
			continue;
		*ret = arena_strn(arena, line, strcspn(line, "\n"));
		return *ret ? 0 : -ENOMEM;
	}
	return 0;
}

static int all_lines(const char *text, struct arena *arena, struct rdt_stats *s)
{
	size_t n = 1;

	for (const char *at = text; *at; at++)
		n += *at == '\n';
	s->schemata.v = arena_array(arena, n, sizeof(*s->schemata.v));
	if (!s->schemata.v)
		return -ENOMEM;
	for (; *text; text += strcspn(text, "\n"), text += *text == '\n') {
		const char *line = text + strspn(text, " \t");
		size_t len = strcspn(line, "\n");

		if (len == 0)
			continue;
		s->schemata.v[s->schemata.n] = arena_strn(arena, line, len);
		if (!s->schemata.v[s->schemata.n++])
			return -ENOMEM;
	}
	return 0;
}

static int read_schemata(int root, int group, struct arena *arena, struct rdt_stats *s)
{
	auto_buf struct buf all = { 0 }, own = { 0 };
	int r = 0;

	if (host_read(root, "schemata", MAX_TEXT, &all) >= 0) {
		r = find_line(buf_str(&all), "L3:", arena, &s->l3_root);
		if (r >= 0)
			r = find_line(buf_str(&all), "MB:", arena, &s->mb_root);
	}
	if (r >= 0 && host_read(group, "schemata", MAX_TEXT, &own) >= 0) {
		r = find_line(buf_str(&own), "L3:", arena, &s->l3_group);
		if (r >= 0)
			r = find_line(buf_str(&own), "MB:", arena, &s->mb_group);
		if (r >= 0)
			r = all_lines(buf_str(&own), arena, s);
	}
	return r;
}

struct domains {
	char names[MAX_DOMAINS][16];
	size_t n;
};

static int add_domain(void *ctx, const char *name, UNUSED unsigned char d_type)
{
	struct domains *d = ctx;

	if (strncmp(name, "mon_L3_", 7) == 0 && strlen(name) < sizeof(d->names[0]) &&
	    d->n < MAX_DOMAINS)
		snprintf(d->names[d->n++], sizeof(d->names[0]), "%s", name);
	return 0;
}

static int by_name(const void *a, const void *b)
{
	return strcmp(a, b);
}

static int read_domains(int dir, struct arena *arena, struct rdt_stats *s)
{
	auto_fd int data = sys_openat(dir, "mon_data", O_RDONLY | O_DIRECTORY | O_NOFOLLOW, 0);
	struct domains *d = arena_alloc(arena, sizeof(*d));
	char file[64];

	if (!d)
		return -ENOMEM;
	if (data < 0 || host_list(data, add_domain, d) < 0)
		return 0;
	qsort(d->names, d->n, sizeof(d->names[0]), by_name);
	s->domains.v = arena_array(arena, d->n + 1, sizeof(*s->domains.v));
	if (!s->domains.v)
		return -ENOMEM;
	for (size_t i = 0; i < d->n; i++) {
		struct rdt_domain_stat *x = &s->domains.v[s->domains.n++];

		snprintf(file, sizeof(file), "%s/llc_occupancy", d->names[i]);
		x->has_occupancy = number(data, file, &x->occupancy);
		snprintf(file, sizeof(file), "%s/mbm_total_bytes", d->names[i]);
		x->has_total = number(data, file, &x->total);
		snprintf(file, sizeof(file), "%s/mbm_local_bytes", d->names[i]);
		x->has_local = number(data, file, &x->local);
	}
	return 0;
}

int rdt_stats(const struct rdt_root *root, const char *group, const char *monitor,
	      struct arena *arena, struct rdt_stats *ret)
{
	auto_buf struct buf path = { 0 };

	*ret = (struct rdt_stats){ 0 };
	auto_fd int dir = rdt_open_group(root, group);
	if (dir < 0)
		return 0;
	ret->has = true;
	read_info(root->fd, ret);
	int r = read_schemata(root->fd, dir, arena, ret);
	if (r < 0)
		return r;
	buf_addf(&path, "mon_groups/%s", monitor ? monitor : "");
	if (buf_error(&path) < 0)
		return -ENOMEM;
	auto_fd int counts =
		monitor ? sys_openat(dir, buf_str(&path), O_RDONLY | O_DIRECTORY | O_NOFOLLOW, 0)
			: -ENOENT;
	return read_domains(counts < 0 ? dir : counts, arena, ret);
}
