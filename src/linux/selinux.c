/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* process.selinuxLabel (config.md#linux-process). Mount labels are options of the mounts. */
#include "linux/selinux.h"

#include <errno.h>

static int write_label(const struct procfs *proc, const char *file, const char *label,
		       struct err *e)
{
	int r = proc_write_self(proc, file, label);

	if (r >= 0)
		return 0;
	/* engines look for the path in backquotes */
	err_sys(e, r, "write the SELinux label '%s' to `/proc/thread-self/%s`", label, file);
	if (r == -EINVAL)
		err_hint(e, "the loaded policy does not know this context");
	if (r == -EACCES || r == -EPERM)
		err_hint(e, "the policy does not allow ketch's own domain to set it");
	return err_at(e, "$.process.selinuxLabel");
}

int selinux_set_exec(const struct procfs *proc, const char *label, struct err *e)
{
	return write_label(proc, "attr/exec", label, e);
}

int selinux_set_keycreate(const struct procfs *proc, const char *label, struct err *e)
{
	return write_label(proc, "attr/keycreate", label, e);
}
