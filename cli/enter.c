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

bool enter_needed(const struct plan_service *service)
{
	return !service->handler || service->settings.chdir || service->settings.umask >= 0 ||
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

/* On the command line the handler is a word, and its sentences name the file. */
static int load_plugin(
	const struct plan_service *service, const struct brood_handler **ret_handler, struct sentence *why)
{
	const struct given *given = settings_given(&service->settings, "handler");
	char where[SETTINGS_WHERE_SIZE];
	struct sentence reason;
	int status = plugin_load(&service->plugin, ret_handler, &reason);

	if (status == 0)
		return 0;
	if (!given)
		return sentence_set(why, status, "%s", reason.text);
	return sentence_set(
		why, status, "%s: %s", settings_where(options_find("handler"), given->origin, where), reason.text);
}

int enter_load(struct plan_service *service, struct keep *keep, struct sentence *why)
{
	const struct brood_handler *handler;
	int status = load_plugin(service, &handler, why);

	if (status == 0)
		status = own_settle(service->own, handler, service->label, keep, &service->app, why);
	if (status == 0)
		service->handler = handler;
	return status;
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
	if (service->plugin.inside)
		service->plugin.path = service->plugin.inside;
	if (status == 0 && !service->handler) {
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
