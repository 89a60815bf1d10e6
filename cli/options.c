/* SPDX-License-Identifier: MIT */
/*
 * Decides which options exist, what they take, whom they concern. Adding an option is adding a row (and the field
 * in cli/settings.h that it fills). Ranges are those of core/config.c.
 */
#include "cli/options.h"

#include <brood/brood.h>
#include <ctype.h>
#include <string.h>

#include "cli/args.h"
#include "cli/settings.h"
#include "observe/log.h"

#define WEEK_MS     (7 * 24 * 3600 * 1000)
#define WORKERS_MAX 100000
#define THREADS_MAX 10000
#define BACKLOG_MAX 65535
#define PACKET_MAX  65507

static const struct option_choice models[] = {
	{ "fork", BROOD_FORK, "a process for each client: a crash reaches nobody else", false },
	{ "thread", BROOD_THREAD, "a thread for each client: a crash ends them all", false },
	{ "iterative", BROOD_ITERATIVE, "one client after another, in one process", false },
	{ "prefork", 0, NULL, true },
	{ "event", 0, NULL, true },
	{ 0 },
};

static const struct option_choice levels[] = {
	{ "error", BROOD_ERROR, NULL, false },
	{ "warn", BROOD_WARN, NULL, false },
	{ "info", BROOD_INFO, NULL, false },
	{ "debug", BROOD_DEBUG, NULL, false },
	{ 0 },
};

static const struct option_choice formats[] = {
	{ "text", LOG_FORMAT_TEXT, NULL, false },
	{ "json", LOG_FORMAT_JSON, NULL, false },
	{ 0 },
};

/* The beginnings of rows. */
#define COMMAND_FIELD(field) .scope = OPTION_OF_COMMAND, .offset = offsetof(struct args, field)
#define ALL_FIELD(field)     .scope = OPTION_OF_ALL, .offset = offsetof(struct settings, field)
#define SERVICE_FIELD(field) .scope = OPTION_OF_SERVICE, .offset = offsetof(struct settings, field)
#define DEADLINE(field)      SERVICE_FIELD(service.field), .kind = OPTION_MS, .argument = "TIME", .max = WEEK_MS
#define LATER(word) \
	.name = (word), .later = true, .kind = OPTION_TEXT, .scope = OPTION_OF_SERVICE, .argument = "VALUE"

/* clang-format off */
const struct option options_table[] = {
	{ .name = "handler", SERVICE_FIELD(handler), .kind = OPTION_TEXT, .argument = "HANDLER", .file_only = true,
	  .help = "what is served; on the command line, the first word" },

	{ .heading = "Where, and how many at once",
	  .name = "listen", .letter = 'l', .scope = OPTION_OF_SERVICE, .kind = OPTION_URL, .argument = "URL",
	  .repeats = true,
	  .help = "tcp://HOST:PORT, tcp://:PORT (every address), udp://HOST:PORT, unix:/PATH?mode=0660, unix:@NAME, "
		  "unixgram:/PATH, vsock://CID:PORT, fd://N; port 0: the kernel chooses; may be given several times "
		  "(default: the handler's own port on loopback)" },
	{ .name = "model", .letter = 'm', SERVICE_FIELD(service.model), .kind = OPTION_CHOICE, .argument = "NAME",
	  .choices = models, .initial = "fork", .help = "how clients are served at the same time" },
	{ .name = "workers", .letter = 'w', SERVICE_FIELD(service.workers), .kind = OPTION_NUMBER, .argument = "N",
	  .max = WORKERS_MAX, .initial = "40", .help = "fork: children at once; the other models have one" },
	{ .name = "threads", SERVICE_FIELD(service.threads), .kind = OPTION_NUMBER, .argument = "N",
	  .max = THREADS_MAX,
	  .initial = "64", .help = "thread: clients at once" },
	{ .name = "backlog", SERVICE_FIELD(service.backlog), .kind = OPTION_NUMBER, .argument = "N",
	  .max = BACKLOG_MAX,
	  .initial = "4096", .help = "clients that may wait to be accepted" },
	{ .name = "max-packet", SERVICE_FIELD(service.max_packet), .kind = OPTION_SIZE, .argument = "SIZE",
	  .max = PACKET_MAX,
	  .initial = "65507", .help = "longest datagram taken" },
	{ .name = "name", SERVICE_FIELD(service.name), .kind = OPTION_NAME, .argument = "NAME", .off_the_file = true,
	  .help = "of the service, in logs (default: the handler's)" },

	{ .heading = "Deadlines (TIME: 500ms, 30s, 5m, 1h, off)",
	  .name = "first-byte-timeout", DEADLINE(first_byte_timeout_ms), .initial = "30s",
	  .help = "until a client says anything" },
	{ .name = "idle-timeout", DEADLINE(idle_timeout_ms), .initial = "5m",
	  .help = "any later wait for a client to send" },
	{ .name = "request-timeout", DEADLINE(request_timeout_ms), .initial = "off", .help = "one request" },
	{ .name = "write-timeout", DEADLINE(write_timeout_ms), .initial = "30s",
	  .help = "any wait for a client to take an answer" },
	{ .name = "total-timeout", DEADLINE(total_timeout_ms), .initial = "off", .help = "a whole connection" },
	{ .name = "linger-timeout", DEADLINE(linger_ms), .initial = "1s",
	  .help = "reading on after the answer, so that it is not lost" },
	{ .name = "kill-after", DEADLINE(kill_after_ms), .initial = "5s",
	  .help = "from a missed deadline to the end of its worker" },
	{ .name = "drain-timeout", DEADLINE(drain_timeout_ms), .initial = "30s",
	  .help = "for started requests, when told to stop" },
	{ .name = "load-timeout", DEADLINE(load_timeout_ms), .initial = "30s", .help = "for a handler to get ready" },

	{ .heading = "The service's process",
	  .name = "chdir", SERVICE_FIELD(chdir), .kind = OPTION_TEXT, .argument = "DIR",
	  .help = "its working directory" },
	{ .name = "umask", SERVICE_FIELD(umask), .kind = OPTION_MODE, .argument = "MODE",
	  .help = "its file creation mask, in octal" },
	{ .name = "env", .scope = OPTION_OF_SERVICE, .kind = OPTION_PAIR, .argument = "K=V", .repeats = true,
	  .help = "set a variable of its environment; may be given several times" },

	{ .heading = "Log and command",
	  .name = "log-level", ALL_FIELD(log_level), .kind = OPTION_CHOICE, .argument = "LEVEL", .choices = levels,
	  .initial = "info", .help = "error, warn, info or debug" },
	{ .name = "log-format", ALL_FIELD(log_format), .kind = OPTION_CHOICE, .argument = "FORMAT",
	  .choices = formats,
	  .initial = "text", .help = "text or json" },
	{ .name = "log-file", ALL_FIELD(log_file), .kind = OPTION_TEXT, .argument = "PATH",
	  .help = "instead of standard error" },
	{ .name = "pid-file", ALL_FIELD(pid_file), .kind = OPTION_TEXT, .argument = "PATH",
	  .help = "holds the process id while brood runs" },
	{ .name = "config", .letter = 'c', COMMAND_FIELD(config), .kind = OPTION_TEXT, .argument = "FILE",
	  .help = "read services from FILE (see docs/reference/config.md)" },
	{ .name = "print", COMMAND_FIELD(print), .kind = OPTION_FLAG, .check_only = true,
	  .help = "show every value in effect, and where it comes from" },
	{ .name = "help", .letter = 'h', COMMAND_FIELD(help), .kind = OPTION_FLAG,
	  .help = "this; with a HANDLER, its own options" },

	{ LATER("fresh") },
	{ LATER("max-conns") },
	{ LATER("max-requests") },
	{ LATER("recycle-memory") },
	{ LATER("max-memory") },
	{ LATER("control") },
	{ LATER("user") },
	{ LATER("group") },
	{ LATER("chroot") },
	{ LATER("route") },
	{ 0 },
};
/* clang-format on */

_Static_assert(sizeof options_table / sizeof options_table[0] <= OPTIONS_MAX, "raise OPTIONS_MAX");

const struct option *options_find(const char *name)
{
	for (const struct option *option = options_table; option->name; option++)
		if (strcmp(option->name, name) == 0)
			return option;
	return NULL;
}

const struct option *options_find_letter(char letter)
{
	for (const struct option *option = options_table; option->name; option++)
		if (option->letter && option->letter == letter)
			return option;
	return NULL;
}

size_t options_row(const struct option *option)
{
	return (size_t)(option - options_table);
}

const char *options_variable(const struct option *option, char name[OPTIONS_VARIABLE_SIZE])
{
	size_t size = strlen(strcpy(name, "BROOD_"));

	for (const char *at = option->name; *at && size < OPTIONS_VARIABLE_SIZE - 1; at++)
		name[size++] = *at == '-' ? '_' : (char)toupper((unsigned char)*at);
	name[size] = '\0';
	return name;
}

bool options_is_key(const struct option *option, enum option_scope scope)
{
	return option->scope == scope && !option->off_the_file;
}
