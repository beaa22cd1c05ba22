/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* process.selinuxLabel (config.md#linux-process). Mount labels are options of the mounts, and only asked about here. */
#include "linux/selinux.h"

#include <errno.h>
#include <fcntl.h>

#include "sys/hostfs.h"

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

/* A mount with a wrong context fails with a bare EINVAL, as with any wrong option. selinuxfs has a file that takes
 * a context and says whether it is one; asking takes a permission of its own. */
int selinux_check_mount_label(const char *label, struct err *e)
{
	int r = host_write(AT_FDCWD, "/sys/fs/selinux/context", label);

	if (r != -EINVAL)
		return 0;
	err_sys(e, r, "linux.mountLabel '%s'", label);
	err_hint(e, "the loaded policy does not know this context");
	return err_at(e, "$.linux.mountLabel");
}

int selinux_set_keycreate(const struct procfs *proc, const char *label, struct err *e)
{
	return write_label(proc, "attr/keycreate", label, e);
}
