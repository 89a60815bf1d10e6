/* SPDX-License-Identifier: MIT */
/* Decides how help looks; what is in it is read off the tables of options and handlers. */
#include "cli/help.h"

#include <stdio.h>
#include <string.h>

#include "cli/handlers.h"
#include "cli/options.h"
#include "cli/own.h"

#define COLUMNS 80
#define INDENT  32 /* where explanations begin */

/* text from column indent on, broken at blanks; used: columns that are taken in the first line. */
static void print_wrapped(size_t used, size_t indent, const char *text)
{
	size_t column = used;

	if (used > 0 && used + 1 > indent) {
		putchar('\n');
		column = 0;
	}
	while (*text) {
		size_t size = strcspn(text, " ");
		bool first = column <= indent;
		size_t blanks = first ? indent - column : 1;

		if (!first && column + blanks + size >= COLUMNS) {
			putchar('\n');
			column = 0;
			continue;
		}
		printf("%*s%.*s", (int)blanks, "", (int)size, text);
		column += blanks + size;
		text += size + strspn(text + size, " ");
	}
	putchar('\n');
}

static void print_option(const struct option *option)
{
	char left[COLUMNS], help[512];

	if (option->heading)
		printf("\n%s:\n", option->heading);
	snprintf(left, sizeof left, "  %c%c%s--%s%s%s", option->letter ? '-' : ' ',
		option->letter ? option->letter : ' ', option->letter ? ", " : "  ", option->name,
		option->argument ? " " : "", option->argument ? option->argument : "");
	snprintf(help, sizeof help, "%s%s%s%s%s%s", option->help, option->initial ? " (default " : "",
		option->initial ? option->initial : "", option->initial_http ? ", HTTP " : "",
		option->initial_http ? option->initial_http : "", option->initial ? ")" : "");
	fputs(left, stdout);
	print_wrapped(strlen(left), INDENT, help);
	for (const struct option_choice *choice = option->choices; choice && choice->name; choice++) {
		if (!choice->help)
			continue;
		printf("        %-16s", choice->name);
		print_wrapped(24, INDENT, choice->help);
	}
}

static void print_options(bool check)
{
	for (const struct option *option = options_table; option->name; option++)
		if (!option->file_only && (check || !option->check_only))
			print_option(option);
}

static void print_handlers(void)
{
	puts("HANDLER is what answers one client:");
	for (const struct handlers_row *row = handlers_table; row->name; row++) {
		int used = printf("  %s", row->name);

		print_wrapped((size_t)used, INDENT, row->handler->summary);
	}
	print_wrapped((size_t)printf("  ./handler.so[:SYMBOL]"), INDENT,
		"yours: a struct brood_handler of <brood/brood.h>");
}

void help_commands(void)
{
	puts("brood makes concurrent network services of handlers that serve one client.\n"
	     "\n"
	     "  brood serve                      a demonstration on this machine alone\n"
	     "  brood serve [OPTIONS] HANDLER    one service\n"
	     "  brood serve -c FILE              many services, described in FILE\n"
	     "  brood check -c FILE [--print]    look for mistakes in FILE, serve nothing\n"
	     "  brood ctl VERB                   ask a brood that runs: status, reload, stop …\n"
	     "  brood top                        watch it\n"
	     "  brood load URL                   load a server, brood or not, and measure it\n"
	     "  brood lab [NAME]                 see mistakes of servers, and their cure\n"
	     "  brood --version\n"
	     "\n"
	     "  brood serve --help               all options\n"
	     "  brood serve HANDLER --help       the options of one handler\n");
	print_handlers();
}

void help_serve(void)
{
	puts("usage: brood serve [OPTIONS] HANDLER [ITS OPTIONS]\n"
	     "       brood serve [OPTIONS] --route 'PATH HANDLER …' …\n"
	     "       brood serve -c FILE\n"
	     "       brood serve                 a demonstration on this machine alone\n");
	print_handlers();
	print_options(false);
	puts("\nEach option may also be set by the environment (BROOD_LOG_LEVEL) or, without\n"
	     "its dashes, in FILE; the command line wins over both, the environment over FILE.\n"
	     "\n"
	     "Under fork, and prefork with --fresh oneshot, a client and what its handler does\n"
	     "reach no other client; under prefork, only later clients of the same worker.\n"
	     "Under event, a crash ends all clients of the same worker. Under thread and\n"
	     "iterative it ends the service's process, and with it all of its clients; the\n"
	     "service is started again. Clients in the queue are kept.\n"
	     "\n"
	     "Stop with SIGTERM: started requests are finished first; or with ^C: at once.\n"
	     "HUP reads FILE again, USR2 goes on with a new binary, USR1 with a new log file;\n"
	     "brood ctl does the same and answers when it is done.");
}

void help_check(void)
{
	puts("usage: brood check -c FILE [--print]\n"
	     "       brood check [OPTIONS] HANDLER [ITS OPTIONS] [--print]\n"
	     "\n"
	     "Looks for mistakes as brood serve would, but serves nothing. Exit status: 0 no\n"
	     "mistake found, 78 there is one, 64 the command line itself is wrong.\n");
	print_handlers();
	print_options(true);
}

void help_handler(const char *name, const struct brood_handler *handler)
{
	char summary[512];

	printf("usage: brood serve [OPTIONS] %s", name);
	for (unsigned int n = 0; own_word(handler, n); n++)
		printf(" %s", own_word(handler, n)->name);
	puts(" [ITS OPTIONS]");
	if (handler->summary) {
		snprintf(summary, sizeof summary, "%s: %s", name, handler->summary);
		putchar('\n');
		print_wrapped(0, 0, summary);
	}
	if (handler->demo_listen)
		printf("Unless told otherwise (--listen), it listens on\n%s\n", handler->demo_listen);
	puts(handler->options && handler->options->name ? "\nIts own options:" : "\nIt has no options of its own.");
	for (const struct brood_option *option = handler->options; option && option->name; option++) {
		static const char *const arguments[] = { [BROOD_OPTION_FLAG] = "",
			[BROOD_OPTION_MS] = " TIME",
			[BROOD_OPTION_NUMBER] = " N",
			[BROOD_OPTION_STRING] = " TEXT",
			[BROOD_OPTION_WORD] = "" };
		int used = printf("      %s%s%s", option->kind == BROOD_OPTION_WORD ? "" : "--", option->name,
			arguments[option->kind]);

		print_wrapped((size_t)used, INDENT, option->help ? option->help : "");
	}
	puts("\nThe options of every service: brood serve --help");
}
