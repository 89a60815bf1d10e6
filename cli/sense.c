/* SPDX-License-Identifier: MIT */
/*
 * Decides what the library cannot: to it a value that was written is no different from a default. Invariant: no option
 * that was written goes without effect in silence. Called by finish.c.
 */
#include "cli/sense.h"

#include <string.h>

#include "protocol/units.h"

#define NEEDED_MAX 10

static int refuse(const struct plan_service *service, const char *name, const char *reason, struct sentence *why)
{
	const struct given *given = settings_given(&service->settings, name);
	char where[SETTINGS_WHERE_SIZE];

	return sentence_set(why, settings_status(given->origin), "%s: %s",
		settings_where(options_find(name), given->origin, where), reason);
}

static bool is_on(const struct settings *settings, const char *name)
{
	const struct given *given = settings_given(settings, name);

	return given && strcmp(given->text, "off") != 0;
}

/* ---- What means nothing without another ---------------------------------------------------------------------- */

#define PER_SOURCE "max-per-source", "source-rate", "penalty-crash", "penalty-timeout", "penalty-blame"

static const struct need {
	const char *name;
	const char *needed[NEEDED_MAX]; /* one of them; the first is named */
	const char *others;             /* behind it */
} needs[] = {
	{ "source-burst", { "source-rate" }, "" },
	{ "source-prefix4", { PER_SOURCE }, ", or another limit per source" },
	{ "source-prefix6", { PER_SOURCE }, ", or another limit per source" },
	{ "penalty-max", { "penalty-crash", "penalty-timeout", "penalty-blame" }, ", -timeout or -blame" },
	{ "early-drop-percent", { "early-drop-from" }, "" },
	{ "early-drop-from", { "max-clients" }, "" },
	{ "reserved", { "max-clients" }, "" },
	{ "reserved", { "reserved-for" }, "" },
	{ "reserved-for", { "reserved" }, "" },
	{ "workers-min", { "workers-max" }, "" },
	{ "workers-spare", { "workers-max" }, "" },
	{ "exempt", { PER_SOURCE, "early-drop-from", "queue-timeout" }, ", or another limit to be exempt from" },
	{ "dry-run-limits", { "max-clients", PER_SOURCE, "early-drop-from", "queue-timeout", "allow", "deny" },
		", or another limit to try" },
};

static bool is_met(const struct need *need, const struct settings *settings)
{
	for (size_t i = 0; i < NEEDED_MAX && need->needed[i]; i++)
		if (settings_given(settings, need->needed[i]))
			return true;
	return false;
}

static int check_needs(const struct plan_service *service, struct keep *keep, struct sentence *why)
{
	for (size_t i = 0; i < sizeof needs / sizeof *needs; i++)
		if (is_on(&service->settings, needs[i].name) && !is_met(&needs[i], &service->settings))
			return refuse(service, needs[i].name,
				keep_printf(keep, "has no effect alone: leave it out, or say %s%s, too",
					needs[i].needed[0], needs[i].others),
				why);
	return 0;
}

/* ---- What contradicts another -------------------------------------------------------------------------------- */

static int check_oneshot(const struct plan_service *service, struct sentence *why)
{
	const struct brood_service *wanted = &service->settings.service;

	if (wanted->max_requests == 1 && wanted->fresh == BROOD_REUSED && settings_given(&service->settings, "fresh"))
		return refuse(service, "max-requests",
			"1 is fresh oneshot, and fresh is reused: leave one of them out", why);
	if (wanted->fresh != BROOD_ONESHOT && wanted->max_requests != 1)
		return 0;
	if (is_on(&service->settings, "max-requests") && wanted->max_requests != 1)
		return refuse(service, "max-requests",
			"a oneshot worker serves one client and no more: leave it out, or choose fresh reused", why);
	if (is_on(&service->settings, "recycle-memory"))
		return refuse(service, "recycle-memory",
			"a oneshot worker is replaced anyway: leave it out, or choose fresh reused", why);
	return 0;
}

static int check_penalties(const struct plan_service *service, struct keep *keep, struct sentence *why)
{
	const struct brood_service *wanted = &service->settings.service;
	const struct given *max = settings_given(&service->settings, "penalty-max");
	const char *max_text = max ? max->text : options_find("penalty-max")->initial;
	const struct {
		const char *name;
		int ms;
	} penalties[] = {
		{ "penalty-crash", wanted->penalty_crash_ms },
		{ "penalty-timeout", wanted->penalty_timeout_ms },
		{ "penalty-blame", wanted->penalty_blame_ms },
	};
	int max_ms = 0;

	if (units_duration(max_text, &max_ms, NULL) < 0 || max_ms <= 0)
		return 0;
	for (size_t i = 0; i < sizeof penalties / sizeof *penalties; i++)
		if (penalties[i].ms > max_ms)
			return refuse(service, penalties[i].name,
				keep_printf(keep, "is more than penalty-max, which is %s: raise that, too", max_text),
				why);
	return 0;
}

/* Repeatable, but each name once. */
static bool is_set_before(const struct given *given, const struct given *first, size_t name_size)
{
	for (; first != given; first = first->next)
		if (strncmp(first->text, given->text, name_size + 1) == 0)
			return true;
	return false;
}

static int check_variables(const struct plan_service *service, struct sentence *why)
{
	const struct given *first = settings_given(&service->settings, "env");
	char where[SETTINGS_WHERE_SIZE];

	for (const struct given *given = first; given; given = given->next) {
		size_t size = strcspn(given->text, "=");

		if (is_set_before(given, first, size))
			return sentence_set(why, settings_status(given->origin),
				"%s: the variable %.*s is set twice: keep one of them",
				settings_where(options_find("env"), given->origin, where), (int)size, given->text);
	}
	return 0;
}

int sense_check(const struct plan_service *service, struct keep *keep, struct sentence *why)
{
	int status = check_needs(service, keep, why);

	if (status == 0)
		status = check_oneshot(service, why);
	if (status == 0)
		status = check_penalties(service, keep, why);
	if (status == 0)
		status = check_variables(service, why);
	return status;
}
