/* SPDX-License-Identifier: MIT */
/* Decides what the words of the command line mean. What belongs together is checked when all of them are known. */
#include "load/options.h"

#include <ctype.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>

#include "protocol/nearest.h"
#include "protocol/units.h"

#define TIME_MIN_MS 1

struct given {
	struct options options;
	bool clients, conns, duration, requests, keep_alive, answer;
};

typedef int set_fn(struct given *given, const char *name, const char *value, struct sentence *why);

/* ---- What an option may be ---- */

static int set_number(const char *name, const char *value, int min, int max, int *ret_number, struct sentence *why)
{
	struct sentence reason;

	if (units_int(value, min, max, ret_number, &reason) < 0)
		return sentence_set(why, EX_USAGE, "%s: %s", name, reason.text);
	return 0;
}

static int set_time(const char *name, const char *value, int *ret_ms, struct sentence *why)
{
	struct sentence reason;
	int ms;

	if (units_duration(value, &ms, &reason) < 0)
		return sentence_set(why, EX_USAGE, "%s: %s", name, reason.text);
	if (ms < TIME_MIN_MS || ms > OPTIONS_DURATION_MAX_MS)
		return sentence_set(why, EX_USAGE, "%s: '%.40s' is out of range: write 1ms to 24h", name, value);
	*ret_ms = ms;
	return 0;
}

static int set_clients(struct given *given, const char *name, const char *value, struct sentence *why)
{
	given->clients = true;
	return set_number(name, value, 1, OPTIONS_CLIENTS_MAX, &given->options.clients, why);
}

static int set_processes(struct given *given, const char *name, const char *value, struct sentence *why)
{
	return set_number(name, value, 1, OPTIONS_PROCESSES_MAX, &given->options.processes, why);
}

static int set_conns(struct given *given, const char *name, const char *value, struct sentence *why)
{
	given->conns = true;
	return set_number(name, value, 1, INT32_MAX, &given->options.conns, why);
}

static int set_requests(struct given *given, const char *name, const char *value, struct sentence *why)
{
	given->requests = true;
	return set_number(name, value, 1, INT32_MAX, &given->options.requests, why);
}

static int set_rate(struct given *given, const char *name, const char *value, struct sentence *why)
{
	return set_number(name, value, 1, OPTIONS_RATE_MAX, &given->options.rate, why);
}

static int set_duration(struct given *given, const char *name, const char *value, struct sentence *why)
{
	given->duration = true;
	return set_time(name, value, &given->options.duration_ms, why);
}

static int set_timeout(struct given *given, const char *name, const char *value, struct sentence *why)
{
	return set_time(name, value, &given->options.timeout_ms, why);
}

static int set_message(struct given *given, const char *name, const char *value, struct sentence *why)
{
	if (strlen(value) > OPTIONS_MESSAGE_MAX)
		return sentence_set(why, EX_USAGE, "%s is longer than %d bytes", name, OPTIONS_MESSAGE_MAX);
	given->options.message = value;
	return 0;
}

static int set_answer(struct given *given, const char *name, const char *value, struct sentence *why)
{
	static const struct {
		const char *name;
		enum reply_kind kind;
	} kinds[] = { { "echo", REPLY_ECHO }, { "lines", REPLY_LINES }, { "close", REPLY_CLOSE },
		{ "none", REPLY_NONE } };

	given->answer = true;
	for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
		if (strcmp(value, kinds[i].name) == 0) {
			given->options.answer = kinds[i].kind;
			return 0;
		}
	if (units_int(value, 1, INT32_MAX, &given->options.answer_size, NULL) < 0)
		return sentence_set(why, EX_USAGE,
			"%s: '%.40s' says no end of an answer: write echo, lines, close, none or a number of bytes",
			name, value);
	given->options.answer = REPLY_SIZE;
	return 0;
}

static int set_abort(struct given *given, const char *name, const char *value, struct sentence *why)
{
	char digits[8];
	size_t size = strlen(value);

	if (size > 1 && size < sizeof digits && value[size - 1] == '%') {
		memcpy(digits, value, size - 1);
		digits[size - 1] = '\0';
		value = digits;
	}
	return set_number(name, value, 1, 100, &given->options.abort_percent, why);
}

static int set_slow(struct given *given, const char *name, const char *value, struct sentence *why)
{
	if (value)
		return set_time(name, value, &given->options.slow_ms, why);
	given->options.slow_ms = OPTIONS_SLOW_MS;
	return 0;
}

static int set_hold(struct given *given, const char *name, const char *value, struct sentence *why)
{
	(void)name, (void)value, (void)why;
	given->options.hold = true;
	return 0;
}

static int set_keep_alive(struct given *given, const char *name, const char *value, struct sentence *why)
{
	(void)name, (void)value, (void)why;
	given->keep_alive = true;
	return 0;
}

static int set_json(struct given *given, const char *name, const char *value, struct sentence *why)
{
	(void)name, (void)value, (void)why;
	given->options.json = true;
	return 0;
}

static int set_help(struct given *given, const char *name, const char *value, struct sentence *why)
{
	(void)name, (void)value, (void)why;
	given->options.help = true;
	return 0;
}

/* ---- The words ---- */

enum value { NO_VALUE, MAY_HAVE_VALUE, HAS_VALUE };

static const struct option {
	const char *name;
	enum value value; /* MAY_HAVE: only behind '=' */
	set_fn *set;
} known[] = {
	{ "--clients", HAS_VALUE, set_clients },
	{ "--processes", HAS_VALUE, set_processes },
	{ "--conns", HAS_VALUE, set_conns },
	{ "--requests", HAS_VALUE, set_requests },
	{ "--keep-alive", NO_VALUE, set_keep_alive },
	{ "--hold", NO_VALUE, set_hold },
	{ "--message", HAS_VALUE, set_message },
	{ "--answer", HAS_VALUE, set_answer },
	{ "--rate", HAS_VALUE, set_rate },
	{ "--duration", HAS_VALUE, set_duration },
	{ "--timeout", HAS_VALUE, set_timeout },
	{ "--slow", MAY_HAVE_VALUE, set_slow },
	{ "--abort", HAS_VALUE, set_abort },
	{ "--json", NO_VALUE, set_json },
	{ "--help", NO_VALUE, set_help },
};

#define KNOWN (sizeof known / sizeof *known)

static const struct option *find(const char *word, size_t size)
{
	for (size_t i = 0; i < KNOWN; i++)
		if (strlen(known[i].name) == size && memcmp(known[i].name, word, size) == 0)
			return &known[i];
	return NULL;
}

static int refuse(const char *word, size_t size, struct sentence *why)
{
	struct nearest nearest;
	char name[NEAREST_WORD_MAX + 1];

	snprintf(name, sizeof name, "%.*s", (int)size, word);
	nearest_begin(&nearest, name);
	for (size_t i = 0; i < KNOWN; i++)
		nearest_offer(&nearest, known[i].name);
	if (nearest_found(&nearest))
		return sentence_set(
			why, EX_USAGE, "unknown option %s, did you mean %s?", name, nearest_found(&nearest));
	return sentence_set(why, EX_USAGE, "unknown option %s; see: brood load --help", name);
}

static int take_url(struct given *given, const char *word, struct sentence *why)
{
	/* Its time is optional: a word behind it may be the URL. */
	if (given->options.slow_ms && isdigit((unsigned char)word[0]))
		return sentence_set(
			why, EX_USAGE, "'%.60s' is no URL; a time for --slow is written --slow=%.60s", word, word);
	if (given->options.url)
		return sentence_set(why, EX_USAGE, "load goes to one URL: there are '%.100s' and '%.100s'",
			given->options.url, word);
	given->options.url = word;
	return 0;
}

/* How many words that was in ret_taken. 0 or EX_USAGE. */
static int take_option(struct given *given, char **argv, int *ret_taken, struct sentence *why)
{
	size_t size = strcspn(argv[0], "=");
	const char *value = argv[0][size] ? argv[0] + size + 1 : NULL;
	const struct option *option = find(argv[0], size);

	if (!option && strcmp(argv[0], "-h") == 0)
		option = find("--help", strlen("--help"));
	if (!option)
		return refuse(argv[0], size, why);
	if (option->value == NO_VALUE && value)
		return sentence_set(why, EX_USAGE, "%s takes no value", option->name);
	if (option->value == HAS_VALUE && !value) {
		value = argv[1];
		*ret_taken = 2;
	}
	/* An empty message is one. */
	if (option->value == HAS_VALUE && (!value || (!*value && option->set != set_message)))
		return sentence_set(why, EX_USAGE, "%s needs a value", option->name);
	return option->set(given, option->name, value, why);
}

/* ---- What belongs together ---- */

static int check_hold(const struct given *given, struct sentence *why)
{
	const struct options *options = &given->options;
	const char *other = options->rate            ? "--rate"
			    : given->keep_alive      ? "--keep-alive"
			    : given->requests        ? "--requests"
			    : options->abort_percent ? "--abort"
						     : NULL;

	if (other)
		return sentence_set(why, EX_USAGE, "--hold opens connections and keeps them: leave out %s", other);
	if ((int64_t)options->clients * (options->conns ? options->conns : 1) > OPTIONS_CLIENTS_MAX)
		return sentence_set(why, EX_USAGE, "--hold would keep more than %d connections", OPTIONS_CLIENTS_MAX);
	return 0;
}

/* Defaults depend on what was given. */
static int settle(struct given *given, struct sentence *why)
{
	struct options *options = &given->options;

	if (!options->url)
		return sentence_set(
			why, EX_USAGE, "which server? write its URL, as in: brood load tcp://127.0.0.1:8999");
	if (!given->clients)
		options->clients = options->rate ? OPTIONS_CLIENTS_OPEN : OPTIONS_CLIENTS;
	if (!given->requests)
		options->requests = given->keep_alive ? 0 : 1;
	if (!given->duration)
		options->duration_ms = given->conns && !options->hold && !options->rate ? 0 : OPTIONS_DURATION_MS;
	if (given->options.processes > options->clients)
		return sentence_set(why, EX_USAGE, "--processes: %d clients cannot be shared by %d processes",
			options->clients, options->processes);
	return options->hold ? check_hold(given, why) : 0;
}

int options_read(char **argv, struct options *ret_options, struct sentence *why)
{
	struct given given = { 0 };
	int taken, status = 0;

	for (; status == 0 && *argv; argv += taken) {
		taken = 1;
		if (argv[0][0] == '-' && argv[0][1])
			status = take_option(&given, argv, &taken, why);
		else
			status = take_url(&given, argv[0], why);
	}
	if (status == 0 && !given.options.help)
		status = settle(&given, why);
	if (status == 0)
		*ret_options = given.options;
	return status;
}
