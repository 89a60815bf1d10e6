/* SPDX-License-Identifier: MIT */
#include "top/options.h"

#include <stdio.h>
#include <string.h>
#include <sysexits.h>

#include "protocol/nearest.h"
#include "protocol/units.h"

#define INTERVAL_MS     1000
#define INTERVAL_MIN_MS 100
#define INTERVAL_MAX_MS 3600000

struct given {
	const char *control, *interval; /* or NULL */
	bool once, help;
};

static int set_interval(struct options *options, const char *value, struct sentence *why)
{
	struct sentence reason;
	int ms;

	if (units_duration(value, &ms, &reason) < 0)
		return sentence_set(why, EX_USAGE, "--interval: %s", reason.text);
	if (ms < INTERVAL_MIN_MS || ms > INTERVAL_MAX_MS)
		return sentence_set(why, EX_USAGE, "--interval: '%.40s' is out of range: write 100ms to 1h", value);
	options->interval_ms = ms;
	return 0;
}

static int refuse(const char *word, struct sentence *why)
{
	static const char *const known[] = { "--control", "--interval", "--once", "--help" };
	struct nearest nearest;

	if (word[0] != '-')
		return sentence_set(
			why, EX_USAGE, "brood top takes no words: what is '%.60s'? see: brood top --help", word);
	nearest_begin(&nearest, word);
	for (size_t i = 0; i < sizeof known / sizeof *known; i++)
		nearest_offer(&nearest, known[i]);
	if (nearest_found(&nearest))
		return sentence_set(
			why, EX_USAGE, "unknown option %.40s, did you mean %s?", word, nearest_found(&nearest));
	return sentence_set(why, EX_USAGE, "unknown option %.40s; see: brood top --help", word);
}

/* `NAME VALUE` or `NAME=VALUE`: how many words that is; 0: it is another option; EX_USAGE with a sentence. */
static int take_value(const char *name, char **argv, const char **ret_value, struct sentence *why)
{
	size_t size = strlen(name);
	bool joined = strncmp(argv[0], name, size) == 0 && argv[0][size] == '=';

	if (!joined && strcmp(argv[0], name) != 0)
		return 0;
	*ret_value = joined ? argv[0] + size + 1 : argv[1];
	if (!*ret_value || !**ret_value)
		return sentence_set(why, EX_USAGE, "%s needs a value", name);
	return joined ? 1 : 2;
}

/* How many words were taken, or EX_USAGE with a sentence. */
static int take_words(struct given *given, char **argv, struct sentence *why)
{
	int taken = take_value("--control", argv, &given->control, why);

	if (taken == 0)
		taken = take_value("--interval", argv, &given->interval, why);
	if (taken != 0)
		return taken;
	if (strcmp(argv[0], "--once") == 0)
		given->once = true;
	else if (strcmp(argv[0], "--help") == 0 || strcmp(argv[0], "-h") == 0)
		given->help = true;
	else
		return refuse(argv[0], why);
	return 1;
}

int options_read(char **argv, struct options *ret_options, struct sentence *why)
{
	struct options options = { .interval_ms = INTERVAL_MS };
	struct given given = { 0 };
	int taken, status;

	for (; *argv; argv += taken) {
		taken = take_words(&given, argv, why);
		if (taken == EX_USAGE)
			return EX_USAGE;
	}
	options.once = given.once;
	options.help = given.help;
	status = given.interval ? set_interval(&options, given.interval, why) : 0;
	if (status == 0 && !options.help && control_find_path(given.control, options.control, why) < 0)
		status = EX_USAGE;
	if (status == 0)
		*ret_options = options;
	return status;
}

void options_help(void)
{
	puts("usage: brood top [--control PATH] [--interval TIME] [--once]\n"
	     "\n"
	     "Shows services, processes, workers and their clients while they work.\n"
	     "\n"
	     "  --control PATH    control socket of that brood (default: as for brood ctl)\n"
	     "  --interval TIME   between two pictures (1s)\n"
	     "  --once            print one picture as plain text\n"
	     "\n"
	     "Keys: q quits; arrows, PgUp, PgDn, Home and End scroll.\n"
	     "Exit status: 0; 1 refused or failed, 64 usage, 69 nobody there.");
}
