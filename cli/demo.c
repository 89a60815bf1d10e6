/* SPDX-License-Identifier: MIT */
/*
 * Decides what a newcomer sees first. The lines to try use bash alone: it is on every Debian machine, and opens TCP
 * and UDP by itself (/dev/tcp, /dev/udp), where nc comes in three dialects and socat and telnet have to be
 * installed.
 */
#include "cli/demo.h"

#include <stdio.h>
#include <unistd.h>

#include "cli/plan.h"

#define TRY(network, port, line) \
	"  bash -c 'exec 3<>/dev/" network "/127.0.0.1/" port "; echo \"" line "\" >&3; head -n1 <&3'\n"

void demo_add(struct plan *plan)
{
	static const char *const handlers[] = { "echo", "calc" };

	for (size_t i = 0; i < sizeof handlers / sizeof handlers[0]; i++) {
		struct plan_service *service = plan_add(plan, handlers[i], (struct origin){ .kind = ORIGIN_DEFAULT });

		service->settings.handler = handlers[i];
	}
}

void demo_ready(void *arg)
{
	static const char text[] =
		"\nThis is the demonstration set; try it from another terminal:\n\n"
		"calc, the value of each line, as Python 3 prints it:\n" TRY(
			"tcp", "8999", "2**100 // 3") "echo, over TCP and over UDP:\n" TRY("tcp", "50007", "hello")
			TRY("udp", "50007", "hello") "\nEach client has a process of its own. Stop with ^C; what "
						     "else there is: brood serve --help\n\n";
	ssize_t n = write(STDERR_FILENO, text, sizeof text - 1);

	(void)arg;
	(void)n; /* whoever closed standard error does not want to read it */
}
