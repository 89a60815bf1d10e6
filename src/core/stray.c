/* SPDX-License-Identifier: MIT */
#include "core/stray.h"

#include <pthread.h>

/* libc passes its hooks no argument. */
static struct {
	bool watched;
	bool was_forked;
	bool is_child;
} self;

static void after_in_parent(void)
{
	self.was_forked = true;
}

static void after_in_child(void)
{
	self.is_child = true;
}

int stray_watch(void)
{
	int r = self.watched ? 0 : pthread_atfork(NULL, after_in_parent, after_in_child);

	self.watched = self.watched || r == 0;
	return -r;
}

void stray_begin(void)
{
	self.was_forked = self.is_child = false;
}

bool stray_was_forked(void)
{
	return self.was_forked;
}

bool stray_is_child(void)
{
	return self.is_child;
}
