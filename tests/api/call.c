/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One call of libketch. usage: call KETCH ROOT FUNCTION ID [ARGUMENT…]
 *	create ID BUNDLE | start ID | exec ID PROGRAM… | kill ID SIGNAL ALL | update ID RESOURCES | list ID (its callback returns -5) | delete ID
 * With CALL_THREADS=N, N other threads allocate and free memory all the time. Prints what was returned, the exit status of exec and the
 * error; exit status 1 when the function failed. */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <ketch/ketch.h>

static void *allocate(void *data)
{
	size_t n = 0;

	(void)data;
	for (;;) {
		void *volatile p = malloc(64 + n++ % 1000);

		free(p);
	}
	return NULL;
}

static int make_threads(void)
{
	const char *n = getenv("CALL_THREADS");
	pthread_t thread;

	for (int i = n ? atoi(n) : 0; i > 0; i--) {
		if (pthread_create(&thread, NULL, allocate, NULL) != 0)
			return -1;
	}
	return 0;
}

static int refuse(void *data, const char *id)
{
	(void)data;
	(void)id;
	return -5;
}

static int call(ketch_context *c, char **v, int n, ketch_error **e)
{
	const char *what = v[0], *id = v[1];

	if (strcmp(what, "create") == 0 && n == 3)
		return ketch_create(c, id, v[2], NULL, e);
	if (strcmp(what, "start") == 0 && n == 2)
		return ketch_start(c, id, e);
	if (strcmp(what, "exec") == 0) {
		int status = -1;
		int r = ketch_exec(c, id, (const char *const *)v + 2, NULL, &status, e);

		printf("status %d\n", status);
		return r;
	}
	if (strcmp(what, "kill") == 0 && n == 4)
		return ketch_kill(c, id, atoi(v[2]), atoi(v[3]), e);
	if (strcmp(what, "update") == 0 && n == 3)
		return ketch_update(c, id, v[2], e);
	if (strcmp(what, "list") == 0)
		return ketch_list(c, refuse, NULL, e);
	if (strcmp(what, "delete") == 0 && n == 2)
		return ketch_delete(c, id, 1, e);
	return -1000;
}

int main(int argc, char **argv)
{
	ketch_context *c = ketch_context_new();
	ketch_error *e = NULL;

	if (argc < 5 || !c || ketch_context_set_program(c, argv[1]) < 0 ||
	    ketch_context_set_root(c, argv[2]) < 0 || make_threads() < 0)
		return 2;
	int r = call(c, argv + 3, argc - 3, &e);
	printf("returned %d\n", r);
	if (r < 0)
		printf("%s: %s; hint: %s; step: %s; path: %s; line: %u:%u; errno: %d; code: %d\n",
		       ketch_error_code_name(e), ketch_error_message(e), ketch_error_hint(e),
		       ketch_error_step(e), ketch_error_json_path(e), ketch_error_line(e),
		       ketch_error_column(e), ketch_error_errno(e), ketch_error_code(e));
	ketch_error_free(e);
	ketch_context_free(c);
	return r < 0;
}
