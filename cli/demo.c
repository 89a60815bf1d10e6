/* SPDX-License-Identifier: MIT */
/*
 * Decides what a newcomer sees first. The lines to try use bash alone: it is on every Debian machine, and opens TCP
 * and UDP by itself (/dev/tcp, /dev/udp), where nc comes in three dialects and socat and telnet have to be
 * installed.
 */
#include "cli/demo.h"

#include <unistd.h>

#include "base/buf.h"
#include "cli/plan.h"
#include "supervise/supervise.h"

#define TRY(network, port, line) \
	"  bash -c 'exec 3<>/dev/" network "/127.0.0.1/" port "; echo \"" line "\" >&3; head -n1 <&3'\n"

static const struct trial {
	const char *url; /* worth trying where this could be had */
	const char *text;
} trials[] = {
	{ "tcp://127.0.0.1:8999",
		"calc, the value of each line, as Python 3 prints it:\n" TRY("tcp", "8999", "2**100 // 3") },
	{ "tcp://127.0.0.1:50007", "echo, over TCP:\n" TRY("tcp", "50007", "hello") },
	{ "udp://127.0.0.1:50007", "echo, over UDP:\n" TRY("udp", "50007", "hello") },
};

void demo_add(struct plan *plan)
{
	static const char *const handlers[] = { "echo", "calc" };

	for (size_t i = 0; i < sizeof handlers / sizeof handlers[0]; i++) {
		struct plan_service *service = plan_add(plan, handlers[i], (struct origin){ .kind = ORIGIN_DEFAULT });

		service->settings.handler = handlers[i];
	}
}

void demo_ready(void *arg, const struct supervisor *supervisor)
{
	char text[1024];
	struct buf buf;
	ssize_t n;

	(void)arg;
	buf_init(&buf, text, sizeof text);
	buf_puts(&buf, "\nThis is the demonstration set; try it from another terminal:\n\n");
	for (size_t i = 0; i < sizeof trials / sizeof trials[0]; i++)
		if (supervise_listens_on(supervisor, trials[i].url))
			buf_puts(&buf, trials[i].text);
	buf_puts(&buf,
		"\nEach client has a process of its own. Stop with ^C; what else there is: brood serve --help\n\n");
	n = write(STDERR_FILENO, text, buf.size);
	(void)n; /* whoever closed standard error does not want to read it */
}
