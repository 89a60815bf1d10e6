/* SPDX-License-Identifier: MIT */
/*
 * Decides what is started for an experiment, and how: whatever the faulty server ran under, brood runs under, too: its limits of
 * descriptors and processes, and its user. Called by main.c.
 */
#include "lab/course.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "lab/experiments.h"
#include "lab/loan.h"
#include "lab/picture.h"
#include "lab/plain.h"

#define HANDLERS  "./lab/handlers.so"
#define WORDS_MAX (EXPERIMENT_WORDS + 8)
#define SECONDS   "30" /* after which a faulty server ends by itself, whatever becomes of us */

struct screen {
	bool quiet, drawn;
	struct picture picture;
	struct plain plain;
};

/* ---- What is where ---- */

static bool is_program(const char *path)
{
	struct stat about;

	return stat(path, &about) == 0 && S_ISREG(about.st_mode) && access(path, X_OK) == 0;
}

int course_find(struct course *course, struct sentence *why)
{
	char directory[sizeof course->directory], *slash;
	ssize_t n = readlink("/proc/self/exe", directory, sizeof directory - 1);

	directory[n > 0 ? n : 0] = '\0';
	slash = strrchr(directory, '/');
	if (slash)
		*slash = '\0';
	memcpy(course->directory, directory, sizeof directory);
	snprintf(course->brood, sizeof course->brood, "%s/brood", course->directory);
	if (!is_program(course->brood))
		snprintf(course->brood, sizeof course->brood, "%s/" BROOD_FROM_LIBEXEC "/brood", course->directory);
	if (!is_program(course->brood))
		snprintf(course->brood, sizeof course->brood, "%s/brood", BROOD_BINDIR);
	if (!is_program(course->brood))
		return sentence_set(why, -ENOENT, "brood is neither in %s nor in %s: install all of it",
			course->directory, BROOD_BINDIR);
	return 0;
}

/* ---- What is shown ---- */

static void show(void *arg, const struct stage *stage, const struct stage_moment *moment)
{
	struct screen *screen = arg;

	if (screen->quiet)
		return;
	if (screen->drawn)
		picture_show(&screen->picture, stage->cast, moment);
	else
		plain_show(&screen->plain, stage->cast, moment);
}

/* ---- What is started ---- */

static size_t add_words(const char **words, size_t count, const char *const *more)
{
	for (size_t i = 0; i < EXPERIMENT_WORDS && more[i]; i++)
		words[count++] = more[i];
	words[count] = NULL;
	return count;
}

static void play_faulty(const struct course *course, struct stage *stage, struct course_result *result)
{
	const struct experiment *experiment = stage->experiment;
	const char *name = experiments_program(experiment);
	const char *words[WORDS_MAX] = { name, "--seconds", SECONDS };
	char program[PATH_MAX];

	add_words(words, 3, experiment->server);
	snprintf(program, sizeof program, "%s/lab/%s", course->directory, name);
	stage->cast = STAGE_FAULTY;
	stage->plan = (struct server_plan){ .program = program, .words = words, .directory = course->directory };
	stage_play(stage, &result->outcome[STAGE_FAULTY]);
}

static void write_command(const char *const *words, char command[COURSE_COMMAND])
{
	struct buf buf;

	buf_init(&buf, command, COURSE_COMMAND);
	for (size_t i = 0; words[i]; i++)
		buf_printf(&buf, "%s%s", i > 0 ? " " : "", words[i]);
}

/* "./lab/handlers.so:NAME" becomes the same of a copy, where that is needed; word: room for it. */
static const char *lend(const struct course *course, const char *handler, struct loan *loan, char word[PATH_MAX])
{
	char source[PATH_MAX];

	if (geteuid() != 0 || strncmp(handler, HANDLERS, strlen(HANDLERS)) != 0)
		return handler;
	snprintf(source, sizeof source, "%s/%s", course->directory, HANDLERS);
	if (loan_make(source, loan) < 0)
		return handler;
	snprintf(word, PATH_MAX, "%s%s", loan->path, handler + strlen(HANDLERS));
	return word;
}

static void play_brood(const struct course *course, struct stage *stage, struct course_result *result)
{
	const char *words[WORDS_MAX] = { "brood", "serve", "-l", "tcp://127.0.0.1:0" };
	const char **handler = &words[4];
	struct loan loan = { .directory = "" };
	char word[PATH_MAX];

	add_words(words, 4, stage->experiment->brood);
	write_command(words, result->command);
	*handler = lend(course, *handler, &loan, word);
	stage->cast = STAGE_BROOD;
	stage->plan = (struct server_plan){
		.program = course->brood,
		.words = words,
		.directory = course->directory,
		.bounds = result->outcome[STAGE_FAULTY].bounds,
	};
	stage_play(stage, &result->outcome[STAGE_BROOD]);
	loan_return(&loan);
}

void course_run(const struct course *course, const struct experiment *experiment, struct course_result *ret_result)
{
	struct screen screen = { .quiet = course->quiet, .drawn = picture_can() };
	struct stage stage = {
		.experiment = experiment,
		.show = show,
		.interrupted = course->interrupted,
		.arg = &screen,
		.interrupted_arg = course->arg,
	};

	picture_init(&screen.picture);
	memset(ret_result, 0, sizeof *ret_result);
	ret_result->experiment = experiment;
	play_faulty(course, &stage, ret_result);
	if (!course->interrupted(course->arg))
		play_brood(course, &stage, ret_result);
	verdict_find(experiment, ret_result->outcome, &ret_result->verdict);
}
