/* SPDX-License-Identifier: MIT */
#include "cli/beside.h"

#include <string.h>
#include <unistd.h>

void beside_find(char *directory, size_t size)
{
	ssize_t n = readlink("/proc/self/exe", directory, size - 1);
	char *slash;

	directory[n > 0 ? n : 0] = '\0';
	slash = strrchr(directory, '/');
	if (slash)
		*slash = '\0';
}
