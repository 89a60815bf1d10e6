/* SPDX-License-Identifier: MIT */
/* The library as its users have it: the handler of examples/echo_once.c linked with libbrood.a, under brood_main. */
#include <brood/brood.h>
#include <err.h>
#include <stdio.h>

extern const struct brood_handler brood_handler;

int main(int argc, char **argv)
{
	char url[64];

	if (argc != 2)
		errx(64, "usage: linked PORT");
	snprintf(url, sizeof url, "tcp://127.0.0.1:%s", argv[1]);
	return brood_main(&(struct brood_service){ .name = "echo", .listen = url, .handler = brood_handler });
}
