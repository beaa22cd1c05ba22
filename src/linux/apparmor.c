/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* process.apparmorProfile (config.md#linux-process). */
#include "linux/apparmor.h"

#include <errno.h>
#include <stdio.h>

#define PROFILE_MAX 4096

int apparmor_set_exec(const struct procfs *proc, const char *profile, struct err *e)
{
	char text[PROFILE_MAX];
	const char *file = "attr/apparmor/exec";
	int n = snprintf(text, sizeof(text), "exec %s", profile);

	if (n < 0 || (size_t)n >= sizeof(text)) {
		err_set(e, ERR_SPEC, "the AppArmor profile's name is too long");
		return err_at(e, "$.process.apparmorProfile");
	}
	int r = proc_write_self(proc, file, text);
	/* before Linux 5.8 all security modules shared one file */
	if (r == -ENOENT && proc_write_self(proc, "attr/exec", text) >= 0)
		return 0;
	if (r >= 0)
		return 0;
	err_sys(e, r, "write the AppArmor profile '%s' to `/proc/thread-self/%s`", profile, file);
	if (r == -ENOENT)
		err_hint(e, "the profile is not loaded: see aa-status, apparmor_parser");
	if (r == -EACCES || r == -EPERM)
		err_hint(e, "ketch's own profile does not allow a change to it");
	return err_at(e, "$.process.apparmorProfile");
}
