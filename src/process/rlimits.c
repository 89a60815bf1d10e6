/* SPDX-License-Identifier: MIT */
/*
 * Decides what "nofile=1024" means. Invariant: nothing is set unless all of the text is right. Called for the fields of
 * struct brood_service, by the supervisor to check them and by a service process to obey.
 */
#include "process/rlimits.h"

#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>

#include "protocol/nearest.h"
#include "protocol/units.h"

#define BLANKS    " \t\n"
#define WORD_SIZE (NEAREST_WORD_MAX + UNITS_TEXT_MAX + 2)

struct limit {
	const char *name;
	int resource;
	rlim_t value;
};

static const struct {
	const char *name;
	int resource;
} resources[] = {
	{ "as", RLIMIT_AS },
	{ "core", RLIMIT_CORE },
	{ "cpu", RLIMIT_CPU },
	{ "data", RLIMIT_DATA },
	{ "fsize", RLIMIT_FSIZE },
	{ "locks", RLIMIT_LOCKS },
	{ "memlock", RLIMIT_MEMLOCK },
	{ "msgqueue", RLIMIT_MSGQUEUE },
	{ "nice", RLIMIT_NICE },
	{ "nofile", RLIMIT_NOFILE },
	{ "nproc", RLIMIT_NPROC },
	{ "rss", RLIMIT_RSS },
	{ "rtprio", RLIMIT_RTPRIO },
	{ "rttime", RLIMIT_RTTIME },
	{ "sigpending", RLIMIT_SIGPENDING },
	{ "stack", RLIMIT_STACK },
};

#define RESOURCES (sizeof resources / sizeof *resources)

static int find_resource(const char *name, struct limit *ret_limit, struct sentence *why)
{
	struct nearest nearest;

	nearest_begin(&nearest, name);
	for (size_t i = 0; i < RESOURCES; i++) {
		if (strcmp(resources[i].name, name) == 0) {
			ret_limit->name = resources[i].name;
			ret_limit->resource = resources[i].resource;
			return 0;
		}
		nearest_offer(&nearest, resources[i].name);
	}
	if (nearest_found(&nearest))
		return sentence_set(
			why, -EINVAL, "there is no limit '%.40s', did you mean '%s'?", name, nearest_found(&nearest));
	return sentence_set(why, -EINVAL,
		"there is no limit '%.40s'; known are nofile, nproc, as, core, cpu, data, "
		"fsize, stack and the others of setrlimit(2)",
		name);
}

static int parse_word(char *word, struct limit *ret_limit, struct sentence *why)
{
	char *value = strchr(word, '=');
	uint64_t number;
	int r;

	if (!value || value == word)
		return sentence_set(why, -EINVAL, "'%.70s' is no limit: write NAME=VALUE, as in nofile=1024", word);
	*value++ = '\0';
	r = find_resource(word, ret_limit, why);
	if (r < 0)
		return r;
	ret_limit->value = RLIM_INFINITY;
	if (strcmp(value, "off") == 0)
		return 0;
	if (units_size(value, &number, NULL) < 0 || number >= RLIM_INFINITY)
		return sentence_set(why, -EINVAL,
			"%s='%.40s' is no limit: write a number, a size like 64M, or off for no limit",
			ret_limit->name, value);
	ret_limit->value = number;
	return 0;
}

/* The count of limits in text, or -EINVAL. */
static int parse(const char *text, struct limit ret_limits[RESOURCES], struct sentence *why)
{
	size_t count = 0;

	for (text += strspn(text, BLANKS); *text; text += strspn(text, BLANKS)) {
		size_t size = strcspn(text, BLANKS);
		char word[WORD_SIZE];
		struct limit limit;
		int r;

		snprintf(word, sizeof word, "%.*s", (int)(size < sizeof word ? size : sizeof word), text);
		r = parse_word(word, &limit, why);
		if (r < 0)
			return r;
		for (size_t i = 0; i < count; i++)
			if (ret_limits[i].resource == limit.resource)
				return sentence_set(
					why, -EINVAL, "the limit %s is given twice: keep one of them", limit.name);
		ret_limits[count++] = limit;
		text += size;
	}
	return (int)count;
}

int rlimits_check(const char *text, struct sentence *why)
{
	struct limit limits[RESOURCES];
	int r = text ? parse(text, limits, why) : 0;

	return r < 0 ? r : 0;
}

static int set(const struct limit *limit, struct sentence *why)
{
	struct rlimit wanted = { .rlim_cur = limit->value, .rlim_max = limit->value };
	struct rlimit now;

	if (setrlimit((__rlimit_resource_t)limit->resource, &wanted) == 0)
		return 0;
	if (errno == EPERM && getrlimit((__rlimit_resource_t)limit->resource, &now) == 0)
		return sentence_set(why, -EPERM,
			"the limit %s is more than the %llu that brood was started with: raise that one, or write "
			"less",
			limit->name, (unsigned long long)now.rlim_max);
	return sentence_set(why, -errno, "cannot set the limit %s: %s", limit->name, strerror(errno));
}

int rlimits_set(const char *text, struct sentence *why)
{
	struct limit limits[RESOURCES];
	int count = text ? parse(text, limits, why) : 0;
	int r = count < 0 ? count : 0;

	for (int i = 0; i < count && r == 0; i++)
		r = set(&limits[i], why);
	return r;
}
