/* SPDX-License-Identifier: MIT */
/* Decides where an executable of its own is: beside the command, as in a build, or where helpers of the command are installed. */
#include "cli/apart.h"

#include <errno.h>
#include <limits.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "cli/beside.h"

struct apart {
	const char *program;
	const char *when_built; /* the end of a sentence */
};

/* words: those of the command line, with room for its first. Returns only when it failed: -errno. */
static int become(const char *program, const char *directory, char **words, struct keep *keep)
{
	words[0] = keep_printf(keep, "%s/%s", directory, program);
	execv(words[0], words);
	return -errno;
}

static int run(const struct apart *apart, char **argv, struct keep *keep, struct sentence *why)
{
	char beside[PATH_MAX], **words;
	size_t count = 0;
	int r;

	while (argv[count])
		count++;
	words = keep_alloc(keep, (count + 2) * sizeof *words);
	memcpy(words + 1, argv, count * sizeof *words);
	beside_find(beside, sizeof beside);
	r = become(apart->program, beside, words, keep);
	if (r == -ENOENT)
		r = become(apart->program, BROOD_LIBEXECDIR, words, keep);
	if (r == -ENOENT)
		return sentence_set(why, EX_UNAVAILABLE, "%s is neither beside this command nor in %s: %s",
			apart->program, BROOD_LIBEXECDIR, apart->when_built);
	return sentence_set(why, EX_OSERR, "cannot execute %s: %s", words[0], strerror(-r));
}

int apart_top(char **argv, struct keep *keep, struct sentence *why)
{
	static const struct apart top = { "brood-top", "it is built where ncurses and jansson are" };

	return run(&top, argv, keep, why);
}

int apart_load(char **argv, struct keep *keep, struct sentence *why)
{
	static const struct apart load = { "brood-load", "./dev build makes it, meson install puts it there" };

	return run(&load, argv, keep, why);
}

int apart_lab(char **argv, struct keep *keep, struct sentence *why)
{
	static const struct apart lab = { "brood-lab", "./dev build makes it, meson install puts it there" };

	return run(&lab, argv, keep, why);
}
