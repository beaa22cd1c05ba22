/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The command table. */
#include "cli/cli.h"

extern const struct command cmd_create, cmd_start, cmd_run, cmd_state, cmd_kill, cmd_delete,
	cmd_pause, cmd_resume, cmd_spec, cmd_exec, cmd_list, cmd_ps, cmd_features, cmd_explain,
	cmd_doctor, cmd_check, cmd_completion, cmd_update, cmd_events, cmd_devices, cmd_stats,
	cmd_top, cmd_checkpoint, cmd_restore, cmd_mounts;

const struct command *const commands[] = {
	&cmd_create,	 &cmd_start,  &cmd_run,	     &cmd_exec,	   &cmd_state,	 &cmd_list,
	&cmd_ps,	 &cmd_kill,   &cmd_delete,   &cmd_pause,   &cmd_resume,	 &cmd_update,
	&cmd_mounts,	 &cmd_events, &cmd_stats,    &cmd_top,	   &cmd_devices, &cmd_checkpoint,
	&cmd_restore,	 &cmd_spec,   &cmd_features, &cmd_explain, &cmd_doctor,	 &cmd_check,
	&cmd_completion, NULL,
};
