/* SPDX-License-Identifier: MIT */
/* The service: a line in, a line out, until the client ends. What an expression is worth, calc_eval says. */
#include <brood/brood.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "calc/calc_eval.h"
#include "calc/calc_libm.h"
#include "calc/calc_limits.h"
#include "repr.h"

#define LINE_END "\r\n"

/* How many bytes of a buffer a log line shows. */
#define LOGGED_SIZE 256

struct calc_options {
	int delay_ms;
};

extern const struct brood_handler calc_handler;

static const struct brood_option options[] = {
	{ "delay", "think for this long about each expression", BROOD_OPTION_MS,
		offsetof(struct calc_options, delay_ms) },
	{ 0 },
};

static void log_buffer(struct brood_conn *conn, const char *name, const char *data, size_t size)
{
	char shown[REPR_SIZE(LOGGED_SIZE)];

	if (!brood_loggable(conn, BROOD_DEBUG))
		return;
	repr_bytes(data, size < LOGGED_SIZE ? size : LOGGED_SIZE, shown);
	brood_logf(conn, BROOD_DEBUG, "%s buffer = %s%s", name, shown, size > LOGGED_SIZE ? "..." : "");
}

/* Answers to a packet that do not fit into one are left out. */
static int write_answer(struct brood_conn *conn, const char *text, size_t size)
{
	int r;

	log_buffer(conn, "Out", text, size);
	r = brood_write(conn, text, size);
	if (r < 0 && (r != -EMSGSIZE || brood_packet_size(conn) < 0))
		return r;
	brood_logf(conn, BROOD_DEBUG, "Done.");
	return 0;
}

static int answer_text(struct brood_conn *conn, const char *line, size_t size)
{
	struct calc_answer answer;
	int r;

	if ((r = calc_eval(line, size, &answer)) < 0)
		return r;
	memcpy(answer.text + answer.size, LINE_END, sizeof LINE_END);
	r = write_answer(conn, answer.text, answer.size + strlen(LINE_END));
	calc_answer_fini(&answer);
	return r;
}

static int answer_line(struct brood_conn *conn, const struct calc_options *chosen, const char *line, size_t size)
{
	int r;

	log_buffer(conn, "In", line, size);
	if (chosen && chosen->delay_ms > 0 && (r = brood_sleep(conn, chosen->delay_ms)) < 0)
		return r;
	return answer_text(conn, line, size);
}

/* One line, or the end of input: 0. */
static int serve_line(struct brood_conn *conn, const struct calc_options *chosen, char *line)
{
	ssize_t size = brood_readline(conn, line, CALC_LINE_SIZE + 1);
	int r;

	if (size == 0 || (size < 0 && size != -EMSGSIZE))
		return (int)size;
	/* What was too long is gone: calc_eval is told a size that it refuses without looking. */
	r = size < 0 ? answer_text(conn, line, CALC_LINE_SIZE + 1) : answer_line(conn, chosen, line, (size_t)size);
	return r < 0 ? r : BROOD_AGAIN;
}

/* A line is a request. Between two of them the connection is brood's: a stop does not wait for a client who thinks. */
static int handle(struct brood_conn *conn, void *app)
{
	char *line = malloc(CALC_LINE_SIZE + 1);
	int r;

	if (!line)
		return -ENOMEM;
	do
		r = serve_line(conn, app, line);
	while (r == BROOD_AGAIN && brood_packet_size(conn) >= 0);
	free(line);
	return r;
}

static int load(void **app)
{
	(void)app;
	return calc_libm_open();
}

const struct brood_handler calc_handler = {
	.load = load,
	.handle = handle,
	.summary = "answers each line with the value of the arithmetic expression in it, as Python would",
	.demo_listen = "tcp://127.0.0.1:8999",
	.options = options,
	.options_size = sizeof(struct calc_options),
};
