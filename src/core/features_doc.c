/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The features document (runtime-spec 1.3 features.md, features-linux.md). Every list is printed from the table that the
 * parser reads words by, so that nothing is listed that a config may not say, and nothing left out that it may.
 */
#include "core/features_doc.h"

#include <errno.h>
#include <linux/seccomp.h>

#include "core/state.h"
#include "spec/annotations.h"
#include "spec/names.h"
#include "sys/raw.h"
#include "util/jsonw.h"

#ifndef SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV
#define SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV (1UL << 5) /* 5.19 */
#endif

enum { INDENT = 4 };

#define OCI_VERSION_MIN "1.0.0"
#define OCI_VERSION_MAX STATE_OCI_VERSION

uint64_t features_seccomp_flags(void)
{
	uint64_t known = 0;

	for (const struct name *f = names_seccomp_flags; f->name; f++) {
		/* the kernel looks at the flags before the program, which is not there; one of them goes with a listener */
		unsigned with = f->value == SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV
					? SECCOMP_FILTER_FLAG_NEW_LISTENER
					: 0;

		if (sys_seccomp(SECCOMP_SET_MODE_FILTER, (unsigned)f->value | with, NULL) ==
		    -EFAULT)
			known |= f->value;
	}
	return known;
}

static void put_names(struct jsonw *w, const char *key, const struct name *table)
{
	jsonw_array(w, key);
	for (const struct name *n = table; n->name; n++)
		jsonw_str(w, NULL, n->name);
	jsonw_end_array(w);
}

static void put_bool(struct jsonw *w, const char *key, bool enabled)
{
	jsonw_object(w, key);
	jsonw_bool(w, "enabled", enabled);
	jsonw_end_object(w);
}

static void put_mount_options(struct jsonw *w)
{
	jsonw_array(w, "mountOptions");
	for (const struct mount_option *o = mount_options; o->name; o++)
		jsonw_str(w, NULL, o->name);
	jsonw_end_array(w);
}

static void put_cgroup(struct jsonw *w)
{
	jsonw_object(w, "cgroup");
	jsonw_bool(w, "v1", true);
	jsonw_bool(w, "v2", true);
	jsonw_bool(w, "systemd", true);
	jsonw_bool(w, "systemdUser", true);
	jsonw_bool(w, "rdma", true);
	jsonw_end_object(w);
}

static void put_seccomp(struct jsonw *w, const struct features_build *b)
{
	jsonw_object(w, "seccomp");
	jsonw_bool(w, "enabled", true);
	put_names(w, "actions", names_seccomp_actions);
	put_names(w, "operators", names_seccomp_ops);
	put_names(w, "archs", names_seccomp_archs);
	put_names(w, "knownFlags", names_seccomp_flags);
	jsonw_array(w, "supportedFlags");
	for (const struct name *f = names_seccomp_flags; f->name; f++) {
		if (b->seccomp_flags & f->value)
			jsonw_str(w, NULL, f->name);
	}
	jsonw_end_array(w);
	jsonw_end_object(w);
}

static void put_linux(struct jsonw *w, const struct features_build *b)
{
	jsonw_object(w, "linux");
	put_names(w, "namespaces", names_namespaces);
	put_names(w, "capabilities", names_caps);
	put_cgroup(w);
	put_seccomp(w, b);
	put_bool(w, "apparmor", true);
	put_bool(w, "selinux", true);
	jsonw_object(w, "intelRdt");
	jsonw_bool(w, "enabled", true);
	jsonw_bool(w, "schemata", true);
	jsonw_bool(w, "monitoring", true);
	jsonw_end_object(w);
	jsonw_object(w, "memoryPolicy");
	put_names(w, "modes", names_mpol_modes);
	put_names(w, "flags", names_mpol_flags);
	jsonw_end_object(w);
	jsonw_object(w, "mountExtensions");
	put_bool(w, "idmap", true);
	jsonw_end_object(w);
	put_bool(w, "netDevices", true);
	jsonw_end_object(w);
}

static void put_annotations(struct jsonw *w, const struct features_build *b)
{
	jsonw_object(w, "annotations");
	if (b->libseccomp)
		jsonw_str(w, "io.github.seccomp.libseccomp.version", b->libseccomp);
	jsonw_str(w, "ketch.version", b->version);
	if (b->commit && *b->commit)
		jsonw_str(w, "ketch.commit", b->commit);
	jsonw_str(w, "ketch.checkpoint.enabled", b->checkpoint ? "true" : "false");
	jsonw_end_object(w);
	jsonw_array(w, "potentiallyUnsafeConfigAnnotations");
	for (const struct annotation *a = annotations; a->name; a++)
		jsonw_str(w, NULL, a->name);
	jsonw_end_array(w);
}

int features_json(const struct features_build *b, struct buf *out)
{
	struct jsonw w;

	jsonw_init(&w, out, INDENT);
	jsonw_object(&w, NULL);
	jsonw_str(&w, "ociVersionMin", OCI_VERSION_MIN);
	jsonw_str(&w, "ociVersionMax", OCI_VERSION_MAX);
	put_names(&w, "hooks", names_hooks);
	put_mount_options(&w);
	put_linux(&w, b);
	put_annotations(&w, b);
	jsonw_end_object(&w);
	buf_addc(out, '\n');
	return buf_error(out);
}
