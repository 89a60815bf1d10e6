/* SPDX-License-Identifier: MIT */
/* Decides what becomes of an image that was executed in the place of another one before it is a supervisor. */
#include "cli/takeover.h"

#include <string.h>
#include <sysexits.h>

#include "cli/check.h"
#include "protocol/units.h"
#include "supervise/upgrade/legacy.h"
#include "supervise/upgrade/upgrade.h"

static int take_legacy(const char *word, struct keep *keep, struct legacy **ret_legacy, struct sentence *why)
{
	struct legacy *legacy = keep_alloc(keep, sizeof *legacy);
	int fd;

	if (!word || units_int(word, 0, INT32_MAX, &fd, NULL) < 0 || legacy_open(fd, legacy, why) < 0)
		return sentence_set(why, EX_USAGE, CANDIDATE_FROM_WORD " is for a supervisor that is being upgraded");
	*ret_legacy = legacy;
	return 0;
}

int takeover_find(char ***argv, struct keep *keep, struct takeover *ret_takeover, struct sentence *why)
{
	/* In front of its words stand the command and `serve`. */
	struct takeover takeover = { .argv = *argv - 2 };
	const char *word = **argv;
	int status = 0;

	if (word && strcmp(word, CANDIDATE_CHECK_WORD) == 0) {
		takeover.check = true;
		*argv += 1;
	} else if (word && strcmp(word, CANDIDATE_FROM_WORD) == 0) {
		status = take_legacy((*argv)[1], keep, &takeover.legacy, why);
		*argv += status == 0 ? 2 : 0;
	}
	if (status == 0)
		*ret_takeover = takeover;
	return status;
}

void takeover_fini(struct takeover *takeover)
{
	if (takeover->legacy)
		legacy_close(takeover->legacy);
}

int takeover_check(struct plan *plan, struct sentence *why)
{
	int status = check_plan(plan, false, why);

	if (status == 0)
		candidate_say_ready();
	return status;
}

int takeover_return(const struct takeover *takeover, int status, const struct sentence *why)
{
	if (takeover->legacy)
		upgrade_return(takeover->legacy, takeover->argv, why->text);
	return status;
}
