/* SPDX-License-Identifier: MIT */
/* Decides where brood-top is: beside the command, as in a build, or where helpers of the command are installed. */
#include "cli/top.h"

#include <errno.h>
#include <limits.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "cli/beside.h"

#define PROGRAM "brood-top"

/* words: those of the command line, with room for its first. Returns only when it failed: -errno. */
static int become(const char *directory, char **words, struct keep *keep)
{
	words[0] = keep_printf(keep, "%s/%s", directory, PROGRAM);
	execv(words[0], words);
	return -errno;
}

int top_run(char **argv, struct keep *keep, struct sentence *why)
{
	char beside[PATH_MAX], **words;
	size_t count = 0;
	int r;

	while (argv[count])
		count++;
	words = keep_alloc(keep, (count + 2) * sizeof *words);
	memcpy(words + 1, argv, count * sizeof *words);
	beside_find(beside, sizeof beside);
	r = become(beside, words, keep);
	if (r == -ENOENT)
		r = become(BROOD_LIBEXECDIR, words, keep);
	if (r == -ENOENT)
		return sentence_set(why, EX_UNAVAILABLE,
			"%s is neither beside this command nor in %s: it is built where ncurses and jansson are",
			PROGRAM, BROOD_LIBEXECDIR);
	return sentence_set(why, EX_OSERR, "cannot execute %s: %s", words[0], strerror(-r));
}
