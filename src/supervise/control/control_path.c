/* SPDX-License-Identifier: MIT */
/* Decides where a control socket is: for the supervisor that opens it, and for those who look for it. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "supervise/control/control.h"

#define IN_DIRECTORY "/brood/control.sock"

int control_default_path(char ret_path[CONTROL_PATH_SIZE], struct sentence *why)
{
	const char *base = getenv("RUNTIME_DIRECTORY");
	size_t size;

	/* Of several, systemd separates them by colons, the first. */
	if (!base || base[0] != '/')
		base = getenv("XDG_RUNTIME_DIR");
	if (!base || base[0] != '/')
		return sentence_set(
			why, -ENOENT, "neither $RUNTIME_DIRECTORY nor $XDG_RUNTIME_DIR names a directory");
	size = strcspn(base, ":");
	if (size + sizeof IN_DIRECTORY > CONTROL_PATH_SIZE)
		return sentence_set(
			why, -ENAMETOOLONG, "%.*s is too long for a socket: write --control PATH", (int)size, base);
	snprintf(ret_path, CONTROL_PATH_SIZE, "%.*s" IN_DIRECTORY, (int)size, base);
	return 0;
}

int control_find_path(const char *given, char ret_path[CONTROL_PATH_SIZE], struct sentence *why)
{
	int r;

	if (!given)
		given = getenv("BROOD_CONTROL");
	if (given && *given) {
		if (strlen(given) >= CONTROL_PATH_SIZE)
			return sentence_set(why, -ENAMETOOLONG, "--control: a socket's path has at most %d bytes",
				CONTROL_PATH_SIZE - 1);
		strcpy(ret_path, given);
		return 0;
	}
	if (control_default_path(ret_path, NULL) == 0 && access(ret_path, F_OK) == 0)
		return 0;
	if (access(CONTROL_SYSTEM_PATH, F_OK) == 0) {
		strcpy(ret_path, CONTROL_SYSTEM_PATH);
		return 0;
	}
	r = control_default_path(ret_path, why);
	if (r != -ENOENT)
		return r;
	return sentence_set(why, r,
		"which brood? No directory in $RUNTIME_DIRECTORY or $XDG_RUNTIME_DIR, and no " CONTROL_SYSTEM_PATH
		": start it with --control PATH, and write the same here");
}
