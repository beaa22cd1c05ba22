/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Annotations of config.json that change what ketch does: crun's and runc's names, which engines and images use. All others are the user's
 * own, and only state and the hooks see them.
 */
#pragma once

#define ANNOTATION_CRIU_CONFIG		"org.criu.config"
#define ANNOTATION_SYSTEMD_PROPERTY	"org.systemd.property."
#define ANNOTATION_CRUN			"run.oci."
#define ANNOTATION_DELEGATE		"run.oci.delegate-cgroup"
#define ANNOTATION_HANDLER		"run.oci.handler"
#define ANNOTATION_HOOKS_STDERR		"run.oci.hooks.stderr"
#define ANNOTATION_HOOKS_STDOUT		"run.oci.hooks.stdout"
#define ANNOTATION_KEEP_GROUPS		"run.oci.keep_original_groups"
#define ANNOTATION_MOUNT_CONTEXT	"run.oci.mount_context_type"
#define ANNOTATION_PIDFD_RECEIVER	"run.oci.pidfd_receiver"
#define ANNOTATION_SECCOMP_BPF		"run.oci.seccomp_bpf_data"
#define ANNOTATION_SECCOMP_FAIL_UNKNOWN "run.oci.seccomp_fail_unknown_syscall"
#define ANNOTATION_SECCOMP_PLUGINS	"run.oci.seccomp.plugins"
#define ANNOTATION_SECCOMP_RECEIVER	"run.oci.seccomp.receiver"
#define ANNOTATION_SYSTEMD_FORCE_V1	"run.oci.systemd.force_cgroup_v1"
#define ANNOTATION_SYSTEMD_SUBGROUP	"run.oci.systemd.subgroup"

/* The JSON path of one. */
#define ANNOTATION_AT(name) "$.annotations[\"" name "\"]"

struct annotation {
	const char *name;  /* one that ends with '.' stands for all that begin so */
	const char *value; /* a word for it, as --help has for options */
	const char *what;
};

/* Sorted; the last has no name. */
extern const struct annotation annotations[];
