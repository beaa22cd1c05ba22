/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A process whose first thread has ended, as a Go or C program's may: another one lives until a signal ends it. */
#include <pthread.h>
#include <unistd.h>

static void *stay(void *unused)
{
	for (;;)
		pause();
	return unused;
}

int main(void)
{
	pthread_t thread;

	if (pthread_create(&thread, NULL, stay, NULL) != 0)
		return 1;
	pthread_exit(NULL);
}
