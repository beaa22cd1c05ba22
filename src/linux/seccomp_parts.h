/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The parts a seccomp profile passes through, in order; seccomp.c drives them:
 *
 *   seccomp_rules.c   profile → rules with numbers; duplicates and what equals the default dropped
 *   seccomp_lib.c     rules → BPF by libseccomp
 *   seccomp_enosys.c  BPF + ENOSYS for system calls newer than the profile
 *   seccomp_tree.c    BPF → the same decisions as one search tree an architecture
 *   seccomp_bpf.c     what they share
 *   seccomp_cache.c   BPF → file and back
 *   seccomp_raw.c     the annotation that brings BPF instead of a profile
 */
#pragma once

#include <linux/filter.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "linux/seccomp.h"
#include "spec/model.h"
#include "util/buf.h"
#include "util/cleanup.h"
#include "util/err.h"
#include "util/sha256.h"

struct bpf {
	struct sock_filter *v;
	size_t n, cap;
};

int bpf_add(struct bpf *b, struct sock_filter insn);
int bpf_append(struct bpf *b, const struct bpf *more);
void bpf_free(struct bpf *b);
#define auto_bpf AUTO(bpf_free)

/* The instructions that libseccomp uses. */
enum {
	OP_LD = BPF_LD | BPF_W | BPF_ABS,
	OP_AND = BPF_ALU | BPF_AND | BPF_K,
	OP_JA = BPF_JMP | BPF_JA,
	OP_JEQ = BPF_JMP | BPF_JEQ | BPF_K,
	OP_JGE = BPF_JMP | BPF_JGE | BPF_K,
	OP_JGT = BPF_JMP | BPF_JGT | BPF_K,
	OP_JSET = BPF_JMP | BPF_JSET | BPF_K,
	OP_RET = BPF_RET | BPF_K,
};
bool bpf_is_cond(unsigned code);

/* Offsets into struct seccomp_data. */
enum { BPF_NR = 0, BPF_ARCH = 4, BPF_ARGS = 16 };

enum { X32_BIT = 0x40000000 };

struct seccomp_arch {
	uint32_t token; /* SCMP_ARCH_* */
	uint32_t audit; /* AUDIT_ARCH_*: what the kernel shows; x32 has x86_64's */
	bool any;	/* the profile names system calls that this architecture has */
	uint32_t last;	/* the largest number of them */
};

enum { SECCOMP_MAX_ARCHS = 8 };

struct seccomp_archs {
	struct seccomp_arch v[SECCOMP_MAX_ARCHS]; /* the native one first */
	size_t n;
};

enum { SECCOMP_MAX_ARGS = 6 };
#define SECCOMP_ALL_ARGS SIZE_MAX

struct seccomp_rule {
	int nr; /* of the native architecture, or libseccomp's negative pseudo number */
	uint32_t action;
	const struct spec_syscall *from;
	size_t arg;	  /* SECCOMP_ALL_ARGS, or the only one of from->args that counts */
	bool named;	  /* no rule: notes that NR is named in the profile */
	const char *name; /* for messages */
	size_t index;	  /* in $.linux.seccomp.syscalls */
};

/* Set of rules in the order of the profile. */
struct seccomp_rules {
	struct seccomp_rule *v;
	size_t n, cap;
	uint32_t default_action;
	uint32_t *slots; /* open addressing: index + 1, 0 = free */
	size_t n_slots;	 /* power of two */
};

void seccomp_rules_free(struct seccomp_rules *rs);
/* UNKNOWN gets a sentence about the names libseccomp does not know, or stays empty. */
int seccomp_rules_collect(struct seccomp_rules *rs, const struct spec_seccomp *s,
			  struct buf *unknown, struct err *e);
size_t seccomp_rule_n_args(const struct seccomp_rule *r);
const struct spec_seccomp_arg *seccomp_rule_arg(const struct seccomp_rule *r, size_t i);
/* About how many instructions the conditions make for architectures of 64 (WIDE) and 32 (NARROW) bits. 0 or -ENOMEM. */
int seccomp_rules_size(const struct seccomp_rules *rs, bool wide, bool narrow, size_t *ret);

/* The action word of a profile's action: with the errno for the actions that take one. */
uint32_t seccomp_action(uint32_t action, bool has_errno, uint32_t errno_ret);

/* Collects the rules and compiles them with libseccomp for the architectures that matter here. */
int seccomp_lib_compile(const struct spec_seccomp *s, struct bpf *prog, struct seccomp_archs *archs,
			struct buf *unknown, struct err *e);

/* Puts the ENOSYS rules before PROG, where the default action calls for them. 0 or -ENOMEM. */
int seccomp_enosys(struct bpf *prog, struct seccomp_archs *archs, uint32_t default_action);

/* Replaces PROG by a shorter and faster one with the same decisions. PROG stays as it is where the program is not of
 * the kind libseccomp makes. 0 or -ENOMEM. */
int seccomp_tree(struct bpf *prog);

struct seccomp_key {
	uint8_t sum[SHA256_SIZE];
};

/* What a compiled program depends on: the profile without its listener, libseccomp's version, the machine, ketch. */
void seccomp_key(struct seccomp_key *key, const struct spec_seccomp *s);
/* ROOT/CACHE_DIR/seccomp, made if it has to be; -EPERM when someone else owns it or may write to it. */
int seccomp_cache_open(const char *root);
/* 0, -ENOENT, or -EBADMSG for an entry that is not what was written. */
int seccomp_cache_load(int dir, const struct seccomp_key *key, struct bpf *prog);
/* Writes the entry; the oldest one goes where there are too many. */
int seccomp_cache_store(int dir, const struct seccomp_key *key, const struct bpf *prog);

enum { SECCOMP_CACHE_MAX = 256 };

/* run.oci.seccomp_bpf_data: BASE64 of a program, tried out in a process of its own. */
int seccomp_raw(struct bpf *prog, const char *base64, unsigned flags, struct err *e);

/* What a program decides for a system call as far as its number goes. */
struct decision {
	bool by_args;
	uint32_t value; /* what RET returns, or the place of the first load of an argument */
};

/* Whether PROG is of the kind libseccomp makes; bpf_decide() is for such programs alone. */
bool bpf_is_known(const struct bpf *prog);
/* -EINVAL where the program does arithmetic on the number. */
int bpf_decide(const struct bpf *prog, uint32_t arch, uint32_t nr, struct decision *d);

/* Whether some instruction of PROG returns ACTION. */
bool bpf_returns(const struct bpf *prog, uint32_t action);
