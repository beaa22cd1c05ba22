/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The table of fields of CRIU's RPC, and what reads and writes by it. Numbers are those of images/rpc.proto, which never change. */
#include "criu/rpc.h"

#include <errno.h>
#include <string.h>

#include "util/pb.h"

enum kind {
	K_BOOL,	   /* left out when false */
	K_INT,	   /* left out when -1 */
	K_STR,	   /* left out when NULL */
	K_STRV,	   /* one field each */
	K_CGROUP,  /* cgroup_root: ctrl = 1 (optional), path = 2 */
	K_INHERIT, /* inherit_fd: key = 1, fd = 2 */
	K_JOIN,	   /* join_namespace: ns = 1, ns_file = 2 */
};

struct rpc_field {
	const char *name; /* as rpc.proto has it */
	unsigned number;
	enum kind kind;
	size_t at;
};

#define FIELD(number_, kind_, name_)                                                               \
	{                                                                                          \
#name_, number_, kind_, offsetof(struct criu_opts, name_)                          \
	}
#define FIELD_AS(number_, kind_, name_, member_)                                                   \
	{                                                                                          \
		name_, number_, kind_, offsetof(struct criu_opts, member_)                         \
	}

static const struct rpc_field opts_fields[] = {
	FIELD(1, K_INT, images_dir_fd),
	FIELD(2, K_INT, pid),
	FIELD(3, K_BOOL, leave_running),
	FIELD(4, K_BOOL, ext_unix_sk),
	FIELD(5, K_BOOL, tcp_established),
	FIELD(6, K_BOOL, evasive_devices),
	FIELD(7, K_BOOL, shell_job),
	FIELD(8, K_BOOL, file_locks),
	FIELD(9, K_INT, log_level),
	FIELD(10, K_STR, log_file),
	/* 11, ps: add_page_server() */
	FIELD(12, K_BOOL, notify_scripts),
	FIELD(13, K_STR, root),
	FIELD(14, K_STR, parent_img),
	FIELD(15, K_BOOL, track_mem),
	FIELD(16, K_BOOL, auto_dedup),
	FIELD(17, K_INT, work_dir_fd),
	FIELD(18, K_BOOL, link_remap),
	FIELD(24, K_BOOL, manage_cgroups),
	FIELD_AS(25, K_CGROUP, "cg_root", cgroup_root),
	FIELD(26, K_BOOL, rst_sibling),
	FIELD(27, K_INHERIT, inherit_fd),
	FIELD(29, K_BOOL, ext_sharing),
	FIELD(30, K_BOOL, ext_masters),
	FIELD_AS(34, K_INT, "manage_cgroups_mode", cg_mode),
	FIELD(37, K_STRV, external),
	FIELD(38, K_INT, empty_ns),
	FIELD(39, K_JOIN, join_ns),
	FIELD(44, K_STR, freeze_cgroup),
	FIELD(45, K_INT, timeout),
	FIELD(46, K_BOOL, tcp_skip_in_flight),
	FIELD(48, K_BOOL, lazy_pages),
	FIELD(50, K_BOOL, orphan_pts_master),
	FIELD(51, K_STR, config_file),
	FIELD(52, K_BOOL, tcp_close),
	FIELD(53, K_STR, lsm_profile),
	FIELD(63, K_STR, lsm_mount_context),
	FIELD(64, K_INT, network_lock),
	FIELD(67, K_BOOL, unprivileged),
};

/* criu_req */
enum { REQ_TYPE = 1, REQ_OPTS = 2, REQ_NOTIFY_SUCCESS = 3, REQ_KEEP_OPEN = 4, REQ_FEATURES = 5 };
/* criu_opts.ps, criu_page_server_info */
enum { OPTS_PS = 11, PS_ADDRESS = 1, PS_PORT = 2 };
/* criu_features */
enum { FEATURES_MEM_TRACK = 1, FEATURES_LAZY_PAGES = 2 };

int criu_pairs_add(struct criu_pairs *l, const char *key, const char *value, int fd)
{
	struct criu_pair pair = { .fd = fd };

	if (l->n == l->cap) {
		size_t cap = l->cap ? 2 * l->cap : 8;
		struct criu_pair *v = reallocarray(l->v, cap, sizeof(*v));

		if (!v)
			return -ENOMEM;
		l->v = v;
		l->cap = cap;
	}
	pair.key = key ? strdup(key) : NULL;
	pair.value = value ? strdup(value) : NULL;
	if ((key && !pair.key) || (value && !pair.value)) {
		free(pair.key);
		free(pair.value);
		return -ENOMEM;
	}
	l->v[l->n++] = pair;
	return 0;
}

static void pairs_clear(struct criu_pairs *l)
{
	for (size_t i = 0; i < l->n; i++) {
		free(l->v[i].key);
		free(l->v[i].value);
	}
	free(l->v);
	*l = (struct criu_pairs){ 0 };
}

void criu_opts_clear(struct criu_opts *o)
{
	strv_free(&o->external);
	pairs_clear(&o->cgroup_root);
	pairs_clear(&o->inherit_fd);
	pairs_clear(&o->join_ns);
}

static void add_message(struct buf *out, unsigned field, const struct buf *message)
{
	pb_add_bytes(out, field, buf_str(message), message->len);
	if (buf_error(message) < 0)
		out->error = buf_error(message);
}

static void add_pairs(struct buf *out, const struct rpc_field *f, const struct criu_pairs *l)
{
	for (size_t i = 0; i < l->n; i++) {
		auto_buf struct buf m = { 0 };

		if (l->v[i].key)
			pb_add_str(&m, 1, l->v[i].key);
		if (f->kind == K_INHERIT)
			pb_add_number(&m, 2, l->v[i].fd);
		else
			pb_add_str(&m, 2, l->v[i].value ? l->v[i].value : "");
		add_message(out, f->number, &m);
	}
}

static void add_field(struct buf *out, const struct rpc_field *f, const struct criu_opts *o)
{
	const char *at = (const char *)o + f->at;
	const struct strv *strings = (const void *)at;

	switch (f->kind) {
	case K_BOOL:
		if (*(const bool *)at)
			pb_add_number(out, f->number, 1);
		break;
	case K_INT:
		if (*(const int *)at != -1)
			pb_add_number(out, f->number, *(const int *)at);
		break;
	case K_STR:
		if (*(const char *const *)at)
			pb_add_str(out, f->number, *(const char *const *)at);
		break;
	case K_STRV:
		for (size_t i = 0; i < strings->n; i++)
			pb_add_str(out, f->number, strings->v[i]);
		break;
	case K_CGROUP:
	case K_INHERIT:
	case K_JOIN:
		add_pairs(out, f, (const void *)at);
		break;
	}
}

static void add_page_server(struct buf *out, const struct criu_opts *o)
{
	auto_buf struct buf m = { 0 };

	if (!o->page_server)
		return;
	pb_add_str(&m, PS_ADDRESS, o->page_server);
	pb_add_number(&m, PS_PORT, o->page_server_port);
	add_message(out, OPTS_PS, &m);
}

int criu_write_request(enum criu_type type, const struct criu_opts *o, struct buf *out)
{
	auto_buf struct buf m = { 0 };

	for (size_t i = 0; i < N_ELEMENTS(opts_fields); i++)
		add_field(&m, &opts_fields[i], o);
	add_page_server(&m, o);
	pb_add_number(out, REQ_TYPE, type);
	add_message(out, REQ_OPTS, &m);
	return buf_error(out);
}

int criu_write_version(struct buf *out)
{
	pb_add_number(out, REQ_TYPE, CRIU_VERSION);
	pb_add_number(out, REQ_KEEP_OPEN, 1);
	return buf_error(out);
}

int criu_write_features(unsigned features, struct buf *out)
{
	auto_buf struct buf m = { 0 };

	if (features & CRIU_FEATURE_MEM_TRACK)
		pb_add_number(&m, FEATURES_MEM_TRACK, 1);
	if (features & CRIU_FEATURE_LAZY_PAGES)
		pb_add_number(&m, FEATURES_LAZY_PAGES, 1);
	pb_add_number(out, REQ_TYPE, CRIU_FEATURE_CHECK);
	pb_add_number(out, REQ_KEEP_OPEN, 1);
	add_message(out, REQ_FEATURES, &m);
	return buf_error(out);
}

int criu_write_notified(bool success, struct buf *out)
{
	pb_add_number(out, REQ_TYPE, CRIU_NOTIFY);
	pb_add_number(out, REQ_NOTIFY_SUCCESS, success);
	return buf_error(out);
}

/* ---- answers ---- */

/* What the answer's messages hold: all are read by rows too. */
enum read_kind { R_INT, R_BOOL, R_SCRIPT, R_ERRMSG, R_MESSAGE, R_FEATURE };

struct read_field {
	unsigned number;
	enum read_kind kind;
	size_t at;		       /* INT, BOOL */
	const struct read_field *rows; /* MESSAGE, ended by number 0 */
	unsigned feature;
};

struct version {
	int major, minor, sublevel;
};

struct reading {
	struct criu_answer a;
	struct version v;
};

#define AT(member) .at = offsetof(struct reading, member)

static const struct read_field restore_rows[] = { { 1, R_INT, AT(a.pid) }, { 0 } };
static const struct read_field notify_rows[] = { { 1, R_SCRIPT }, { 2, R_INT, AT(a.pid) }, { 0 } };
static const struct read_field features_rows[] = {
	{ 1, R_FEATURE, .feature = CRIU_FEATURE_MEM_TRACK },
	{ 2, R_FEATURE, .feature = CRIU_FEATURE_LAZY_PAGES },
	{ 0 },
};
static const struct read_field version_rows[] = {
	{ 1, R_INT, AT(v.major) },
	{ 2, R_INT, AT(v.minor) },
	{ 4, R_INT, AT(v.sublevel) },
	{ 0 },
};
static const struct read_field answer_rows[] = {
	{ 1, R_INT, AT(a.type) },
	{ 2, R_BOOL, AT(a.success) },
	{ 4, R_MESSAGE, .rows = restore_rows },
	{ 5, R_MESSAGE, .rows = notify_rows },
	{ 7, R_INT, AT(a.cr_errno) },
	{ 8, R_MESSAGE, .rows = features_rows },
	{ 9, R_ERRMSG },
	{ 10, R_MESSAGE, .rows = version_rows },
	{ 0 },
};

static int read_message(const char *data, size_t len, const struct read_field *rows,
			struct reading *to, bool top);

static int read_one(const struct pb_field *f, const struct read_field *row, struct reading *to)
{
	bool bytes = row->kind == R_SCRIPT || row->kind == R_ERRMSG || row->kind == R_MESSAGE;

	if (f->wire != (bytes ? PB_BYTES : PB_VARINT))
		return -EBADMSG;
	switch (row->kind) {
	case R_INT:
		*(int *)((char *)to + row->at) = (int)f->value;
		break;
	case R_BOOL:
		*(bool *)((char *)to + row->at) = f->value != 0;
		break;
	case R_FEATURE:
		if (f->value)
			to->a.features |= row->feature;
		break;
	case R_SCRIPT:
		pb_copy_str(f, to->a.script, sizeof(to->a.script));
		break;
	case R_ERRMSG:
		pb_copy_str(f, to->a.errmsg, sizeof(to->a.errmsg));
		break;
	case R_MESSAGE:
		return read_message(f->data, f->len, row->rows, to, false);
	}
	return 0;
}

static int read_message(const char *data, size_t len, const struct read_field *rows,
			struct reading *to, bool top)
{
	struct pb_reader r = { .at = data, .left = len };
	struct pb_field f;
	int k;

	while ((k = pb_next(&r, &f)) > 0) {
		const struct read_field *row = rows;

		while (row->number && row->number != f.number)
			row++;
		k = row->number ? read_one(&f, row, to) : 0;
		if (k < 0)
			return k;
		to->a.has_type |= top && f.number == 1;
		to->a.has_success |= top && f.number == 2;
	}
	return k;
}

static bool is_part(int n)
{
	return n >= 0 && n < 100;
}

int criu_read_answer(const void *data, size_t len, struct criu_answer *ret)
{
	struct reading to = { 0 };

	int k = read_message(data, len, answer_rows, &to, true);
	if (k < 0)
		return k;
	if (!to.a.has_type || !to.a.has_success || !is_part(to.v.major) || !is_part(to.v.minor) ||
	    !is_part(to.v.sublevel))
		return -EBADMSG;
	if (to.a.pid < 0) /* of a restore that came to no process */
		to.a.pid = 0;
	to.a.version = to.v.major * 10000 + to.v.minor * 100 + to.v.sublevel;
	*ret = to.a;
	return 0;
}
