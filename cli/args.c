/* SPDX-License-Identifier: MIT */
/*
 * Decides what each word of the command line is: an option, its value, the HANDLER, an option of the handler's own.
 * Options stand anywhere before --; the first other word is the HANDLER. Invariant: every word becomes something, or
 * an error.
 */
#include "cli/args.h"

#include <string.h>
#include <sysexits.h>

#include "cli/handlers.h"
#include "cli/own.h"
#include "protocol/nearest.h"

struct reader {
	char **at; /* the next word */
	bool check;
	struct keep *keep;
	struct args *args;
	struct sentence *why;
};

static bool is_option(const char *word)
{
	return word[0] == '-' && word[1];
}

static int take(struct reader *reader, const struct option *option, const char *text)
{
	char *field = (char *)reader->args + option->offset;
	struct arg **list = &reader->args->given;

	if (option->scope == OPTION_OF_COMMAND && option->kind == OPTION_FLAG) {
		*(bool *)(void *)field = true;
		return 0;
	}
	if (option->scope == OPTION_OF_COMMAND) {
		const char *before;

		memcpy(&before, field, sizeof before);
		if (before)
			return sentence_set(
				reader->why, EX_USAGE, "--%s: given twice: keep one of them", option->name);
		memcpy(field, &text, sizeof text);
		return 0;
	}
	while (*list)
		list = &(*list)->next;
	*list = keep_alloc(reader->keep, sizeof **list);
	**list = (struct arg){ .option = option, .text = text };
	return 0;
}

/* joined: what stood in the same word, or NULL. */
static int take_known(struct reader *reader, const struct option *option, const char *joined)
{
	if (option->check_only && !reader->check)
		return sentence_set(reader->why, EX_USAGE, "--%s belongs to brood check", option->name);
	if (option->kind == OPTION_FLAG)
		return joined ? sentence_set(reader->why, EX_USAGE, "--%s takes no value", option->name)
			      : take(reader, option, NULL);
	if (!joined && *reader->at && strcmp(*reader->at, "--") != 0)
		joined = *reader->at++;
	if (!joined || !*joined)
		return sentence_set(reader->why, EX_USAGE, "--%s needs a value: write --%s %s", option->name,
			option->name, option->argument);
	return take(reader, option, joined);
}

static int refuse_unknown(struct reader *reader, const char *name)
{
	struct nearest nearest;

	nearest_begin(&nearest, name);
	for (const struct option *option = options_table; option->name; option++)
		if (!option->file_only && (reader->check || !option->check_only))
			nearest_offer(&nearest, option->name);
	handlers_offer_own(&nearest, reader->args->handler);
	if (nearest_found(&nearest))
		return sentence_set(reader->why, EX_USAGE, "unknown option --%.60s, did you mean --%s?", name,
			nearest_found(&nearest));
	if (!reader->args->handler)
		return sentence_set(reader->why, EX_USAGE,
			"unknown option --%.60s; if it belongs to a handler of your own, "
			"write it behind the handler",
			name);
	return sentence_set(reader->why, EX_USAGE, "unknown option --%.60s; see: brood serve %s --help", name,
		reader->args->handler);
}

/* Not in our table. A linked handler's options are known by their names, wherever they stand; those of a handler.so
 * only when it is loaded, in another process: a next word that is no option is kept with it and settled then. */
static int take_own(struct reader *reader, char *name, char *value)
{
	struct own own = { .name = name, .value = value, .origin = { .kind = ORIGIN_COMMAND_LINE } };
	const struct brood_option *option = handlers_find_own(name);
	bool plugin = reader->args->handler && handlers_is_plugin(reader->args->handler);

	if (!option && !plugin && !value)
		return refuse_unknown(reader, name);
	if (!value && own_takes_next(option, plugin, *reader->at)) {
		own.value = *reader->at++;
		own.guessed = plugin;
	}
	own_add(&reader->args->own, &own, reader->keep);
	return 0;
}

static int take_long(struct reader *reader, const char *word)
{
	char *name = keep_text(reader->keep, word + 2);
	char *value = strchr(name, '=');
	const struct option *option;

	if (value)
		*value++ = '\0';
	option = options_find(name);
	if (option && !option->file_only)
		return take_known(reader, option, value);
	return take_own(reader, name, value);
}

static int take_short(struct reader *reader, const char *word)
{
	const struct option *option = options_find_letter(word[1]);

	/* "-model fork" would be taken for -m with the value "odel". */
	if (word[2] && options_find(word + 1))
		return sentence_set(reader->why, EX_USAGE, "unknown option %.40s, did you mean -%.40s?", word, word);
	if (!option)
		return sentence_set(reader->why, EX_USAGE, "unknown option -%c; see: brood serve --help", word[1]);
	return take_known(reader, option, word[2] ? word + 2 : NULL);
}

/* The first is the HANDLER, and how many it takes behind its name is looked at when it is there. */
static int take_word(struct reader *reader, const char *word)
{
	struct own own = { .value = word, .origin = { .kind = ORIGIN_COMMAND_LINE } };
	char known[HANDLERS_KNOWN_SIZE];

	if (reader->args->handler) {
		own_add(&reader->args->own, &own, reader->keep);
		return 0;
	}
	if (!*word)
		return sentence_set(reader->why, EX_USAGE, "the HANDLER is an empty word; known: %s",
			handlers_known(false, known));
	reader->args->handler = word;
	return 0;
}

bool args_gives(const struct args *args, const struct option *option)
{
	for (const struct arg *arg = args->given; arg; arg = arg->next)
		if (arg->option == option)
			return true;
	return false;
}

int args_parse(char **argv, bool check, struct keep *keep, struct args *ret_args, struct sentence *why)
{
	struct args args = { 0 };
	struct reader reader = { .at = argv, .check = check, .keep = keep, .args = &args, .why = why };
	int r = 0;

	while (r == 0 && *reader.at) {
		const char *word = *reader.at++;

		if (strcmp(word, "--") == 0) {
			args.command = reader.at;
			break;
		}
		if (word[0] == '-' && word[1] == '-')
			r = take_long(&reader, word);
		else if (is_option(word))
			r = take_short(&reader, word);
		else
			r = take_word(&reader, word);
	}
	if (r == 0)
		*ret_args = args;
	return r;
}
