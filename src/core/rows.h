/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The rows that core itself adds to the step table. */
#pragma once

#include "engine/step.h"

extern const struct step step_state_reserve;   /* HOST  state.reserve */
extern const struct step step_start_listen;    /* HOST  start.listen */
extern const struct step step_notify_socket;   /* HOST  notify.socket */
extern const struct step step_hooks_open;      /* HOST  hooks.open-outputs */
extern const struct step step_hooks_ask;       /* INIT  hooks.ask-runtime */
extern const struct step step_hooks_runtime;   /* SERVE hooks.runtime */
extern const struct step step_hooks_create;    /* INIT  hooks.create-container */
extern const struct step step_console_pass;    /* SERVE console.pass */
extern const struct step step_state_commit;    /* SERVE state.commit */
extern const struct step step_start_wait;      /* START start.wait */
extern const struct step step_hooks_start;     /* START hooks.start-container */
extern const struct step step_start_announce;  /* START start.announce */
extern const struct step step_exec_open;       /* HOST  exec.open */
extern const struct step step_exec_root;       /* INIT  exec.root */
extern const struct step step_seccomp_agent;   /* HOST  seccomp.agent */
extern const struct step step_seccomp_adopt;   /* SERVE seccomp.adopt */
extern const struct step step_seccomp_connect; /* HOST  seccomp.connect */
