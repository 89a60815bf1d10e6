/* SPDX-License-Identifier: MIT */
/*
 * hello: the web server of "From Tool to Service": / is answered with "Hello, World!", /Zhuibing with "Hello, Zhuibing!".
 * Uses the public headers alone.
 */
#include <brood/http.h>

#include <stdio.h>
#include <string.h>

#define ANSWER_SIZE 8448 /* a path, which is as long as a request line at most, and the words around it */
#define TEXT        "text/plain; charset=utf-8"

struct hello_options {
	int delay_ms;
};

extern const struct brood_handler hello_handler;

static int refuse_method(struct brood_http *http)
{
	int r = brood_http_set(http, "Allow", "GET, HEAD");

	return r < 0 ? r : brood_http_say(http, 405, NULL);
}

static int hello_answer(struct brood_http *http, void *app)
{
	const char *method = brood_http_method(http), *name = brood_http_rest(http);
	const struct hello_options *options = app;
	char text[ANSWER_SIZE];
	int size, r;

	if (strcmp(method, "GET") != 0 && strcmp(method, "HEAD") != 0)
		return refuse_method(http);
	if (options && options->delay_ms > 0) {
		r = brood_sleep(brood_http_conn(http), options->delay_ms);
		if (r < 0)
			return r;
	}
	if (!name[0])
		return brood_http_answer(http, 200, TEXT, "Hello, World!\n", 14);
	size = snprintf(text, sizeof text, "Hello, %s!\n", name);
	if (size < 0 || (size_t)size >= sizeof text)
		return brood_http_say(http, 414, NULL);
	return brood_http_answer(http, 200, TEXT, text, (size_t)size);
}

static const struct brood_option hello_own_options[] = {
	{ "delay", "wait that long before each answer", BROOD_OPTION_MS, offsetof(struct hello_options, delay_ms) },
	{ 0 },
};

const struct brood_handler hello_handler = {
	BROOD_HTTP(hello_answer),
	.summary = "greets over HTTP: /NAME is answered with Hello, NAME!",
	.demo_listen = "tcp://127.0.0.1:8888",
	.options = hello_own_options,
	.options_size = sizeof(struct hello_options),
};
