/* SPDX-License-Identifier: MIT */
/*
 * Decides which brood is asked, and what its answer means for our exit status. What is a right request is decided by the table that
 * the supervisor obeys (supervise/control/control_verbs.h), so what is wrong is told without asking anybody.
 */
#include "cli/ctl.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sysexits.h>
#include <unistd.h>

#include "observe/json.h"
#include "protocol/nearest.h"
#include "supervise/control/control.h"
#include "supervise/control/control_verbs.h"

#define EXIT_REFUSED  1
#define WORDS         (CONTROL_WORDS_MAX + 2) /* verb, arguments, one too many */
#define FIRST_LINE    (SENTENCE_SIZE * 4)
#define PLAIN_LETTERS "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._+-"

struct ctl {
	const char *path; /* as given, or NULL */
	bool json, help;
	char *word[WORDS + 1];
	size_t count;
};

static void print_help(void)
{
	puts("usage: brood ctl [--control PATH] [--json] VERB\n"
	     "\n"
	     "Asks the brood whose control socket is at PATH (default: brood/control.sock\n"
	     "under $RUNTIME_DIRECTORY or $XDG_RUNTIME_DIR, then " CONTROL_SYSTEM_PATH ").\n"
	     "\n"
	     "VERB is one of:");
	for (const struct control_verb *verb = control_verbs_table; verb->name; verb++) {
		int used = printf("  %s %s", verb->name, verb->arguments);

		printf("%*s%s\n", used < 22 ? 22 - used : 1, "", verb->help);
	}
	puts("\n--json: the answer as JSON, see docs/reference/control.md.\n"
	     "Exit status: 0 done, 1 refused or failed, 69 nobody there, 64 usage.");
}

/* ---- The command line -------------------------------------------------------------------------------------- */

static int refuse_option(const char *option, struct sentence *why)
{
	struct nearest nearest;

	nearest_begin(&nearest, option);
	nearest_offer(&nearest, "--control");
	nearest_offer(&nearest, "--json");
	nearest_offer(&nearest, "--help");
	if (nearest_found(&nearest))
		return sentence_set(
			why, EX_USAGE, "unknown option %.40s, did you mean %s?", option, nearest_found(&nearest));
	return sentence_set(why, EX_USAGE, "unknown option %.40s; see: brood ctl --help", option);
}

static int take_path(struct ctl *ctl, const char *path, struct sentence *why)
{
	if (!path || !*path)
		return sentence_set(why, EX_USAGE, "--control needs a value: write --control PATH");
	if (ctl->path)
		return sentence_set(why, EX_USAGE, "--control: given twice: keep one of them");
	ctl->path = path;
	return 0;
}

/* Takes one word, or two. The next one, or NULL with a sentence. */
static char **take_word(struct ctl *ctl, char **argv, struct sentence *why)
{
	const char *word = argv[0];

	if (strcmp(word, "--json") == 0) {
		ctl->json = true;
	} else if (strcmp(word, "--help") == 0 || strcmp(word, "-h") == 0) {
		ctl->help = true;
	} else if (strcmp(word, "--control") == 0) {
		if (take_path(ctl, argv[1], why) != 0)
			return NULL;
		argv++;
	} else if (strncmp(word, "--control=", strlen("--control=")) == 0) {
		if (take_path(ctl, word + strlen("--control="), why) != 0)
			return NULL;
	} else if (word[0] == '-' && word[1] == '-') {
		refuse_option(word, why);
		return NULL;
	} else if (ctl->count < WORDS) {
		ctl->word[ctl->count++] = argv[0];
	}
	return argv + 1;
}

/* ---- The request ------------------------------------------------------------------------------------------- */

/* A word as the supervisor reads it back: in quotes if it must. */
static void put_word(struct buf *line, const char *word)
{
	if (*word && word[strspn(word, PLAIN_LETTERS)] == '\0') {
		buf_puts(line, word);
		return;
	}
	buf_putc(line, '\'');
	for (; *word; word++)
		if (*word == '\'')
			buf_puts(line, "'\\''");
		else
			buf_putc(line, *word);
	buf_putc(line, '\'');
}

static int write_request(const struct ctl *ctl, struct buf *line, struct sentence *why)
{
	for (size_t i = 0; i < ctl->count; i++) {
		put_word(line, ctl->word[i]);
		buf_putc(line, ' ');
		if (strchr(ctl->word[i], '\n'))
			return sentence_set(why, EX_USAGE, "a request is one line");
	}
	if (ctl->json)
		buf_puts(line, "--json");
	buf_putc(line, '\n');
	return line->truncated ? sentence_set(why, EX_USAGE, "a request has at most %d bytes", CONTROL_REQUEST_MAX)
			       : 0;
}

/* A connected socket, or -1 and in *ret_status what to exit with. */
static int dial(const char *path, int *ret_status, struct sentence *why)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	int error;

	memcpy(address.sun_path, path, strlen(path));
	if (fd >= 0 && connect(fd, (const void *)&address, sizeof address) == 0)
		return fd;
	error = errno;
	if (fd >= 0)
		close(fd);
	*ret_status = EXIT_REFUSED;
	if (error == ENOENT || error == ECONNREFUSED || error == ENOTDIR)
		*ret_status = sentence_set(why, EX_UNAVAILABLE,
			"nobody listens at %s; is brood running, and with this --control?", path);
	else if (error == EACCES)
		sentence_set(why, -1, "%s is for root and for the user who started that brood", path);
	else
		sentence_set(why, -1, "cannot connect to %s: %s", path, strerror(error));
	return -1;
}

static int send_all(int fd, const char *data, size_t size)
{
	while (size > 0) {
		ssize_t n = send(fd, data, size, MSG_NOSIGNAL);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		data += n;
		size -= (size_t)n;
	}
	return 0;
}

/* ---- The answer -------------------------------------------------------------------------------------------- */

/* What a verb that is obeyed says in one sentence. */
static void print_sentence(const struct ctl *ctl, const char *sentence)
{
	char memory[FIRST_LINE * 2];
	struct json json;
	struct buf line;

	if (!ctl->json) {
		puts(sentence[0] ? sentence : "done");
		return;
	}
	buf_init(&line, memory, sizeof memory);
	json = (struct json){ .buf = &line };
	json_open(&json, NULL, '{');
	json_text(&json, "done", ctl->word[0]);
	json_text(&json, "message", sentence);
	json_close(&json, '}');
	puts(line.data);
}

static int judge(const char *line, struct sentence *why)
{
	static const char failed[] = "failed: ";

	if (strcmp(line, "ok") == 0)
		return 0;
	if (strncmp(line, failed, strlen(failed)) == 0)
		return sentence_set(why, EXIT_REFUSED, "%.500s", line + strlen(failed));
	return sentence_set(why, EXIT_REFUSED, "what listens there is no brood");
}

/* A line without its newline; false: there is none. */
static bool read_line(FILE *answer, char line[FIRST_LINE])
{
	if (!fgets(line, FIRST_LINE, answer))
		return false;
	line[strcspn(line, "\n")] = '\0';
	return true;
}

static int print_answer(const struct ctl *ctl, bool shows, FILE *answer, struct sentence *why)
{
	char line[FIRST_LINE];
	size_t size;
	int status;

	if (!read_line(answer, line))
		return sentence_set(why, EXIT_REFUSED, "brood hung up before it answered");
	status = judge(line, why);
	if (status != 0)
		return status;
	if (!shows)
		print_sentence(ctl, read_line(answer, line) ? line : "");
	while ((size = fread(line, 1, sizeof line, answer)) > 0)
		fwrite(line, 1, size, stdout);
	return ferror(answer) ? sentence_set(why, EXIT_REFUSED, "the answer was cut off: %s", strerror(errno)) : 0;
}

static int ask(const struct ctl *ctl, bool shows, const char *path, struct sentence *why)
{
	char memory[CONTROL_REQUEST_MAX + 1];
	struct buf line;
	FILE *answer;
	int status, fd;

	buf_init(&line, memory, sizeof memory);
	status = write_request(ctl, &line, why);
	if (status != 0)
		return status;
	fd = dial(path, &status, why);
	if (fd < 0)
		return status;
	answer = fdopen(fd, "r");
	if (!answer) {
		close(fd);
		return sentence_set(why, EXIT_REFUSED, "no memory for the answer");
	}
	/* Should it hang up at once, it has said why. */
	send_all(fd, line.data, line.size);
	status = print_answer(ctl, shows, answer, why);
	fclose(answer);
	return status;
}

int ctl_run(char **argv, struct keep *keep, struct sentence *why)
{
	struct control_request request;
	char path[CONTROL_PATH_SIZE];
	struct ctl ctl = { 0 };

	(void)keep;
	while (*argv) {
		argv = take_word(&ctl, argv, why);
		if (!argv)
			return EX_USAGE;
	}
	if (ctl.help || ctl.count == 0) {
		print_help();
		return 0;
	}
	if (control_verbs_parse(ctl.word, &request, why) < 0)
		return EX_USAGE;
	if (control_find_path(ctl.path, path, why) < 0)
		return EX_USAGE;
	return ask(&ctl, request.verb->show != NULL, path, why);
}
