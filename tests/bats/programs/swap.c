/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Exchanges two names as fast as it can until it is killed: the hostile neighbour in a shared volume.
 *
 * usage: swap A B
 */
#include <fcntl.h>
#include <stdio.h>

int main(int argc, char **argv)
{
	if (argc != 3)
		return 2;
	for (;;)
		renameat2(AT_FDCWD, argv[1], AT_FDCWD, argv[2], RENAME_EXCHANGE);
}
