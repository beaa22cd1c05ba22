/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Fuzz target: the small parsers, all on the same text: numbers, signals, lists, sizes, times, paths, /proc files. */
#include <limits.h>
#include <signal.h>

#include "fuzz/fuzz.h"
#include "sys/facts.h"
#include "sys/proc.h"
#include "util/buf.h"
#include "util/parse.h"
#include "util/path.h"
#include "util/strv.h"

struct ranges {
	uint32_t max;
	size_t n;
};

static int range(void *ctx, uint32_t first, uint32_t last)
{
	struct ranges *r = ctx;

	require(first <= last && last <= r->max);
	r->n++;
	return 0;
}

static void check_numbers(const char *s)
{
	char back[32];
	uint64_t u;
	int64_t i;
	uint32_t u32;
	bool b;

	if (parse_u64(s, &u) == 0) {
		require(strspn(s, "0123456789") == strlen(s));
		snprintf(back, sizeof(back), "%llu", (unsigned long long)u);
		require(strcmp(back, s + strspn(s, "0")) == 0 || u == 0);
		require((parse_u32(s, &u32) == 0) == (u <= UINT32_MAX));
	}
	if (parse_i64(s, &i) == 0) {
		snprintf(back, sizeof(back), "%lld", (long long)i);
		require(parse_i64(back, &i) == 0);
	}
	if (parse_bool(s, &b) == 0)
		require(strlen(s) < 6);
	(void)parse_size(s, &i);
	(void)parse_duration_ms(s, &u);
}

static void check_words(const char *s)
{
	struct ranges r = { .max = 1023 };
	int sig;

	if (parse_signal(s, &sig) == 0)
		require(sig >= 0 && sig <= SIGRTMAX);
	int n = parse_ranges(s, r.max, range, &r);
	require(n == 0 || n == -EINVAL || n == -ERANGE);
	require(n != 0 || r.n || !*s || *s == '\n');
	require((parse_ranges(s, r.max, NULL, NULL) == 0) == (n == 0));
}

static void check_paths(const char *s)
{
	char once[PATH_MAX], twice[PATH_MAX];

	if (path_clean(once, sizeof(once), s) < 0) {
		require(strlen(s) >= PATH_MAX - 2);
		return;
	}
	require(once[0] == '/' && !strstr(once, "//") && !strstr(once, "/./"));
	require(path_clean(twice, sizeof(twice), once) == 0 && strcmp(once, twice) == 0);
	const char *below = path_below(once, "/proc");
	require(!below || strncmp(once, "/proc", 5) == 0);
}

static void check_proc(const char *s)
{
	static struct cgroup_hierarchy h[FACTS_MAX_HIERARCHIES];
	struct proc_stat ps;

	int n = facts_parse_cgroup(s, h, FACTS_MAX_HIERARCHIES);
	require(n <= FACTS_MAX_HIERARCHIES);
	for (int i = 0; i < n; i++)
		require(memchr(h[i].own, '\0', sizeof(h[i].own)) &&
			memchr(h[i].controllers, '\0', sizeof(h[i].controllers)));
	(void)facts_is_initial_map(s);
	if (proc_stat_parse(s, &ps) == 0)
		require(strchr(s, ')'));
}

static void check_env(const char *s)
{
	auto_strv struct strv env = { 0 };
	auto_buf struct buf json = { 0 };

	if (!strchr(s, '=') && *s) {
		require(strv_setenv(&env, s, "1") == 0 && strv_setenv(&env, s, "2") == 0);
		require(env.n == 1 && strcmp(strv_getenv(&env, s), "2") == 0);
	}
	buf_addjson(&json, s);
	require(buf_error(&json) == 0 && json.p[0] == '"' && json.p[json.len - 1] == '"');
	for (size_t i = 0; i < json.len; i++)
		require((unsigned char)json.p[i] >= 0x20);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *s = fuzz_text(data, size);

	check_numbers(s);
	check_words(s);
	check_paths(s);
	check_proc(s);
	check_env(s);
	free(s);
	return 0;
}
