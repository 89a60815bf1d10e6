/* SPDX-License-Identifier: MIT */
/*
 * Decides what a section and a key of a file mean; how they are written is protocol/ini.h's. Invariant: a key of the
 * wrong section, of no section or of no option is an error with its line. What the table does not know may be an
 * option of the service's handler; that is settled when the handler is known.
 */
#include "cli/config_file.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "cli/plan.h"
#include "protocol/ini.h"
#include "protocol/nearest.h"

#define FILE_SIZE_MAX (1024 * 1024)

struct loader {
	struct plan *plan;
	const char *path;
	struct plan_service *service; /* of the section we are in; NULL: [brood] */
	unsigned int brood_line;      /* where [brood] began, or 0 */
};

static int refuse_section(const struct ini_entry *entry, struct sentence *why)
{
	struct nearest nearest;

	nearest_begin(&nearest, entry->section);
	nearest_offer(&nearest, "brood");
	nearest_offer(&nearest, "service");
	if (nearest_found(&nearest))
		return sentence_set(why, EX_CONFIG, "unknown section '%s', did you mean '%s'?", entry->section,
			nearest_found(&nearest));
	return sentence_set(
		why, EX_CONFIG, "unknown section '%s': there are [brood] and [service NAME]", entry->section);
}

static int begin_brood(struct loader *loader, const struct ini_entry *entry, struct sentence *why)
{
	if (*entry->name)
		return sentence_set(
			why, EX_CONFIG, "[brood] has no name: write [brood], or [service %s]", entry->name);
	if (loader->brood_line)
		return sentence_set(
			why, EX_CONFIG, "[brood] is there twice, first in line %u: join them", loader->brood_line);
	loader->brood_line = entry->line;
	loader->service = NULL;
	return 0;
}

static int begin_service(struct loader *loader, const struct ini_entry *entry, struct sentence *why)
{
	struct plan *plan = loader->plan;
	struct origin origin = { ORIGIN_FILE, loader->path, entry->line };

	if (!*entry->name)
		return sentence_set(why, EX_CONFIG, "[service] has no name: write [service NAME]");
	for (size_t i = 0; i < plan->count; i++)
		if (strcmp(plan->service[i]->settings.service.name, entry->name) == 0)
			return sentence_set(why, EX_CONFIG,
				"[service %s] is there twice, first in line %u: choose another name", entry->name,
				plan->service[i]->origin.line);
	if (plan->count == PLAN_SERVICES_MAX)
		return sentence_set(
			why, EX_CONFIG, "more than %d services: start another brood for the rest", PLAN_SERVICES_MAX);
	loader->service = plan_add(plan, keep_text(plan->keep, entry->name), origin);
	return 0;
}

static int refuse_key(const struct ini_entry *entry, struct sentence *why)
{
	struct nearest nearest;

	nearest_begin(&nearest, entry->key);
	for (const struct option *option = options_table; option->name; option++)
		if (options_is_key(option, OPTION_OF_ALL))
			nearest_offer(&nearest, option->name);
	if (nearest_found(&nearest))
		return sentence_set(
			why, EX_CONFIG, "unknown key '%s', did you mean '%s'?", entry->key, nearest_found(&nearest));
	return sentence_set(why, EX_CONFIG,
		"unknown key '%s' in [brood]: there are log-level, log-format, log-file and pid-file", entry->key);
}

/* For a key that the table knows: NULL where it may stand, or what to say where it may not. */
static const char *misplaced(const struct loader *loader, const struct option *option)
{
	if (option->off_the_file)
		return "no key: the name stands in the section, as in [service NAME]";
	if (loader->service && option->scope == OPTION_OF_ALL)
		return "concerns all services: move it to [brood]";
	if (!loader->service && option->scope == OPTION_OF_SERVICE)
		return "describes one service: move it to its [service NAME]";
	return NULL;
}

static int take_key(struct loader *loader, const struct ini_entry *entry, struct sentence *why)
{
	struct keep *keep = loader->plan->keep;
	struct settings *settings = loader->service ? &loader->service->settings : &loader->plan->settings;
	const struct option *option = options_find(entry->key);
	struct origin origin = { ORIGIN_FILE, loader->path, entry->line };
	struct sentence wrong;
	const char *reason;
	int status;

	if (option && option->scope == OPTION_OF_COMMAND)
		option = NULL;
	reason = option ? misplaced(loader, option) : NULL;
	if (reason)
		return sentence_set(why, EX_CONFIG, "%s: %s", entry->key, reason);
	if (option) {
		status = settings_set(settings, option, keep_text(keep, entry->value), origin, keep, &wrong);
		return status ? sentence_set(why, status, "%s: %s", entry->key, wrong.text) : 0;
	}
	if (!loader->service)
		return refuse_key(entry, why);
	own_add(&loader->service->own,
		&(struct own){ .name = keep_text(keep, entry->key),
			.value = keep_text(keep, entry->value),
			.origin = origin },
		keep);
	return 0;
}

static int take_section(struct loader *loader, const struct ini_entry *entry, struct sentence *why)
{
	if (strcmp(entry->section, "brood") == 0)
		return begin_brood(loader, entry, why);
	if (strcmp(entry->section, "service") == 0)
		return begin_service(loader, entry, why);
	return refuse_section(entry, why);
}

static int take_entry(void *arg, const struct ini_entry *entry, struct sentence *why)
{
	int status = entry->key ? take_key(arg, entry, why) : take_section(arg, entry, why);

	return status ? -EINVAL : 0;
}

static int refuse_file(const char *path, int error, struct sentence *why)
{
	return sentence_set(
		why, error == EACCES || error == EPERM ? EX_NOPERM : EX_NOINPUT, "%s: %s", path, strerror(error));
}

/* All of it: its text may be needed again when the file says something else. */
static int read_file(
	const char *path, struct keep *keep, const char **ret_text, size_t *ret_size, struct sentence *why)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	size_t size = 0, room = 4096;
	char *text = keep_alloc(keep, room);
	int status = 0;
	ssize_t n = 1;

	if (fd < 0)
		return refuse_file(path, errno, why);
	while (n != 0 && status == 0) {
		if (size == room - 1) {
			text = memcpy(keep_alloc(keep, 2 * room), text, size);
			room *= 2;
		}
		n = read(fd, text + size, room - 1 - size);
		size += n > 0 ? (size_t)n : 0;
		if (n < 0 && errno != EINTR)
			status = refuse_file(path, errno, why);
		else if (size > FILE_SIZE_MAX)
			status = sentence_set(why, EX_CONFIG, "%s: is longer than %d bytes", path, FILE_SIZE_MAX);
	}
	close(fd);
	*ret_text = text;
	*ret_size = size;
	return status;
}

int config_file_load(struct plan *plan, const char *path, const char *text, struct sentence *why)
{
	struct loader loader = { .plan = plan, .path = path };
	size_t size = text ? strlen(text) : 0;
	struct sentence reason;
	struct ini ini;
	int r = text ? 0 : read_file(path, plan->keep, &text, &size, why);

	if (r != 0)
		return r;
	plan->source = text;
	ini_begin(&ini, take_entry, &loader);
	r = ini_feed(&ini, text, size, &reason);
	if (r == 0)
		r = ini_end(&ini, &reason);
	if (r < 0)
		return sentence_set(why, EX_CONFIG, "%s:%u: %s", path, ini.line, reason.text);
	if (plan->count == 0)
		return sentence_set(
			why, EX_CONFIG, "%s: no service in it: write [service NAME] and what it serves", path);
	return 0;
}
