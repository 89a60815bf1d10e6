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
#define CONNS_MAX   1000000
#define BACKLOG_MAX 65535
#define PACKET_MAX  65507
#define COUNT_MAX   10000000
#define MEMORY_MAX  (1 << 30) /* KiB */
#define OOM_MAX     1000
#define WORDS_MAX   4096

static const struct option_choice models[] = {
	{ "fork", BROOD_FORK, "a process for each client: a crash reaches nobody else", false },
	{ "prefork", BROOD_PREFORK, "standing processes, each for many clients in turn", false },
	{ "thread", BROOD_THREAD, "a thread for each client: a crash ends them all", false },
	{ "iterative", BROOD_ITERATIVE, "one client after another, in one process", false },
	{ "event", BROOD_EVENT, "standing processes, each for thousands at once: a crash ends those", false },
	{ 0 },
};

static const struct option_choice fresh[] = {
	{ "reused", BROOD_REUSED, "a worker serves one client after another", false },
	{ "oneshot", BROOD_ONESHOT, "a new process for each client, made before it came", false },
	{ "rewind", 0, NULL, true },
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

/* Names, as struct brood_service has them. */
static const struct option_choice access_logs[] = {
	{ "off", BROOD_OFF, NULL, false },
	{ "common", 1, NULL, false },
	{ "combined", 1, NULL, false },
	{ "combined+", 1, NULL, false },
	{ "json", 1, NULL, false },
	{ 0 },
};

/* The beginnings of rows. */
#define COMMAND_FIELD(field) .scope = OPTION_OF_COMMAND, .offset = offsetof(struct args, field)
#define ALL_FIELD(field)     .scope = OPTION_OF_ALL, .offset = offsetof(struct settings, field)
#define SERVICE_FIELD(field) .scope = OPTION_OF_SERVICE, .offset = offsetof(struct settings, field)
#define DEADLINE(field)      SERVICE_FIELD(service.field), .kind = OPTION_MS, .argument = "TIME", .max = WEEK_MS
#define COUNT(field)                                                                                                \
	SERVICE_FIELD(service.field), .kind = OPTION_NUMBER, .argument = "N", .max = COUNT_MAX, .may_be_off = true, \
				      .initial = "off"
#define PERMISSION(field) SERVICE_FIELD(service.field), .kind = OPTION_SWITCH, .argument = "on|off", .initial = "off"
#define BLOCKS(field)     SERVICE_FIELD(service.field), .kind = OPTION_TEXT, .argument = "BLOCKS"

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
	  .max = WORKERS_MAX,
	  .help = "fork: children at once (40); prefork: processes (8); event: processes, each with a loop (one per "
		  "core); the other models have one" },
	{ .name = "max-conns", SERVICE_FIELD(service.max_conns), .kind = OPTION_NUMBER, .argument = "N",
	  .max = CONNS_MAX,
	  .help = "event: clients at once of each worker (10000, or what the limit of open files allows)" },
	{ .name = "workers-min", SERVICE_FIELD(service.workers_min), .kind = OPTION_NUMBER, .argument = "N",
	  .max = WORKERS_MAX, .help = "prefork: at least so many, when few clients come" },
	{ .name = "workers-max", SERVICE_FIELD(service.workers_max), .kind = OPTION_NUMBER, .argument = "N",
	  .max = WORKERS_MAX, .help = "prefork: at most so many, when many come, instead of workers" },
	{ .name = "workers-spare", SERVICE_FIELD(service.workers_spare), .kind = OPTION_NUMBER, .argument = "N",
	  .max = WORKERS_MAX, .help = "prefork: idle ones kept ready (default: a quarter of the most)" },
	{ .name = "fresh", SERVICE_FIELD(service.fresh), .kind = OPTION_CHOICE, .argument = "HOW", .choices = fresh,
	  .initial = "reused", .help = "prefork: what a client finds" },
	{ .name = "max-requests", SERVICE_FIELD(service.max_requests), .kind = OPTION_NUMBER, .argument = "N",
	  .max = 1000000000, .may_be_off = true, .initial = "off",
	  .help = "prefork, event: requests, give or take a tenth, before a worker is replaced; under prefork 1 is "
		  "oneshot" },
	{ .name = "recycle-memory", SERVICE_FIELD(service.recycle_memory_kib), .kind = OPTION_KIB, .argument = "SIZE",
	  .max = MEMORY_MAX, .initial = "off", .help = "prefork, event: replace a worker that has more than SIZE resident" },
	{ .name = "max-memory", SERVICE_FIELD(service.max_memory_kib), .kind = OPTION_KIB, .argument = "SIZE",
	  .max = MEMORY_MAX, .initial = "off", .help = "fork, prefork, event: what a worker may have at all" },
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
	{ .name = "idle-timeout", DEADLINE(idle_timeout_ms), .initial = "5m", .initial_http = "15s",
	  .help = "any later wait for a client to send" },
	{ .name = "request-timeout", DEADLINE(request_timeout_ms), .initial = "off", .initial_http = "1m",
	  .help = "one request" },
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

	{ .heading = "Limits (BLOCKS: 192.0.2.0/24 ::1 uid:1000 unix)",
	  .name = "max-clients", COUNT(max_clients), .help = "at once" },
	{ .name = "max-per-source", COUNT(max_per_source), .help = "at once, of one source" },
	{ .name = "source-prefix4", SERVICE_FIELD(service.source_prefix4), .kind = OPTION_NUMBER, .argument = "BITS",
	  .max = 32, .initial = "32", .help = "how much of an IPv4 address makes a source" },
	{ .name = "source-prefix6", SERVICE_FIELD(service.source_prefix6), .kind = OPTION_NUMBER, .argument = "BITS",
	  .max = 128, .initial = "64", .help = "how much of an IPv6 address makes a source" },
	{ .name = "source-rate", SERVICE_FIELD(service.source_rate_per_min), .kind = OPTION_RATE, .argument = "N/s",
	  .max = COUNT_MAX, .initial = "off", .help = "new clients of one source: 10/s, 600/m or 36000/h" },
	{ .name = "source-burst", SERVICE_FIELD(service.source_burst), .kind = OPTION_NUMBER, .argument = "N",
	  .max = COUNT_MAX, .initial = "10", .help = "how many of them may come at once" },
	{ .name = "penalty-crash", DEADLINE(penalty_crash_ms), .initial = "off",
	  .help = "how long a source is refused after its client crashed the handler" },
	{ .name = "penalty-timeout", DEADLINE(penalty_timeout_ms), .initial = "off",
	  .help = "the same after a missed deadline" },
	{ .name = "penalty-blame", DEADLINE(penalty_blame_ms), .initial = "off",
	  .help = "the same after the handler blamed the client" },
	{ .name = "penalty-max", DEADLINE(penalty_max_ms), .initial = "10m", .help = "penalties add up to this" },
	{ .name = "early-drop-from", COUNT(early_drop_from),
	  .help = "so many clients at once, and some are refused at random" },
	{ .name = "early-drop-percent", SERVICE_FIELD(service.early_drop_percent), .kind = OPTION_NUMBER,
	  .argument = "P", .max = 100, .initial = "30", .help = "how many of a hundred then; all at max-clients" },
	{ .name = "reserved", COUNT(reserved), .help = "of max-clients, left to reserved-for" },
	{ .name = "reserved-for", BLOCKS(reserved_for), .help = "whom they are for" },
	{ .name = "queue-timeout", DEADLINE(queue_timeout_ms), .initial = "off",
	  .help = "refuse who waited longer to be accepted" },
	{ .name = "allow", BLOCKS(allow), .help = "nobody else" },
	{ .name = "deny", BLOCKS(deny), .help = "nobody from there" },
	{ .name = "exempt", BLOCKS(exempt), .help = "from all but max-clients, allow and deny" },
	{ .name = "dry-run-limits", SERVICE_FIELD(service.dry_run_limits), .kind = OPTION_SWITCH, .argument = "on|off",
	  .initial = "off", .help = "only log who would have been refused" },
	{ .name = "min-rate", SERVICE_FIELD(service.min_rate), .kind = OPTION_SIZE, .argument = "SIZE",
	  .max = COUNT_MAX, .may_be_off = true, .initial = "off",
	  .help = "bytes per second that a client must send or take" },
	{ .name = "refusal", SERVICE_FIELD(service.refusal), .kind = OPTION_BYTES, .argument = "TEXT",
	  .max = WORDS_MAX, .help = "sent to who is refused, as in 'busy\\r\\n' (the escapes of C); HTTP has a 503" },
	{ .name = "last-words", SERVICE_FIELD(service.last_words), .kind = OPTION_BYTES, .argument = "TEXT",
	  .max = WORDS_MAX, .help = "sent to whose worker died before it answered anything; HTTP has a 502" },
	{ .name = "late-words", SERVICE_FIELD(service.late_words), .kind = OPTION_BYTES, .argument = "TEXT",
	  .max = WORDS_MAX, .help = "the same where the worker was late (default: last-words; HTTP has a 504)" },
	{ .name = "killed-words", SERVICE_FIELD(service.killed_words), .kind = OPTION_BYTES, .argument = "TEXT",
	  .max = WORDS_MAX, .help = "the same where somebody killed it (default: last-words; HTTP has a 503)" },

	{ .heading = "HTTP (ROUTE: '/static/ files /srv', 'GET /x hello --delay 1s')",
	  .name = "route", .scope = OPTION_OF_SERVICE, .kind = OPTION_ROUTE, .argument = "ROUTE", .repeats = true,
	  .help = "instead of HANDLER: one for these paths; may be given several times" },
	{ .name = "head-timeout", DEADLINE(head_timeout_ms), .initial = "20s",
	  .help = "the head of a request, from its first byte" },
	{ .name = "max-body", SERVICE_FIELD(service.max_body_kib), .kind = OPTION_KIB, .argument = "SIZE",
	  .max = MEMORY_MAX, .initial = "8M", .help = "longest body of a request" },
	{ .name = "access-log", SERVICE_FIELD(service.access_log), .kind = OPTION_WORD, .argument = "FORMAT",
	  .choices = access_logs, .initial = "off",
	  .help = "a line for each request: off, common, combined, combined+ or json" },
	{ .name = "access-log-file", SERVICE_FIELD(service.access_log_file), .kind = OPTION_TEXT, .argument = "PATH",
	  .help = "and those lines into PATH (default: where the log is)" },
	{ .name = "permit-bare-lf", PERMISSION(permit_bare_lf), .help = "heads whose lines end in LF alone" },
	{ .name = "permit-obsolete-fold", PERMISSION(permit_obsolete_fold),
	  .help = "fields that go on in the next line" },
	{ .name = "permit-blank-before-colon", PERMISSION(permit_blank_before_colon),
	  .help = "fields written 'Name : value'" },

	{ .heading = "The service's process",
	  .name = "user", SERVICE_FIELD(service.user), .kind = OPTION_TEXT, .argument = "USER",
	  .help = "run as USER, once the sockets are open" },
	{ .name = "group", SERVICE_FIELD(service.group), .kind = OPTION_TEXT, .argument = "GROUP",
	  .help = "and as GROUP (default: the user's)" },
	{ .name = "chroot", SERVICE_FIELD(service.chroot), .kind = OPTION_TEXT, .argument = "DIR",
	  .help = "with DIR as its root directory" },
	{ .name = "no-new-privs", SERVICE_FIELD(service.no_new_privs), .kind = OPTION_SWITCH, .argument = "on|off",
	  .initial = "on", .help = "nothing that it executes gains rights" },
	{ .name = "rlimit", .scope = OPTION_OF_SERVICE, .kind = OPTION_PAIR, .argument = "NAME=VALUE",
	  .repeats = true, .help = "a limit of its processes, as in nofile=1024, core=0; may be given several times" },
	{ .name = "oom-score-adj", SERVICE_FIELD(service.oom_score_adj), .kind = OPTION_NUMBER, .argument = "N",
	  .max = OOM_MAX, .may_be_off = true, .initial = "200",
	  .help = "how much sooner than the supervisor it is ended when memory is out" },
	{ .name = "lame-duck", DEADLINE(lame_duck_ms), .initial = "off",
	  .help = "when told to stop: not ready any more, but still accepting, for so long" },
	{ .name = "chdir", SERVICE_FIELD(chdir), .kind = OPTION_TEXT, .argument = "DIR",
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
	{ .name = "control", ALL_FIELD(control), .kind = OPTION_TEXT, .argument = "PATH",
	  .help = "the socket that brood ctl speaks to (default: under $RUNTIME_DIRECTORY or $XDG_RUNTIME_DIR)" },
	{ .name = "status-listen", ALL_FIELD(status_listen), .kind = OPTION_STREAM, .argument = "URL",
	  .help = "answer /healthz, /readyz and /metrics there, as in tcp://127.0.0.1:9100" },
	{ .name = "inetd", COMMAND_FIELD(inetd), .kind = OPTION_FLAG,
	  .help = "serve the socket that is standard input: one client, or a listener" },
	{ .name = "config", .letter = 'c', COMMAND_FIELD(config), .kind = OPTION_TEXT, .argument = "FILE",
	  .help = "read services from FILE (see docs/reference/config.md)" },
	{ .name = "print", COMMAND_FIELD(print), .kind = OPTION_FLAG, .check_only = true,
	  .help = "show every value in effect, and where it comes from" },
	{ .name = "help", .letter = 'h', COMMAND_FIELD(help), .kind = OPTION_FLAG,
	  .help = "this; with a HANDLER, its own options" },
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
