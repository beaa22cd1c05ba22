/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Plugins for the annotation run.oci.seccomp.plugins, written against the interface as it is published and not against ketch's headers: "a",
 * "b", and one that has no function to answer with (PLUGIN_NO_REQUEST). What they do stands in the file that TEST_PLUGIN_CONF names, else
 * in plugins.conf of the bundle, a line each, after the plugin's name and a colon:
 *   trace FILE     a line in FILE for each function that is called
 *   fds FILE       what is open in its process, as ls(1) has it
 *   version N      its version is not 1
 *   start N        the start fails with errno N; "crash", "hang": so
 *   stop hang      the stop does
 *   NR ANSWER      for the system call of this number, "*" for every one: value N, errno N, continue, later, pass, crash, hang, fail N, or odd,
 *                  a verdict that there is not
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/seccomp.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

struct conf_s {
	const char *runtime_root_path, *name, *bundle_path, *oci_config_path;
};

int run_oci_seccomp_notify_version(void);
int run_oci_seccomp_notify_start(void **opaque, struct conf_s *conf, size_t size);
int run_oci_seccomp_notify_handle_request(void *opaque, struct seccomp_notif_sizes *sizes,
					  struct seccomp_notif *req,
					  struct seccomp_notif_resp *resp, int fd, int *handled);
int run_oci_seccomp_notify_stop(void *opaque);

#ifndef PLUGIN_NO_REQUEST

static char of_bundle[1024];

struct later {
	int fd;
	__u64 id;
};

/* The line of the file that begins with WORD, behind it; NULL: none. */
static char *configured(const char *word)
{
	static char line[512];
	const char *named = getenv("TEST_PLUGIN_CONF");
	size_t len = strlen(word);
	char *found = NULL;
	FILE *f = fopen(named ? named : of_bundle, "re");

	while (f && !found && fgets(line, sizeof(line), f)) {
		line[strcspn(line, "\n")] = '\0';
		if (strncmp(line, word, len) == 0 && line[len] == ' ')
			found = line + len + 1;
	}
	if (f)
		fclose(f);
	return found;
}

static void trace(const char *what)
{
	const char *file = configured(PLUGIN_NAME "trace");
	int fd = file ? open(file, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644) : -1;

	if (fd >= 0)
		dprintf(fd, "%s%s\n", PLUGIN_NAME, what);
	if (fd >= 0)
		close(fd);
}

static int list_descriptors(void)
{
	const char *file = configured(PLUGIN_NAME "fds");
	char command[512];

	snprintf(command, sizeof(command), "ls -l /proc/%d/fd > %s", getpid(), file ? file : "");
	return file && system(command) != 0 ? -EIO : 0;
}

int run_oci_seccomp_notify_version(void)
{
	const char *v = configured(PLUGIN_NAME "version");

	return v ? atoi(v) : 1;
}

int run_oci_seccomp_notify_start(void **opaque, struct conf_s *conf, size_t size)
{
	char line[2048];

	snprintf(of_bundle, sizeof(of_bundle), "%s/plugins.conf", conf->bundle_path);
	const char *how = configured(PLUGIN_NAME "start");
	if (how && strcmp(how, "crash") == 0)
		abort();
	while (how && strcmp(how, "hang") == 0)
		pause();
	if (how)
		return -atoi(how);
	if (size != sizeof(*conf))
		return -EINVAL;
	*opaque = strdup(conf->name);
	snprintf(line, sizeof(line), "start %s %s %s %s", conf->runtime_root_path, conf->name,
		 conf->bundle_path, conf->oci_config_path);
	trace(line);
	return list_descriptors();
}

static void *answer_later(void *arg)
{
	struct later *l = arg;
	struct seccomp_notif_resp resp = { .id = l->id, .val = 77 };

	usleep(100000);
	ioctl(l->fd, SECCOMP_IOCTL_NOTIF_SEND, &resp);
	free(l);
	return NULL;
}

static int start_later(int fd, __u64 id)
{
	struct later *l = malloc(sizeof(*l));
	pthread_t t;

	if (!l)
		return -ENOMEM;
	*l = (struct later){ .fd = fd, .id = id };
	int r = pthread_create(&t, NULL, answer_later, l);
	if (r == 0)
		pthread_detach(t);
	return -r;
}

int run_oci_seccomp_notify_handle_request(void *opaque, struct seccomp_notif_sizes *sizes,
					  struct seccomp_notif *req,
					  struct seccomp_notif_resp *resp, int fd, int *handled)
{
	char word[32], what[16];
	int n = 0;

	if (!opaque || sizes->seccomp_notif < sizeof(*req))
		return -EINVAL;
	snprintf(word, sizeof(word), PLUGIN_NAME "%d", req->data.nr);
	const char *how = configured(word);
	if (!how)
		how = configured(PLUGIN_NAME "*");
	if (!how || sscanf(how, "%15s %d", what, &n) < 1)
		return 0;
	snprintf(word, sizeof(word), "request %d %s", req->data.nr, what);
	trace(word);
	if (strcmp(what, "value") == 0) {
		resp->val = n;
		*handled = 1;
	} else if (strcmp(what, "errno") == 0) {
		resp->error = -n;
		*handled = 1;
	} else if (strcmp(what, "later") == 0) {
		*handled = 2;
		return start_later(fd, req->id);
	} else if (strcmp(what, "continue") == 0) {
		resp->val = 5; /* which the kernel would not take beside the flag */
		*handled = 3;
	} else if (strcmp(what, "crash") == 0) {
		abort();
	} else if (strcmp(what, "fail") == 0) {
		return -n;
	} else if (strcmp(what, "odd") == 0) {
		*handled = 9;
	}
	while (strcmp(what, "hang") == 0)
		pause();
	return 0;
}

int run_oci_seccomp_notify_stop(void *opaque)
{
	char line[64];

	snprintf(line, sizeof(line), "stop %s", (char *)opaque);
	trace(line);
	while (configured(PLUGIN_NAME "stop"))
		pause();
	free(opaque);
	return 0;
}

#endif
