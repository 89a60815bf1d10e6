/* SPDX-License-Identifier: MIT */
/*
 * Runs in each new service process, never in the supervisor: its environment, mask and directory are as asked before
 * any code of the user's runs, that of a handler.so's constructors included.
 */
#include "cli/enter.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <unistd.h>

#include "cli/finish.h"
#include "cli/http_options.h"

bool enter_needed(const struct plan_service *service)
{
	return mount_any_pending(service->mounts) || service->settings.chdir || service->settings.umask >= 0 ||
	       settings_given(&service->settings, "env");
}

static int set_environment(const struct given *given, struct keep *keep, struct sentence *why)
{
	for (; given; given = given->next) {
		char *name = keep_text(keep, given->text);
		char *value = strchr(name, '=');

		*value++ = '\0';
		if (setenv(name, value, 1) < 0)
			return sentence_set(why, EX_OSERR, "cannot set the variable %s: %s", name, strerror(errno));
	}
	return 0;
}

static int change_directory(const struct given *given, struct sentence *why)
{
	char where[SETTINGS_WHERE_SIZE];
	int status;

	if (chdir(given->text) == 0)
		return 0;
	status = errno == EACCES ? EX_NOPERM : errno == ENOENT || errno == ENOTDIR ? EX_NOINPUT : EX_OSERR;
	return sentence_set(why, status, "%s: cannot change into %s: %s; name a directory that can be entered",
		settings_where(options_find("chdir"), given->origin, where), given->text, strerror(errno));
}

int enter_load(struct plan_service *service, struct keep *keep, struct sentence *why)
{
	int status = 0;

	for (struct mount *mount = service->mounts; mount && status == 0; mount = mount->next)
		if (!mount->handler)
			status = mount_load(mount, keep, why);
	if (status != 0)
		return status;
	finish_mount(service, keep);
	return http_options_check(service, why);
}

/* Behind a chroot, files have other names. */
static void find_inside(struct mount *mounts)
{
	for (; mounts; mounts = mounts->next)
		if (mounts->plugin.inside)
			mounts->plugin.path = mounts->plugin.inside;
}

int enter_service(struct supervise_service *self, int *ret_exit, struct sentence *why)
{
	struct plan_service *service = self->open_arg;
	struct keep *keep = &service->entered;
	int status = set_environment(settings_given(&service->settings, "env"), keep, why);

	if (status == 0 && service->settings.umask >= 0)
		umask((mode_t)service->settings.umask);
	if (status == 0 && service->settings.chdir)
		status = change_directory(settings_given(&service->settings, "chdir"), why);
	find_inside(service->mounts);
	if (status == 0 && mount_any_pending(service->mounts)) {
		status = enter_load(service, keep, why);
		if (status == 0) {
			self->service.handler = *service->handler;
			self->service.app = service->app;
		}
	}
	if (status != 0)
		*ret_exit = status;
	return status == 0 ? 0 : -EINVAL;
}
