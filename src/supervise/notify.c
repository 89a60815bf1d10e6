/* SPDX-License-Identifier: MIT */
/* Decides what is said, to whom and when; sd_notify(3) describes the words. Runs in the supervisor's loop. */
#include "supervise/notify.h"

#include <errno.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/list.h"
#include "supervise/report.h"
#include "supervise/supervisor.h"

#define SOCKET_VARIABLE  "NOTIFY_SOCKET"
#define PERIOD_VARIABLE  "WATCHDOG_USEC"
#define PROCESS_VARIABLE "WATCHDOG_PID"

#define MESSAGE_SIZE     512

#define WATCHDOG_MAX_US  (INT64_MAX / NS_PER_US)

static void say_failure(struct supervisor *supervisor, int error)
{
	struct notify *notify = &supervisor->notify;

	if (!notify->silent)
		report_own(supervisor, BROOD_DEBUG, "not heard by " SOCKET_VARIABLE,
			(struct log_field[]){ LOG_TEXT("why", strerror(error)) }, 1);
	notify->silent = true;
}

static void send_message(struct supervisor *supervisor, const struct buf *message)
{
	struct notify *notify = &supervisor->notify;
	ssize_t n;

	do
		n = sendto(notify->fd, message->data, message->size, MSG_DONTWAIT | MSG_NOSIGNAL,
			(const struct sockaddr *)&notify->to, notify->to_size);
	while (n < 0 && errno == EINTR);
	if (n < 0)
		say_failure(supervisor, errno);
	else
		notify->silent = false;
}

BROOD_PRINTF(2, 3) static void tell(struct supervisor *supervisor, const char *format, ...)
{
	char text[MESSAGE_SIZE];
	struct buf message;
	va_list args;

	if (supervisor->notify.fd < 0)
		return;
	buf_init(&message, text, sizeof text);
	va_start(args, format);
	buf_vprintf(&message, format, args);
	va_end(args);
	send_message(supervisor, &message);
}

/* "/path" or "@name". */
static bool find_address(const char *text, struct notify *notify)
{
	size_t size = strlen(text);

	if ((text[0] != '/' && text[0] != '@') || size < 2 || size >= sizeof notify->to.sun_path)
		return false;
	notify->to.sun_family = AF_UNIX;
	memcpy(notify->to.sun_path, text, size);
	if (text[0] == '@')
		notify->to.sun_path[0] = '\0';
	/* A path ends in a NUL, which an abstract name would take for a part of itself. */
	notify->to_size = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + size + (text[0] == '/'));
	return true;
}

/* -1: no number, or a number for nobody. */
static int64_t variable_number(const char *name)
{
	const char *text = getenv(name);
	long long number;
	char *end;

	if (!text || text[0] < '0' || text[0] > '9')
		return -1;
	errno = 0;
	number = strtoll(text, &end, 10);
	return *end != '\0' || errno != 0 ? -1 : number;
}

static void bark(struct loop_timer *timer)
{
	struct notify *notify = container_of(timer, struct notify, watchdog);
	struct supervisor *supervisor = container_of(notify, struct supervisor, notify);

	tell(supervisor, "WATCHDOG=1");
	loop_arm(&supervisor->loop, timer, supervisor->loop.now_ns + notify->watchdog_ns);
}

/* Twice in each period: one that is late by half of it is no death. */
static void start_watchdog(struct supervisor *supervisor)
{
	struct notify *notify = &supervisor->notify;
	int64_t period_us = variable_number(PERIOD_VARIABLE);
	int r;

	if (period_us <= 0 || period_us > WATCHDOG_MAX_US)
		return;
	if (getenv(PROCESS_VARIABLE) && variable_number(PROCESS_VARIABLE) != supervisor->pid)
		return;
	notify->watchdog_ns = period_us * NS_PER_US / 2;
	notify->watchdog.fire = bark;
	r = loop_arm(&supervisor->loop, &notify->watchdog, clock_now_ns() + notify->watchdog_ns);
	if (r < 0)
		say_failure(supervisor, -r);
}

void notify_open(struct supervisor *supervisor)
{
	struct notify *notify = &supervisor->notify;
	const char *text = getenv(SOCKET_VARIABLE);

	*notify = (struct notify){ .fd = -1 };
	if (!text || !*text)
		return;
	if (!find_address(text, notify)) {
		say_failure(supervisor, EAFNOSUPPORT);
		return;
	}
	notify->fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (notify->fd < 0)
		say_failure(supervisor, errno);
	else
		start_watchdog(supervisor);
}

void notify_close(struct supervisor *supervisor)
{
	struct notify *notify = &supervisor->notify;

	if (notify->fd < 0)
		return;
	loop_disarm(&supervisor->loop, &notify->watchdog);
	close(notify->fd);
	notify->fd = -1;
}

void notify_forget(void)
{
	unsetenv(SOCKET_VARIABLE);
	unsetenv(PERIOD_VARIABLE);
	unsetenv(PROCESS_VARIABLE);
}

void notify_ready(struct supervisor *supervisor)
{
	tell(supervisor, "READY=1\nMAINPID=%d", (int)supervisor->pid);
}

void notify_reloading(struct supervisor *supervisor)
{
	tell(supervisor, "RELOADING=1\nMONOTONIC_USEC=%lld", (long long)(clock_now_ns() / NS_PER_US));
}

void notify_stopping(struct supervisor *supervisor)
{
	tell(supervisor, "STOPPING=1");
}

void notify_status(struct supervisor *supervisor, const char *format, ...)
{
	char text[MESSAGE_SIZE - sizeof "STATUS="];
	struct buf status;
	va_list args;

	if (supervisor->notify.fd < 0)
		return;
	buf_init(&status, text, sizeof text);
	va_start(args, format);
	buf_vprintf(&status, format, args);
	va_end(args);
	/* A line is an assignment: nothing in a status may begin another one. */
	for (char *at = text; (at = strpbrk(at, "\r\n"));)
		*at = ' ';
	tell(supervisor, "STATUS=%s", text);
}
