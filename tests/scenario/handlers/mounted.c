/* SPDX-License-Identifier: MIT */
/* Handlers to mount: one that tells what it was given, with a word and an option, and one that does not speak
 * HTTP. */
#include <brood/http.h>
#include <stdio.h>

struct values {
	const char *word;
	const char *text;
	bool loud;
};

static const struct brood_option table[] = {
	{ "WORD", "told as it is", BROOD_OPTION_WORD, offsetof(struct values, word) },
	{ "text", "told as it is", BROOD_OPTION_STRING, offsetof(struct values, text) },
	{ "loud", "say it louder", BROOD_OPTION_FLAG, offsetof(struct values, loud) },
	{ 0 },
};

static int tell(struct brood_http *http, void *app)
{
	const struct values *values = app;
	const char *name = brood_http_capture(http, "name");
	char text[512];
	int size = snprintf(text, sizeof text, "word=%s text=%s loud=%d rest=%s name=%s\n", values->word,
		values->text ? values->text : "-", values->loud, brood_http_rest(http), name ? name : "-");

	return brood_http_answer(http, 200, "text/plain", text, (size_t)size);
}

static int hear(struct brood_conn *conn, void *app)
{
	(void)conn;
	(void)app;
	return 0;
}

const struct brood_handler brood_handler = {
	BROOD_HTTP(tell),
	.summary = "tells what it was given",
	.demo_listen = "tcp://127.0.0.1:8888",
	.options = table,
	.options_size = sizeof(struct values),
};
const struct brood_handler deaf = { .handle = hear, .demo_listen = "tcp://127.0.0.1:8888" };
