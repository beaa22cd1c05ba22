/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A caller of libketch that ignores SIGCHLD starts a container. usage: sigchld ROOT ID
 * Prints the code of the error, its message and its hint; exit status 1 when there is one. */
#include <signal.h>
#include <stdio.h>

#include <ketch/ketch.h>

int main(int argc, char **argv)
{
	ketch_context *c = ketch_context_new();
	ketch_error *e = NULL;

	if (argc != 3 || !c || ketch_context_set_root(c, argv[1]) < 0)
		return 2;
	signal(SIGCHLD, SIG_IGN);
	int r = ketch_start(c, argv[2], &e);
	if (e)
		printf("%s: %s; hint: %s\n", ketch_error_code_name(e), ketch_error_message(e),
		       ketch_error_hint(e));
	ketch_error_free(e);
	ketch_context_free(c);
	return r < 0;
}
