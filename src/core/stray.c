/* SPDX-License-Identifier: MIT */
#include "core/stray.h"

#include <pthread.h>
#include <stddef.h>

/* libc passes its hooks no argument. */
static struct stray *watching;

static void after_in_parent(void)
{
	watching->was_forked = true;
}

static void after_in_child(void)
{
	watching->is_child = true;
}

int stray_watch(struct stray *stray)
{
	bool watched = watching != NULL;

	if (watching != stray)
		watching = stray;
	return watched ? 0 : -pthread_atfork(NULL, after_in_parent, after_in_child);
}
