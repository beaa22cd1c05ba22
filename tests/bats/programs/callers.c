/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * usage: callers THREADS CALLS NR VALUE
 * THREADS threads make system call NR CALLS times each, all at once. Prints how many of the calls gave VALUE.
 */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

static pthread_barrier_t all_there;
static int calls;
static long nr, value;

static void *caller(void *arg)
{
	long *right = arg;

	pthread_barrier_wait(&all_there);
	for (int i = 0; i < calls; i++)
		*right += syscall(nr) == value;
	return NULL;
}

int main(int argc, char **argv)
{
	static pthread_t threads[1000];
	static long right[1000];
	long sum = 0;

	if (argc != 5)
		return 2;
	int n = atoi(argv[1]);
	calls = atoi(argv[2]);
	nr = atol(argv[3]);
	value = atol(argv[4]);
	if (n < 1 || n > 1000 || pthread_barrier_init(&all_there, NULL, (unsigned)n) != 0)
		return 2;
	for (int i = 0; i < n; i++) {
		if (pthread_create(&threads[i], NULL, caller, &right[i]) != 0)
			return 1;
	}
	for (int i = 0; i < n; i++) {
		pthread_join(threads[i], NULL);
		sum += right[i];
	}
	printf("%ld of %d\n", sum, n * calls);
	return 0;
}
