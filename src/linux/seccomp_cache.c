/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Compiled programs in ROOT/.cache/seccomp: libseccomp takes some 30 ms for an engine's default profile, and engines use
 * the same one for every container.
 *
 * A file is named by the hash of all that the program depends on. It is replaced atomically and carries its own key, its
 * length and a checksum; whatever does not fit is as good as no entry. The directory must be ours and nobody else's to
 * write to: who could put a program there would lift the filter of a container.
 */
#include <fcntl.h>
#include <limits.h>
#include <seccomp.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "config.h"
#include "linux/seccomp_parts.h"
#include "sys/hostfs.h"
#include "sys/raw.h"

/* To be raised when the same profile is to give another program. */
#define FORMAT "ketch seccomp 1"

struct header {
	char magic[16];
	uint8_t key[SHA256_SIZE];
	uint8_t sum[SHA256_SIZE]; /* of the instructions */
	uint32_t n;
	uint32_t reserved;
};

struct name {
	char text[2 * SHA256_SIZE + 1];
};

static struct name entry_name(const struct seccomp_key *key)
{
	struct name name;

	for (size_t i = 0; i < SHA256_SIZE; i++)
		snprintf(name.text + 2 * i, 3, "%02x", key->sum[i]);
	return name;
}

/* ---- the key ---- */

static void add_u64(struct sha256 *h, uint64_t x)
{
	sha256_add(h, &x, sizeof(x));
}

/* With its NUL: strings of the spec have none inside. */
static void add_str(struct sha256 *h, const char *s)
{
	sha256_add(h, s, strlen(s) + 1);
}

static void add_errno(struct sha256 *h, bool has, uint32_t value)
{
	add_u64(h, has ? value + 1ull : 0);
}

void seccomp_key(struct seccomp_key *key, const struct spec_seccomp *s)
{
	const struct scmp_version *v = seccomp_version();
	struct sha256 h;

	sha256_init(&h);
	add_str(&h, FORMAT " " KETCH_VERSION);
	add_u64(&h, (uint64_t)v->major << 32 | v->minor << 16 | v->micro);
	add_u64(&h, seccomp_arch_native());
	add_u64(&h, s->default_action);
	add_errno(&h, s->has_default_errno_ret, s->default_errno_ret);
	add_u64(&h, s->architectures.n);
	for (size_t i = 0; i < s->architectures.n; i++)
		add_u64(&h, s->architectures.v[i]);
	add_u64(&h, s->syscalls.n);
	for (size_t i = 0; i < s->syscalls.n; i++) {
		const struct spec_syscall *sc = &s->syscalls.v[i];

		add_u64(&h, sc->action);
		add_errno(&h, sc->has_errno_ret, sc->errno_ret);
		add_u64(&h, sc->names.n);
		for (size_t k = 0; k < sc->names.n; k++)
			add_str(&h, sc->names.v[k]);
		add_u64(&h, sc->args.n);
		for (size_t k = 0; k < sc->args.n; k++) {
			add_u64(&h, sc->args.v[k].index);
			add_u64(&h, sc->args.v[k].op);
			add_u64(&h, sc->args.v[k].value);
			add_u64(&h, sc->args.v[k].value_two);
		}
	}
	sha256_end(&h, key->sum);
}

/* ---- the directory ---- */

static int open_own_dir(int parent, const char *name)
{
	struct stat st;
	int r = host_mkdirat(parent, name, 0700);

	if (r < 0 && r != -EEXIST)
		return r;
	auto_fd int fd = sys_openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW, 0);
	if (fd < 0)
		return fd;
	if (fstat(fd, &st) < 0)
		return -errno;
	if (st.st_uid != geteuid() || (st.st_mode & 0077))
		return -EPERM;
	return TAKE_FD(fd);
}

int seccomp_cache_open(const char *root)
{
	auto_fd int root_fd = host_opendir(AT_FDCWD, root, true);

	if (root_fd < 0)
		return root_fd;
	auto_fd int cache = open_own_dir(root_fd, CACHE_DIR);
	if (cache < 0)
		return cache;
	return open_own_dir(cache, "seccomp");
}

/* ---- entries ---- */

static void checksum(const struct sock_filter *v, size_t n, uint8_t out[SHA256_SIZE])
{
	struct sha256 h;

	sha256_init(&h);
	sha256_add(&h, v, n * sizeof(*v));
	sha256_end(&h, out);
}

int seccomp_cache_load(int dir, const struct seccomp_key *key, struct bpf *prog)
{
	struct name name = entry_name(key);
	auto_buf struct buf file = { 0 };
	struct header h;
	uint8_t sum[SHA256_SIZE];
	int r = host_read(dir, name.text, sizeof(h) + BPF_MAXINSNS * sizeof(struct sock_filter),
			  &file);

	if (r < 0)
		return r == -ENOENT || r == -ENOMEM ? r : -EBADMSG;
	if (file.len < sizeof(h))
		return -EBADMSG;
	memcpy(&h, file.p, sizeof(h));
	if (memcmp(h.magic, FORMAT, sizeof(FORMAT)) != 0 ||
	    memcmp(h.key, key->sum, sizeof(h.key)) != 0 || h.n == 0 || h.n > BPF_MAXINSNS ||
	    file.len != sizeof(h) + h.n * sizeof(struct sock_filter))
		return -EBADMSG;
	prog->v = malloc(h.n * sizeof(prog->v[0]));
	if (!prog->v)
		return -ENOMEM;
	memcpy(prog->v, file.p + sizeof(h), h.n * sizeof(prog->v[0]));
	prog->n = prog->cap = h.n;
	checksum(prog->v, prog->n, sum);
	if (memcmp(sum, h.sum, sizeof(sum)) != 0) {
		bpf_free(prog);
		return -EBADMSG;
	}
	return 0;
}

struct oldest {
	int dir;
	size_t n;
	char name[NAME_MAX + 1];
	struct timespec when;
};

static int find_oldest(void *ctx, const char *name, UNUSED unsigned char d_type)
{
	struct oldest *o = ctx;
	struct stat st;

	o->n++;
	auto_fd int fd = sys_openat(o->dir, name, O_PATH | O_NOFOLLOW, 0);
	if (fd < 0 || fstat(fd, &st) < 0)
		return 0;
	if (o->name[0] &&
	    (st.st_mtim.tv_sec > o->when.tv_sec ||
	     (st.st_mtim.tv_sec == o->when.tv_sec && st.st_mtim.tv_nsec >= o->when.tv_nsec)))
		return 0;
	snprintf(o->name, sizeof(o->name), "%s", name);
	o->when = st.st_mtim;
	return 0;
}

/* Room for one more. Left-over temporary files count and go like entries. */
static int evict(int dir)
{
	for (;;) {
		struct oldest o = { .dir = dir };
		int r = host_list(dir, find_oldest, &o);

		if (r < 0 || o.n < SECCOMP_CACHE_MAX)
			return r;
		if (!o.name[0])
			return -EIO;
		r = host_unlink(dir, o.name, false);
		if (r < 0 && r != -ENOENT)
			return r;
	}
}

int seccomp_cache_store(int dir, const struct seccomp_key *key, const struct bpf *prog)
{
	struct name name = entry_name(key);
	auto_buf struct buf file = { 0 };
	struct header h = { .magic = FORMAT, .n = (uint32_t)prog->n };

	memcpy(h.key, key->sum, sizeof(h.key));
	checksum(prog->v, prog->n, h.sum);
	buf_add(&file, &h, sizeof(h));
	buf_add(&file, prog->v, prog->n * sizeof(prog->v[0]));
	int r = buf_error(&file);
	if (r == 0)
		r = evict(dir);
	return r < 0 ? r : host_replace(dir, name.text, file.p, file.len, 0600, false);
}
