/* SPDX-License-Identifier: MIT */
/* Decides what the words of the command line mean, in any order. Called by main.c. */
#include "lab/options.h"

#include <stdio.h>
#include <string.h>
#include <sysexits.h>

#include "lab/experiments.h"
#include "protocol/nearest.h"

#define ALL "all"

static int refuse_name(const char *word, struct sentence *why)
{
	const struct experiment *experiment;
	struct nearest nearest;

	nearest_begin(&nearest, word);
	for (size_t i = 0; (experiment = experiments_get(i)); i++)
		nearest_offer(&nearest, experiment->name);
	nearest_offer(&nearest, ALL);
	if (nearest_found(&nearest))
		return sentence_set(
			why, EX_USAGE, "brood lab has no '%.40s', did you mean %s?", word, nearest_found(&nearest));
	return sentence_set(why, EX_USAGE, "brood lab has no '%.40s': brood lab lists what there is", word);
}

static int refuse_option(const char *word, struct sentence *why)
{
	static const char *const known[] = { "--json", "--help" };
	struct nearest nearest;

	nearest_begin(&nearest, word);
	for (size_t i = 0; i < sizeof known / sizeof *known; i++)
		nearest_offer(&nearest, known[i]);
	if (nearest_found(&nearest))
		return sentence_set(
			why, EX_USAGE, "unknown option %.40s, did you mean %s?", word, nearest_found(&nearest));
	return sentence_set(why, EX_USAGE, "unknown option %.40s; see: brood lab --help", word);
}

static int take_name(struct options *options, const char *word, struct sentence *why)
{
	if (options->all || options->experiment)
		return sentence_set(
			why, EX_USAGE, "brood lab runs one mistake, or all: '%.40s' is one too many", word);
	options->all = strcmp(word, ALL) == 0;
	options->experiment = options->all ? NULL : experiments_find(word);
	return options->all || options->experiment ? 0 : refuse_name(word, why);
}

int options_read(char **argv, struct options *ret_options, struct sentence *why)
{
	struct options options = { 0 };
	int status = 0;

	for (; *argv && status == 0; argv++) {
		if (strcmp(*argv, "--json") == 0)
			options.json = true;
		else if (strcmp(*argv, "--help") == 0 || strcmp(*argv, "-h") == 0)
			options.help = true;
		else if ((*argv)[0] == '-')
			status = refuse_option(*argv, why);
		else
			status = take_name(&options, *argv, why);
	}
	if (status == 0)
		*ret_options = options;
	return status;
}

void options_help(void)
{
	puts("usage: brood lab [NAME | all] [--json]\n"
	     "\n"
	     "Runs a server with a known mistake under the load that shows it, then brood\n"
	     "under the same limits and load, and tells the difference.\n"
	     "\n"
	     "  NAME      one mistake; without a name, the list of all\n"
	     "  all       all of them, one after another\n"
	     "  --json    the figures of both, as one object\n"
	     "\n"
	     "The faulty servers listen on loopback, for seconds, under limits of their own.\n"
	     "Exit status: 0 the mistake was seen and brood does not show it; 1 not so;\n"
	     "64 usage.");
}
