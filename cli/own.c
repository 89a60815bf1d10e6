/* SPDX-License-Identifier: MIT */
/*
 * Decides what a handler's own options become. Invariant: an option that the handler does not have is an error, with
 * the nearest of all that would have been right there: the handler's and the service's.
 */
#include "cli/own.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "protocol/nearest.h"
#include "protocol/units.h"

void own_add(struct own **list, const struct own *own, struct keep *keep)
{
	while (*list)
		list = &(*list)->next;
	*list = keep_alloc(keep, sizeof **list);
	**list = *own;
	(*list)->next = NULL;
}

const struct brood_option *own_find(const struct brood_handler *handler, const char *name)
{
	for (const struct brood_option *option = handler->options; option && option->name; option++)
		if (strcmp(option->name, name) == 0)
			return option;
	return NULL;
}

/* "brood.ini:7: stamp" or "--stamp". */
static const char *where(const struct own *own, char text[SETTINGS_WHERE_SIZE])
{
	struct option option = { .name = own->name };

	return settings_where(&option, own->origin, text);
}

static int refuse_unknown(
	const struct own *own, const struct brood_handler *handler, const char *handler_name, struct sentence *why)
{
	bool in_file = own->origin.kind == ORIGIN_FILE;
	char place[SETTINGS_WHERE_SIZE];
	struct nearest nearest;

	nearest_begin(&nearest, own->name);
	for (const struct option *option = options_table; option->name; option++)
		if (!option->later && !option->check_only &&
			(in_file ? options_is_key(option, OPTION_OF_SERVICE) : !option->file_only))
			nearest_offer(&nearest, option->name);
	for (const struct brood_option *option = handler->options; option && option->name; option++)
		nearest_offer(&nearest, option->name);
	if (nearest_found(&nearest))
		return sentence_set(why, settings_status(own->origin), "%s: unknown %s, did you mean '%s%s'?",
			where(own, place), in_file ? "key" : "option", in_file ? "" : "--", nearest_found(&nearest));
	return sentence_set(why, settings_status(own->origin),
		"%s: neither a service nor handler %s has this %s; see: brood serve %s --help", where(own, place),
		handler_name, in_file ? "key" : "option", handler_name);
}

static int parse_flag(const char *value, bool *ret_flag, struct sentence *why)
{
	if (value && strcmp(value, "yes") != 0 && strcmp(value, "no") != 0)
		return sentence_set(why, -1, "'%.40s' is neither yes nor no", value);
	*ret_flag = !value || value[0] == 'y';
	return 0;
}

static int parse_ms(const char *value, int *ret_ms, struct sentence *why)
{
	int ms;

	if (units_duration(value, &ms, why) < 0)
		return -1;
	if (ms == UNITS_OFF)
		return sentence_set(why, -1, "'off' is no time here: write one like 500ms, 5s or 0");
	*ret_ms = ms;
	return 0;
}

static int store(const struct own *own, const struct brood_option *option, char *app, struct sentence *why)
{
	char *field = app + option->offset;

	if (option->kind == BROOD_OPTION_FLAG && own->guessed)
		return sentence_set(why, -1, "takes no value; what is '%.40s' behind it?", own->value);
	if (option->kind == BROOD_OPTION_FLAG)
		return parse_flag(own->value, (bool *)(void *)field, why);
	if (!own->value || !*own->value)
		return sentence_set(why, -1, "needs a value: write --%s=VALUE", own->name);
	if (option->kind == BROOD_OPTION_MS)
		return parse_ms(own->value, (int *)(void *)field, why);
	if (option->kind == BROOD_OPTION_NUMBER)
		return units_int(own->value, 0, INT_MAX, (int *)(void *)field, why);
	memcpy(field, &own->value, sizeof own->value);
	return 0;
}

static const struct own *earlier(const struct own *list, const struct own *own)
{
	for (; list != own; list = list->next)
		if (strcmp(list->name, own->name) == 0)
			return list;
	return NULL;
}

int own_settle(const struct own *list, const struct brood_handler *handler, const char *handler_name,
	struct keep *keep, void **ret_app, struct sentence *why)
{
	void *app = handler->options ? keep_alloc(keep, handler->options_size) : NULL;
	char place[SETTINGS_WHERE_SIZE];
	struct sentence reason;

	for (const struct own *own = list; own; own = own->next) {
		const struct brood_option *option = own_find(handler, own->name);

		if (!option)
			return refuse_unknown(own, handler, handler_name, why);
		if (earlier(list, own))
			return sentence_set(why, settings_status(own->origin), "%s: given twice: keep one of them",
				where(own, place));
		if (store(own, option, app, &reason) < 0)
			return sentence_set(
				why, settings_status(own->origin), "%s: %s", where(own, place), reason.text);
	}
	*ret_app = app;
	return 0;
}

const char *own_text(const struct own *list, const struct brood_option *option, struct origin *ret_origin)
{
	for (; list; list = list->next)
		if (strcmp(list->name, option->name) == 0) {
			*ret_origin = list->origin;
			return list->value ? list->value : "yes";
		}
	*ret_origin = (struct origin){ .kind = ORIGIN_DEFAULT };
	return option->kind == BROOD_OPTION_FLAG ? "no" : option->kind == BROOD_OPTION_STRING ? "" : "0";
}
