/* SPDX-License-Identifier: MIT */
/*
 * Decides which names are handlers. Adding one that is linked in is adding a row here: it shows the same face as a
 * handler.so of the user's.
 */
#include "cli/handlers.h"

#include <string.h>
#include <sysexits.h>

#include "base/buf.h"
#include "handler/calc/calc_libm.h"
#include "protocol/nearest.h"

extern const struct brood_handler calc_handler;
extern const struct brood_handler echo_handler;
extern const struct brood_handler files_handler;
extern const struct brood_handler hello_handler;

const struct handlers_row handlers_table[] = {
	{ .name = "echo", .handler = &echo_handler },
	{ .name = "calc", .handler = &calc_handler, .prepare = calc_libm_open },
	{ .name = "hello", .handler = &hello_handler },
	{ .name = "files", .handler = &files_handler, .word_is_directory = true },
	{ 0 },
};

static const char *const later[] = { "exec", "tool", "cgi", "wsgi" };

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

bool handlers_wants_directory(const struct brood_handler *handler)
{
	for (const struct handlers_row *row = handlers_table; row->name; row++)
		if (row->handler == handler)
			return row->word_is_directory;
	return false;
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

const char *handlers_known(bool http, char text[HANDLERS_KNOWN_SIZE])
{
	struct buf known;

	buf_init(&known, text, HANDLERS_KNOWN_SIZE);
	for (const struct handlers_row *row = handlers_table; row->name; row++)
		if (!http || row->handler->http) {
			buf_puts(&known, row->name);
			buf_puts(&known, ", ");
		}
	buf_puts(&known, "./handler.so");
	return text;
}

static bool is_later(const char *name)
{
	for (size_t i = 0; i < sizeof later / sizeof later[0]; i++)
		if (strcmp(name, later[i]) == 0)
			return true;
	return false;
}

void handlers_refuse(const char *name, bool http, struct sentence *why)
{
	char known[HANDLERS_KNOWN_SIZE];
	struct nearest nearest;
	size_t size = strlen(name);

	nearest_begin(&nearest, name);
	for (const struct handlers_row *row = handlers_table; row->name; row++)
		if (!http || row->handler->http)
			nearest_offer(&nearest, row->name);
	handlers_known(http, known);
	if (is_later(name))
		sentence_set(why, 0, "'%s' is not part of this version; known: %s", name, known);
	else if (size > 3 && strcmp(name + size - 3, ".so") == 0)
		sentence_set(why, 0, "'%.80s' is no handler, did you mean './%.80s'?", name, name);
	else if (nearest_found(&nearest))
		sentence_set(why, 0, "'%.80s' is no handler, did you mean '%s'?", name, nearest_found(&nearest));
	else
		sentence_set(why, 0, "'%.80s' is no handler; known: %s", name, known);
}
