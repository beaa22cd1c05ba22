/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The cache of compiled seccomp programs: hits, damaged entries, foreign directories, eviction. */
#include <dirent.h>
#include <fcntl.h>
#include <seccomp.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "linux/seccomp_parts.h"
#include "tap.h"

static char root[] = "/tmp/test-seccomp-cache.XXXXXX";

static struct spec_seccomp profile(struct spec_syscall *sc, const char **names, size_t n)
{
	*sc = (struct spec_syscall){ .names = { .v = (char **)names, .n = n },
				     .action = SCMP_ACT_ALLOW };
	struct spec_seccomp s = { .default_action = SCMP_ACT_ERRNO(0) };
	s.syscalls.v = sc;
	s.syscalls.n = 1;
	return s;
}

static unsigned warnings;

static void warn(UNUSED void *ctx, UNUSED const char *text)
{
	warnings++;
}

static struct seccomp_program *get(const struct spec_seccomp *s, int dir)
{
	struct seccomp_program *p = NULL;
	struct err e;

	CHECK_INT(seccomp_compile(&p, s, dir, warn, NULL, &e), 0);
	return p;
}

static bool equal(const struct seccomp_program *a, const struct seccomp_program *b)
{
	return a->n == b->n && a->flags == b->flags &&
	       memcmp(a->insns, b->insns, a->n * sizeof(a->insns[0])) == 0;
}

static size_t entries(int dir, char *last)
{
	DIR *d = fdopendir(openat(dir, ".", O_RDONLY | O_DIRECTORY));
	size_t n = 0;

	for (struct dirent *e; (e = readdir(d));) {
		if (e->d_name[0] == '.')
			continue;
		n++;
		if (last)
			strcpy(last, e->d_name);
	}
	closedir(d);
	return n;
}

static void hit(void)
{
	const char *names[] = { "read", "write", "no_such_call" };
	struct spec_syscall sc;
	struct spec_seccomp s = profile(&sc, names, 3);
	int dir = seccomp_cache_open(root);
	char name[256];
	struct stat st;

	CHECK(dir >= 0);
	warnings = 0;
	struct seccomp_program *a = get(&s, dir), *b = get(&s, dir), *c = get(&s, -EBADF);
	CHECK_INT(warnings, 2); /* the second came out of the cache */
	CHECK(equal(a, b) && equal(a, c));
	CHECK_INT(entries(dir, name), 1);
	CHECK_INT(fstatat(dir, name, &st, 0), 0);
	CHECK_INT(st.st_mode & 07777, 0600);
	CHECK_INT(strlen(name), 64);
	seccomp_free(a);
	seccomp_free(b);
	seccomp_free(c);
	close(dir);
}

/* Whatever of an entry is changed or missing: it is compiled again, and put right. */
static void damaged(void)
{
	const char *names[] = { "read", "write", "no_such_call" };
	struct spec_syscall sc;
	struct spec_seccomp s = profile(&sc, names, 3);
	int dir = seccomp_cache_open(root);
	char name[256];
	struct stat st;

	struct seccomp_program *good = get(&s, -EBADF);
	entries(dir, name);
	fstatat(dir, name, &st, 0);
	for (off_t at = 0; at < st.st_size; at++) {
		int fd = openat(dir, name, O_RDWR);
		char c;

		/* The last four bytes of the header mean nothing. */
		if (at >= 84 && at < 88)
			continue;
		CHECK_INT(pread(fd, &c, 1, at), 1);
		c ^= 4;
		CHECK_INT(pwrite(fd, &c, 1, at), 1);
		close(fd);
		warnings = 0;
		struct seccomp_program *p = get(&s, dir);
		CHECK_INT(warnings, 1);
		CHECK(equal(good, p));
		seccomp_free(p);
	}
	for (off_t len = 0; len < st.st_size; len += 7) {
		int fd = openat(dir, name, O_RDWR);

		CHECK_INT(ftruncate(fd, len), 0);
		close(fd);
		struct seccomp_program *p = get(&s, dir);
		CHECK(equal(good, p));
		seccomp_free(p);
	}
	seccomp_free(good);
	close(dir);
}

/* Each of these makes another program, or might. */
static void keys(void)
{
	const char *names[] = { "read", "write" }, *split[] = { "rea", "dwrite" };
	struct spec_seccomp_arg arg = { 0, 1, 2, SCMP_CMP_EQ };
	struct spec_syscall sc, base_sc;
	uint32_t arch = SCMP_ARCH_X86;
	struct spec_seccomp base = profile(&base_sc, names, 2), s[9];
	struct seccomp_key k[10];

	for (size_t i = 0; i < 9; i++)
		s[i] = base;
	s[0].default_action = SCMP_ACT_TRAP;
	s[1].has_default_errno_ret = true;
	s[2].architectures.v = &arch;
	s[2].architectures.n = 1;
	seccomp_key(&k[9], &base);
	for (size_t i = 0; i < 9; i++) {
		if (i >= 3) {
			sc = base_sc;
			s[i].syscalls.v = &sc;
		}
		if (i == 3)
			sc.names.v = (char **)split;
		if (i == 4)
			sc.names.n = 1;
		if (i == 5)
			sc.action = SCMP_ACT_LOG;
		if (i == 6)
			sc.has_errno_ret = true;
		if (i >= 7) {
			sc.args.v = &arg;
			sc.args.n = 1;
			arg.value = i;
		}
		seccomp_key(&k[i], &s[i]);
	}
	for (size_t i = 0; i < 10; i++) {
		for (size_t j = 0; j < i; j++)
			CHECK(memcmp(&k[i], &k[j], sizeof(k[0])) != 0);
	}
	/* Who listens does not change the program. */
	s[0] = base;
	s[0].listener_path = root;
	seccomp_key(&k[0], &s[0]);
	CHECK(memcmp(&k[0], &k[9], sizeof(k[0])) == 0);
}

static void directory(void)
{
	char path[64], to[64];

	snprintf(path, sizeof(path), "%s/.cache/seccomp", root);
	snprintf(to, sizeof(to), "%s/elsewhere", root);
	chmod(path, 0770);
	CHECK_INT(seccomp_cache_open(root), -EPERM);
	chmod(path, 0705);
	CHECK_INT(seccomp_cache_open(root), -EPERM);
	chmod(path, 0700);
	int fd = seccomp_cache_open(root);
	CHECK(fd >= 0);
	close(fd);
	rename(path, to);
	CHECK_INT(symlink(to, path), 0);
	CHECK(seccomp_cache_open(root) < 0);
	unlink(path);
	rename(to, path);
	CHECK_INT(seccomp_cache_open("/no/such/root"), -ENOENT);
}

static void eviction(void)
{
	int dir = seccomp_cache_open(root);
	struct bpf b = { 0 };
	struct seccomp_key first = { { 0 } }, key = { { 1 } };
	struct bpf got = { 0 };

	bpf_add(&b, (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, 0x7fff0000));
	CHECK_INT(seccomp_cache_store(dir, &first, &b), 0);
	/* The rest is younger by its own time, not only by ours. */
	char name[65];
	memset(name, '0', 64);
	name[64] = '\0';
	struct timespec old[2] = { { 1, 0 }, { 1, 0 } };
	CHECK_INT(utimensat(dir, name, old, 0), 0);
	for (unsigned i = 0; i < SECCOMP_CACHE_MAX + 20; i++) {
		memcpy(key.sum, &i, sizeof(i));
		key.sum[31] = 1;
		CHECK_INT(seccomp_cache_store(dir, &key, &b), 0);
		if (i == 10)
			CHECK_INT(entries(dir, NULL) > 10, 1);
	}
	CHECK_INT(entries(dir, NULL), SECCOMP_CACHE_MAX);
	CHECK_INT(seccomp_cache_load(dir, &first, &got), -ENOENT);
	CHECK_INT(seccomp_cache_load(dir, &key, &got), 0);
	CHECK_INT(got.n, 1);
	bpf_free(&got);
	bpf_free(&b);
	close(dir);
}

/* A program under another name is not taken for its own. */
static void renamed(void)
{
	int dir = seccomp_cache_open(root);
	struct seccomp_key a = { { 7 } }, b = { { 8 } };
	struct bpf prog = { 0 }, got = { 0 };
	char from[80], to[80];

	bpf_add(&prog, (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, 0x7fff0000));
	CHECK_INT(seccomp_cache_store(dir, &a, &prog), 0);
	snprintf(from, sizeof(from), "07%062d", 0);
	snprintf(to, sizeof(to), "08%062d", 0);
	CHECK_INT(renameat(dir, from, dir, to), 0);
	CHECK_INT(seccomp_cache_load(dir, &a, &got), -ENOENT);
	CHECK_INT(seccomp_cache_load(dir, &b, &got), -EBADMSG);
	bpf_free(&prog);
	close(dir);
}

static void clean(void)
{
	char cmd[128];

	snprintf(cmd, sizeof(cmd), "rm -rf %s", root);
	CHECK_INT(system(cmd), 0);
}

static const struct test tests[] = {
	{ "a hit is the same program", hit },
	{ "damaged entries", damaged },
	{ "keys", keys },
	{ "only a directory of our own", directory },
	{ "eviction", eviction },
	{ "renamed entries", renamed },
	{ "clean-up", clean },
};

int main(void)
{
	if (!mkdtemp(root))
		return 1;
	return tap_run(tests, N_ELEMENTS(tests));
}
