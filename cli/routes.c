/* SPDX-License-Identifier: MIT */
/*
 * Decides what the text of a route means: "GET /x HANDLER …" by the quoting of shells, the path or the method
 * first. Invariant: what the router is given it takes; it would say only that something is wrong, and not where.
 * Called by finish.c.
 */
#include "cli/routes.h"

#include <brood/http.h>
#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>

#include "cli/handlers.h"
#include "cli/plan.h"
#include "http/route.h"
#include "protocol/words.h"

_Static_assert(SETTINGS_REPEATS_MAX <= BROOD_HTTP_ROUTES, "the router takes as many as may be given");

/* ---- One route ----------------------------------------------------------------------------------------------- */

static int refuse_first_word(const struct mount *mount, const struct words *words, struct sentence *why)
{
	const char *first = words->count > 0 ? words->word[0] : "";
	const char *second = words->count > 1 ? words->word[1] : "/";

	if (words->count == 0)
		return mount_refuse(
			mount, 0, why, "there is nothing in it: write a path and a handler, as in '/ hello'");
	if (handlers_find(first) || handlers_is_plugin(first))
		return mount_refuse(mount, 0, why, "the path comes first, then the handler: write '%.80s %.80s'",
			second[0] == '/' ? second : "/", first);
	return mount_refuse(
		mount, 0, why, "'%.80s' is no path: write '/%.80s HANDLER', a path begins with '/'", first, first);
}

static bool is_lower(const char *method)
{
	for (; *method; method++)
		if (isupper((unsigned char)*method))
			return false;
	return true;
}

/* Paths are compared when they are decoded, and without their query. */
static int check_path(const struct mount *mount, const char *path, struct sentence *why)
{
	const char *percent = strchr(path, '%');

	if (percent && isxdigit((unsigned char)percent[1]) && isxdigit((unsigned char)percent[2]))
		return mount_refuse(mount, 0, why,
			"'%.80s': paths are decoded when they are looked at: write the byte itself for %.3s", path,
			percent);
	if (strpbrk(path, "?#"))
		return mount_refuse(
			mount, 0, why, "'%.80s': a route is a path, without '?' or '#' and what stands behind", path);
	return 0;
}

/* How many words the route has, 1 or 2; or minus an exit status with a sentence. */
static int read_route(struct mount *mount, const struct words *words, struct keep *keep, struct sentence *why)
{
	char *const *word = words->word;
	int status;

	if (words->count > 0 && word[0][0] == '/') {
		mount->route = keep_text(keep, word[0]);
		status = check_path(mount, word[0], why);
		return status == 0 ? 1 : -status;
	}
	if (words->count < 2 || word[1][0] != '/' || handlers_find(word[0]) || handlers_is_plugin(word[0]))
		return -refuse_first_word(mount, words, why);
	if (is_lower(word[0]))
		return -mount_refuse(mount, 0, why,
			"'%.40s' is no method: they are written in capitals, as in 'GET %.80s'", word[0], word[1]);
	mount->route = keep_printf(keep, "%s %s", word[0], word[1]);
	status = check_path(mount, word[1], why);
	return status == 0 ? 2 : -status;
}

static int read_mount(struct mount *mount, const char *text, struct keep *keep, struct sentence *why)
{
	struct words *words = keep_alloc(keep, sizeof *words); /* the mount borrows them */
	struct sentence reason;
	struct route route;
	int taken;

	if (words_split(text, strlen(text), words, &reason) < 0)
		return mount_refuse(mount, 0, why, "%s", reason.text);
	taken = read_route(mount, words, keep, why);
	if (taken < 0)
		return -taken;
	if (route_parse(mount->route, &route, &reason) < 0)
		return mount_refuse(mount, 0, why, "%s", reason.text);
	if (words->count == (size_t)taken)
		return mount_refuse(mount, 0, why,
			"'%.80s' leads to no handler: write '%.80s HANDLER', as in '/ hello'", mount->route,
			mount->route);
	return mount_find(mount, words->word + taken, keep, why);
}

/* ---- All of them --------------------------------------------------------------------------------------------- */

static int check_twins(const struct mount *mounts, const struct mount *mount, struct sentence *why)
{
	struct route route, earlier;

	if (route_parse(mount->route, &route, NULL) < 0)
		return EX_SOFTWARE; /* it was parsed before */
	for (; mounts != mount; mounts = mounts->next)
		if (route_parse(mounts->route, &earlier, NULL) == 0 && route_compare(&earlier, &route) == 0 &&
			route_same_method(&earlier, &route))
			return mount_refuse(mount, 0, why,
				"'%.80s' fits the same paths as '%.80s' (%s): keep one of them", mount->route,
				mounts->route, mounts->at);
	return 0;
}

static int refuse_handler(const struct plan_service *service, const struct given *route, struct sentence *why)
{
	const struct given *handler = settings_given(&service->settings, "handler");
	char here[SETTINGS_WHERE_SIZE], there[SETTINGS_WHERE_SIZE];

	settings_where(options_find("route"), route->origin, here);
	if (!handler && handlers_find(service->settings.handler) && !handlers_find(service->settings.handler)->http)
		return sentence_set(why, settings_status(route->origin),
			"%s: %.80s is the HANDLER, and does not speak HTTP: leave one of them out", here,
			service->settings.handler);
	if (!handler)
		return sentence_set(why, settings_status(route->origin),
			"%s: %.80s is the HANDLER, and cannot stand beside routes: write it as one, as in: --route "
			"'/ %.80s'",
			here, service->settings.handler, service->settings.handler);
	return sentence_set(why, EX_CONFIG,
		"%s: cannot stand beside 'handler = %.80s' (%s): write that as a route, too, as in: route = / %.80s",
		here, handler->text, settings_where(options_find("handler"), handler->origin, there), handler->text);
}

int routes_read(struct plan *plan, struct plan_service *service, struct sentence *why)
{
	const struct given *given = settings_given(&service->settings, "route");
	struct mount **end = &service->mounts;
	char where[SETTINGS_WHERE_SIZE];
	int status = 0;

	if (service->settings.handler)
		return refuse_handler(service, given, why);
	if (service->own)
		return own_refuse(service->own, NULL, why);
	for (; given && status == 0; given = given->next) {
		struct mount *mount = keep_alloc(plan->keep, sizeof *mount);

		*end = mount;
		end = &mount->next;
		mount->at = keep_text(plan->keep, settings_where(options_find("route"), given->origin, where));
		mount->origin = given->origin;
		mount->route = given->text;
		status = read_mount(mount, given->text, plan->keep, why);
		if (status == 0)
			status = check_twins(service->mounts, mount, why);
	}
	service->label = ROUTES_LABEL;
	service->handler = &brood_http_router;
	return status;
}

void routes_mount(struct plan_service *service, struct keep *keep)
{
	struct brood_http_route *routes = keep_alloc(keep, (BROOD_HTTP_ROUTES + 1) * sizeof *routes), *next = routes;

	for (const struct mount *mount = service->mounts; mount; mount = mount->next)
		*next++ = (struct brood_http_route){ mount->route, mount->handler, mount->app };
	service->app = routes;
}
