/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A build without checkpoint and restore (-Dcriu=disabled) says so. */
#include "criu/checkpoint.h"

static int refuse(struct err *e)
{
	err_set(e, ERR_UNSUPPORTED, "this build of ketch is without checkpoint and restore");
	return err_hint(e, "build it with -Dcriu=enabled");
}

bool criu_built_in(void)
{
	return false;
}

int container_checkpoint(UNUSED const struct store *s, UNUSED const char *id,
			 UNUSED const struct checkpoint_opts *o, struct err *e)
{
	return refuse(e);
}

int container_restore(UNUSED const struct store *s, UNUSED const char *id,
		      UNUSED const struct restore_opts *o, UNUSED int *ret_status, struct err *e)
{
	return refuse(e);
}
