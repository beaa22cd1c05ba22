/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Fault points. The only environment variables that change what ketch does, and only in test builds. */
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "config.h"
#include "engine/faults.h"

#if KETCH_FAULTS

struct errno_name {
	const char *name;
	int value;
};

static const struct errno_name errnos[] = {
	{ "ENOSPC", ENOSPC }, { "EPERM", EPERM },   { "ENOMEM", ENOMEM }, { "EIO", EIO },
	{ "EMFILE", EMFILE }, { "ENOENT", ENOENT }, { "EBUSY", EBUSY },	  { "EACCES", EACCES },
};

static int strike(const char *what, const char *step, struct err *e)
{
	if (strcmp(what, "crash") == 0) {
		signal(SIGABRT, SIG_DFL);
		abort();
	}
	if (strcmp(what, "kill") == 0)
		kill(getpid(), SIGKILL);
	if (strcmp(what, "hang") == 0) {
		for (;;)
			pause();
	}
	for (size_t i = 0; i < N_ELEMENTS(errnos); i++) {
		if (strcmp(what, errnos[i].name) == 0)
			return err_sys(e, -errnos[i].value, "injected fault in %s", step);
	}
	return err_set(e, ERR_INTERNAL, "KETCH_FAULT: '%s' is not a fault", what);
}

int fault_point(const char *step, const char *when, struct err *e)
{
	const char *fault = getenv("KETCH_FAULT");

	if (!fault)
		return 0;
	size_t n = strlen(step), w = strlen(when);
	if (strncmp(fault, step, n) != 0 || strncmp(fault + n, when, w) != 0 || fault[n + w] != ':')
		return 0;
	return strike(fault + n + w + 1, step, e);
}

const char *fault_resctrl(void)
{
	return getenv("KETCH_RESCTRL");
}

#else

const char *fault_resctrl(void)
{
	return NULL;
}

int fault_point(UNUSED const char *step, UNUSED const char *when, UNUSED struct err *e)
{
	return 0;
}

#endif
