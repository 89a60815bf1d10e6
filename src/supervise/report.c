/* SPDX-License-Identifier: MIT */
/*
 * Decides where a line goes. Invariant: nothing here waits; a supervisor that hangs in a write to somebody's full
 * pipe restarts nobody.
 */
#include "supervise/report.h"

#include <errno.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "observe/log.h"
#include "supervise/supervisor.h"

void report_event(const struct supervised *service, enum brood_level level, const char *message,
	const struct log_field *fields, size_t count)
{
	log_write(service->supervisor->config->log, &(struct log_record){
							    .level = level,
							    .service = service->effective.name,
							    .message = message,
							    .fields = fields,
							    .field_count = count,
						    });
}

void report_own(const struct supervisor *supervisor, enum brood_level level, const char *message,
	const struct log_field *fields, size_t count)
{
	log_write(supervisor->config->log,
		&(struct log_record){ .level = level, .message = message, .fields = fields, .field_count = count });
}

__attribute__((format(printf, 2, 0))) static void write_line(const char *prefix, const char *format, va_list args)
{
	struct pollfd target = { .fd = STDERR_FILENO, .events = POLLOUT };
	char memory[LOG_LINE_MAX];
	struct buf line;
	ssize_t n;

	buf_init(&line, memory, sizeof memory - 1);
	buf_puts(&line, prefix);
	buf_vprintf(&line, format, args);
	memory[line.size] = '\n';
	/* A pipe that says writable takes PIPE_BUF bytes, our longest line, at once. Its flags are not ours to change. */
	while ((n = poll(&target, 1, 0)) < 0 && errno == EINTR)
		continue;
	if (n != 1)
		return;
	do
		n = write(STDERR_FILENO, memory, line.size + 1);
	while (n < 0 && errno == EINTR);
}

void report_line(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	write_line("", format, args);
	va_end(args);
}

void report_fatal(struct supervisor *supervisor, int exit_status, const char *format, ...)
{
	const struct log *log = supervisor->config->log;
	struct sentence why;
	va_list args;

	va_start(args, format);
	vsnprintf(why.text, sizeof why.text, format, args);
	va_end(args);
	if (supervisor->exit_status == 0) {
		supervisor->exit_status = exit_status;
		supervisor->fatal = why;
	}
	va_start(args, format);
	write_line("brood: ", format, args);
	va_end(args);
	if (log->path)
		report_own(supervisor, BROOD_ERROR, why.text, NULL, 0);
}
