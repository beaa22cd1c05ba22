/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A container's life through libketch alone, in plain C99. usage: lifecycle KETCH ROOT BUNDLE ID
 * The bundle's program must run until it is killed. Prints one line a step; exit status 0 when all went as it must. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <ketch/ketch.h>

static int failed(const char *what, int r, ketch_error *e)
{
	printf("%s: %d", what, r);
	if (e)
		printf(" %s: %s (step %s, path %s, line %u, hint %s)", ketch_error_code_name(e),
		       ketch_error_message(e), ketch_error_step(e), ketch_error_json_path(e),
		       ketch_error_line(e), ketch_error_hint(e));
	printf("\n");
	ketch_error_free(e);
	return 1;
}

static int expect_status(ketch_context *c, const char *id, const char *want)
{
	ketch_error *e = NULL;
	ketch_state *s = NULL;

	int r = ketch_state_get(c, id, &s, &e);
	if (r < 0)
		return failed("state", r, e);
	int ok = strcmp(ketch_state_status(s), want) == 0 && strcmp(ketch_state_id(s), id) == 0 &&
		 strstr(ketch_state_json(s), want) &&
		 (ketch_state_pid(s) > 0) == (strcmp(want, "stopped") != 0);
	printf("state %s pid %s\n", ketch_state_status(s), ketch_state_pid(s) > 0 ? "yes" : "no");
	ketch_state_free(s);
	return !ok;
}

static int count(void *data, const char *id)
{
	(void)id;
	++*(int *)data;
	return 0;
}

static int errors(ketch_context *c, const char *program, const char *bundle, const char *id)
{
	const char *const missing[] = { "no-such-program", NULL };
	ketch_error *e = NULL;
	int status = 0;

	if (ketch_create(c, id, bundle, NULL, &e) >= 0 || !e ||
	    ketch_error_code(e) != KETCH_ERROR_EXISTS)
		return failed("create twice", 0, e);
	printf("create twice: %s\n", ketch_error_message(e));
	ketch_error_free(e);
	e = NULL;
	if (ketch_create(c, "other", "/nonexistent", NULL, &e) >= 0 || !e ||
	    ketch_error_code(e) != KETCH_ERROR_BUNDLE)
		return failed("missing bundle", 0, e);
	ketch_error_free(e);
	e = NULL;
	int r = ketch_exec(c, id, missing, NULL, &status, &e);
	if (r >= 0 || !e || !strstr(ketch_error_message(e), "executable file not found in $PATH"))
		return failed("exec of nothing", r, e);
	printf("exec: %s: %s\n", ketch_error_step(e), ketch_error_message(e));
	ketch_error_free(e);
	e = NULL;
	/* a ketch that can't be executed is not a program that ended with 127 */
	ketch_context_set_program(c, "/no/such/ketch");
	r = ketch_exec(c, id, missing, NULL, &status, &e);
	if (r >= 0 || !e || ketch_error_code(e) != KETCH_ERROR_NOT_FOUND)
		return failed("exec without ketch", r, e);
	printf("exec without ketch: %s\n", ketch_error_message(e));
	ketch_error_free(e);
	e = NULL;
	r = ketch_create(c, "other", bundle, NULL, &e);
	if (r >= 0 || !e || ketch_error_code(e) != KETCH_ERROR_NOT_FOUND)
		return failed("create without ketch", r, e);
	ketch_error_free(e);
	e = NULL;
	ketch_context_set_program(c, program);
	if (ketch_kill(c, "unknown", SIGTERM, 0, &e) >= 0 || !e ||
	    ketch_error_code(e) != KETCH_ERROR_NOT_FOUND)
		return failed("kill of nothing", 0, e);
	ketch_error_free(e);
	return 0;
}

static int life(ketch_context *c, const char *program, const char *bundle, const char *id)
{
	const char *const command[] = { "sh", "-c", "exit 7", NULL };
	ketch_error *e = NULL;
	int status = 0, n = 0, r;

	if ((r = ketch_create(c, id, bundle, NULL, &e)) < 0)
		return failed("create", r, e);
	if (expect_status(c, id, "created"))
		return 1;
	if ((r = ketch_start(c, id, &e)) < 0)
		return failed("start", r, e);
	if (expect_status(c, id, "running"))
		return 1;
	if ((r = ketch_exec(c, id, command, NULL, &status, &e)) < 0 || status != 7)
		return failed("exec", r < 0 ? r : status, e);
	if ((r = ketch_update(c, id, "{\"pids\": {\"limit\": 64}}", &e)) < 0)
		return failed("update", r, e);
	char *stats = NULL;
	if ((r = ketch_stats(c, id, &stats, &e)) < 0)
		return failed("stats", r, e);
	if (!strstr(stats, "\"limit\":64"))
		return failed("stats: the limit of update", -1, e);
	free(stats);
	if ((r = ketch_pause(c, id, &e)) < 0)
		return failed("pause", r, e);
	if (expect_status(c, id, "paused"))
		return 1;
	if ((r = ketch_resume(c, id, &e)) < 0)
		return failed("resume", r, e);
	if ((r = ketch_list(c, count, &n, &e)) < 0 || n != 1)
		return failed("list", r < 0 ? r : n, e);
	if (errors(c, program, bundle, id))
		return 1;
	if ((r = ketch_kill(c, id, SIGKILL, 0, &e)) < 0)
		return failed("kill", r, e);
	for (int i = 0; i < 100 && expect_status(c, id, "stopped"); i++)
		usleep(20000);
	if ((r = ketch_delete(c, id, 0, &e)) < 0)
		return failed("delete", r, e);
	if (ketch_state_get(c, id, NULL, &e) >= 0 || !e ||
	    ketch_error_code(e) != KETCH_ERROR_NOT_FOUND)
		return failed("state after delete", 0, e);
	ketch_error_free(e);
	return 0;
}

static int keeps(int pid, int fd)
{
	char path[64], target[64];

	snprintf(path, sizeof(path), "/proc/%d/fd/%d", pid, fd);
	return readlink(path, target, sizeof(target)) >= 0;
}

/* Of two descriptors that the program may have there is one: nothing of the library's own takes the other's place. */
static int preserve(ketch_context *c, const char *bundle, const char *id)
{
	struct ketch_create_options options = { .preserve_fds = 2000000 };
	ketch_error *e = NULL;
	ketch_state *s = NULL;
	int r;

	r = ketch_create(c, id, bundle, &options, &e);
	if (r >= 0 || !e || !strstr(ketch_error_message(e), "too many"))
		return failed("create with too many descriptors", r, e);
	ketch_error_free(e);
	e = NULL;
	options.preserve_fds = 2;
	if (dup2(0, 3) != 3)
		return failed("dup2", -1, NULL);
	close(4);
	if ((r = ketch_create(c, id, bundle, &options, &e)) < 0)
		return failed("create with descriptors", r, e);
	if ((r = ketch_start(c, id, &e)) < 0)
		return failed("start with descriptors", r, e);
	if ((r = ketch_state_get(c, id, &s, &e)) < 0)
		return failed("state with descriptors", r, e);
	int pid = ketch_state_pid(s);
	ketch_state_free(s);
	if (pid <= 0 || !keeps(pid, 3) || keeps(pid, 4))
		return failed("descriptors of the container", -1, NULL);
	printf("preserved 3 alone\n");
	if ((r = ketch_delete(c, id, 1, &e)) < 0)
		return failed("delete with descriptors", r, e);
	return 0;
}

int main(int argc, char **argv)
{
	ketch_context *c = ketch_context_new();

	if (argc != 5 || !c || ketch_context_set_program(c, argv[1]) < 0 ||
	    ketch_context_set_root(c, argv[2]) < 0)
		return 2;
	int bad = life(c, argv[1], argv[3], argv[4]) || preserve(c, argv[3], argv[4]);
	if (bad) /* else it holds our output open */
		ketch_delete(c, argv[4], 1, NULL);
	ketch_context_free(c);
	printf("%s\n", bad ? "FAILED" : "ok");
	return bad;
}
