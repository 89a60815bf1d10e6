/* SPDX-License-Identifier: MIT */
/* Decides what is a request. What follows from it is in verbs.c and in show_*.c. */
#include "supervise/control/control_verbs.h"

#include <errno.h>
#include <limits.h>
#include <string.h>

#include "observe/log.h"
#include "protocol/nearest.h"
#include "protocol/units.h"
#include "supervise/verbs.h"

static void obey_reload(struct supervisor *supervisor, char **arguments, struct verb_reply *reply)
{
	(void)arguments;
	verbs_reload(supervisor, reply);
}

static void obey_upgrade(struct supervisor *supervisor, char **arguments, struct verb_reply *reply)
{
	(void)arguments;
	verbs_upgrade(supervisor, reply);
}

static void obey_drain(struct supervisor *supervisor, char **arguments, struct verb_reply *reply)
{
	(void)arguments;
	verbs_drain(supervisor, reply);
}

static void obey_reopen(struct supervisor *supervisor, char **arguments, struct verb_reply *reply)
{
	(void)arguments;
	verbs_reopen(supervisor, reply);
}

static int check_stop(char **arguments, struct sentence *why)
{
	if (!arguments[0] || strcmp(arguments[0], "now") == 0)
		return 0;
	return sentence_set(why, -EINVAL, "stop '%.40s'? Write stop, or stop now", arguments[0]);
}

static void obey_stop(struct supervisor *supervisor, char **arguments, struct verb_reply *reply)
{
	verbs_stop(supervisor, arguments[0] ? STOP_QUICK : STOP_DRAIN, reply);
}

/* "+2" and "-1" count from what there is. */
static int parse_size(const char *text, enum verbs_resize *ret_how, int *ret_workers)
{
	bool by = text[0] == '+' || text[0] == '-';
	int r = units_int(text + by, 1, INT_MAX, ret_workers, NULL);

	*ret_how = by ? VERBS_RESIZE_BY : VERBS_RESIZE_TO;
	if (r == 0 && text[0] == '-')
		*ret_workers = -*ret_workers;
	return r;
}

static int check_resize(char **arguments, struct sentence *why)
{
	enum verbs_resize how;
	int workers;

	if (parse_size(arguments[1], &how, &workers) == 0)
		return 0;
	return sentence_set(why, -EINVAL,
		"'%.40s' is no size: write resize SERVICE N, as in 8, or +1 or -1 to change it", arguments[1]);
}

static void obey_resize(struct supervisor *supervisor, char **arguments, struct verb_reply *reply)
{
	enum verbs_resize how = VERBS_RESIZE_TO;
	int workers = 0;

	parse_size(arguments[1], &how, &workers);
	verbs_resize(supervisor, arguments[0], how, workers, reply);
}

static int check_level(char **arguments, struct sentence *why)
{
	enum brood_level level;
	struct nearest nearest;

	if (log_level_parse(arguments[0], &level) == 0)
		return 0;
	nearest_begin(&nearest, arguments[0]);
	for (level = BROOD_ERROR; level <= BROOD_DEBUG; level++)
		nearest_offer(&nearest, log_level_name(level));
	if (nearest_found(&nearest))
		return sentence_set(why, -EINVAL, "'%.40s' is no level, did you mean '%s'?", arguments[0],
			nearest_found(&nearest));
	return sentence_set(why, -EINVAL, "'%.40s' is no level: write error, warn, info or debug", arguments[0]);
}

static void obey_level(struct supervisor *supervisor, char **arguments, struct verb_reply *reply)
{
	enum brood_level level = BROOD_INFO;

	log_level_parse(arguments[0], &level);
	verbs_log_level(supervisor, level, reply);
}

/* clang-format off */
const struct control_verb control_verbs_table[] = {
	{ "status", "[SERVICE]", "what each service is doing", 0, 1, true, .show = show_status },
	{ "workers", "[SERVICE]", "what each worker is doing, and for whom", 0, 1, true, .show = show_workers },
	{ "limits", "[SERVICE]", "which limits there are, and who met them", 0, 1, true, .show = show_limits },
	{ "deaths", "", "the last processes that died, and why", 0, 0, false, .show = show_deaths },
	{ "resize", "SERVICE N", "N workers from now on; +N or -N: so many more or fewer", 2, 2, true,
	  .obey = obey_resize, .check = check_resize },
	{ "reload", "", "read the configuration again", 0, 0, false, .obey = obey_reload },
	{ "upgrade", "", "go on with the binary that is on disk now", 0, 0, false, .obey = obey_upgrade },
	{ "drain", "", "finish what was started; serve nobody until a reload", 0, 0, false, .obey = obey_drain },
	{ "stop", "[now]", "finish what was started, and end; now: without finishing", 0, 1, false,
	  .obey = obey_stop, .check = check_stop },
	{ "reopen", "", "go on with a new log file, after rotation", 0, 0, false, .obey = obey_reopen },
	{ "log-level", "LEVEL", "error, warn, info or debug, until the next reload", 1, 1, false,
	  .obey = obey_level, .check = check_level },
	{ 0 },
};
/* clang-format on */

static const struct control_verb *find(const char *name, struct sentence *why)
{
	struct nearest nearest;

	nearest_begin(&nearest, name);
	for (const struct control_verb *verb = control_verbs_table; verb->name; verb++) {
		if (strcmp(verb->name, name) == 0)
			return verb;
		nearest_offer(&nearest, verb->name);
	}
	if (nearest_found(&nearest))
		sentence_set(why, -EINVAL, "unknown verb '%.40s', did you mean '%s'?", name, nearest_found(&nearest));
	else
		sentence_set(why, -EINVAL, "unknown verb '%.40s'; brood ctl lists those there are", name);
	return NULL;
}

static int check_arguments(const struct control_request *request, size_t count, struct sentence *why)
{
	const struct control_verb *verb = request->verb;

	if (count < verb->least)
		return sentence_set(
			why, -EINVAL, "%s needs more: write %s %s", verb->name, verb->name, verb->arguments);
	if (count > verb->most && verb->most == 0)
		return sentence_set(
			why, -EINVAL, "%s takes no further words; what is '%.40s'?", verb->name, request->word[0]);
	if (count > verb->most)
		return sentence_set(
			why, -EINVAL, "%s takes fewer words: write %s %s", verb->name, verb->name, verb->arguments);
	return verb->check ? verb->check((char **)(uintptr_t)request->word, why) : 0;
}

int control_verbs_parse(char **words, struct control_request *ret_request, struct sentence *why)
{
	struct control_request request = { 0 };
	const char *name = NULL;
	size_t count = 0;
	int r;

	for (; *words; words++) {
		if (strcmp(*words, "--json") == 0)
			request.json = true;
		else if ((*words)[0] == '-' && (*words)[1] == '-')
			return sentence_set(why, -EINVAL, "unknown option %.40s; --json is one", *words);
		else if (!name)
			name = *words;
		else if (count < CONTROL_WORDS_MAX)
			request.word[count++] = *words;
		else
			return sentence_set(why, -EINVAL, "too many words; what is '%.40s'?", *words);
	}
	if (!name)
		return sentence_set(why, -EINVAL, "which verb? brood ctl lists those there are");
	request.verb = find(name, why);
	if (!request.verb)
		return -EINVAL;
	r = check_arguments(&request, count, why);
	if (r == 0)
		*ret_request = request;
	return r;
}
