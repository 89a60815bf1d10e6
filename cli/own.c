/* SPDX-License-Identifier: MIT */
/*
 * Decides what a handler's own options become. Invariant: an option that the handler does not have is an error, with
 * the nearest of all that would have been right there: the handler's and the service's.
 */
#include "cli/own.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "cli/handlers.h"
#include "cli/mount.h"
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
		if (option->kind != BROOD_OPTION_WORD && strcmp(option->name, name) == 0)
			return option;
	return NULL;
}

const struct brood_option *own_word(const struct brood_handler *handler, unsigned int n)
{
	for (const struct brood_option *option = handler->options; option && option->name; option++)
		if (option->kind == BROOD_OPTION_WORD && n-- == 0)
			return option;
	return NULL;
}

/* ---- From words ---------------------------------------------------------------------------------------------- */

bool own_takes_next(const struct brood_option *option, bool plugin, const char *next)
{
	if (!next || strcmp(next, "--") == 0)
		return false;
	return plugin ? next[0] != '-' || !next[1] : option && option->kind != BROOD_OPTION_FLAG;
}

/* Returns what is left behind it. */
static char **read_option(const struct mount *mount, struct own *own, char **words)
{
	const struct brood_option *option;
	bool plugin = !mount->handler;
	char *word = *words++, *value = strchr(word, '=');

	own->name = word + 2;
	if (value) {
		*value = '\0';
		own->value = value + 1;
		return words;
	}
	option = plugin ? NULL : own_find(mount->handler, own->name);
	if (own_takes_next(option, plugin, *words)) {
		own->value = *words++;
		own->guessed = plugin;
	}
	return words;
}

void own_read(struct mount *mount, char **words, struct keep *keep)
{
	while (*words) {
		struct own own = { .at = mount->at, .origin = mount->origin };

		if (strncmp(*words, "--", 2) == 0 && (*words)[2])
			words = read_option(mount, &own, words);
		else
			own.value = *words++;
		own_add(&mount->own, &own, keep);
	}
}

/* ---- To values ----------------------------------------------------------------------------------------------- */

/* "brood.ini:7: stamp", "--stamp" or "brood.ini:7: route: --stamp". */
static const char *where(const struct own *own, char text[SETTINGS_WHERE_SIZE])
{
	struct option option = { .name = own->name };

	if (!own->at)
		return settings_where(&option, own->origin, text);
	snprintf(text, SETTINGS_WHERE_SIZE, "%s: --%s", own->at, own->name);
	return text;
}

static void offer_all(
	struct nearest *nearest, const struct own *own, const struct brood_handler *handler, bool is_key)
{
	for (const struct option *option = options_table; option->name && !own->at; option++)
		if (!option->check_only && (is_key ? options_is_key(option, OPTION_OF_SERVICE) : !option->file_only))
			nearest_offer(nearest, option->name);
	for (const struct brood_option *option = handler ? handler->options : NULL; option && option->name; option++)
		if (option->kind != BROOD_OPTION_WORD)
			nearest_offer(nearest, option->name);
}

static int refuse_unrouted(const struct own *own, struct sentence *why)
{
	char place[SETTINGS_WHERE_SIZE];

	return sentence_set(why, settings_status(own->origin),
		"%s: no service has this key; if it is a handler's, write it into its route, as in: route = / hello "
		"--delay 1s",
		where(own, place));
}

int own_refuse(const struct own *own, const struct mount *mount, struct sentence *why)
{
	bool is_key = own->origin.kind == ORIGIN_FILE && !own->at;
	const char *kind = is_key ? "key" : "option";
	const struct option *known = options_find(own->name);
	int status = settings_status(own->origin);
	char place[SETTINGS_WHERE_SIZE];
	struct nearest nearest;

	where(own, place);
	if (known && known->scope == OPTION_OF_SERVICE && !known->file_only)
		return sentence_set(why, status,
			"%s: is an option of the service: write it outside of what handler %s gets", place,
			mount->label);
	/* What is an option of some handler is not meant to be one of the service that looks like it. */
	if (!mount && handlers_find_own(own->name))
		return refuse_unrouted(own, why);
	nearest_begin(&nearest, own->name);
	offer_all(&nearest, own, mount ? mount->handler : NULL, is_key);
	if (nearest_found(&nearest))
		return sentence_set(why, status, "%s: unknown %s, did you mean '%s%s'?", place, kind,
			is_key ? "" : "--", nearest_found(&nearest));
	if (!mount)
		return refuse_unrouted(own, why);
	if (own->at)
		return sentence_set(why, status, "%s: handler %s has no such option; see: brood serve %s --help",
			place, mount->label, mount->label);
	return sentence_set(why, status,
		"%s: neither a service nor handler %s has this %s; see: brood serve %s --help", place, mount->label,
		kind, mount->label);
}

static int refuse_word(const struct mount *mount, const char *word, struct sentence *why)
{
	const struct brood_option *wanted = own_word(mount->handler, 0);

	return mount_refuse(mount, 0, why, "what is '%.60s'? %.80s is the HANDLER, and takes no %s%s", word,
		mount->label, wanted ? "further words behind its " : "further words", wanted ? wanted->name : "");
}

static int refuse_missing_word(const struct mount *mount, const struct brood_option *option, struct sentence *why)
{
	const char *help = option->help ? option->help : "";

	return mount_refuse(mount, 0, why, "handler %.80s needs its %s%s%.80s: write '%.80s %s'", mount->label,
		option->name, *help ? ", " : "", help, mount->label, option->name);
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
		if (list->name && strcmp(list->name, own->name) == 0)
			return list;
	return NULL;
}

static int settle_option(const struct mount *mount, const struct own *own, char *app, struct sentence *why)
{
	const struct brood_option *option = own_find(mount->handler, own->name);
	char place[SETTINGS_WHERE_SIZE];
	struct sentence reason;

	if (!option)
		return own_refuse(own, mount, why);
	if (earlier(mount->own, own))
		return sentence_set(
			why, settings_status(own->origin), "%s: given twice: keep one of them", where(own, place));
	if (store(own, option, app, &reason) < 0)
		return sentence_set(why, settings_status(own->origin), "%s: %s", where(own, place), reason.text);
	return 0;
}

static int settle_word(
	const struct mount *mount, const struct own *own, unsigned int n, char *app, struct sentence *why)
{
	const struct brood_option *option = own_word(mount->handler, n);

	if (!option)
		return refuse_word(mount, own->value, why);
	if (!*own->value)
		return refuse_missing_word(mount, option, why);
	memcpy(app + option->offset, &own->value, sizeof own->value);
	return 0;
}

int own_settle(struct mount *mount, struct keep *keep, struct sentence *why)
{
	const struct brood_handler *handler = mount->handler;
	void *app = handler->options ? keep_alloc(keep, handler->options_size) : NULL;
	unsigned int words = 0;
	int status = 0;

	for (const struct own *own = mount->own; own && status == 0; own = own->next)
		status = own->name ? settle_option(mount, own, app, why) : settle_word(mount, own, words++, app, why);
	if (status == 0 && own_word(handler, words))
		return refuse_missing_word(mount, own_word(handler, words), why);
	if (status == 0)
		mount->app = app;
	return status;
}

const char *own_text(const struct own *list, const struct brood_option *option, struct origin *ret_origin)
{
	for (; list; list = list->next)
		if (list->name && strcmp(list->name, option->name) == 0) {
			*ret_origin = list->origin;
			return list->value ? list->value : "yes";
		}
	*ret_origin = (struct origin){ .kind = ORIGIN_DEFAULT };
	return option->kind == BROOD_OPTION_FLAG ? "no" : option->kind == BROOD_OPTION_STRING ? "" : "0";
}
