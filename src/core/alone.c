/* SPDX-License-Identifier: MIT */
/*
 * Decides which settings are refused in an embedding program: those that change the process, which is not ours there. They
 * are told by what was declared, since their defaults are in effect in every service.
 */
#include "core/alone.h"

#include <string.h>

const char *alone_cannot(const struct brood_service *declared, size_t size)
{
	struct brood_service known = { 0 };

	memcpy(&known, declared, size < sizeof known ? size : sizeof known);

	const struct {
		const char *name;
		bool given;
	} fields[] = {
		{ "lame_duck_ms", known.lame_duck_ms != 0 },
		{ "user", known.user != NULL },
		{ "group", known.group != NULL },
		{ "chroot", known.chroot != NULL },
		{ "no_new_privs", known.no_new_privs != 0 },
		{ "rlimits", known.rlimits != NULL },
		{ "oom_score_adj", known.oom_score_adj != 0 },
	};

	for (size_t i = 0; i < sizeof fields / sizeof *fields; i++)
		if (fields[i].given)
			return fields[i].name;
	return NULL;
}
