/* SPDX-License-Identifier: MIT */
/*
 * Decides whether what was asked about user, root directory and limits of a service's process makes sense together, and
 * whether there are such a user, group and directory. Whether we may become the one and enter the other is found out by
 * that process (supervise/confine.c).
 */
#include "cli/rights.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "cli/handlers.h"
#include "process/account.h"
#include "process/rlimits.h"

static int refuse_as(
	int status, const struct plan_service *service, const char *name, const char *reason, struct sentence *why)
{
	const struct given *given = settings_given(&service->settings, name);
	char where[SETTINGS_WHERE_SIZE];

	return sentence_set(why, status, "%s: %s", settings_where(options_find(name), given->origin, where), reason);
}

static int refuse(const struct plan_service *service, const char *name, const char *reason, struct sentence *why)
{
	return refuse_as(
		settings_status(settings_given(&service->settings, name)->origin), service, name, reason, why);
}

/* Also in a service's own process, which sees the same databases; there, the sentence could not say where it was written. */
static int find_account(const struct plan_service *service, struct sentence *why)
{
	const struct brood_service *settings = &service->settings.service;
	struct account account;
	struct sentence reason;
	int r;

	if (settings->group && !settings->user)
		return refuse(
			service, "group", "needs a user, or root could take its own back: say --user, too", why);
	r = settings->user ? account_find(settings->user, settings->group, &account, &reason) : 0;
	if (r == 0)
		return 0;
	/* Nobody's mistake, and asked once: a supervisor that reloads waits for the answer, and all of its services with it. */
	if (r == -ETIMEDOUT)
		return refuse_as(EX_OSERR, service, "user", reason.text, why);
	/* With any group that there is, it can only be the user. */
	if (settings->group && account_find(settings->user, "0", &account, NULL) == 0)
		return refuse(service, "group", reason.text, why);
	return refuse(service, "user", reason.text, why);
}

/* They are one text further in. */
static int join_limits(struct plan *plan, struct plan_service *service, struct sentence *why)
{
	const struct option *option = options_find("rlimit");
	const char *joined = NULL;
	struct sentence reason;

	for (const struct given *given = settings_given(&service->settings, "rlimit"); given; given = given->next) {
		char where[SETTINGS_WHERE_SIZE];

		joined = joined ? keep_printf(plan->keep, "%s %s", joined, given->text) : given->text;
		if (rlimits_check(joined, &reason) < 0)
			return sentence_set(why, settings_status(given->origin), "%s: %s",
				settings_where(option, given->origin, where), reason.text);
	}
	service->settings.service.rlimits = joined;
	return 0;
}

/* path as it is called from within root; NULL: it cannot be seen from there. Both without symbolic links. */
static const char *seen_from(const char *root, const char *path)
{
	size_t size = strcmp(root, "/") == 0 ? 0 : strlen(root);

	return strncmp(path, root, size) == 0 && path[size] == '/' ? path + size : NULL;
}

/* A handler.so is loaded when its process has its new root already: its constructors run then. */
static int find_inside(struct plan *plan, struct plan_service *service, struct sentence *why)
{
	const char *chroot = service->settings.service.chroot;
	char root[PATH_MAX];

	if (!chroot)
		return 0;
	/* With a slash behind it, it is a directory or an error. */
	if (!realpath(keep_printf(plan->keep, "%s/", chroot), root))
		return refuse_as(errno == EACCES ? EX_NOPERM : EX_NOINPUT, service, "chroot",
			keep_printf(plan->keep, "cannot enter %s: %s; name a directory", chroot, strerror(errno)),
			why);
	if (service->handler)
		return handlers_prepare(service->handler, why);
	service->plugin.inside = seen_from(root, service->plugin.path);
	if (!service->plugin.inside)
		return refuse(service, "chroot",
			keep_printf(plan->keep, "%s is not beneath %s: copy it there, it is loaded from within",
				service->plugin.path, chroot),
			why);
	return 0;
}

int rights_finish(struct plan *plan, struct plan_service *service, struct sentence *why)
{
	int status = join_limits(plan, service, why);

	if (status == 0)
		status = find_account(service, why);
	if (status == 0)
		status = find_inside(plan, service, why);
	return status;
}
