/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* bpf(2) as far as the device rules of cgroup v2 need it. */
#pragma once

#include <stddef.h>
#include <stdint.h>

/*
 * Loads INSNS (LEN bytes of struct bpf_insn, BPF_PROG_TYPE_CGROUP_DEVICE) and attaches them to the cgroup behind CGROUP_FD, which
 * keeps them for as long as it exists. Programs of the cgroups above go on to apply: access needs the consent of all. A program
 * that an earlier call put there is replaced without a moment in between. 0 or -errno.
 */
int bpf_device_attach(int cgroup_fd, const void *insns, size_t len);

enum { BPF_PROGRAM_TAG = 8 };
struct bpf_program {
	uint32_t id;
	char name[16];
	uint8_t tag[BPF_PROGRAM_TAG]; /* the kernel's hash of the instructions */
};

/* The device programs attached to this very cgroup; how many, at most MAX, or -errno. */
int bpf_device_programs(int cgroup_fd, struct bpf_program *v, unsigned max);
/* The tag that INSNS have as a program: they are loaded and forgotten. 0 or -errno. */
int bpf_device_tag(const void *insns, size_t len, uint8_t tag[BPF_PROGRAM_TAG]);
