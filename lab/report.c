/* SPDX-License-Identifier: MIT */
/* Decides the words around an experiment. At most 80 columns. Called by course.c and main.c. */
#include "lab/report.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "lab/experiments.h"
#include "lab/picture.h"

#define WIDTH          78
#define NAME_WIDTH     15
#define DOCUMENT_WIDTH 6
#define LABEL_WIDTH    26
#define VALUE_WIDTH    18

/* Lines of at most WIDTH columns, broken between words, each behind the indent. */
static void print_wrapped(const char *first, const char *text)
{
	size_t indent = (size_t)printf("%s", first), column = indent;

	while (*text) {
		size_t size = strcspn(text, " ");

		if (column > indent && column + 1 + size > WIDTH)
			column = (size_t)printf("\n%*s", (int)indent, "") - 1;
		column += (size_t)printf("%s%.*s", column > indent ? " " : "", (int)size, text);
		text += size + strspn(text + size, " ");
	}
	putchar('\n');
}

void report_list(void)
{
	const struct experiment *experiment;

	puts("The mistakes of the laboratory. Each is a server that is broken on purpose, and\n"
	     "runs on loopback, under limits of its own, for seconds.\n");
	printf("  %-*s%-*s%s\n", NAME_WIDTH, "NAME", DOCUMENT_WIDTH, "FROM", "MISTAKE");
	for (size_t i = 0; (experiment = experiments_get(i)); i++)
		printf("  %-*s%-*s%s\n", NAME_WIDTH, experiment->name, DOCUMENT_WIDTH,
			experiment->document ? experiment->document : "-", experiment->title);
	puts("\n"
	     "brood lab NAME runs one, brood lab all the whole course. Begin with 3a.");
}

void report_head(const struct experiment *experiment, bool colour)
{
	char first[64];

	snprintf(first, sizeof first, "%s: ", experiment->name);
	fputs(picture_tone(colour, PICTURE_STRONG), stdout);
	print_wrapped(first, experiment->title);
	fputs(picture_tone(colour, PICTURE_PLAIN), stdout);
	if (experiment->document)
		printf("  Known from: document %s\n", experiment->document);
	print_wrapped("  The load:   ", experiment->load);
	putchar('\n');
}

/* ---- Before and after ---- */

static bool is_symptom(const struct experiment *experiment, enum figure figure)
{
	for (size_t i = 0; i < verdict_symptoms(experiment); i++)
		if (experiment->symptoms[i].figure == figure)
			return true;
	return false;
}

static void print_row(const struct course_result *result, enum figure figure, bool colour)
{
	bool symptom = is_symptom(result->experiment, figure);
	char text[FIGURE_TEXT];

	printf("  %-*s", LABEL_WIDTH, figure_label(figure));
	for (size_t cast = 0; cast < STAGE_CASTS; cast++) {
		const struct stage_outcome *outcome = &result->outcome[cast];
		bool good = cast == STAGE_BROOD;

		if (symptom && outcome->played)
			fputs(picture_tone(colour, good ? PICTURE_GOOD : PICTURE_BAD), stdout);
		printf("%*s", VALUE_WIDTH,
			outcome->played ? figure_text(figure, outcome->figure[figure], text) : "-");
		fputs(picture_tone(colour, PICTURE_PLAIN), stdout);
	}
	puts(symptom ? "   <--" : "");
}

static void print_answered(const struct course_result *result)
{
	printf("  %-*s", LABEL_WIDTH, "clients answered");
	for (size_t cast = 0; cast < STAGE_CASTS; cast++) {
		const struct clients_counts *clients = &result->outcome[cast].last.clients;
		char text[48];

		snprintf(text, sizeof text, "%" PRId64 " of %" PRId64, clients->answered, clients->asked);
		printf("%*s", VALUE_WIDTH, result->outcome[cast].played ? text : "-");
	}
	putchar('\n');
}

static void print_table(const struct course_result *result, bool colour)
{
	const struct experiment *experiment = result->experiment;

	printf("%s  %-*s%*s%*s%s\n", picture_tone(colour, PICTURE_STRONG), LABEL_WIDTH, "", VALUE_WIDTH,
		"faulty server", VALUE_WIDTH, "brood", picture_tone(colour, PICTURE_PLAIN));
	for (size_t i = 0; i < verdict_symptoms(experiment); i++)
		print_row(result, experiment->symptoms[i].figure, colour);
	for (size_t i = 0; i < EXPERIMENT_ALSO && experiment->also[i] != FIGURE_UNANSWERED; i++)
		print_row(result, experiment->also[i], colour);
	print_answered(result);
}

static void print_verdict(const struct course_result *result, bool colour)
{
	const bool good[STAGE_CASTS] = { result->verdict.seen, result->verdict.clean };

	for (size_t cast = 0; cast < STAGE_CASTS; cast++) {
		fputs(picture_tone(colour, good[cast] ? PICTURE_GOOD : PICTURE_BAD), stdout);
		print_wrapped("", result->verdict.about[cast].text);
		fputs(picture_tone(colour, PICTURE_PLAIN), stdout);
	}
}

static void print_bounds(const struct bounds *bounds)
{
	char text[160];

	if (!bounds->known)
		return;
	snprintf(text, sizeof text, "%llu descriptors for each process, %llu processes; the same for both.",
		(unsigned long long)bounds->descriptors.rlim_cur, (unsigned long long)bounds->processes.rlim_cur);
	print_wrapped("Limits:  ", text);
}

void report_result(const struct course_result *result, bool colour)
{
	putchar('\n');
	print_table(result, colour);
	putchar('\n');
	print_verdict(result, colour);
	putchar('\n');
	print_wrapped("Why:     ", result->experiment->why);
	printf("Source:  lab/servers/%s.c\n", experiments_program(result->experiment));
	printf("Cure:    %s, %s\n", result->experiment->cure_file, result->experiment->cure_function);
	print_wrapped("Command: ", result->command);
	print_bounds(&result->outcome[STAGE_FAULTY].bounds);
	fflush(stdout);
}

void report_course(const struct course_result *results, size_t count, bool colour)
{
	printf("%s  %-*s%-10s%s%s\n", picture_tone(colour, PICTURE_STRONG), NAME_WIDTH, "", "seen", "brood",
		picture_tone(colour, PICTURE_PLAIN));
	for (size_t i = 0; i < count; i++)
		printf("  %-*s%-10s%s\n", NAME_WIDTH, results[i].experiment->name,
			results[i].verdict.seen ? "yes" : "no", results[i].verdict.clean ? "clean" : "NOT CLEAN");
	fflush(stdout);
}
