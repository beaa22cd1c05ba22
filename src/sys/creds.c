/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Credentials, capabilities, limits, signals: see creds.h. */
#include "sys/creds.h"

#include <errno.h>
#include <linux/capability.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

/* Where the plain numbers are the 16-bit calls of old, the ones wanted have a suffix. */
#ifdef SYS_setresuid32
#define NR_SETRESUID SYS_setresuid32
#define NR_SETRESGID SYS_setresgid32
#define NR_SETGROUPS SYS_setgroups32
#else
#define NR_SETRESUID SYS_setresuid
#define NR_SETRESGID SYS_setresgid
#define NR_SETGROUPS SYS_setgroups
#endif

#ifdef __mips__
enum { KERNEL_NSIG = 128 };
#else
enum { KERNEL_NSIG = 64 };
#endif

/* Large enough for the kernel's struct sigaction of every architecture; all zero is SIG_DFL without flags. */
struct k_sigaction {
	unsigned long words[8];
};

static int ret(long r)
{
	return r < 0 ? -errno : (int)r;
}

int sys_setgroups(size_t n, const uint32_t *groups)
{
	return ret(syscall(NR_SETGROUPS, n, groups));
}

int sys_setresgid(gid_t gid)
{
	return ret(syscall(NR_SETRESGID, gid, gid, gid));
}

int sys_setresuid(uid_t uid)
{
	return ret(syscall(NR_SETRESUID, uid, uid, uid));
}

int sys_capget(struct sys_caps *caps)
{
	struct __user_cap_header_struct head = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct d[2] = { 0 };

	if (syscall(SYS_capget, &head, d) < 0)
		return -errno;
	caps->effective = d[0].effective | (uint64_t)d[1].effective << 32;
	caps->permitted = d[0].permitted | (uint64_t)d[1].permitted << 32;
	caps->inheritable = d[0].inheritable | (uint64_t)d[1].inheritable << 32;
	return 0;
}

int sys_capset(const struct sys_caps *caps)
{
	struct __user_cap_header_struct head = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct d[2] = {
		{ (uint32_t)caps->effective, (uint32_t)caps->permitted,
		  (uint32_t)caps->inheritable },
		{ (uint32_t)(caps->effective >> 32), (uint32_t)(caps->permitted >> 32),
		  (uint32_t)(caps->inheritable >> 32) },
	};

	return ret(syscall(SYS_capset, &head, d));
}

int sys_cap_bounding_has(unsigned cap)
{
	return sys_prctl(PR_CAPBSET_READ, cap);
}

int sys_cap_bounding_drop(unsigned cap)
{
	return sys_prctl(PR_CAPBSET_DROP, cap);
}

int sys_cap_ambient_clear(void)
{
	return sys_prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL);
}

int sys_cap_ambient_raise(unsigned cap)
{
	return ret(prctl(PR_CAP_AMBIENT, (unsigned long)PR_CAP_AMBIENT_RAISE, (unsigned long)cap,
			 0ul, 0ul));
}

int sys_prctl(int option, unsigned long arg)
{
	return ret(prctl(option, arg, 0ul, 0ul, 0ul));
}

int sys_prlimit(pid_t pid, int resource, const struct sys_rlimit *new_limit, struct sys_rlimit *old)
{
	return ret(syscall(SYS_prlimit64, pid, resource, new_limit, old));
}

int sys_signals_reset(void)
{
	const struct k_sigaction dfl = { { 0 } };
	const uint64_t none[KERNEL_NSIG / 64] = { 0 };

	for (int sig = 1; sig <= KERNEL_NSIG; sig++) {
		if (sig == SIGKILL || sig == SIGSTOP)
			continue;
		if (syscall(SYS_rt_sigaction, sig, &dfl, NULL, sizeof(none)) < 0)
			return -errno;
	}
	return ret(syscall(SYS_rt_sigprocmask, SIG_SETMASK, none, NULL, sizeof(none)));
}

int sys_getcwd(char *buf, size_t size)
{
	return ret(syscall(SYS_getcwd, buf, size));
}
