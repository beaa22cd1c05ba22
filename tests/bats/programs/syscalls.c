/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Makes the system calls with the given numbers, arguments all 0, and prints each one's errno: "NR ERRNO". Static, to
 * run in a container. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

int main(int argc, char **argv)
{
	for (int i = 1; i < argc; i++) {
		long nr = atol(argv[i]);

		errno = 0;
		printf("%ld %d\n", nr, syscall(nr, 0, 0, 0, 0, 0, 0) < 0 ? errno : 0);
	}
	return 0;
}
