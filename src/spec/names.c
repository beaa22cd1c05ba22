/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Word ↔ kernel constant. Constants newer than the headers of the oldest supported build host are given as numbers. */
#include <errno.h>
#include <limits.h>
#include <linux/capability.h>
#include <linux/sched.h>
#include <linux/seccomp.h>
#include <seccomp.h>
#include <string.h>
#include <strings.h>
#include <sys/resource.h>

#include "spec/model.h"
#include "spec/names.h"
#include "util/util.h"

#define END                                                                                        \
	{                                                                                          \
		NULL, 0                                                                            \
	}
#define SAME(word)                                                                                 \
	{                                                                                          \
#word, word                                                                        \
	}

/* capabilities(7); the numbers of linux/capability.h, up to Linux 5.9's last. */
#ifndef CAP_PERFMON
#define CAP_PERFMON 38
#endif
#ifndef CAP_BPF
#define CAP_BPF 39
#endif
#ifndef CAP_CHECKPOINT_RESTORE
#define CAP_CHECKPOINT_RESTORE 40
#endif

const struct name names_caps[] = {
	SAME(CAP_CHOWN),
	SAME(CAP_DAC_OVERRIDE),
	SAME(CAP_DAC_READ_SEARCH),
	SAME(CAP_FOWNER),
	SAME(CAP_FSETID),
	SAME(CAP_KILL),
	SAME(CAP_SETGID),
	SAME(CAP_SETUID),
	SAME(CAP_SETPCAP),
	SAME(CAP_LINUX_IMMUTABLE),
	SAME(CAP_NET_BIND_SERVICE),
	SAME(CAP_NET_BROADCAST),
	SAME(CAP_NET_ADMIN),
	SAME(CAP_NET_RAW),
	SAME(CAP_IPC_LOCK),
	SAME(CAP_IPC_OWNER),
	SAME(CAP_SYS_MODULE),
	SAME(CAP_SYS_RAWIO),
	SAME(CAP_SYS_CHROOT),
	SAME(CAP_SYS_PTRACE),
	SAME(CAP_SYS_PACCT),
	SAME(CAP_SYS_ADMIN),
	SAME(CAP_SYS_BOOT),
	SAME(CAP_SYS_NICE),
	SAME(CAP_SYS_RESOURCE),
	SAME(CAP_SYS_TIME),
	SAME(CAP_SYS_TTY_CONFIG),
	SAME(CAP_MKNOD),
	SAME(CAP_LEASE),
	SAME(CAP_AUDIT_WRITE),
	SAME(CAP_AUDIT_CONTROL),
	SAME(CAP_SETFCAP),
	SAME(CAP_MAC_OVERRIDE),
	SAME(CAP_MAC_ADMIN),
	SAME(CAP_SYSLOG),
	SAME(CAP_WAKE_ALARM),
	SAME(CAP_BLOCK_SUSPEND),
	SAME(CAP_AUDIT_READ),
	SAME(CAP_PERFMON),
	SAME(CAP_BPF),
	SAME(CAP_CHECKPOINT_RESTORE),
	END,
};

/* getrlimit(2) */
const struct name names_rlimits[] = {
	SAME(RLIMIT_AS),
	SAME(RLIMIT_CORE),
	SAME(RLIMIT_CPU),
	SAME(RLIMIT_DATA),
	SAME(RLIMIT_FSIZE),
	SAME(RLIMIT_LOCKS),
	SAME(RLIMIT_MEMLOCK),
	SAME(RLIMIT_MSGQUEUE),
	SAME(RLIMIT_NICE),
	SAME(RLIMIT_NOFILE),
	SAME(RLIMIT_NPROC),
	SAME(RLIMIT_RSS),
	SAME(RLIMIT_RTPRIO),
	SAME(RLIMIT_RTTIME),
	SAME(RLIMIT_SIGPENDING),
	SAME(RLIMIT_STACK),
	END,
};

const struct name names_namespaces[] = {
	{ "pid", NS_PID },	 { "network", NS_NETWORK }, { "mount", NS_MOUNT },
	{ "ipc", NS_IPC },	 { "uts", NS_UTS },	    { "user", NS_USER },
	{ "cgroup", NS_CGROUP }, { "time", NS_TIME },	    END,
};

#ifndef CLONE_NEWTIME
#define CLONE_NEWTIME 0x00000080
#endif
#ifndef CLONE_NEWCGROUP
#define CLONE_NEWCGROUP 0x02000000
#endif

const struct name names_clone_flags[] = {
	[NS_PID] = { "pid", CLONE_NEWPID },
	[NS_NETWORK] = { "network", CLONE_NEWNET },
	[NS_MOUNT] = { "mount", CLONE_NEWNS },
	[NS_IPC] = { "ipc", CLONE_NEWIPC },
	[NS_UTS] = { "uts", CLONE_NEWUTS },
	[NS_USER] = { "user", CLONE_NEWUSER },
	[NS_CGROUP] = { "cgroup", CLONE_NEWCGROUP },
	[NS_TIME] = { "time", CLONE_NEWTIME },
	[NS_N] = END,
};

const struct name names_hooks[] = {
	{ "prestart", HOOK_PRESTART },
	{ "createRuntime", HOOK_CREATE_RUNTIME },
	{ "createContainer", HOOK_CREATE_CONTAINER },
	{ "startContainer", HOOK_START_CONTAINER },
	{ "poststart", HOOK_POSTSTART },
	{ "poststop", HOOK_POSTSTOP },
	END,
};

/* ---- seccomp(2) ---- */

#ifndef SECCOMP_RET_KILL_PROCESS
#define SECCOMP_RET_KILL_PROCESS 0x80000000U
#endif
#ifndef SECCOMP_RET_USER_NOTIF
#define SECCOMP_RET_USER_NOTIF 0x7fc00000U
#endif

const struct name names_seccomp_actions[] = {
	{ "SCMP_ACT_KILL", SECCOMP_RET_KILL_THREAD },
	{ "SCMP_ACT_KILL_PROCESS", SECCOMP_RET_KILL_PROCESS },
	{ "SCMP_ACT_KILL_THREAD", SECCOMP_RET_KILL_THREAD },
	{ "SCMP_ACT_TRAP", SECCOMP_RET_TRAP },
	{ "SCMP_ACT_ERRNO", SECCOMP_RET_ERRNO },
	{ "SCMP_ACT_TRACE", SECCOMP_RET_TRACE },
	{ "SCMP_ACT_ALLOW", SECCOMP_RET_ALLOW },
	{ "SCMP_ACT_LOG", SECCOMP_RET_LOG },
	{ "SCMP_ACT_NOTIFY", SECCOMP_RET_USER_NOTIF },
	END,
};

const struct name names_seccomp_ops[] = {
	SAME(SCMP_CMP_NE), SAME(SCMP_CMP_LT), SAME(SCMP_CMP_LE),	SAME(SCMP_CMP_EQ),
	SAME(SCMP_CMP_GE), SAME(SCMP_CMP_GT), SAME(SCMP_CMP_MASKED_EQ), END,
};

/* AUDIT_ARCH words: ELF machine | 0x80000000 for 64 bits | 0x40000000 for little endian | 0x20000000 for MIPS N32. */
enum {
	ARCH_64 = 0x80000000u,
	ARCH_LE = 0x40000000u,
	ARCH_N32 = 0x20000000u,
	MACHINE_386 = 3,
	MACHINE_68K = 4,
	MACHINE_MIPS = 8,
	MACHINE_PARISC = 15,
	MACHINE_PPC = 20,
	MACHINE_PPC64 = 21,
	MACHINE_S390 = 22,
	MACHINE_ARM = 40,
	MACHINE_SH = 42,
	MACHINE_X86_64 = 62,
	MACHINE_AARCH64 = 183,
	MACHINE_RISCV = 243,
	MACHINE_LOONGARCH = 258,
};

const struct name names_seccomp_archs[] = {
	{ "SCMP_ARCH_X86", MACHINE_386 | ARCH_LE },
	{ "SCMP_ARCH_X86_64", MACHINE_X86_64 | ARCH_64 | ARCH_LE },
	{ "SCMP_ARCH_X32", MACHINE_X86_64 | ARCH_LE },
	{ "SCMP_ARCH_ARM", MACHINE_ARM | ARCH_LE },
	{ "SCMP_ARCH_AARCH64", MACHINE_AARCH64 | ARCH_64 | ARCH_LE },
	{ "SCMP_ARCH_LOONGARCH64", MACHINE_LOONGARCH | ARCH_64 | ARCH_LE },
	{ "SCMP_ARCH_M68K", MACHINE_68K },
	{ "SCMP_ARCH_MIPS", MACHINE_MIPS },
	{ "SCMP_ARCH_MIPS64", MACHINE_MIPS | ARCH_64 },
	{ "SCMP_ARCH_MIPS64N32", MACHINE_MIPS | ARCH_64 | ARCH_N32 },
	{ "SCMP_ARCH_MIPSEL", MACHINE_MIPS | ARCH_LE },
	{ "SCMP_ARCH_MIPSEL64", MACHINE_MIPS | ARCH_64 | ARCH_LE },
	{ "SCMP_ARCH_MIPSEL64N32", MACHINE_MIPS | ARCH_64 | ARCH_LE | ARCH_N32 },
	{ "SCMP_ARCH_PARISC", MACHINE_PARISC },
	{ "SCMP_ARCH_PARISC64", MACHINE_PARISC | ARCH_64 },
	{ "SCMP_ARCH_PPC", MACHINE_PPC },
	{ "SCMP_ARCH_PPC64", MACHINE_PPC64 | ARCH_64 },
	{ "SCMP_ARCH_PPC64LE", MACHINE_PPC64 | ARCH_64 | ARCH_LE },
	{ "SCMP_ARCH_RISCV64", MACHINE_RISCV | ARCH_64 | ARCH_LE },
	{ "SCMP_ARCH_S390", MACHINE_S390 },
	{ "SCMP_ARCH_S390X", MACHINE_S390 | ARCH_64 },
	{ "SCMP_ARCH_SH", MACHINE_SH | ARCH_LE },
	{ "SCMP_ARCH_SHEB", MACHINE_SH },
	END,
};

#ifndef SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV
#define SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV (1UL << 5)
#endif

const struct name names_seccomp_flags[] = {
	SAME(SECCOMP_FILTER_FLAG_TSYNC),
	SAME(SECCOMP_FILTER_FLAG_LOG),
	SAME(SECCOMP_FILTER_FLAG_SPEC_ALLOW),
	SAME(SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV),
	END,
};

/* ---- sched_setattr(2), ioprio_set(2), set_mempolicy(2) ---- */

const struct name names_sched_policies[] = {
	{ "SCHED_OTHER", 0 }, { "SCHED_FIFO", 1 }, { "SCHED_RR", 2 },	    { "SCHED_BATCH", 3 },
	{ "SCHED_ISO", 4 },   { "SCHED_IDLE", 5 }, { "SCHED_DEADLINE", 6 }, END,
};

const struct name names_sched_flags[] = {
	{ "SCHED_FLAG_RESET_ON_FORK", 0x01 },  { "SCHED_FLAG_RECLAIM", 0x02 },
	{ "SCHED_FLAG_DL_OVERRUN", 0x04 },     { "SCHED_FLAG_KEEP_POLICY", 0x08 },
	{ "SCHED_FLAG_KEEP_PARAMS", 0x10 },    { "SCHED_FLAG_UTIL_CLAMP_MIN", 0x20 },
	{ "SCHED_FLAG_UTIL_CLAMP_MAX", 0x40 }, END,
};

const struct name names_io_classes[] = {
	{ "IOPRIO_CLASS_RT", 1 },
	{ "IOPRIO_CLASS_BE", 2 },
	{ "IOPRIO_CLASS_IDLE", 3 },
	END,
};

const struct name names_mpol_modes[] = {
	{ "MPOL_DEFAULT", 0 },
	{ "MPOL_PREFERRED", 1 },
	{ "MPOL_BIND", 2 },
	{ "MPOL_INTERLEAVE", 3 },
	{ "MPOL_LOCAL", 4 },
	{ "MPOL_PREFERRED_MANY", 5 },
	{ "MPOL_WEIGHTED_INTERLEAVE", 6 },
	END,
};

const struct name names_mpol_flags[] = {
	{ "MPOL_F_STATIC_NODES", 1 << 15 },
	{ "MPOL_F_RELATIVE_NODES", 1 << 14 },
	{ "MPOL_F_NUMA_BALANCING", 1 << 13 },
	END,
};

/* ---- small ones ---- */

/* The spec has the first four; engines send the r… words of mount(8) too, as all runtimes take them. */
const struct name names_propagations[] = {
	{ "private", PROPAGATION_PRIVATE },
	{ "shared", PROPAGATION_SHARED },
	{ "slave", PROPAGATION_SLAVE },
	{ "unbindable", PROPAGATION_UNBINDABLE },
	{ "rprivate", PROPAGATION_PRIVATE },
	{ "rshared", PROPAGATION_SHARED },
	{ "rslave", PROPAGATION_SLAVE },
	{ "runbindable", PROPAGATION_UNBINDABLE },
	END,
};

const struct name names_device_types[] = {
	{ "c", 'c' }, { "b", 'b' }, { "p", 'p' }, { "u", 'c' }, END
};

const struct name names_rule_types[] = { { "a", 'a' }, { "b", 'b' }, { "c", 'c' }, END };

const struct name names_access[] = {
	{ "r", DEV_READ }, { "w", DEV_WRITE }, { "m", DEV_MKNOD }, END
};

const struct name names_personalities[] = { { "LINUX", 0 }, { "LINUX32", 1 }, END };

const struct name names_image_formats[] = {
	{ "raw", 0 }, { "qcow2", 1 }, { "vdi", 2 }, { "vmdk", 3 }, { "vhd", 4 }, END,
};

/* ---- look-up ---- */

int name_value(const struct name *table, const char *word, uint64_t *ret)
{
	for (; table->name; table++) {
		if (strcmp(table->name, word) == 0) {
			*ret = table->value;
			return 0;
		}
	}
	return -ENOENT;
}

const char *name_word(const struct name *table, uint64_t value)
{
	for (; table->name; table++) {
		if (table->value == value)
			return table->name;
	}
	return NULL;
}

/* ---- "did you mean" ---- */

enum { MAX_WORD = 64 };

static char fold(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

static bool same(char a, char b)
{
	return fold(a) == fold(b);
}

/* Edit distance, letters without case, two neighbours in the wrong order one slip (optimal string alignment). Both words have at
 * most MAX_WORD bytes. */
static unsigned distance(const char *a, size_t na, const char *b, size_t nb)
{
	unsigned rows[3][MAX_WORD + 1], *last = rows[0], *row = rows[1], *before = rows[2];

	for (size_t j = 0; j <= nb; j++)
		last[j] = (unsigned)j;
	for (size_t i = 1; i <= na; i++) {
		row[0] = (unsigned)i;
		for (size_t j = 1; j <= nb; j++) {
			unsigned change = last[j - 1] + !same(a[i - 1], b[j - 1]);

			row[j] = MIN(change, MIN(last[j], row[j - 1]) + 1);
			if (i > 1 && j > 1 && same(a[i - 1], b[j - 2]) && same(a[i - 2], b[j - 1]))
				row[j] = MIN(row[j], before[j - 2] + 1);
		}
		unsigned *oldest = before;

		before = last;
		last = row;
		row = oldest;
	}
	return last[nb];
}

/* NAME begins or ends with WORD: "net", "SYS_ADMIN", "NOFILE". */
static bool is_affix(const char *word, size_t n, const char *name, size_t len)
{
	return n >= 3 && n < len &&
	       (strncasecmp(name, word, n) == 0 || strncasecmp(name + len - n, word, n) == 0);
}

/* Bytes of the words before '_' that both begin with: CAP_, SCMP_ACT_. They say of what kind a name is, not which one. */
static size_t kind_length(const char *a, const char *b)
{
	size_t n = 0;

	for (size_t i = 0; a[i] && same(a[i], b[i]); i++)
		n = a[i] == '_' ? i + 1 : n;
	return n;
}

/* About one slip in three letters still says which word was meant; of a single letter nothing is left. */
static unsigned slips_allowed(size_t letters)
{
	return letters > 1 ? (unsigned)(letters + 2) / 3 : 0;
}

struct name_search name_search_begin(const char *word)
{
	return (struct name_search){ .word = strlen(word) <= MAX_WORD ? word : NULL,
				     .distance = UINT_MAX };
}

void name_search_try(struct name_search *s, const char *name)
{
	size_t na = s->word ? strlen(s->word) : 0, nb = strlen(name), kind;
	unsigned d = 1;

	if (na == 0 || nb > MAX_WORD)
		return;
	if (!is_affix(s->word, na, name, nb)) {
		kind = kind_length(s->word, name);
		d = distance(s->word + kind, na - kind, name + kind, nb - kind);
		if (d > slips_allowed(na - kind))
			return;
	}
	if (d < s->distance) {
		s->distance = d;
		s->best = name;
	}
}

const char *name_search_end(const struct name_search *s)
{
	return s->best;
}

const char *name_nearest(const struct name *table, const char *word)
{
	struct name_search s = name_search_begin(word);

	for (; table->name; table++)
		name_search_try(&s, table->name);
	return name_search_end(&s);
}

const char *spec_map_get(const spec_map *map, const char *key)
{
	for (size_t i = 0; i < map->n; i++) {
		if (strcmp(map->v[i].key, key) == 0)
			return map->v[i].value;
	}
	return NULL;
}
