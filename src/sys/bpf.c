/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Device programs of cgroup v2. bpf(2); BPF_F_REPLACE since 5.6. */
#include "sys/bpf.h"

#include <errno.h>
#include <linux/bpf.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "util/cleanup.h"

enum { MAX_PROGRAMS = 64 };

/* Ours among those of others: the kernel keeps the name. */
static const char name[] = "ketch_devices";

static long sys_bpf(int cmd, union bpf_attr *attr)
{
	long r = syscall(SYS_bpf, cmd, attr, sizeof(*attr));

	return r < 0 ? -errno : r;
}

static int load(const void *insns, size_t len)
{
	static const char license[] = "GPL";
	union bpf_attr attr;

	memset(&attr, 0, sizeof(attr));
	attr.prog_type = BPF_PROG_TYPE_CGROUP_DEVICE;
	attr.insns = (uint64_t)(uintptr_t)insns;
	attr.insn_cnt = (uint32_t)(len / sizeof(struct bpf_insn));
	attr.license = (uint64_t)(uintptr_t)license;
	memcpy(attr.prog_name, name, sizeof(name));
	return (int)sys_bpf(BPF_PROG_LOAD, &attr);
}

static int open_program(uint32_t id)
{
	union bpf_attr attr;

	memset(&attr, 0, sizeof(attr));
	attr.prog_id = id;
	return (int)sys_bpf(BPF_PROG_GET_FD_BY_ID, &attr);
}

static int get_info(int prog, struct bpf_prog_info *info)
{
	union bpf_attr attr;

	memset(info, 0, sizeof(*info));
	memset(&attr, 0, sizeof(attr));
	attr.info.bpf_fd = (uint32_t)prog;
	attr.info.info_len = sizeof(*info);
	attr.info.info = (uint64_t)(uintptr_t)info;
	return (int)sys_bpf(BPF_OBJ_GET_INFO_BY_FD, &attr);
}

static bool is_ours(int prog)
{
	struct bpf_prog_info info;

	return get_info(prog, &info) >= 0 && strncmp(info.name, name, sizeof(info.name)) == 0;
}

/* How many programs this very cgroup has, and their ids. */
static int device_programs(int cgroup_fd, uint32_t ids[MAX_PROGRAMS])
{
	union bpf_attr attr;

	memset(&attr, 0, sizeof(attr));
	attr.query.target_fd = (uint32_t)cgroup_fd;
	attr.query.attach_type = BPF_CGROUP_DEVICE;
	attr.query.prog_ids = (uint64_t)(uintptr_t)ids;
	attr.query.prog_cnt = MAX_PROGRAMS;
	long r = sys_bpf(BPF_PROG_QUERY, &attr);
	return r < 0 ? (int)r : (int)attr.query.prog_cnt;
}

/* Descriptor of our program on this very cgroup, or -ENOENT. */
static int find_ours(int cgroup_fd)
{
	uint32_t ids[MAX_PROGRAMS];

	int n_ids = device_programs(cgroup_fd, ids);
	if (n_ids < 0)
		return n_ids;
	for (int i = 0; i < n_ids; i++) {
		int prog = open_program(ids[i]);

		if (prog < 0)
			continue;
		if (is_ours(prog))
			return prog;
		close_fd(prog);
	}
	return -ENOENT;
}

int bpf_device_attach(int cgroup_fd, const void *insns, size_t len)
{
	auto_fd int prog = load(insns, len);
	union bpf_attr attr;

	if (prog < 0)
		return prog;
	auto_fd int old = find_ours(cgroup_fd);
	memset(&attr, 0, sizeof(attr));
	attr.target_fd = (uint32_t)cgroup_fd;
	attr.attach_bpf_fd = (uint32_t)prog;
	attr.attach_type = BPF_CGROUP_DEVICE;
	attr.attach_flags = BPF_F_ALLOW_MULTI;
	if (old >= 0) {
		attr.attach_flags |= BPF_F_REPLACE;
		attr.replace_bpf_fd = (uint32_t)old;
	}
	return (int)sys_bpf(BPF_PROG_ATTACH, &attr);
}

int bpf_device_programs(int cgroup_fd, struct bpf_program *v, unsigned max)
{
	uint32_t ids[MAX_PROGRAMS];
	int n = 0;

	int n_ids = device_programs(cgroup_fd, ids);
	if (n_ids < 0)
		return n_ids;
	for (int i = 0; i < n_ids && (unsigned)n < max; i++) {
		auto_fd int prog = open_program(ids[i]);
		struct bpf_prog_info info;

		if (prog < 0 || get_info(prog, &info) < 0)
			continue;
		v[n].id = ids[i];
		memcpy(v[n].name, info.name, sizeof(v[n].name));
		v[n].name[sizeof(v[n].name) - 1] = '\0';
		memcpy(v[n++].tag, info.tag, BPF_PROGRAM_TAG);
	}
	return n;
}

int bpf_device_tag(const void *insns, size_t len, uint8_t tag[BPF_PROGRAM_TAG])
{
	auto_fd int prog = load(insns, len);
	struct bpf_prog_info info;

	if (prog < 0)
		return prog;
	int r = get_info(prog, &info);
	if (r >= 0)
		memcpy(tag, info.tag, BPF_PROGRAM_TAG);
	return r < 0 ? r : 0;
}
