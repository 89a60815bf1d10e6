/* SPDX-License-Identifier: MIT */
/* To be preloaded: a database of users that answers nobody for as long as the file HANG_NAMES is there. */
#include <dlfcn.h>
#include <pwd.h>
#include <stdlib.h>
#include <unistd.h>

struct passwd *getpwnam(const char *name)
{
	struct passwd *(*real)(const char *name) = (struct passwd * (*)(const char *)) dlsym(RTLD_NEXT, "getpwnam");
	const char *path = getenv("HANG_NAMES");

	while (path && access(path, F_OK) == 0)
		pause();
	return real(name);
}
