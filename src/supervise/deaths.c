/* SPDX-License-Identifier: MIT */
/*
 * Decides which deaths are remembered: the last ones, and of a storm of them so many a second. Called by death.c, by
 * notice.c for workers, and in the service process by what tells it.
 */
#include "supervise/deaths.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define SEPARATOR '\t'

void deaths_add(struct deaths *deaths, const struct death *death)
{
	struct death *place = &deaths->ring[deaths->count++ % DEATHS_KEPT];
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	*place = *death;
	place->realtime_ns = now.tv_sec * DEATHS_SECOND_NS + now.tv_nsec;
}

const struct death *deaths_at(const struct deaths *deaths, size_t number)
{
	if (number >= DEATHS_KEPT || number >= deaths->count)
		return NULL;
	return &deaths->ring[(deaths->count - 1 - number) % DEATHS_KEPT];
}

bool deaths_may_tell(struct deaths_teller *teller, int64_t now_ns)
{
	if (now_ns - teller->second_ns >= DEATHS_SECOND_NS) {
		teller->second_ns = now_ns;
		teller->told = 0;
	}
	if (teller->told < DEATHS_TOLD_A_SEC) {
		teller->told++;
		return true;
	}
	if (teller->untold < UINT32_MAX)
		teller->untold++;
	return false;
}

void deaths_write(char *text, size_t size, const char *exit, const char *reason, uint32_t untold)
{
	snprintf(text, size, "%u%c%s%c%s", untold, SEPARATOR, exit, SEPARATOR, reason);
}

/* One part into field, cut to fit; what follows its separator, or the end. */
static const char *take(const char *text, char *field, size_t size)
{
	size_t part = strcspn(text, (char[]){ SEPARATOR, '\0' });

	snprintf(field, size, "%.*s", (int)part, text);
	return text[part] ? text + part + 1 : text + part;
}

void deaths_read(struct death *ret_death, const char *service, pid_t pid, const char *text)
{
	char untold[16];

	*ret_death = (struct death){ .pid = pid > 0 ? pid : 0, .worker = true };
	snprintf(ret_death->service, sizeof ret_death->service, "%s", service);
	text = take(text, untold, sizeof untold);
	text = take(text, ret_death->exit, sizeof ret_death->exit);
	take(text, ret_death->reason, sizeof ret_death->reason);
	ret_death->untold = (uint32_t)strtoul(untold, NULL, 10);
}
