/* SPDX-License-Identifier: MIT */
/*
 * The library as its users have it: the handler of examples/echo_once.c linked with libbrood.a, under brood_main.
 * `linked PORT MODEL`.
 */
#include <brood/brood.h>
#include <err.h>
#include <stdio.h>
#include <string.h>

extern const struct brood_handler brood_handler;

static const struct {
	const char *name;
	enum brood_model model;
	enum brood_fresh fresh;
} models[] = {
	{ "fork", BROOD_FORK, BROOD_REUSED },
	{ "prefork", BROOD_PREFORK, BROOD_REUSED },
	{ "oneshot", BROOD_PREFORK, BROOD_ONESHOT },
	{ "thread", BROOD_THREAD, BROOD_REUSED },
};

int main(int argc, char **argv)
{
	struct brood_service service = { .name = "echo", .handler = brood_handler };
	char url[64];

	if (argc != 3)
		errx(64, "usage: linked PORT MODEL");
	snprintf(url, sizeof url, "tcp://127.0.0.1:%s", argv[1]);
	service.listen = url;
	for (size_t i = 0; i < sizeof models / sizeof *models; i++) {
		if (strcmp(argv[2], models[i].name) == 0) {
			service.model = models[i].model;
			service.fresh = models[i].fresh;
			return brood_main(&service);
		}
	}
	errx(64, "there is no model %s", argv[2]);
}
