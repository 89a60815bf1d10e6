/* SPDX-License-Identifier: MIT */
/*
 * Decides whether the listeners of a plan can stand beside each other. Left to the kernel, the second of two equal ones
 * would be told that another program has the address. Invariant: both places are named, and nothing is opened. Called
 * when all services are finished, by `check` and `serve` alike.
 */
#include "cli/clash.h"

#include <stdio.h>
#include <string.h>
#include <sysexits.h>

#include "cli/plan.h"
#include "protocol/url_overlap.h"

struct place {
	struct place *next; /* an earlier one */
	const struct plan_service *service;
	const struct given *given; /* NULL: the handler's own address */
	const char *text;
	struct url url;
};

/* "brood.ini:3: listen", "--listen", or for a handler's own address "brood.ini:1: [service calc]". */
static const char *name(const struct place *place, char text[SETTINGS_WHERE_SIZE])
{
	const struct origin *origin = &place->service->origin;

	if (place->given)
		return settings_where(options_find("listen"), place->given->origin, text);
	snprintf(text, SETTINGS_WHERE_SIZE, "%s:%u: [service %s]", origin->file ? origin->file : "", origin->line,
		place->service->settings.service.name);
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

static int add(struct place **places, const struct plan *plan, const struct plan_service *service,
	const struct given *given, const char *text, struct sentence *why)
{
	struct place *place = keep_alloc(plan->keep, sizeof *place);

	*place = (struct place){ .next = *places, .service = service, .given = given, .text = text };
	if (url_parse(text, strlen(text), &place->url, why) < 0)
		return EX_SOFTWARE; /* each was parsed before */
	for (const struct place *earlier = place->next; earlier; earlier = earlier->next)
		if (url_overlap(&place->url, &earlier->url))
			return refuse(place, earlier, why);
	*places = place;
	return 0;
}

static int add_own(
	struct place **places, const struct plan *plan, const struct plan_service *service, struct sentence *why)
{
	char *texts = keep_text(plan->keep, plan_listen(service, plan->keep)), *rest = NULL;
	int status = 0;

	for (char *url = strtok_r(texts, " ", &rest); url && status == 0; url = strtok_r(NULL, " ", &rest))
		status = add(places, plan, service, NULL, url, why);
	return status;
}

int clash_check(const struct plan *plan, struct sentence *why)
{
	struct place *places = NULL;
	int status = 0;

	for (size_t i = 0; i < plan->count && status == 0; i++) {
		const struct plan_service *service = plan->service[i];
		const struct given *given = settings_given(&service->settings, "listen");

		if (!given)
			status = add_own(&places, plan, service, why);
		for (; given && status == 0; given = given->next)
			status = add(&places, plan, service, given, given->text, why);
	}
	return status;
}
