/* SPDX-License-Identifier: MIT */
/*
 * Decides which value of an option is in effect: file < environment < command line, and the same source may speak
 * once (repeatable options: as often as it likes, but a stronger source replaces them all). Invariant: a value
 * that is stored was checked.
 */
#include "cli/settings.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>

#include "observe/log.h"
#include "protocol/escapes.h"
#include "protocol/ini.h"
#include "protocol/nearest.h"
#include "protocol/units.h"
#include "protocol/url.h"

_Static_assert(UNITS_OFF == BROOD_OFF, "one word for off");

void settings_init(struct settings *settings)
{
	*settings = (struct settings){ .log_level = BROOD_INFO, .log_format = LOG_FORMAT_TEXT, .umask = -1 };
}

const char *settings_where(const struct option *option, struct origin origin, char text[SETTINGS_WHERE_SIZE])
{
	char variable[OPTIONS_VARIABLE_SIZE];

	if (origin.kind == ORIGIN_FILE)
		snprintf(text, SETTINGS_WHERE_SIZE, "%s:%u: %s", origin.file, origin.line, option->name);
	else if (origin.kind == ORIGIN_ENVIRONMENT)
		snprintf(text, SETTINGS_WHERE_SIZE, "%s", options_variable(option, variable));
	else
		snprintf(text, SETTINGS_WHERE_SIZE, "--%s", option->name);
	return text;
}

int settings_status(struct origin origin)
{
	return origin.kind == ORIGIN_FILE ? EX_CONFIG : EX_USAGE;
}

const struct given *settings_given(const struct settings *settings, const char *name)
{
	return settings->given[options_row(options_find(name))];
}

/* ---- One value of each kind: <0 with a sentence about the text alone ---- */

static int parse_choice(const struct option *option, const char *text, int *ret_value, struct sentence *why)
{
	char known[128] = "";
	struct nearest nearest;

	nearest_begin(&nearest, text);
	for (const struct option_choice *choice = option->choices; choice->name; choice++) {
		bool same = strcmp(choice->name, text) == 0;

		if (same && !choice->later) {
			*ret_value = choice->value;
			return 0;
		}
		if (same)
			nearest_begin(&nearest, "");
		if (choice->later)
			continue;
		nearest_offer(&nearest, choice->name);
		strcat(strcat(known, *known ? ", " : ""), choice->name);
	}
	if (!*nearest.word)
		return sentence_set(why, -1, "'%s' is not part of this version; known: %s", text, known);
	if (nearest_found(&nearest))
		return sentence_set(why, -1, "'%.40s' is unknown, did you mean '%s'?", text, nearest_found(&nearest));
	return sentence_set(why, -1, "'%.40s' is unknown; known: %s", text, known);
}

static int parse_word(const struct option *option, const char *text, const char **ret_word, struct sentence *why)
{
	int value;

	if (parse_choice(option, text, &value, why) < 0)
		return -1;
	*ret_word = value == BROOD_OFF ? NULL : text;
	return 0;
}

/* Zero would mean "the default" further in, which nobody means who writes 0. */
static int parse_ms(const struct option *option, const char *text, int *ret_value, struct sentence *why)
{
	int ms;

	if (units_duration(text, &ms, why) < 0)
		return -1;
	if (ms == 0)
		return sentence_set(why, -1, "'%s' is no time to wait: write 1ms or more, or off", text);
	if (ms > option->max)
		return sentence_set(
			why, -1, "'%s' is too long: write at most %dh, or off", text, option->max / 3600000);
	*ret_value = ms;
	return 0;
}

static bool says_off(const char *text, int *ret_value)
{
	if (strcmp(text, "off") != 0)
		return false;
	*ret_value = BROOD_OFF;
	return true;
}

static int parse_size(const struct option *option, const char *text, int *ret_value, struct sentence *why)
{
	uint64_t bytes;

	if (option->may_be_off && says_off(text, ret_value))
		return 0;
	if (units_size(text, &bytes, why) < 0)
		return -1;
	if (bytes < 1 || bytes > (uint64_t)option->max)
		return sentence_set(why, -1, "'%s' is out of range: write a size from 1 to %d%s", text, option->max,
			option->may_be_off ? ", or off" : "");
	*ret_value = (int)bytes;
	return 0;
}

static int parse_number(const struct option *option, const char *text, int *ret_value, struct sentence *why)
{
	struct sentence reason;

	if (option->may_be_off && says_off(text, ret_value))
		return 0;
	if (units_int(text, 1, option->max, ret_value, &reason) == 0)
		return 0;
	return sentence_set(why, -1, "%s%s", reason.text, option->may_be_off ? ", or off" : "");
}

static int parse_kib(const struct option *option, const char *text, int *ret_value, struct sentence *why)
{
	uint64_t bytes;

	if (says_off(text, ret_value))
		return 0;
	if (units_size(text, &bytes, why) < 0)
		return -1;
	if (bytes < 1024 || bytes / 1024 > (uint64_t)option->max)
		return sentence_set(why, -1, "'%s' is out of range: write a size from 1K to %dG, or off", text,
			option->max >> 20);
	*ret_value = (int)(bytes / 1024);
	return 0;
}

static int parse_rate(const struct option *option, const char *text, int *ret_value, struct sentence *why)
{
	static const struct {
		const char *per;
		double per_minute;
	} units[] = { { "/s", 60 }, { "/m", 1 }, { "/h", 1.0 / 60 } };
	size_t digits = strspn(text, "0123456789");
	char number[16];
	int n;

	if (says_off(text, ret_value))
		return 0;
	for (size_t i = 0; i < sizeof units / sizeof *units && digits > 0 && digits < sizeof number; i++) {
		if (strcmp(text + digits, units[i].per) != 0)
			continue;
		memcpy(number, text, digits);
		number[digits] = '\0';
		if (units_int(number, 1, option->max, &n, why) < 0)
			return -1;
		if (n * units[i].per_minute < 1 || n * units[i].per_minute > option->max)
			return sentence_set(
				why, -1, "'%s' is out of range: write 1/m (60/h) to %d/m, or off", text, option->max);
		*ret_value = (int)(n * units[i].per_minute);
		return 0;
	}
	return sentence_set(why, -1, "'%.40s' is no rate: write a number and /s, /m or /h, as in 10/s, or off", text);
}

static int parse_switch(const char *text, int *ret_value, struct sentence *why)
{
	if (says_off(text, ret_value))
		return 0;
	if (strcmp(text, "on") != 0)
		return sentence_set(why, -1, "'%.40s' is unknown; write on or off", text);
	*ret_value = 1;
	return 0;
}

static int parse_mode(const char *text, int *ret_value, struct sentence *why)
{
	unsigned int mode;

	if (units_mode(text, &mode, why) < 0)
		return -1;
	*ret_value = (int)mode;
	return 0;
}

static int check_url(const char *text, struct sentence *why)
{
	struct url url;
	int r = url_parse(text, strlen(text), &url, why);

	return r < 0 ? r : url_check_settings(&url, why);
}

static int check_stream(const char *text, struct sentence *why)
{
	struct url url;

	if (check_url(text, why) < 0)
		return -1;
	if (url_parse(text, strlen(text), &url, why) == 0 && (url.scheme == URL_UDP || url.scheme == URL_UNIXGRAM))
		return sentence_set(
			why, -1, "'%.200s' has no connections: write tcp://HOST:PORT or unix:/PATH", text);
	if (url_setting(&url, "reuseport"))
		return sentence_set(
			why, -1, "'%.200s' says reuseport, but there are no workers to spread clients over", text);
	return 0;
}

static int check_pair(const char *text, struct sentence *why)
{
	const char *at = text;

	while (isalnum((unsigned char)*at) || *at == '_')
		at++;
	if (at == text || *at != '=' || isdigit((unsigned char)*text))
		return sentence_set(why, -1, "'%.40s' is no variable with a value: write NAME=VALUE", text);
	return 0;
}

static int check_name(const char *text, struct sentence *why)
{
	if (!ini_is_name(text))
		return sentence_set(why, -1, "'%.70s' is no name: write 1 to %d letters, digits, '.', '-', '_'", text,
			INI_NAME_MAX);
	return 0;
}

struct bytes {
	const char *data;
	size_t size;
};

#define IS_BYTES(field)                                  \
	(offsetof(struct brood_service, field##_size) == \
		offsetof(struct brood_service, field) + offsetof(struct bytes, size))
_Static_assert(IS_BYTES(refusal) && IS_BYTES(last_words) && IS_BYTES(late_words) && IS_BYTES(killed_words),
	"bytes are stored with their size behind them");

static int parse_bytes(const struct option *option, const char *text, struct bytes *ret_bytes, struct keep *keep,
	struct sentence *why)
{
	char *data = keep_alloc(keep, strlen(text) + 1);
	size_t size;

	if (!*text)
		return sentence_set(why, -1, "there is no value");
	if (escapes_decode(text, data, &size, why) < 0)
		return -1;
	if (size > (size_t)option->max)
		return sentence_set(why, -1, "%zu bytes are too many: write at most %d", size, option->max);
	*ret_bytes = (struct bytes){ data, size };
	return 0;
}

union value {
	int number;
	const char *text;
	struct bytes bytes;
};

static int parse(const struct option *option, const char *text, union value *ret_value, struct keep *keep,
	struct sentence *why)
{
	ret_value->text = text;
	switch (option->kind) {
	case OPTION_CHOICE:
		return parse_choice(option, text, &ret_value->number, why);
	case OPTION_WORD:
		return parse_word(option, text, &ret_value->text, why);
	case OPTION_NUMBER:
		return parse_number(option, text, &ret_value->number, why);
	case OPTION_MS:
		return parse_ms(option, text, &ret_value->number, why);
	case OPTION_SIZE:
		return parse_size(option, text, &ret_value->number, why);
	case OPTION_KIB:
		return parse_kib(option, text, &ret_value->number, why);
	case OPTION_RATE:
		return parse_rate(option, text, &ret_value->number, why);
	case OPTION_SWITCH:
		return parse_switch(text, &ret_value->number, why);
	case OPTION_MODE:
		return parse_mode(text, &ret_value->number, why);
	case OPTION_BYTES:
		return parse_bytes(option, text, &ret_value->bytes, keep, why);
	case OPTION_URL:
		return check_url(text, why);
	case OPTION_STREAM:
		return check_stream(text, why);
	case OPTION_PAIR:
		return check_pair(text, why);
	case OPTION_NAME:
		return check_name(text, why);
	case OPTION_TEXT:
	case OPTION_FLAG:
	case OPTION_ROUTE:
		break;
	}
	return *text ? 0 : sentence_set(why, -1, "there is no value");
}

static void store(struct settings *settings, const struct option *option, const union value *value)
{
	char *field = (char *)settings + option->offset;

	switch (option->kind) {
	case OPTION_TEXT:
	case OPTION_NAME:
	case OPTION_STREAM:
	case OPTION_WORD:
		memcpy(field, &value->text, sizeof value->text);
		break;
	case OPTION_BYTES:
		memcpy(field, &value->bytes, sizeof value->bytes);
		break;
	case OPTION_CHOICE: /* enum and int have the same size here: see the assertion */
	case OPTION_NUMBER:
	case OPTION_MS:
	case OPTION_SIZE:
	case OPTION_KIB:
	case OPTION_RATE:
	case OPTION_SWITCH:
	case OPTION_MODE:
		memcpy(field, &value->number, sizeof value->number);
		break;
	case OPTION_FLAG:
	case OPTION_URL:
	case OPTION_PAIR:
	case OPTION_ROUTE:
		break; /* given is all there is */
	}
}

_Static_assert(sizeof(enum brood_model) == sizeof(int), "choices are stored as int");

/* ---- From several sources to one ---- */

static size_t count(const struct given *given)
{
	size_t n = 0;

	for (; given; given = given->next)
		n++;
	return n;
}

/* Beside an earlier value of the same source. */
static int check_repetition(const struct option *option, const struct given *first, struct sentence *why)
{
	if (!option->repeats && first->origin.kind == ORIGIN_FILE)
		return sentence_set(why, -1, "given twice, first in line %u: keep one of them", first->origin.line);
	if (!option->repeats)
		return sentence_set(why, -1, "given twice: keep one of them");
	if (count(first) >= SETTINGS_REPEATS_MAX)
		return sentence_set(why, -1, "given more than %d times", SETTINGS_REPEATS_MAX);
	return 0;
}

int settings_set(struct settings *settings, const struct option *option, const char *text, struct origin origin,
	struct keep *keep, struct sentence *why)
{
	struct given **list = &settings->given[options_row(option)];
	union value value;
	struct given *given;
	int r;

	r = parse(option, text, &value, keep, why);
	if (r == 0 && *list && (*list)->origin.kind == origin.kind)
		r = check_repetition(option, *list, why);
	if (r < 0)
		return settings_status(origin);
	if (*list && (*list)->origin.kind > origin.kind)
		return 0;

	given = keep_alloc(keep, sizeof *given);
	*given = (struct given){ .text = text, .origin = origin };
	if (*list && (*list)->origin.kind < origin.kind)
		*list = NULL;
	while (*list)
		list = &(*list)->next;
	*list = given;
	store(settings, option, &value);
	return 0;
}
