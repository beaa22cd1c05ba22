/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Seccomp profiles compiled and then run by an interpreter of our own: what does the program decide for a system call?
 * The search tree is compared with libseccomp's program it is made of, for the profile of an engine and for random ones.
 */
#include <linux/audit.h>
#include <linux/seccomp.h>
#include <seccomp.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "linux/seccomp_parts.h"
#include "tap.h"

#define ALLOW	SECCOMP_RET_ALLOW
#define EPERM_	(SECCOMP_RET_ERRNO | 1)
#define ENOSYS_ (SECCOMP_RET_ERRNO | 38)
#define NATIVE	seccomp_arch_native()

/* Sanitizers and a busy machine may make it slower, not the kind of slow that is looked for. */
#define SLOWER 5

/* What engines allow by default to a container without extra capabilities. */
static const char engine_names[] =
	"accept accept4 access adjtimex alarm bind brk cachestat capget capset chdir chmod chown "
	"chown32 clock_adjtime clock_adjtime64 clock_getres clock_getres_time64 clock_gettime "
	"clock_gettime64 clock_nanosleep clock_nanosleep_time64 close close_range connect "
	"copy_file_range creat dup dup2 dup3 epoll_create epoll_create1 epoll_ctl epoll_ctl_old "
	"epoll_pwait epoll_pwait2 epoll_wait epoll_wait_old eventfd eventfd2 execve execveat exit "
	"exit_group faccessat faccessat2 fadvise64 fadvise64_64 fallocate fanotify_mark fchdir "
	"fchmod fchmodat fchmodat2 fchown fchown32 fchownat fcntl fcntl64 fdatasync fgetxattr "
	"flistxattr flock fork fremovexattr fsetxattr fstat fstat64 fstatat64 fstatfs fstatfs64 "
	"fsync ftruncate ftruncate64 futex futex_requeue futex_time64 futex_wait futex_waitv "
	"futex_wake futimesat getcpu getcwd getdents getdents64 getegid getegid32 geteuid "
	"geteuid32 getgid getgid32 getgroups getgroups32 getitimer getpeername getpgid getpgrp "
	"getpid getppid getpriority getrandom getresgid getresgid32 getresuid getresuid32 "
	"getrlimit get_robust_list getrusage getsid getsockname getsockopt get_thread_area gettid "
	"gettimeofday getuid getuid32 getxattr getxattrat inotify_add_watch inotify_init "
	"inotify_init1 inotify_rm_watch io_cancel ioctl io_destroy io_getevents io_pgetevents "
	"io_pgetevents_time64 ioprio_get ioprio_set io_setup io_submit ipc kill landlock_add_rule "
	"landlock_create_ruleset landlock_restrict_self lchown lchown32 lgetxattr link linkat "
	"listen listmount listxattr listxattrat llistxattr _llseek lremovexattr lseek lsetxattr "
	"lstat lstat64 madvise map_shadow_stack membarrier memfd_create memfd_secret mincore "
	"mkdir mkdirat mknod mknodat mlock mlock2 mlockall mmap mmap2 mprotect mq_getsetattr "
	"mq_notify mq_open mq_timedreceive mq_timedreceive_time64 mq_timedsend "
	"mq_timedsend_time64 mq_unlink mremap mseal msgctl msgget msgrcv msgsnd msync munlock "
	"munlockall munmap name_to_handle_at nanosleep newfstatat _newselect open openat openat2 "
	"pause pidfd_open pidfd_send_signal pipe pipe2 pkey_alloc pkey_free pkey_mprotect poll "
	"ppoll ppoll_time64 prctl pread64 preadv preadv2 prlimit64 process_mrelease pselect6 "
	"pselect6_time64 pwrite64 pwritev pwritev2 read readahead readlink readlinkat readv recv "
	"recvfrom recvmmsg recvmmsg_time64 recvmsg remap_file_pages removexattr removexattrat "
	"rename renameat renameat2 restart_syscall riscv_hwprobe rmdir rseq rt_sigaction "
	"rt_sigpending rt_sigprocmask rt_sigqueueinfo rt_sigreturn rt_sigsuspend rt_sigtimedwait "
	"rt_sigtimedwait_time64 rt_tgsigqueueinfo sched_getaffinity sched_getattr sched_getparam "
	"sched_get_priority_max sched_get_priority_min sched_getscheduler sched_rr_get_interval "
	"sched_rr_get_interval_time64 sched_setaffinity sched_setattr sched_setparam "
	"sched_setscheduler sched_yield seccomp select semctl semget semop semtimedop "
	"semtimedop_time64 send sendfile sendfile64 sendmmsg sendmsg sendto setfsgid setfsgid32 "
	"setfsuid setfsuid32 setgid setgid32 setgroups setgroups32 setitimer setpgid setpriority "
	"setregid setregid32 setresgid setresgid32 setresuid setresuid32 setreuid setreuid32 "
	"setrlimit set_robust_list setsid setsockopt set_thread_area set_tid_address setuid "
	"setuid32 setxattr setxattrat shmat shmctl shmdt shmget shutdown sigaltstack signalfd "
	"signalfd4 sigprocmask sigreturn socketcall socketpair splice stat stat64 statfs statfs64 "
	"statmount statx symlink symlinkat sync sync_file_range syncfs sysinfo tee tgkill time "
	"timer_create timer_delete timer_getoverrun timer_gettime timer_gettime64 timer_settime "
	"timer_settime64 timerfd_create timerfd_gettime timerfd_gettime64 timerfd_settime "
	"timerfd_settime64 times tkill truncate truncate64 ugetrlimit umask uname unlink unlinkat "
	"uretprobe utime utimensat utimensat_time64 utimes vfork vmsplice wait4 waitid waitpid "
	"write writev ";

/* libseccomp 2.5 loses some memory where a rule takes in another. */
const char *__lsan_default_suppressions(void);
const char *__lsan_default_suppressions(void)
{
	return "leak:zmalloc\n";
}

/* ---- the interpreter ---- */

static uint32_t load(const struct seccomp_data *d, uint32_t at)
{
	uint32_t x;

	memcpy(&x, (const char *)d + at, sizeof(x));
	return x;
}

static uint32_t interpret(const struct sock_filter *v, size_t n, const struct seccomp_data *d)
{
	uint32_t a = 0;

	for (size_t pc = 0; pc < n; pc++) {
		const struct sock_filter *i = &v[pc];

		switch (i->code) {
		case BPF_LD | BPF_W | BPF_ABS:
			if (i->k % 4 || i->k > sizeof(*d) - 4)
				return 0xdeadbeef;
			a = load(d, i->k);
			break;
		case BPF_ALU | BPF_AND | BPF_K:
			a &= i->k;
			break;
		case BPF_JMP | BPF_JA:
			pc += i->k;
			break;
		case BPF_JMP | BPF_JEQ | BPF_K:
			pc += a == i->k ? i->jt : i->jf;
			break;
		case BPF_JMP | BPF_JGT | BPF_K:
			pc += a > i->k ? i->jt : i->jf;
			break;
		case BPF_JMP | BPF_JGE | BPF_K:
			pc += a >= i->k ? i->jt : i->jf;
			break;
		case BPF_JMP | BPF_JSET | BPF_K:
			pc += a & i->k ? i->jt : i->jf;
			break;
		case BPF_RET | BPF_K:
			return i->k;
		default:
			return 0xdeadbeef;
		}
	}
	return 0xdeadbeef;
}

static uint32_t decide(const struct seccomp_program *p, uint32_t arch, int nr, uint64_t arg0)
{
	struct seccomp_data d = { .nr = nr, .arch = arch, .args = { arg0 } };

	return interpret(p->insns, p->n, &d);
}

static int number(const char *name)
{
	return seccomp_syscall_resolve_name(name);
}

/* ---- profiles ---- */

struct profile {
	struct spec_seccomp s;
	struct spec_syscall sc[64];
	struct spec_seccomp_arg args[64];
	size_t n_args;
	uint32_t archs[8];
};

static void start(struct profile *p, uint32_t default_action)
{
	memset(p, 0, sizeof(*p));
	p->s.default_action = default_action;
	p->s.syscalls.v = p->sc;
	p->s.architectures.v = p->archs;
}

static void arch(struct profile *p, uint32_t token)
{
	p->archs[p->s.architectures.n++] = token;
}

/* One entry for the names in TEXT, separated by spaces. */
static struct spec_syscall *rule(struct profile *p, const char *text, uint32_t action)
{
	struct spec_syscall *sc = &p->sc[p->s.syscalls.n++];
	char *copy = strdup(text);

	sc->action = action;
	for (char *at = NULL, *name = strtok_r(copy, " ", &at); name;
	     name = strtok_r(NULL, " ", &at))
		strv_add(&sc->names, name);
	free(copy);
	if (action == SECCOMP_RET_USER_NOTIF)
		p->s.notifies = true;
	return sc;
}

static void arg(struct profile *p, struct spec_syscall *sc, uint32_t index, uint32_t op,
		uint64_t value, uint64_t two)
{
	if (sc->args.n == 0)
		sc->args.v = &p->args[p->n_args];
	sc->args.v[sc->args.n++] = (struct spec_seccomp_arg){ index, value, two, op };
	p->n_args++;
}

static void end(struct profile *p)
{
	for (size_t i = 0; i < p->s.syscalls.n; i++)
		strv_free(&p->sc[i].names);
}

static void engine_profile(struct profile *p)
{
	static const uint64_t personas[] = { 0, 8, 0x20000, 0x20008, 0xffffffff };

	start(p, SECCOMP_RET_ERRNO);
#ifdef __x86_64__
	arch(p, SCMP_ARCH_X86_64);
	arch(p, SCMP_ARCH_X86);
	arch(p, SCMP_ARCH_X32);
#endif
	rule(p, engine_names, ALLOW);
	rule(p, "process_vm_readv process_vm_writev ptrace", ALLOW);
	arg(p, rule(p, "socket", ALLOW), 0, SCMP_CMP_NE, 40, 0);
	for (size_t i = 0; i < N_ELEMENTS(personas); i++)
		arg(p, rule(p, "personality", ALLOW), 0, SCMP_CMP_EQ, personas[i], 0);
	rule(p, "arch_prctl modify_ldt chroot", ALLOW);
	arg(p, rule(p, "clone", ALLOW), 0, SCMP_CMP_MASKED_EQ, 2114060288, 0);
	struct spec_syscall *clone3 = rule(p, "clone3", SECCOMP_RET_ERRNO);
	clone3->has_errno_ret = true;
	clone3->errno_ret = 38;
}

static char warning[4096];

static void note(UNUSED void *ctx, const char *text)
{
	snprintf(warning, sizeof(warning), "%s", text);
}

static struct seccomp_program *compiled(struct profile *p)
{
	struct seccomp_program *prog = NULL;
	struct err e;

	warning[0] = '\0';
	int r = seccomp_compile(&prog, &p->s, -EBADF, note, NULL, &e);
	CHECK_INT(r, 0);
	if (r < 0) {
		printf("# %s\n", e.msg);
		exit(1);
	}
	return prog;
}

/* ---- tests ---- */

static void names(void)
{
	struct profile p;

	start(&p, SECCOMP_RET_ERRNO);
	rule(&p, "read write exit_group", ALLOW);
	rule(&p, "kill", SECCOMP_RET_KILL_PROCESS);
	rule(&p, "mount", SECCOMP_RET_TRAP);
	rule(&p, "umount2", SECCOMP_RET_LOG);
	struct spec_syscall *sc = rule(&p, "chroot", SECCOMP_RET_ERRNO);
	sc->has_errno_ret = true;
	sc->errno_ret = 22;
	sc = rule(&p, "sync", SECCOMP_RET_TRACE);
	sc->has_errno_ret = true;
	sc->errno_ret = 7;
	rule(&p, "ptrace", SECCOMP_RET_TRACE);
	rule(&p, "reboot", SECCOMP_RET_KILL_THREAD);
	struct seccomp_program *prog = compiled(&p);

	CHECK_INT(decide(prog, NATIVE, number("read"), 0), ALLOW);
	CHECK_INT(decide(prog, NATIVE, number("exit_group"), 0), ALLOW);
	CHECK_INT(decide(prog, NATIVE, number("kill"), 0), SECCOMP_RET_KILL_PROCESS);
	CHECK_INT(decide(prog, NATIVE, number("mount"), 0), SECCOMP_RET_TRAP);
	CHECK_INT(decide(prog, NATIVE, number("umount2"), 0), SECCOMP_RET_LOG);
	CHECK_INT(decide(prog, NATIVE, number("chroot"), 0), SECCOMP_RET_ERRNO | 22);
	CHECK_INT(decide(prog, NATIVE, number("sync"), 0), SECCOMP_RET_TRACE | 7);
	CHECK_INT(decide(prog, NATIVE, number("ptrace"), 0), SECCOMP_RET_TRACE | 1);
	CHECK_INT(decide(prog, NATIVE, number("reboot"), 0), SECCOMP_RET_KILL_THREAD);
	CHECK_INT(decide(prog, NATIVE, number("getpid"), 0), EPERM_);
	CHECK_INT(decide(prog, 0x12345678, 0, 0), SECCOMP_RET_KILL_THREAD);
	CHECK_STR(warning, "");
	seccomp_free(prog);
	end(&p);
}

static void operators(void)
{
	static const struct {
		uint32_t op;
		uint64_t value, two, yes, no;
	} t[] = {
		{ SCMP_CMP_EQ, 0x100000002, 0, 0x100000002, 2 },
		{ SCMP_CMP_NE, 0x100000002, 0, 2, 0x100000002 },
		{ SCMP_CMP_LT, 0x100000000, 0, 0xffffffff, 0x100000000 },
		{ SCMP_CMP_LE, 0x100000000, 0, 0x100000000, 0x100000001 },
		{ SCMP_CMP_GE, 0x100000000, 0, 0x100000000, 0xffffffff },
		{ SCMP_CMP_GT, 0x100000000, 0, 0x100000001, 0x100000000 },
		{ SCMP_CMP_MASKED_EQ, 0xff00000000, 0x1200000000, 0x12abcdef01, 0x1300000000 },
	};

	for (size_t i = 0; i < N_ELEMENTS(t); i++) {
		struct profile p;

		start(&p, SECCOMP_RET_ERRNO);
		arg(&p, rule(&p, "read", ALLOW), 0, t[i].op, t[i].value, t[i].two);
		struct seccomp_program *prog = compiled(&p);
		CHECK_INT(decide(prog, NATIVE, number("read"), t[i].yes), ALLOW);
		CHECK_INT(decide(prog, NATIVE, number("read"), t[i].no), EPERM_);
		seccomp_free(prog);
		end(&p);
	}
}

static void arguments(void)
{
	struct profile p;

	start(&p, SECCOMP_RET_ERRNO);
	/* Different arguments: all must hold. */
	struct spec_syscall *sc = rule(&p, "ioctl", ALLOW);
	arg(&p, sc, 0, SCMP_CMP_EQ, 1, 0);
	arg(&p, sc, 1, SCMP_CMP_EQ, 2, 0);
	/* The same argument twice: one is enough, as in the peers. */
	sc = rule(&p, "personality", ALLOW);
	arg(&p, sc, 0, SCMP_CMP_EQ, 5, 0);
	arg(&p, sc, 0, SCMP_CMP_EQ, 9, 0);
	struct seccomp_program *prog = compiled(&p);
	struct seccomp_data d = { .nr = number("ioctl"), .arch = NATIVE, .args = { 1, 2 } };

	CHECK_INT(interpret(prog->insns, prog->n, &d), ALLOW);
	d.args[1] = 3;
	CHECK_INT(interpret(prog->insns, prog->n, &d), EPERM_);
	CHECK_INT(decide(prog, NATIVE, number("personality"), 5), ALLOW);
	CHECK_INT(decide(prog, NATIVE, number("personality"), 9), ALLOW);
	CHECK_INT(decide(prog, NATIVE, number("personality"), 0), EPERM_);
	seccomp_free(prog);
	end(&p);
}

static void enosys(void)
{
	static const struct {
		uint32_t action;
		bool has_errno;
		uint32_t errno_ret, newer;
	} t[] = {
		{ SECCOMP_RET_ERRNO, false, 0, ENOSYS_ },
		{ SECCOMP_RET_ERRNO, true, 1, ENOSYS_ },
		{ SECCOMP_RET_ERRNO, true, 38, ENOSYS_ },
		{ SECCOMP_RET_KILL_PROCESS, false, 0, ENOSYS_ },
		{ SECCOMP_RET_KILL_THREAD, false, 0, ENOSYS_ },
		{ SECCOMP_RET_TRAP, false, 0, ENOSYS_ },
		{ SECCOMP_RET_TRACE, false, 0, SECCOMP_RET_TRACE | 1 },
		{ SECCOMP_RET_USER_NOTIF, false, 0, SECCOMP_RET_USER_NOTIF },
		{ SECCOMP_RET_LOG, false, 0, SECCOMP_RET_LOG },
		{ SECCOMP_RET_ALLOW, false, 0, SECCOMP_RET_ALLOW },
	};

	for (size_t i = 0; i < N_ELEMENTS(t); i++) {
		struct profile p;

		start(&p, t[i].action);
		p.s.has_default_errno_ret = t[i].has_errno;
		p.s.default_errno_ret = t[i].errno_ret;
		rule(&p, "read openat2", SECCOMP_RET_ERRNO)->errno_ret = 5;
		p.sc[0].has_errno_ret = true;
		struct seccomp_program *prog = compiled(&p);
		CHECK_INT(decide(prog, NATIVE, number("openat2"), 0), SECCOMP_RET_ERRNO | 5);
		CHECK_INT(decide(prog, NATIVE, number("openat2") + 1, 0), t[i].newer);
		CHECK_INT(decide(prog, NATIVE, 100000, 0), t[i].newer);
		CHECK_INT(decide(prog, NATIVE, number("close"), 0),
			  seccomp_action(t[i].action, t[i].has_errno, t[i].errno_ret));
		seccomp_free(prog);
		end(&p);
	}
}

/* Names whose action is the default one are no rules, but they are named. */
static void enosys_counts_denied_names(void)
{
	struct profile p;

	start(&p, SECCOMP_RET_ERRNO);
	rule(&p, "read", ALLOW);
	rule(&p, "openat2", SECCOMP_RET_ERRNO);
	struct seccomp_program *prog = compiled(&p);

	CHECK_INT(decide(prog, NATIVE, number("openat2"), 0), EPERM_);
	CHECK_INT(decide(prog, NATIVE, number("openat2") + 1, 0), ENOSYS_);
	seccomp_free(prog);
	end(&p);
}

#ifdef __x86_64__
static void architectures(void)
{
	struct profile p;

	start(&p, SECCOMP_RET_ERRNO);
	arch(&p, SCMP_ARCH_X86);
	arch(&p, SCMP_ARCH_X32);
	arch(&p, SCMP_ARCH_AARCH64); /* never runs here */
	arch(&p, SCMP_ARCH_S390X);
	rule(&p, "read socket", ALLOW);
	struct seccomp_program *prog = compiled(&p);

	CHECK_INT(decide(prog, AUDIT_ARCH_X86_64, 0, 0), ALLOW);
	CHECK_INT(decide(prog, AUDIT_ARCH_X86_64, 41, 0), ALLOW);
	CHECK_INT(decide(prog, AUDIT_ARCH_X86_64, 40, 0), EPERM_);
	CHECK_INT(decide(prog, AUDIT_ARCH_X86_64, 42, 0), ENOSYS_);
	CHECK_INT(decide(prog, AUDIT_ARCH_X86_64, X32_BIT + 0, 0), ALLOW);
	CHECK_INT(decide(prog, AUDIT_ARCH_X86_64, X32_BIT + 1, 0), EPERM_);
	CHECK_INT(decide(prog, AUDIT_ARCH_X86_64, X32_BIT + 41, 0), ALLOW);
	CHECK_INT(decide(prog, AUDIT_ARCH_X86_64, X32_BIT + 42, 0), ENOSYS_);
	CHECK_INT(decide(prog, AUDIT_ARCH_I386, 3, 0), ALLOW);
	CHECK_INT(decide(prog, AUDIT_ARCH_I386, 359, 0), ALLOW);
	CHECK_INT(decide(prog, AUDIT_ARCH_I386, 358, 0), EPERM_);
	CHECK_INT(decide(prog, AUDIT_ARCH_I386, 360, 0), ENOSYS_);
	CHECK_INT(decide(prog, AUDIT_ARCH_AARCH64, 63, 0), SECCOMP_RET_KILL_THREAD);
	seccomp_free(prog);
	end(&p);

	/* Without x32 its numbers stay what libseccomp makes of them. */
	start(&p, SECCOMP_RET_ERRNO);
	rule(&p, "read", ALLOW);
	prog = compiled(&p);
	CHECK_INT(decide(prog, AUDIT_ARCH_X86_64, X32_BIT + 0, 0), SECCOMP_RET_KILL_THREAD);
	CHECK_INT(decide(prog, AUDIT_ARCH_X86_64, X32_BIT + 500, 0), SECCOMP_RET_KILL_THREAD);
	CHECK_INT(decide(prog, AUDIT_ARCH_I386, 3, 0), SECCOMP_RET_KILL_THREAD);
	seccomp_free(prog);
	end(&p);
}
#endif

/* By hand, for machines that are not this one. */
static void enosys_elsewhere(void)
{
	struct seccomp_archs archs = { .n = 3,
				       .v = { { SCMP_ARCH_S390X, SCMP_ARCH_S390X, true, 400 },
					      { SCMP_ARCH_S390, SCMP_ARCH_S390, true, 300 },
					      { SCMP_ARCH_AARCH64, SCMP_ARCH_AARCH64, false,
						0 } } };

	for (int tree = 0; tree < 2; tree++) {
		struct bpf b = { 0 };

		bpf_add(&b, (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, EPERM_));
		CHECK_INT(seccomp_enosys(&b, &archs, EPERM_), 0);
		if (tree)
			CHECK_INT(seccomp_tree(&b), 0);
		struct seccomp_program p = { .insns = b.v, .n = (unsigned short)b.n };
		CHECK_INT(decide(&p, SCMP_ARCH_S390X, 0, 0), ENOSYS_);
		CHECK_INT(decide(&p, SCMP_ARCH_S390X, 1, 0), EPERM_);
		CHECK_INT(decide(&p, SCMP_ARCH_S390X, 400, 0), EPERM_);
		CHECK_INT(decide(&p, SCMP_ARCH_S390X, 401, 0), ENOSYS_);
		CHECK_INT(decide(&p, SCMP_ARCH_S390, 301, 0), ENOSYS_);
		CHECK_INT(decide(&p, SCMP_ARCH_AARCH64, 9999, 0), EPERM_);
		CHECK_INT(decide(&p, 1, 9999, 0), EPERM_);
		bpf_free(&b);
	}
}

static void unknown_names(void)
{
	struct profile p;

	start(&p, SECCOMP_RET_ERRNO);
	rule(&p, "read no_such_call read another_one no_such_call", ALLOW);
	struct seccomp_program *prog = compiled(&p);

	CHECK(strstr(warning, "does not know: no_such_call another_one") != NULL);
	CHECK(strstr(warning, "more") == NULL);
	CHECK_INT(decide(prog, NATIVE, number("read"), 0), ALLOW);
	seccomp_free(prog);
	end(&p);
}

static void flags(void)
{
	struct profile p;

	start(&p, SECCOMP_RET_ALLOW);
	struct seccomp_program *prog = compiled(&p);
	CHECK_INT(prog->flags, SECCOMP_FILTER_FLAG_SPEC_ALLOW);
	seccomp_free(prog);

	p.s.has_flags = true;
	prog = compiled(&p);
	CHECK_INT(prog->flags, 0);
	seccomp_free(prog);

	p.s.flags = SECCOMP_FILTER_FLAG_TSYNC | SECCOMP_FILTER_FLAG_LOG | 1u << 5;
	prog = compiled(&p);
	CHECK_INT(prog->flags, SECCOMP_FILTER_FLAG_LOG);
	seccomp_free(prog);

	rule(&p, "read", SECCOMP_RET_USER_NOTIF);
	prog = compiled(&p);
	CHECK_INT(prog->flags,
		  SECCOMP_FILTER_FLAG_LOG | SECCOMP_FILTER_FLAG_NEW_LISTENER | 1u << 5);
	CHECK(prog->notifies);
	CHECK_INT(decide(prog, NATIVE, number("read"), 0), SECCOMP_RET_USER_NOTIF);
	seccomp_free(prog);
	end(&p);
}

static void refused(void)
{
	struct seccomp_program *prog = NULL;
	struct profile p;
	struct err e;

	start(&p, SECCOMP_RET_ERRNO);
	arg(&p, rule(&p, "read", ALLOW), 0, SCMP_CMP_EQ, 1, 0);
	arg(&p, rule(&p, "read", SECCOMP_RET_TRAP), 0, SCMP_CMP_EQ, 1, 0);
	CHECK(seccomp_compile(&prog, &p.s, -EBADF, note, NULL, &e) < 0);
	CHECK_INT(e.code, ERR_SPEC);
	CHECK_STR(e.where, "$.linux.seccomp.syscalls[1]");
	end(&p);

	start(&p, SECCOMP_RET_ERRNO);
	arg(&p, rule(&p, "read", ALLOW), 6, SCMP_CMP_EQ, 1, 0);
	CHECK(seccomp_compile(&prog, &p.s, -EBADF, note, NULL, &e) < 0);
	CHECK_STR(e.where, "$.linux.seccomp.syscalls[0].args[0].index");
	end(&p);
}

static double seconds(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

enum shape { ALIKE, WORDS, DOUBLE_WORDS, SEVERAL, ERRNOS };

static void fill(struct spec_syscall *sc, struct spec_seccomp_arg *args, enum shape shape,
		 uint64_t i)
{
	sc->args.v = args;
	sc->args.n = 1;
	args[0] = (struct spec_seccomp_arg){ 1, 7, 0, SCMP_CMP_EQ };
	if (shape == WORDS)
		args[0].value = i;
	if (shape == DOUBLE_WORDS)
		args[0].value = i * 0x100000001;
	if (shape == SEVERAL) {
		sc->args.n = 3;
		args[0].value = i;
		args[1] = (struct spec_seccomp_arg){ 2, 3 * i, 0, SCMP_CMP_GE };
		args[2] = (struct spec_seccomp_arg){ 3, 255, i % 256, SCMP_CMP_MASKED_EQ };
	}
	if (shape == ERRNOS) {
		sc->args.n = 0;
		sc->action = SECCOMP_RET_ERRNO;
		sc->has_errno_ret = true;
		sc->errno_ret = (uint32_t)i % 4096;
	}
}

/* N rules for one system call. The number of instructions, or an error. */
static int compile_many(size_t n, enum shape shape, struct err *e)
{
	struct spec_syscall *v = calloc(n, sizeof(*v));
	struct spec_seccomp_arg *args = calloc(3 * n, sizeof(*args));
	struct strv name = { 0 };
	struct profile p;
	struct seccomp_program *prog = NULL;

	engine_profile(&p);
	end(&p);
	strv_add(&name, "ioctl");
	for (size_t i = 0; i < n; i++) {
		v[i] = (struct spec_syscall){ .names = name, .action = ALLOW };
		fill(&v[i], &args[3 * i], shape, i);
	}
	p.s.syscalls.v = v;
	p.s.syscalls.n = n;
	memset(e, 0, sizeof(*e));
	double begin = seconds();
	int r = seccomp_compile(&prog, &p.s, -EBADF, note, NULL, e);
	printf("# %zu rules, shape %d: %.3f s, %d instructions %s\n", n, shape, seconds() - begin,
	       r < 0 ? r : prog->n, e->msg);
	CHECK(seconds() - begin < 2 * SLOWER);
	if (r == 0)
		r = prog->n;
	else
		CHECK_INT(e->code, ERR_SPEC);
	seccomp_free(prog);
	strv_free(&name);
	free(args);
	free(v);
	return r;
}

static void many_rules(void)
{
	static const enum shape shapes[] = { WORDS, DOUBLE_WORDS, SEVERAL };
	struct err e;

	CHECK(compile_many(100000, ALIKE, &e) < 50);
	compile_many(100000, ERRNOS, &e);
	for (size_t i = 0; i < N_ELEMENTS(shapes); i++) {
		CHECK(compile_many(100000, shapes[i], &e) < 0);
		CHECK(strstr(e.msg, "4096") != NULL);
		/* On both sides of the border, wherever it is. */
		for (size_t n = 60; n < 4096; n = n * 3 / 2)
			compile_many(n, shapes[i], &e);
	}
	CHECK(compile_many(1500, WORDS, &e) > 0);
}

/* ---- the tree decides as libseccomp's program does ---- */

static uint64_t state = 88172645463325252ull;

static uint64_t rnd(void)
{
	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return state;
}

/* The words that a profile compares with, and their neighbours. */
static void likely_args(const struct profile *p, struct seccomp_data *d)
{
	for (unsigned k = 0; k < 6; k++) {
		const struct spec_seccomp_arg *near =
			p->n_args ? &p->args[rnd() % p->n_args] : NULL;

		d->args[k] = near && rnd() % 4 ? near->value + rnd() % 3 - 1 : rnd() >> rnd() % 64;
	}
}

static void compare(const struct bpf *a, const struct bpf *b, const struct profile *p,
		    unsigned rounds)
{
	static const uint32_t archs[] = { AUDIT_ARCH_X86_64, AUDIT_ARCH_I386, AUDIT_ARCH_AARCH64, 0,
					  7 };
	unsigned bad = 0;

	for (unsigned i = 0; i < rounds; i++) {
		struct seccomp_data d = { .arch = archs[rnd() % N_ELEMENTS(archs)],
					  .nr = (int)(rnd() % 520) };

		if (rnd() % 3 == 0)
			d.nr |= X32_BIT;
		if (rnd() % 20 == 0)
			d.nr = (int)rnd();
		likely_args(p, &d);
		uint32_t x = interpret(a->v, a->n, &d), y = interpret(b->v, b->n, &d);
		if (x != y && bad++ == 0)
			printf("# arch %#x nr %d: %#x, not %#x\n", d.arch, d.nr, x, y);
	}
	CHECK_INT(bad, 0);
}

static bool holds(const struct spec_seccomp_arg *a, const struct seccomp_data *d, bool wide)
{
	uint64_t mask = wide ? UINT64_MAX : UINT32_MAX;
	uint64_t x = d->args[a->index] & mask, v = a->value & mask, two = a->value_two & mask;

	switch (a->op) {
	case SCMP_CMP_NE:
		return x != v;
	case SCMP_CMP_LT:
		return x < v;
	case SCMP_CMP_LE:
		return x <= v;
	case SCMP_CMP_EQ:
		return x == v;
	case SCMP_CMP_GE:
		return x >= v;
	case SCMP_CMP_GT:
		return x > v;
	default:
		return (x & v) == (two & v);
	}
}

static bool matches(const struct spec_syscall *sc, const char *name, const struct seccomp_data *d,
		    bool wide)
{
	if (!strv_has(&sc->names, name))
		return false;
	for (size_t i = 0; i < sc->args.n; i++) {
		if (!holds(&sc->args.v[i], d, wide))
			return false;
	}
	return true;
}

/* What the profile says, read by a human. All rules for one name have one action here. Names with several rules on
 * arguments are left out: libseccomp does not look at all of them when they overlap. So are the calls of i386 that many
 * names share. */
static bool as_the_profile_says(const struct profile *p, const struct seccomp_data *d, uint32_t got)
{
	uint32_t token = d->arch == AUDIT_ARCH_X86_64 && (uint32_t)d->nr >= X32_BIT ? SCMP_ARCH_X32
										    : d->arch;
	char *name = seccomp_syscall_resolve_num_arch(token, d->nr);
	uint32_t want = seccomp_action(p->s.default_action, p->s.has_default_errno_ret,
				       p->s.default_errno_ret);
	bool listed = token == NATIVE;
	unsigned n = 0;

	for (size_t i = 0; i < p->s.architectures.n; i++)
		listed |= p->archs[i] == token;
	if (d->arch == AUDIT_ARCH_I386 && (d->nr == 102 || d->nr == 117))
		listed = false;
	for (size_t i = 0; name && i < p->s.syscalls.n; i++) {
		const struct spec_syscall *sc = &p->sc[i];

		n += strv_has(&sc->names, name);
		if (matches(sc, name, d, token & 0x80000000))
			want = seccomp_action(sc->action, sc->has_errno_ret, sc->errno_ret);
	}
	free(name);
	return !listed || n > 1 || got == want || got == ENOSYS_;
}

static void against_profile(const struct profile *p, const struct bpf *prog, unsigned rounds)
{
	unsigned bad = 0;

	for (unsigned i = 0; i < rounds; i++) {
		struct seccomp_data d = { .arch = rnd() % 2 ? NATIVE : AUDIT_ARCH_I386,
					  .nr = (int)(rnd() % 460) };

		if (d.arch == AUDIT_ARCH_X86_64 && rnd() % 3 == 0)
			d.nr |= X32_BIT;
		likely_args(p, &d);
		uint32_t got = interpret(prog->v, prog->n, &d);
		if (!as_the_profile_says(p, &d, got) && bad++ == 0)
			printf("# arch %#x nr %d: %#x\n", d.arch, d.nr, got);
	}
	CHECK_INT(bad, 0);
}

static void against_libseccomp(struct profile *p, unsigned rounds, size_t *before, size_t *after)
{
	struct bpf was = { 0 }, is = { 0 };
	struct seccomp_archs archs;
	struct buf unknown = { 0 };
	struct err e;

	*before = *after = 0;
	if (seccomp_lib_compile(&p->s, &was, &archs, &unknown, &e) == 0) {
		CHECK_INT(
			seccomp_enosys(&was, &archs, seccomp_action(p->s.default_action, false, 0)),
			0);
		for (size_t i = 0; i < was.n; i++)
			bpf_add(&is, was.v[i]);
		CHECK_INT(seccomp_tree(&is), 0);
		compare(&was, &is, p, rounds);
		against_profile(p, &is, rounds);
		*before = was.n;
		*after = is.n;
	} else {
		CHECK(strstr(e.msg, "contradicts") != NULL);
	}
	buf_free(&unknown);
	bpf_free(&was);
	bpf_free(&is);
}

static void tree_of_an_engine(void)
{
	struct profile p;
	size_t before, after;

	engine_profile(&p);
	against_libseccomp(&p, 100000, &before, &after);
	printf("# %zu instructions, in the tree %zu\n", before, after);
	CHECK(after * 2 < before);
	end(&p);
}

static void random_rule(struct profile *p)
{
	static const uint32_t actions[] = { ALLOW, SECCOMP_RET_ERRNO, SECCOMP_RET_KILL_PROCESS,
					    SECCOMP_RET_LOG, SECCOMP_RET_TRAP };
	unsigned kind = (unsigned)(rnd() % N_ELEMENTS(actions));
	char text[4096] = "";

	for (unsigned n = (unsigned)(rnd() % 40); n > 0; n--) {
		unsigned nr = (unsigned)(rnd() % 460);
		char *name = seccomp_syscall_resolve_num_arch(SCMP_ARCH_NATIVE,
							      (int)(nr - nr % 5 + kind));

		if (name)
			strcat(strcat(text, name), " ");
		free(name);
	}
	struct spec_syscall *sc = rule(p, text, actions[kind]);
	sc->has_errno_ret = true;
	sc->errno_ret = 77;
	for (unsigned n = rnd() % 2 ? (unsigned)(rnd() % 4) : 0, index = 0; n > 0; n--)
		arg(p, sc, index++ * 2, (uint32_t)(SCMP_CMP_NE + rnd() % 7), rnd() >> rnd() % 64,
		    rnd() >> rnd() % 64);
}

static void random_trees(void)
{
	static const uint32_t defaults[] = { SECCOMP_RET_ERRNO, ALLOW, SECCOMP_RET_KILL_PROCESS,
					     SECCOMP_RET_TRAP };
	size_t before, after, total_before = 0, total_after = 0;

	for (unsigned i = 0; i < 100; i++) {
		struct profile p;

		start(&p, defaults[rnd() % N_ELEMENTS(defaults)]);
#ifdef __x86_64__
		if (rnd() % 2)
			arch(&p, SCMP_ARCH_X86);
		if (rnd() % 2)
			arch(&p, SCMP_ARCH_X32);
#endif
		for (unsigned n = (unsigned)(rnd() % 12); n > 0; n--)
			random_rule(&p);
		against_libseccomp(&p, 3000, &before, &after);
		CHECK(after <= before + before / 2);
		total_before += before;
		total_after += after;
		end(&p);
	}
	printf("# %zu instructions in all, in the trees %zu\n", total_before, total_after);
}

/* What is not of libseccomp's kind stays as it is. */
static void foreign_programs(void)
{
	static const struct sock_filter odd[][5] = {
		{ BPF_STMT(BPF_LD | BPF_W | BPF_ABS, BPF_NR),
		  BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, 1, 0, 1), BPF_STMT(BPF_RET | BPF_K, 1),
		  BPF_STMT(BPF_RET | BPF_K, 2), BPF_STMT(BPF_RET | BPF_K, 3) },
		{ BPF_STMT(BPF_LD | BPF_W | BPF_ABS, BPF_NR),
		  BPF_STMT(BPF_ALU | BPF_AND | BPF_K, 255),
		  BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 1, 0, 1), BPF_STMT(BPF_RET | BPF_K, 2),
		  BPF_STMT(BPF_RET | BPF_K, 3) },
		{ BPF_STMT(BPF_LD | BPF_IMM, 1), BPF_STMT(BPF_MISC | BPF_TAX, 0),
		  BPF_STMT(BPF_RET | BPF_A, 0), BPF_STMT(BPF_RET | BPF_K, 2),
		  BPF_STMT(BPF_RET | BPF_K, 3) },
		{ BPF_STMT(BPF_LD | BPF_W | BPF_ABS, BPF_ARCH),
		  BPF_JUMP(BPF_JMP | BPF_JGT | BPF_K, 1, 0, 1), BPF_STMT(BPF_RET | BPF_K, 1),
		  BPF_STMT(BPF_RET | BPF_K, 2), BPF_STMT(BPF_RET | BPF_K, 3) },
		{ BPF_STMT(BPF_JMP | BPF_JA, 100), BPF_STMT(BPF_RET | BPF_K, 1),
		  BPF_STMT(BPF_RET | BPF_K, 1), BPF_STMT(BPF_RET | BPF_K, 2),
		  BPF_STMT(BPF_RET | BPF_K, 3) },
	};

	for (size_t i = 0; i < N_ELEMENTS(odd); i++) {
		struct bpf b = { 0 };

		for (size_t k = 0; k < 5; k++)
			bpf_add(&b, odd[i][k]);
		CHECK_INT(seccomp_tree(&b), 0);
		CHECK_INT(b.n, 5);
		CHECK(memcmp(b.v, odd[i], sizeof(odd[i])) == 0);
		bpf_free(&b);
	}
}

/* The annotation's program: only what can be told without loading it. */
static void raw_text(void)
{
	static const char *const bad[] = {
		"", "A", "AAAA", "BgAAAAAA/38=B", "BgAAAAAA/3+!", "BgAAAAAA/39=BgA"
	};
	struct bpf b = { 0 };
	struct err e;

	for (size_t i = 0; i < N_ELEMENTS(bad); i++) {
		CHECK(seccomp_raw(&b, bad[i], 0, &e) < 0);
		CHECK_INT(e.code, ERR_SPEC);
		CHECK_INT(b.n, 0);
	}
}

static const struct test tests[] = {
	{ "names and actions", names },
	{ "comparisons of 64 bits", operators },
	{ "several arguments", arguments },
	{ "ENOSYS by default action", enosys },
	{ "ENOSYS counts denied names", enosys_counts_denied_names },
#ifdef __x86_64__
	{ "architectures", architectures },
#endif
	{ "ENOSYS on other machines", enosys_elsewhere },
	{ "unknown names", unknown_names },
	{ "flags", flags },
	{ "refused profiles", refused },
	{ "many rules", many_rules },
	{ "the tree of an engine's profile", tree_of_an_engine },
	{ "random trees", random_trees },
	{ "foreign programs", foreign_programs },
	{ "programs as text", raw_text },
};
TAP_MAIN(tests)
