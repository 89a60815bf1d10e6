/* SPDX-License-Identifier: MIT */
/*
 * Decides what the words of a handler mean: which handler, which of its options. Invariant: a sentence about them
 * begins with the text that they stood in. Called for `handler` and each `route` alike, by finish.c and, in the
 * service process, enter.c.
 */
#include "cli/mount.h"

#include <stdarg.h>
#include <stdio.h>
#include <sysexits.h>

#include "cli/handlers.h"

int mount_refuse(const struct mount *mount, int mistake, struct sentence *why, const char *format, ...)
{
	char text[SENTENCE_SIZE];
	va_list values;

	va_start(values, format);
	vsnprintf(text, sizeof text, format, values);
	va_end(values);
	return sentence_set(why, mistake ? mistake : settings_status(mount->origin), "%s%s%s",
		mount->at ? mount->at : "", mount->at ? ": " : "", text);
}

/* In a file, usage is configuration; what else it may be, a file that cannot be read, stays what it is. */
static int pass_on(const struct mount *mount, int status, const struct sentence *reason, struct sentence *why)
{
	return mount_refuse(mount, status == EX_USAGE ? 0 : status, why, "%s", reason->text);
}

int mount_find(struct mount *mount, char **words, struct keep *keep, struct sentence *why)
{
	struct sentence reason;
	int status = 0;

	mount->label = words[0] ? words[0] : "";
	mount->handler = handlers_find(mount->label);
	if (!mount->handler && handlers_is_plugin(mount->label)) {
		status = plugin_locate(mount->label, keep, &mount->plugin, &reason);
	} else if (!mount->handler) {
		handlers_refuse(mount->label, mount->route != NULL, &reason);
		status = EX_USAGE;
	}
	if (status != 0)
		return pass_on(mount, status, &reason, why);
	if (words[0])
		own_read(mount, words + 1, keep);
	return mount->handler ? mount_check(mount, why) : 0;
}

int mount_load(struct mount *mount, struct keep *keep, struct sentence *why)
{
	struct sentence reason;
	int status = plugin_load(&mount->plugin, &mount->handler, &reason);

	if (status != 0)
		return pass_on(mount, status, &reason, why);
	status = mount_check(mount, why);
	return status == 0 ? own_settle(mount, keep, why) : status;
}

int mount_check(const struct mount *mount, struct sentence *why)
{
	char known[HANDLERS_KNOWN_SIZE];

	if (!mount->route || mount->handler->http)
		return 0;
	return mount_refuse(mount, 0, why,
		"'%.80s' does not speak HTTP, and cannot stand behind the route '%.80s'; known: %s", mount->label,
		mount->route, handlers_known(true, known));
}

bool mount_any_pending(const struct mount *mounts)
{
	for (; mounts; mounts = mounts->next)
		if (!mounts->handler)
			return true;
	return false;
}
