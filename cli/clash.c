/* SPDX-License-Identifier: MIT */
/*
 * Decides whether the addresses and files of a plan can stand beside each other. Left to the kernel, the second of two
 * equal ones would be told that another program has the address, and a pid file would become the log. Invariant: both
 * places are named, and nothing is opened. Called when all services are finished, by `check` and `serve` alike.
 */
#include "cli/clash.h"

#include <stdio.h>
#include <string.h>
#include <sysexits.h>

#include "cli/plan.h"
#include "protocol/url_overlap.h"

struct place {
	struct place *next;                 /* an earlier one */
	const char *option;                 /* whose value it is */
	const struct plan_service *service; /* NULL: of all */
	const struct given *given;          /* NULL: the handler's own address */
	const char *text;
	struct url url;
};

/* "brood.ini:3: listen", "--listen", or for a handler's own address "brood.ini:1: [service calc]". */
static const char *name(const struct place *place, char text[SETTINGS_WHERE_SIZE])
{
	const struct origin *origin;

	if (place->given)
		return settings_where(options_find(place->option), place->given->origin, text);
	origin = &place->service->origin;
	if (origin->kind == ORIGIN_FILE)
		snprintf(text, SETTINGS_WHERE_SIZE, "%s:%u: [service %s]", origin->file, origin->line,
			place->service->settings.service.name);
	else
		snprintf(text, SETTINGS_WHERE_SIZE, "%s's own address", place->service->label);
	return text;
}

static int refuse(const struct place *place, const struct place *earlier, struct sentence *why)
{
	struct origin origin = place->given ? place->given->origin : place->service->origin;
	char here[SETTINGS_WHERE_SIZE], there[SETTINGS_WHERE_SIZE];

	return sentence_set(why, settings_status(origin),
		"%s: %.120s is taken by %.120s (%s): keep one of them, or choose another address", name(place, here),
		place->text, earlier->text, name(earlier, there));
}

/* Copies place, whose url is told by url. */
static int add(struct place **places, struct keep *keep, struct place place, const char *url, struct sentence *why)
{
	struct place *kept = keep_alloc(keep, sizeof *kept);

	*kept = place;
	kept->next = *places;
	if (url_parse(url, strlen(url), &kept->url, why) < 0)
		return EX_SOFTWARE; /* each was parsed before */
	for (const struct place *earlier = kept->next; earlier; earlier = earlier->next)
		if (url_overlap(&kept->url, &earlier->url))
			return refuse(kept, earlier, why);
	*places = kept;
	return 0;
}

static int add_own(
	struct place **places, const struct plan *plan, const struct plan_service *service, struct sentence *why)
{
	char *texts = keep_text(plan->keep, plan_listen(service, plan->keep)), *rest = NULL;
	int status = 0;

	for (char *url = strtok_r(texts, " ", &rest); url && status == 0; url = strtok_r(NULL, " ", &rest))
		status = add(places, plan->keep,
			(struct place){ .option = "listen", .service = service, .text = url }, url, why);
	return status;
}

static int add_services(struct place **places, const struct plan *plan, struct sentence *why)
{
	int status = 0;

	for (size_t i = 0; i < plan->count && status == 0; i++) {
		const struct plan_service *service = plan->service[i];
		const struct given *given = settings_given(&service->settings, "listen");

		if (!given)
			status = add_own(places, plan, service, why);
		for (; given && status == 0; given = given->next)
			status = add(places, plan->keep,
				(struct place){
					.option = "listen", .service = service, .given = given, .text = given->text },
				given->text, why);
	}
	return status;
}

/* What the supervisor itself listens on. */
static int add_own_of_all(struct place **places, const struct plan *plan, struct sentence *why)
{
	const struct given *status_listen = settings_given(&plan->settings, "status-listen");
	const struct given *control = settings_given(&plan->settings, "control");
	struct place place = { .option = "status-listen", .given = status_listen };
	int status = 0;

	if (status_listen) {
		place.text = status_listen->text;
		status = add(places, plan->keep, place, place.text, why);
	}
	/* A path from elsewhere, or with letters that mean something in a URL, is left to the kernel. */
	if (status == 0 && control && control->text[0] == '/' && !strpbrk(control->text, "%?&")) {
		place = (struct place){ .option = "control", .given = control, .text = control->text };
		status = add(places, plan->keep, place, keep_printf(plan->keep, "unix:%s", control->text), why);
	}
	return status;
}

/* At the end the one would be removed with the other. */
static int check_files(const struct settings *settings, struct sentence *why)
{
	static const char *const names[] = { "log-file", "pid-file", "control" };
	char here[SETTINGS_WHERE_SIZE], there[SETTINGS_WHERE_SIZE];

	for (size_t i = 0; i < sizeof names / sizeof *names; i++)
		for (size_t earlier = 0; earlier < i; earlier++) {
			const struct given *a = settings_given(settings, names[earlier]);
			const struct given *b = settings_given(settings, names[i]);

			if (a && b && strcmp(a->text, b->text) == 0)
				return sentence_set(why, settings_status(b->origin),
					"%s: %.120s is %s already: choose another path",
					settings_where(options_find(names[i]), b->origin, here), b->text,
					settings_where(options_find(names[earlier]), a->origin, there));
		}
	return 0;
}

int clash_check(const struct plan *plan, struct sentence *why)
{
	struct place *places = NULL;
	int status = add_services(&places, plan, why);

	if (status == 0)
		status = add_own_of_all(&places, plan, why);
	return status == 0 ? check_files(&plan->settings, why) : status;
}
