/* SPDX-License-Identifier: GPL-2.0-or-later */
/* main() of a fuzz target that is built without libFuzzer: runs it on every file of the directories given. */
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static unsigned n_files;

static void run_file(const char *path, size_t size)
{
	uint8_t *data =
		malloc(size ? size : 1); /* no byte more, so that a sanitizer sees an overrun */
	FILE *f = fopen(path, "re");

	if (!f || !data || fread(data, 1, size, f) != size) {
		fprintf(stderr, "%s: can't be read\n", path);
		exit(1);
	}
	fclose(f);
	LLVMFuzzerTestOneInput(data, size);
	free(data);
	n_files++;
}

static void run_path(const char *path)
{
	struct stat st;

	if (stat(path, &st) < 0)
		return;
	if (!S_ISDIR(st.st_mode)) {
		run_file(path, (size_t)st.st_size);
		return;
	}
	DIR *d = opendir(path);
	for (struct dirent *e; d && (e = readdir(d));) {
		char below[4096];

		if (e->d_name[0] == '.')
			continue;
		snprintf(below, sizeof(below), "%s/%s", path, e->d_name);
		run_path(below);
	}
	if (d)
		closedir(d);
}

int main(int argc, char **argv)
{
	for (int i = 1; i < argc; i++)
		run_path(argv[i]);
	printf("%u files\n", n_files);
	return n_files ? 0 : 1;
}
