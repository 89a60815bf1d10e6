/* SPDX-License-Identifier: MIT */
/*
 * The handler of echo_once.c, its object file as it is, under any model and over any socket: words choose.
 *
 *	./words thread tcp://127.0.0.1:7007
 *	./words fork 'tcp://[::1]:7007 udp://127.0.0.1:7007 unix:/tmp/words unixgram:@words'
 */
#include <brood/brood.h>
#include <stdio.h>
#include <string.h>

extern const struct brood_handler brood_handler;

#define MODELS (sizeof names / sizeof *names)

static const char *const names[] = {
	[BROOD_FORK] = "fork",
	[BROOD_ITERATIVE] = "iterative",
	[BROOD_THREAD] = "thread",
	[BROOD_PREFORK] = "prefork",
	[BROOD_EVENT] = "event",
};

int main(int argc, char **argv)
{
	struct brood_service service = { .name = "words", .handler = brood_handler };
	unsigned int model = 0;

	while (argc == 3 && model < MODELS && strcmp(argv[1], names[model]) != 0)
		model++;
	if (argc != 3 || model == MODELS) {
		fprintf(stderr, "usage: words fork|iterative|thread|prefork|event 'URL…'\n");
		return 64;
	}
	service.model = model;
	service.listen = argv[2];
	return brood_main(&service);
}
