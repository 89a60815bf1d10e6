/* SPDX-License-Identifier: MIT */
/*
 * Two handlers for HTTP, side by side, under the model that you name.
 *
 *	./web [event|fork|prefork|thread|iterative] [PORT]	event and 7201 unless said
 *	curl http://127.0.0.1:7201/hi/Ann
 *	curl --data-binary @README.md http://127.0.0.1:7201/shout
 */
#include <brood/http.h>
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* GET /hi/{name=World} */
static int greet(struct brood_http *http, void *app)
{
	char text[512];
	int size = snprintf(text, sizeof text, "%s, %s!\n", (const char *)app, brood_http_capture(http, "name"));

	if (size >= (int)sizeof text)
		return brood_http_say(http, 414, "That is no name.");
	return brood_http_answer(http, 200, "text/plain; charset=utf-8", text, (size_t)size);
}

/* POST /shout: the answer begins before all of the request is here, and holds none of it longer than it must. */
static int shout(struct brood_http *http, void *app)
{
	char block[4096];
	ssize_t n;
	int r = 0;

	(void)app;
	n = brood_http_read(http, block, sizeof block);
	if (n >= 0)
		r = brood_http_begin(http, 200, "text/plain; charset=utf-8", BROOD_HTTP_UNKNOWN);
	while (r == 0 && n > 0) {
		for (ssize_t i = 0; i < n; i++)
			block[i] = (char)toupper((unsigned char)block[i]);
		r = brood_http_write(http, block, (size_t)n);
		if (r == 0)
			n = brood_http_read(http, block, sizeof block);
	}
	return n < 0 ? (int)n : r;
}

static const struct brood_handler greeter = { BROOD_HTTP(greet) }, shouter = { BROOD_HTTP(shout) };

static const struct brood_http_route routes[] = {
	{ "GET /hi/{name=World}", &greeter, "Hello" },
	{ "POST /shout", &shouter, NULL },
	{ 0 },
};

static enum brood_model model_named(const char *name)
{
	static const char *const names[] = {
		[BROOD_FORK] = "fork",
		[BROOD_ITERATIVE] = "iterative",
		[BROOD_THREAD] = "thread",
		[BROOD_PREFORK] = "prefork",
		[BROOD_EVENT] = "event",
	};

	for (size_t i = 0; i < sizeof names / sizeof *names; i++)
		if (strcmp(name, names[i]) == 0)
			return (enum brood_model)i;
	fprintf(stderr, "web: there is no model '%s'; say event, fork, prefork, thread or iterative\n", name);
	exit(64);
}

int main(int argc, char **argv)
{
	char listen[64];

	snprintf(listen, sizeof listen, "tcp://127.0.0.1:%d", argc > 2 ? atoi(argv[2]) : 7201);
	return brood_main(&(struct brood_service){
		.name = "web",
		.listen = listen,
		.model = argc > 1 ? model_named(argv[1]) : BROOD_EVENT,
		.handler = brood_http_router,
		.app = (void *)routes,
	});
}
