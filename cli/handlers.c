/* SPDX-License-Identifier: MIT */
/*
 * Decides which names are handlers. Adding one that is linked in is adding a row here: it shows the same face as a
 * handler.so of the user's.
 */
#include "cli/handlers.h"

#include <string.h>
#include <sysexits.h>

#include "handler/calc/calc_libm.h"
#include "protocol/nearest.h"

extern const struct brood_handler calc_handler;
extern const struct brood_handler echo_handler;

const struct handlers_row handlers_table[] = {
	{ "echo", &echo_handler, NULL },
	{ "calc", &calc_handler, calc_libm_open },
	{ 0 },
};

static const char *const later[] = { "hello", "files", "exec", "tool", "cgi", "wsgi" };

const struct brood_handler *handlers_find(const char *name)
{
	for (const struct handlers_row *row = handlers_table; row->name; row++)
		if (strcmp(row->name, name) == 0)
			return row->handler;
	return NULL;
}

int handlers_prepare(const struct brood_handler *handler, struct sentence *why)
{
	for (const struct handlers_row *row = handlers_table; row->name; row++)
		if (row->handler == handler && row->prepare && row->prepare() < 0)
			return sentence_set(why, EX_UNAVAILABLE,
				"handler %s: a library of the system is missing: install it", row->name);
	return 0;
}

bool handlers_is_plugin(const char *word)
{
	return strchr(word, '/') != NULL;
}

const struct brood_option *handlers_find_own(const char *name)
{
	for (const struct handlers_row *row = handlers_table; row->name; row++)
		for (const struct brood_option *option = row->handler->options; option && option->name; option++)
			if (strcmp(option->name, name) == 0)
				return option;
	return NULL;
}

void handlers_offer_own(struct nearest *nearest, const char *handler)
{
	for (const struct handlers_row *row = handlers_table; row->name; row++)
		for (const struct brood_option *option = row->handler->options; option && option->name; option++)
			if (!handler || strcmp(row->name, handler) == 0)
				nearest_offer(nearest, option->name);
}

void handlers_refuse(const char *name, struct sentence *why)
{
	struct nearest nearest;
	size_t size = strlen(name);

	nearest_begin(&nearest, name);
	for (const struct handlers_row *row = handlers_table; row->name; row++)
		nearest_offer(&nearest, row->name);
	for (size_t i = 0; i < sizeof later / sizeof later[0]; i++)
		if (strcmp(name, later[i]) == 0) {
			sentence_set(
				why, 0, "'%s' is not part of this version; known: echo, calc, ./handler.so", name);
			return;
		}
	if (size > 3 && strcmp(name + size - 3, ".so") == 0)
		sentence_set(why, 0, "'%.80s' is no handler, did you mean './%.80s'?", name, name);
	else if (nearest_found(&nearest))
		sentence_set(why, 0, "'%.80s' is no handler, did you mean '%s'?", name, nearest_found(&nearest));
	else
		sentence_set(why, 0, "'%.80s' is no handler; known: echo, calc, ./handler.so", name);
}
