/* SPDX-License-Identifier: MIT */
/*
 * The command. Decides which subcommand is meant, prints the one sentence of a failure, and exits with a status of
 * sysexits(3h): 64 usage, 66 no such file, 69 address in use, 70 a service gave up, 71 system error, 73 cannot
 * create, 77 not permitted, 78 configuration.
 */
#include <brood/brood.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "cli/apart.h"
#include "cli/args.h"
#include "cli/check.h"
#include "cli/ctl.h"
#include "cli/handlers.h"
#include "cli/help.h"
#include "cli/inetd.h"
#include "cli/misspelt.h"
#include "cli/plan.h"
#include "cli/plugin.h"
#include "cli/serve.h"
#include "cli/takeover.h"
#include "protocol/nearest.h"
#include "supervise/upgrade/legacy.h"

/* argv: what follows the command's name. An exit status, with a sentence unless it is 0 or was explained already. */
typedef int command_fn(char **argv, struct keep *keep, struct sentence *why);

static int help_of_handler(const char *word, struct keep *keep, struct sentence *why)
{
	const struct brood_handler *handler = handlers_find(word);
	struct plugin plugin;
	int status = 0;

	if (!handler && !handlers_is_plugin(word)) {
		handlers_refuse(word, false, why);
		return EX_USAGE;
	}
	if (!handler)
		status = plugin_locate(word, keep, &plugin, why);
	if (!handler && status == 0)
		status = plugin_load(&plugin, &handler, why);
	if (status == 0)
		help_handler(word, handler);
	return status;
}

static int serve(char **argv, struct keep *keep, struct sentence *why)
{
	struct takeover takeover;
	struct args args;
	struct plan plan;
	int status = takeover_find(&argv, keep, &takeover, why);

	if (status != 0)
		return status;
	status = args_parse(argv, false, keep, &args, why);
	if (status == 0 && args.help && args.handler)
		return help_of_handler(args.handler, keep, why);
	if (status == 0 && args.help) {
		help_serve();
		return 0;
	}
	if (status == 0 && args.inetd)
		status = inetd_take(&args, why);
	if (status == 0 && args.inetd)
		status = inetd_settle(&args, keep, why);
	/* Back from another image: what is served is what was read then. */
	if (status == 0 && takeover.legacy && takeover.legacy->failed)
		args.config_text = takeover.legacy->source;
	if (status == 0)
		status = plan_make(&args, keep, &plan, why);
	args.config_text = NULL; /* a reload reads what stands in the file */
	if (status != 0)
		return takeover_return(&takeover, status, why);
	if (takeover.check)
		return takeover_check(&plan, why);
	if (!takeover.legacy)
		misspelt_warn();
	status = serve_plan(&plan, &args, &takeover, why);
	takeover_fini(&takeover);
	return status;
}

static int check(char **argv, struct keep *keep, struct sentence *why)
{
	struct args args;
	struct plan plan;
	int status = args_parse(argv, true, keep, &args, why);

	if (status == 0 && args.help) {
		help_check();
		return 0;
	}
	if (status == 0 && args.inetd)
		status = inetd_settle(&args, keep, why);
	if (status == 0)
		status = plan_make(&args, keep, &plan, why);
	if (status == 0)
		misspelt_warn();
	if (status == 0)
		status = check_plan(&plan, args.print, why);
	/* The contract of check: whatever is wrong with a configuration is 78. */
	return status == 0 || status == EX_USAGE ? status : EX_CONFIG;
}

static int refuse_words(const char *command, const char *word, struct sentence *why)
{
	if (strcmp(word, "serve") == 0 || strcmp(word, "check") == 0)
		return sentence_set(
			why, EX_USAGE, "brood %s takes no further words: write brood %s --help", command, word);
	return sentence_set(why, EX_USAGE, "brood %s takes no further words; what is '%.60s'?", command, word);
}

static int help(char **argv, struct keep *keep, struct sentence *why)
{
	(void)keep;
	if (argv[0])
		return refuse_words("help", argv[0], why);
	help_commands();
	return 0;
}

static int version(char **argv, struct keep *keep, struct sentence *why)
{
	(void)keep;
	if (argv[0])
		return refuse_words("--version", argv[0], why);
	printf("brood %s\n", brood_version());
	return 0;
}

static const struct command {
	const char *name;
	command_fn *fn;
} commands[] = {
	{ "serve", serve },
	{ "check", check },
	{ "--help", help },
	{ "-h", help },
	{ "help", help },
	{ "--version", version },
	{ "ctl", ctl_run },
	{ "top", apart_top },
	{ "load", apart_load },
	{ "lab", apart_lab },
};
#define COMMANDS (sizeof commands / sizeof commands[0])

static int run(char **argv, struct keep *keep, struct sentence *why)
{
	struct nearest nearest;

	if (!argv[0])
		return sentence_set(
			why, EX_USAGE, "which command? `brood serve` shows what there is, `brood --help` explains");
	nearest_begin(&nearest, argv[0]);
	for (size_t i = 0; i < COMMANDS; i++) {
		nearest_offer(&nearest, commands[i].name);
		if (strcmp(commands[i].name, argv[0]) == 0)
			return commands[i].fn(argv + 1, keep, why);
	}
	if (nearest_found(&nearest))
		return sentence_set(why, EX_USAGE, "unknown command '%.60s', did you mean '%s'?", argv[0],
			nearest_found(&nearest));
	if (handlers_find(argv[0]) || handlers_is_plugin(argv[0]))
		return sentence_set(why, EX_USAGE, "'%.60s' is a handler: write brood serve %.60s", argv[0], argv[0]);
	return sentence_set(why, EX_USAGE, "unknown command '%.60s'; see: brood --help", argv[0]);
}

/* Started with 0, 1 or 2 closed, a listener would get that number, and be written to as if it were the terminal. */
static void fill_standard_descriptors(void)
{
	int fd = open("/dev/null", O_RDWR | O_CLOEXEC);

	while (fd >= 0 && fd <= STDERR_FILENO)
		fd = open("/dev/null", O_RDWR | O_CLOEXEC);
	if (fd >= 0)
		close(fd);
}

int main(int argc, char **argv)
{
	struct sentence why = { "" };
	struct keep keep = { NULL };
	int status;

	fill_standard_descriptors();
	status = run(argc > 0 ? argv + 1 : argv, &keep, &why);
	keep_fini(&keep);
	if (status != 0 && why.text[0])
		fprintf(stderr, "brood: %s\n", why.text);
	if ((fflush(stdout) != 0 || ferror(stdout)) && status == 0) {
		fputs("brood: standard output cannot be written\n", stderr);
		status = EX_OSERR;
	}
	return status;
}
