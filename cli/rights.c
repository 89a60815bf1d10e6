/* SPDX-License-Identifier: MIT */
/*
 * Decides whether what was asked about user, root directory and limits of a service's process makes sense
 * together, and whether there are such a user, group and directory. Whether we may become the one and enter the
 * other is found out by that process (supervise/confine.c).
 */
#include "cli/rights.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

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

/* Also in a service's own process, which sees the same databases; there, the sentence could not say where it was
 * written. */
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
	/* Nobody's mistake, and asked once: a supervisor that reloads waits for the answer, and all of its
	 * services with it. */
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

/* Of a directory, without symbolic links. 0, or an exit status with a sentence about the option. */
static int find_root(
	struct plan *plan, const struct plan_service *service, const char **ret_root, struct sentence *why)
{
	const char *chroot = service->settings.service.chroot;
	char root[PATH_MAX];

	if (!chroot) {
		*ret_root = NULL;
		return 0;
	}
	/* With a slash behind it, it is a directory or an error. */
	if (!realpath(keep_printf(plan->keep, "%s/", chroot), root))
		return refuse_as(errno == EACCES ? EX_NOPERM : EX_NOINPUT, service, "chroot",
			keep_printf(plan->keep, "cannot enter %s: %s; name a directory", chroot, strerror(errno)),
			why);
	*ret_root = keep_text(plan->keep, root);
	return 0;
}

static int refuse_outside(
	struct plan *plan, const struct plan_service *service, const char *path, struct sentence *why)
{
	return refuse(service, "chroot",
		keep_printf(plan->keep, "%s is not beneath %s: copy it there, it is opened from within", path,
			service->settings.service.chroot),
		why);
}

/* The same path whatever --chdir says. Where links in it lead to is found out whenever it is opened. */
static const char *from_here(struct plan *plan, const char *path)
{
	char here[PATH_MAX];

	if (path[0] == '/' || !getcwd(here, sizeof here))
		return path;
	return keep_printf(plan->keep, "%s/%s", here, path);
}

/* A directory that is served is written as we see it, and opened when its process has its own root and directory. */
static int find_directory(struct plan *plan, const struct plan_service *service, const struct mount *mount,
	const char *root, struct sentence *why)
{
	const char **word = (const char **)(void *)((char *)mount->app + own_word(mount->handler, 0)->offset);
	const char *written = *word;
	char path[PATH_MAX];
	int error = realpath(keep_printf(plan->keep, "%s/", written), path) ? 0 : errno;

	if (error != 0)
		return mount_refuse(mount, error == EACCES ? EX_NOPERM : EX_NOINPUT, why,
			"%s %s: %s; name a directory that can be read", mount->label, written, strerror(error));
	if (!root) {
		*word = from_here(plan, written);
		return 0;
	}
	if (strcmp(path, root) == 0)
		*word = "/";
	else
		*word = seen_from(root, path) ? keep_text(plan->keep, seen_from(root, path)) : NULL;
	return *word ? 0 : refuse_outside(plan, service, path, why);
}

/* A handler.so is loaded when its process has its new root already: its constructors run then. */
static int find_inside(struct plan *plan, const struct plan_service *service, struct mount *mount, const char *root,
	struct sentence *why)
{
	if (mount->handler && handlers_wants_directory(mount->handler))
		return find_directory(plan, service, mount, root, why);
	if (!root)
		return 0;
	if (mount->handler)
		return handlers_prepare(mount->handler, why);
	mount->plugin.inside = seen_from(root, mount->plugin.path);
	return mount->plugin.inside ? 0 : refuse_outside(plan, service, mount->plugin.path, why);
}

int rights_finish(struct plan *plan, struct plan_service *service, struct sentence *why)
{
	struct brood_service *settings = &service->settings.service;
	int status = join_limits(plan, service, why);
	const char *root;

	if (status == 0)
		status = find_account(service, why);
	if (status == 0)
		status = find_root(plan, service, &root, why);
	/* The service's process opens it: within its root, if it has one of its own. */
	if (status == 0 && !root && settings->access_log_file)
		settings->access_log_file = from_here(plan, settings->access_log_file);
	for (struct mount *mount = service->mounts; mount && status == 0; mount = mount->next)
		status = find_inside(plan, service, mount, root, why);
	return status;
}
