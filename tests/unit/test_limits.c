/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Configs of a size that nobody means: each gives a clear error or loads, in under two seconds of processor time, by
 * spec_load() and by spec_check() (which goes on after errors). Made here, as they are too large for fixtures.
 */
#include <stdlib.h>
#include <time.h>

#include "spec/load.h"
#include "tap.h"
#include "util/buf.h"

enum { MANY = 100000, MEG = 1024 * 1024 };

/* Sanitizers and a busy machine may make it slower, not the kind of slow that is looked for. */
#define SLOWER 5

static const char head[] = "{\"ociVersion\":\"1.3.0\",\"root\":{\"path\":\"rootfs\"},";

static double processor_time(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void ignore(void *ctx, const struct err *e)
{
	(void)ctx;
	(void)e;
}

/* WORDS: of the message of the error that must come; NULL: TEXT loads. Returns what was loaded. */
static struct spec *try(const struct buf *text, const char *words)
{
	struct spec *s = NULL, *checked = NULL;
	struct err e = { 0 };

	CHECK_INT(buf_error(text), 0);
	double begin = processor_time();
	int r = spec_load(&s, text->p, text->len, &e);
	double loaded = processor_time();
	int n = spec_check(&checked, text->p, text->len, ignore, NULL, NULL);
	double end = processor_time();

	fflush(stdout);
	printf("# %.1f MiB: load %.3f s, check %.3f s: %s\n", (double)text->len / MEG,
	       loaded - begin, end - loaded, r < 0 ? e.msg : "valid");
	CHECK(loaded - begin < 2.0 * SLOWER);
	CHECK(end - loaded < 2.0 * SLOWER);
	spec_free(checked);
	if (words) {
		CHECK(r < 0 && e.code == ERR_SPEC && strstr(e.msg, words));
		CHECK(n > 0);
	} else {
		CHECK_INT(r, 0);
		CHECK_INT(n, 0);
	}
	return s;
}

static void repeat(struct buf *b, const char *text, size_t n)
{
	while (n--)
		buf_adds(b, text);
}

/* A million levels, known and unknown, closed or not. */
static void test_nesting(void)
{
	static const char *const openings[] = { "[", "{\"a\":" };
	static const char *const keys[] = { "\"unknown\":", "\"mounts\":", "\"windows\":" };

	for (size_t k = 0; k < N_ELEMENTS(keys); k++) {
		for (size_t i = 0; i < N_ELEMENTS(openings); i++) {
			auto_buf struct buf b = { 0 };

			buf_addf(&b, "%s%s", head, keys[k]);
			repeat(&b, openings[i], 1000000);
			if (i == 0)
				repeat(&b, "]", 1000000);
			buf_adds(&b, i == 0 ? "}" : "");
			bool refused = k == 1 && i == 0; /* before it is deep */
			spec_free(try(&b, k == 1 ? (refused ? "an object" : "array") : "128"));
		}
	}
	auto_buf struct buf top = { 0 };
	repeat(&top, "[", 1000000);
	spec_free(try(&top, "object"));
}

static void test_size(void)
{
	auto_buf struct buf blanks = { 0 }, annotation = { 0 }, fits = { 0 };

	buf_adds(&blanks, head);
	repeat(&blanks, "                ", 17 * MEG / 16);
	buf_adds(&blanks, "\"hostname\":\"\"}");
	spec_free(try(&blanks, "16 MiB"));

	buf_addf(&annotation, "%s\"annotations\":{\"a\":\"", head);
	repeat(&annotation, "0123456789abcdef", 17 * MEG / 16);
	buf_adds(&annotation, "\"}}");
	spec_free(try(&annotation, "16 MiB"));

	buf_addf(&fits, "%s\"annotations\":{\"a\":\"", head);
	repeat(&fits, "0123456789abcdef", 15 * MEG / 16);
	buf_adds(&fits, "\"}}");
	struct spec *s = try(&fits, NULL);
	CHECK(s && s->annotations.n == 1 && strlen(s->annotations.v[0].value) == 15 * MEG);
	spec_free(s);
}

/* One long string of escapes, of digits, of UTF-8 and of what is not. */
static void test_long_tokens(void)
{
	static const struct {
		const char *before, *piece, *after, *words;
	} cases[] = {
		{ "\"annotations\":{\"a\":\"", "\\u00e9\\n", "\"}}", NULL },
		{ "\"annotations\":{\"a\":\"", "\xf0\x9f\x90\xb3", "\"}}", NULL },
		{ "\"annotations\":{\"a\":\"", "\\\\\\\"", "\xff\"}}", "UTF-8" },
		{ "\"process\":{\"oomScoreAdj\":", "99999999", "}}", "integer" },
		{ "\"hostname\":\"", "xxxxxxxx", "\"}", "64 bytes" },
		{ "\"", "longkey.", "\":1}", NULL },
		{ "\"hostname\":\"", "xxxxxxxx", "", "too early" },
	};

	for (size_t i = 0; i < N_ELEMENTS(cases); i++) {
		auto_buf struct buf b = { 0 };

		buf_addf(&b, "%s%s", head, cases[i].before);
		repeat(&b, cases[i].piece, MEG);
		buf_adds(&b, cases[i].after);
		spec_free(try(&b, cases[i].words));
	}
}

/* N members or elements made by FORMAT, which has one %d. */
static void add_many(struct buf *b, const char *before, const char *format, int n,
		     const char *after)
{
	buf_addf(b, "%s%s", head, before);
	for (int i = 0; i < n; i++) {
		char text[256];
		const char *at = strstr(format, "%d");

		snprintf(text, sizeof(text), "%s%.*s%d%s", i ? "," : "", (int)(at - format), format,
			 i, at + 2);
		buf_adds(b, text);
	}
	buf_adds(b, after);
}

#define PROCESS "\"process\":{\"cwd\":\"/\",\"args\":[\"sh\"],"
#define SECCOMP "\"linux\":{\"seccomp\":{\"defaultAction\":\"SCMP_ACT_ALLOW\",\"syscalls\":["

static void test_many(void)
{
	static const struct {
		const char *before, *format, *after, *words;
	} cases[] = {
		{ PROCESS "\"env\":[", "\"VARIABLE_%d=value\"", "]}}", NULL },
		{ PROCESS "\"env\":[", "\"novalue%d\"", "]}}", NULL },
		{ "\"process\":{\"cwd\":\"/\",\"args\":[", "\"argument%d\"", "]}}", NULL },
		{ PROCESS "\"user\":{\"additionalGids\":[", "%d", "]}}}", "100000 groups" },
		{ PROCESS "\"rlimits\":[", "{\"type\":\"RLIMIT_CORE\",\"soft\":0,\"hard\":%d}",
		  "]}}", "second" },
		{ PROCESS "\"capabilities\":{\"bounding\":[", "\"CAP_%d\"", "]}}}", NULL },
		{ "\"annotations\":{", "\"key%d\":\"value\"", "}}", NULL },
		{ "", "\"unknown%d\":{\"a\":[1,2,3]}", "}", NULL },
		{ "\"linux\":{\"unknown\":[", "{\"a\":%d}", "]}}", NULL },
		{ SECCOMP, "{\"names\":[\"call%d\"],\"action\":\"SCMP_ACT_ERRNO\"}", "]}}}", NULL },
		{ SECCOMP "{\"action\":\"SCMP_ACT_LOG\",\"names\":[", "\"call%d\"", "]}]}}}",
		  NULL },
		{ SECCOMP, "{\"names\":[\"call%d\"],\"action\":\"SCMP_ACT_LOG\",\"errnoRet\":1}",
		  "]}}}", "errno" },
		{ "\"linux\":{\"namespaces\":[{\"type\":\"mount\"}]},\"mounts\":[",
		  "{\"destination\":\"/m%d\",\"type\":\"tmpfs\",\"options\":[\"ro\",\"size=1k\"]}",
		  "]}", NULL },
		{ "\"mounts\":[{\"destination\":\"/m\",\"type\":\"tmpfs\",\"options\":[",
		  "\"option%d\"", "]}]}", NULL },
		{ "\"mounts\":[", "{\"destination\":\"m%d\"}", "]}", "required" },
		{ "\"hooks\":{\"poststop\":[", "{\"path\":\"/bin/hook%d\",\"timeout\":1}", "]}}",
		  NULL },
		{ "\"linux\":{\"namespaces\":[", "{\"type\":\"pid\",\"path\":\"/p%d\"}", "]}}",
		  "second" },
		{ "\"linux\":{\"devices\":[", "{\"type\":\"p\",\"path\":\"/p%d\"}", "]}}", NULL },
		{ "\"linux\":{\"devices\":[",
		  "{\"type\":\"c\",\"path\":\"/same\",\"major\":1,\"minor\":%d}", "]}}", "second" },
		{ "\"linux\":{\"resources\":{\"devices\":[",
		  "{\"allow\":true,\"type\":\"c\",\"major\":1,\"minor\":%d}", "]}}}", NULL },
		{ "\"linux\":{\"resources\":{\"unified\":{", "\"memory.file%d\":\"1\"", "}}}}",
		  NULL },
		{ "\"linux\":{\"resources\":{\"hugepageLimits\":[",
		  "{\"pageSize\":\"2MB\",\"limit\":%d}", "]}}}", "second" },
		{ "\"linux\":{\"namespaces\":[{\"type\":\"network\"}],\"sysctl\":{",
		  "\"net.ipv4.key%d\":\"1\"", "}}}", NULL },
		{ "\"linux\":{\"sysctl\":{", "\"vm.key%d\":\"1\"", "}}}", "host" },
		{ "\"linux\":{\"namespaces\":[{\"type\":\"network\"}],\"netDevices\":{",
		  "\"eth%d\":{\"name\":\"net0\"}", "}}}", "net0" },
		{ "\"linux\":{\"namespaces\":[{\"type\":\"user\"}],\"gidMappings\":[],"
		  "\"uidMappings\":[",
		  "{\"containerID\":%d,\"hostID\":0,\"size\":1}", "]}}", "340" },
		{ "\"linux\":{\"maskedPaths\":[", "\"/path%d\"", "]}}", NULL },
	};

	for (size_t i = 0; i < N_ELEMENTS(cases); i++) {
		auto_buf struct buf b = { 0 };

		add_many(&b, cases[i].before, cases[i].format, MANY, cases[i].after);
		printf("# %s%s\n", cases[i].before, cases[i].format);
		spec_free(try(&b, cases[i].words));
	}
}

/* Nothing is lost on the way. */
static void test_counts(void)
{
	auto_buf struct buf env = { 0 }, calls = { 0 }, keys = { 0 };

	add_many(&env, PROCESS "\"env\":[", "\"V%d=x\"", MANY, "]}}");
	struct spec *s = try(&env, NULL);
	CHECK(s && s->process->env.n == MANY && strcmp(s->process->env.v[99999], "V99999=x") == 0);
	spec_free(s);

	add_many(&calls, SECCOMP, "{\"names\":[\"call%d\"],\"action\":\"SCMP_ACT_ERRNO\"}", MANY,
		 "]}}}");
	s = try(&calls, NULL);
	CHECK(s && s->lnx->seccomp->syscalls.n == MANY);
	spec_free(s);

	add_many(&keys, "\"annotations\":{", "\"k%d\":\"v\"", MANY, "}}");
	s = try(&keys, NULL);
	CHECK(s && s->annotations.n == MANY && spec_map_get(&s->annotations, "k99999"));
	spec_free(s);
}

int main(void)
{
	static const struct test tests[] = {
		{ "a million levels", test_nesting },
		{ "17 MiB, and 15", test_size },
		{ "tokens of megabytes", test_long_tokens },
		{ "a hundred thousand of each", test_many },
		{ "all of them arrive", test_counts },
	};

	return tap_run(tests, N_ELEMENTS(tests));
}
