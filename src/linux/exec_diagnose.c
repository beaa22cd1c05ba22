/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Why execve refused a file: what the kernel's one number hides is read from the file (execve(2), elf(5)). The file is
 * the container's and hostile: opened inside the root, regular files only, every read bounded, every offset checked.
 */
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "linux/exec.h"
#include "sys/rootdir.h"
#include "util/cleanup.h"

enum {
	HEAD_SIZE = 256,   /* what the kernel looks at, BINPRM_BUF_SIZE */
	INTERP_MAX = 256,  /* of a name in a message */
	MAX_HEADERS = 256, /* program headers looked through */
	HEADERS_AT_ONCE = 16,
	MAX_SCRIPTS = 5, /* scripts whose interpreter is a script, as in the kernel */
};

#ifndef EM_LOONGARCH
#define EM_LOONGARCH 258
#endif

/* A file of the container, as far as it could be seen. */
struct image {
	struct stat st;
	bool noexec; /* its mount */
	int fd;	     /* for reading; -errno when it can't be read */
	size_t n;    /* bytes of head */
	unsigned char head[HEAD_SIZE + 1];
};

/* The message that is being made. */
struct diagnosis {
	const struct rootdir *root;
	const char *path; /* what execve was given */
	int errnum;	  /* of execve; 0: it was not tried */
	struct err *e;
};

static int say(const struct diagnosis *d, int expected, const char *fmt, ...) PRINTF_LIKE(3, 4);

/* exec: "PATH": reason: what was found. EXPECTED: errno of an execve that was not tried. */
static int say(const struct diagnosis *d, int expected, const char *fmt, ...)
{
	int errnum = d->errnum ? d->errnum : expected;
	char name[EXEC_NAME_SIZE], reason[EXEC_REASON_SIZE], text[256];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	if (!errnum)
		return 0;
	exec_reason(errnum, reason);
	err_set(d->e, exec_code(errnum), "exec: \"%s\": %s%s%s", exec_shorten(d->path, name),
		reason, *text ? ": " : "", text);
	d->e->errnum = errnum;
	err_at(d->e, "$.process.args[0]");
	return -errnum;
}

/* ---- reading the file ---- */

static void image_close(struct image *im)
{
	close_fd(im->fd);
	im->fd = -EBADF;
}

/* 0 when PATH exists, whether or not it can be read. */
static int image_open(const struct rootdir *root, const char *path, struct image *im)
{
	struct statvfs fs;
	struct stat st;

	*im = (struct image){ .fd = -EBADF };
	auto_fd int fd = rootdir_open_path(root, path, 0);
	if (fd < 0)
		return fd;
	if (fstat(fd, &im->st) < 0)
		return -errno;
	im->noexec = fstatvfs(fd, &fs) == 0 && fs.f_flag & ST_NOEXEC;
	if (!S_ISREG(im->st.st_mode))
		return 0;
	/* it may have been exchanged meanwhile, also for a FIFO */
	im->fd = rootdir_open(root, path, O_RDONLY | O_NONBLOCK | O_NOCTTY);
	if (im->fd < 0)
		return 0;
	if (fstat(im->fd, &st) < 0 || st.st_ino != im->st.st_ino || st.st_dev != im->st.st_dev) {
		image_close(im);
		return 0;
	}
	ssize_t n = pread(im->fd, im->head, HEAD_SIZE, 0);
	im->n = n > 0 ? (size_t)n : 0;
	return 0;
}

#define auto_image AUTO(image_close)

/* ---- what execve may not run ---- */

/* Fills the error when mode, type or mount of the file forbid to run it. */
static bool say_forbidden(const struct diagnosis *d, const struct image *im, const char *who,
			  const char *file)
{
	char name[EXEC_NAME_SIZE];
	mode_t mode = im->st.st_mode;

	file = exec_shorten(file, name);
	if (S_ISDIR(mode)) {
		say(d, EACCES, "%s'%s' is a directory", who, file);
	} else if (!S_ISREG(mode)) {
		say(d, EACCES, "%s'%s' is not a regular file", who, file);
	} else if (im->noexec) {
		say(d, EACCES, "%s'%s' is on a mount with noexec", who, file);
		err_hint(d->e, "take 'noexec' out of the options of that mount");
	} else if (!(mode & 0111)) {
		say(d, EACCES, "%s'%s' has no execute permission", who, file);
		err_hint(d->e, "chmod +x it in the image");
	} else {
		return false;
	}
	return true;
}

/* ---- scripts ---- */

static bool is_script(const struct image *im)
{
	return im->n >= 2 && im->head[0] == '#' && im->head[1] == '!';
}

static bool is_blank(unsigned char c)
{
	return c == ' ' || c == '\t';
}

/* The interpreter in the #! line, as the kernel reads it. *CR: a carriage return ends the word. */
static void script_interp(const struct image *im, char out[INTERP_MAX + 1], bool *cr)
{
	size_t at = 2, n = 0;

	while (at < im->n && is_blank(im->head[at]))
		at++;
	while (at < im->n && im->head[at] && im->head[at] != '\n' && !is_blank(im->head[at]))
		out[n++] = (char)im->head[at++];
	*cr = n > 0 && out[n - 1] == '\r';
	if (*cr)
		n--;
	out[n] = '\0';
}

/* ---- ELF ---- */

static bool is_elf(const struct image *im)
{
	return im->n >= SELFMAG && memcmp(im->head, ELFMAG, SELFMAG) == 0;
}

static uint64_t number(const unsigned char *p, size_t n, bool big)
{
	uint64_t v = 0;

	for (size_t i = 0; i < n; i++)
		v = v << 8 | p[big ? i : n - 1 - i];
	return v;
}

struct elf {
	bool wide, big;
	unsigned type, machine;
	uint64_t ph_offset;
	unsigned ph_size, ph_n;
};

static bool elf_parse(const struct image *im, struct elf *elf)
{
	const unsigned char *h = im->head;

	elf->wide = h[EI_CLASS] == ELFCLASS64;
	elf->big = h[EI_DATA] == ELFDATA2MSB;
	if (im->n < (elf->wide ? sizeof(Elf64_Ehdr) : sizeof(Elf32_Ehdr)))
		return false;
	elf->type = (unsigned)number(h + 16, 2, elf->big);
	elf->machine = (unsigned)number(h + 18, 2, elf->big);
	elf->ph_offset = elf->wide ? number(h + 32, 8, elf->big) : number(h + 28, 4, elf->big);
	elf->ph_size = (unsigned)number(h + (elf->wide ? 54 : 42), 2, elf->big);
	elf->ph_n = (unsigned)number(h + (elf->wide ? 56 : 44), 2, elf->big);
	return true;
}

/* The name in PT_INTERP; "" for a static program, -ENOEXEC for one that makes no sense. */
static int elf_interp(const struct image *im, const struct elf *elf, char out[INTERP_MAX + 1])
{
	unsigned char headers[HEADERS_AT_ONCE * sizeof(Elf64_Phdr)];
	size_t size = elf->wide ? sizeof(Elf64_Phdr) : sizeof(Elf32_Phdr);
	unsigned count = MIN(elf->ph_n, (unsigned)MAX_HEADERS);

	out[0] = '\0';
	/* the kernel takes no other size */
	if (elf->ph_offset > INT64_MAX / 2 || elf->ph_size != size)
		return elf->ph_n ? -ENOEXEC : 0;
	for (unsigned i = 0; i < count; i++) {
		const unsigned char *ph = headers + i % HEADERS_AT_ONCE * size;
		size_t n_read = MIN(count - i, (unsigned)HEADERS_AT_ONCE) * size;

		if (i % HEADERS_AT_ONCE == 0 &&
		    pread(im->fd, headers, n_read, (off_t)(elf->ph_offset + i * size)) !=
			    (ssize_t)n_read)
			return -ENOEXEC;
		if (number(ph, 4, elf->big) != PT_INTERP)
			continue;
		uint64_t off =
			elf->wide ? number(ph + 8, 8, elf->big) : number(ph + 4, 4, elf->big);
		if (off > INT64_MAX)
			return -ENOEXEC;
		ssize_t n = pread(im->fd, out, INTERP_MAX, (off_t)off);
		if (n <= 0)
			return -ENOEXEC;
		out[n] = '\0';
		return 0;
	}
	return 0;
}

static const struct machine {
	unsigned machine;
	const char *name;
	const char *hosts; /* values of uname -m that run it */
} machines[] = {
	{ EM_X86_64, "x86-64", "x86_64" },
	{ EM_386, "32-bit x86", "x86_64 i386 i486 i586 i686" },
	{ EM_AARCH64, "arm64", "aarch64 arm64" },
	{ EM_ARM, "32-bit arm", "aarch64 arm64 armv6l armv7l armv8l" },
	{ EM_RISCV, "riscv", "riscv64 riscv32" },
	{ EM_PPC64, "ppc64", "ppc64 ppc64le" },
	{ EM_PPC, "ppc", "ppc ppc64" },
	{ EM_S390, "s390", "s390x s390" },
	{ EM_MIPS, "mips", "mips mips64" },
	{ EM_LOONGARCH, "loongarch", "loongarch64" },
	{ EM_SPARCV9, "sparc64", "sparc64" },
	{ EM_IA_64, "ia64", "ia64" },
};

static const struct machine *machine_find(unsigned value)
{
	for (size_t i = 0; i < N_ELEMENTS(machines); i++) {
		if (machines[i].machine == value)
			return &machines[i];
	}
	return NULL;
}

/* Is WORD one of the words of LIST? */
static bool list_has(const char *list, const char *word)
{
	size_t n = strlen(word);

	for (const char *at = list; (at = strstr(at, word)) != NULL; at += n) {
		if ((at == list || at[-1] == ' ') && (at[n] == ' ' || !at[n]))
			return true;
	}
	return false;
}

/* Fills the error when ELF is for other machines than this. */
static bool say_foreign(const struct diagnosis *d, const struct elf *elf)
{
	const struct machine *m = machine_find(elf->machine);
	struct utsname host;

	if (uname(&host) < 0)
		return false;
	if (!m)
		say(d, ENOEXEC, "the program is for another machine (number %u), this one is %s",
		    elf->machine, host.machine);
	else if (!list_has(m->hosts, host.machine))
		say(d, ENOEXEC, "the program is for %s, this machine is %s", m->name, host.machine);
	else
		return false;
	err_hint(d->e, "use an image for %s, or set up emulation by binfmt_misc (qemu-user-static)",
		 host.machine);
	return true;
}

static void hint_loader(const struct diagnosis *d, const char *interp)
{
	if (strstr(interp, "ld-musl"))
		err_hint(d->e, "the program was linked against musl (Alpine); use such an image or "
			       "link it statically");
	else if (strstr(interp, "/ld-linux") || strstr(interp, "/ld64."))
		err_hint(d->e, "the program was linked against glibc; install it in the image "
			       "(Alpine: gcompat) or link the program statically");
	else
		err_hint(d->e, "the image lacks the program's dynamic loader");
}

static int diagnose_elf(const struct diagnosis *d, const struct image *im)
{
	char interp[INTERP_MAX + 1], name[EXEC_NAME_SIZE];
	struct elf elf;

	if (!elf_parse(im, &elf))
		return say(d, ENOEXEC, "the ELF header is cut off");
	if (say_foreign(d, &elf))
		return err_errno(d->e);
	if (elf.type != ET_EXEC && elf.type != ET_DYN)
		return say(d, ENOEXEC, "it is an ELF file of type %u, not a program", elf.type);
	if (im->fd < 0 || elf_interp(im, &elf, interp) < 0)
		return say(d, ENOEXEC, "the ELF file is damaged or cut off");
	if (!*interp)
		return say(d, 0, "%s", "");

	struct image auto_image loader;
	int r = image_open(d->root, interp, &loader);
	const char *shown = exec_shorten(interp, name);
	if (r == -ENOENT || r == -ENOTDIR || r == -ELOOP) {
		say(d, ENOENT, "the dynamic loader '%s' that it asks for is missing", shown);
		hint_loader(d, interp);
		return err_errno(d->e);
	}
	if (r >= 0 && say_forbidden(d, &loader, "the dynamic loader ", interp))
		return err_errno(d->e);
	if (r >= 0 && loader.fd >= 0 &&
	    (!is_elf(&loader) || !elf_parse(&loader, &elf) || say_foreign(d, &elf)))
		return say(d, ENOEXEC, "the dynamic loader '%s' is not a program for this machine",
			   shown);
	return say(d, 0, "%s", "");
}

/* ---- the rest ---- */

static int diagnose_script(struct diagnosis *d, const struct image *im, const char *file,
			   unsigned depth);

static bool looks_like_text(const struct image *im)
{
	for (size_t i = 0; i < im->n; i++) {
		unsigned char c = im->head[i];

		if (c < ' ' && c != '\n' && c != '\r' && c != '\t' && c != '\f' && c != 033)
			return false;
	}
	return im->n > 0;
}

static bool starts_with(const struct image *im, const char *bytes, size_t n)
{
	return im->n >= n && memcmp(im->head, bytes, n) == 0;
}

static int diagnose_format(const struct diagnosis *d, const struct image *im)
{
	if (im->st.st_size == 0)
		return say(d, ENOEXEC, "the file is empty");
	if (im->fd < 0)
		return say(d, 0, "%s", "");
	if (starts_with(im, "\xef\xbb\xbf#!", 5)) {
		say(d, ENOEXEC, "a byte order mark stands before the #! line");
		return err_hint(d->e, "save the script as UTF-8 without byte order mark");
	}
	if (starts_with(im, "MZ", 2))
		return say(d, ENOEXEC, "it is a Windows program");
	if (starts_with(im, "\xcf\xfa\xed\xfe", 4) || starts_with(im, "\xca\xfe\xba\xbe", 4))
		return say(d, ENOEXEC, "it is a macOS program or a Java class");
	if (looks_like_text(im)) {
		say(d, ENOEXEC, "it is text without a #! line");
		return err_hint(d->e, "begin the script with #!/bin/sh or name the interpreter in "
				      "process.args");
	}
	return say(d, ENOEXEC, "the format of the file is unknown");
}

static int diagnose_contents(struct diagnosis *d, const struct image *im, const char *file,
			     unsigned depth)
{
	if (is_script(im))
		return diagnose_script(d, im, file, depth);
	return is_elf(im) ? diagnose_elf(d, im) : diagnose_format(d, im);
}

static int diagnose_script(struct diagnosis *d, const struct image *im, const char *file,
			   unsigned depth)
{
	char interp[INTERP_MAX + 1], name[EXEC_NAME_SIZE], script[EXEC_NAME_SIZE];
	struct image auto_image next;
	bool cr;

	script_interp(im, interp, &cr);
	file = exec_shorten(file, script);
	if (cr) {
		say(d, ENOENT, "the #! line of '%s' ends with CR LF", file);
		return err_hint(d->e, "give the script Unix line ends (dos2unix)");
	}
	if (!*interp)
		return say(d, ENOEXEC, "the #! line of '%s' names no interpreter", file);
	if (!memchr(im->head, '\n', im->n) && im->n == HEAD_SIZE && strlen(interp) + 2 >= HEAD_SIZE)
		return say(d, ENOEXEC, "the #! line of '%s' is longer than %d bytes", file,
			   HEAD_SIZE);
	const char *shown = exec_shorten(interp, name);
	int r = image_open(d->root, interp, &next);
	if (r == -ENOENT || r == -ENOTDIR || r == -ELOOP) {
		say(d, ENOENT, "the interpreter '%s' of the script '%s' is missing", shown, file);
		return err_hint(d->e, "install it in the image, or correct the #! line");
	}
	if (r < 0)
		return say(d, 0, "%s", "");
	if (say_forbidden(d, &next, "the script's interpreter ", interp))
		return err_errno(d->e);
	if (depth >= MAX_SCRIPTS)
		return say(d, ENOEXEC, "too many scripts are each other's interpreters");
	return diagnose_contents(d, &next, interp, depth + 1);
}

/* Errors that the contents of the file have nothing to do with. False: look at them. */
static bool diagnose_number(const struct diagnosis *d)
{
	switch (d->errnum) {
	case E2BIG:
		say(d, 0, "%s", "");
		err_hint(d->e, "an entry of args or env may have 128 KiB, all of them a quarter of "
			       "the stack limit");
		return true;
	case ETXTBSY:
		say(d, 0, "the file is open for writing");
		return true;
	case EAGAIN:
		say(d, 0, "the user has reached RLIMIT_NPROC");
		return true;
	case ENOMEM:
		say(d, 0, "the memory limit leaves no room for the program");
		return true;
	case ENOSYS:
		say(d, 0, "%s", "");
		err_hint(d->e, "the seccomp profile refuses execve, or nobody answers for it");
		return true;
	case EPERM:
		say(d, 0, "%s", "");
		err_hint(d->e, "the seccomp profile or a security module refuses it");
		return true;
	default:
		return false;
	}
}

static int look(struct diagnosis *d)
{
	struct image auto_image im;

	int r = image_open(d->root, d->path, &im);
	if (r < 0 && (d->errnum ? d->errnum : -r) != ENOENT)
		return say(d, 0, "%s", "");
	if (r < 0)
		return say(d, ENOENT, "the file is not there");
	if (say_forbidden(d, &im, "", d->path))
		return err_errno(d->e);
	r = diagnose_contents(d, &im, d->path, 0);
	if (d->errnum == EACCES && !*d->e->hint)
		err_hint(d->e,
			 "'%.80s' has mode %04o, owner %u:%u; or a security module refuses it",
			 d->path, im.st.st_mode & 07777, im.st.st_uid, im.st.st_gid);
	return r;
}

int exec_diagnose(int root_fd, const char *path, int errnum, struct err *e)
{
	const struct rootdir root = { root_fd };
	struct diagnosis d = { .root = &root, .path = path, .errnum = errnum, .e = e };

	if (!diagnose_number(&d))
		(void)look(&d);
	return -errnum;
}

int exec_tell_number(const char *path, int errnum, struct err *e)
{
	struct diagnosis d = { .path = path, .errnum = errnum, .e = e };

	if (!diagnose_number(&d)) {
		(void)say(&d, 0, "%s", "");
		err_hint(e,
			 "nothing in the file explains it: the seccomp profile may refuse execve");
	}
	return -errnum;
}

int exec_check(int root_fd, const char *path, struct err *e)
{
	const struct rootdir root = { root_fd };
	struct diagnosis d = { .root = &root, .path = path, .e = e };

	return look(&d);
}
