/* SPDX-License-Identifier: MIT */
/* Handlers to load, right and wrong: one with an option of each kind, which it tells its client, and what is refused. */
#include <brood/brood.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

struct values {
	bool loud;
	int pause_ms;
	int number;
	const char *text;
};

static const struct brood_option table[] = {
	{ "loud", "say it louder", BROOD_OPTION_FLAG, offsetof(struct values, loud) },
	{ "pause", "before the answer", BROOD_OPTION_MS, offsetof(struct values, pause_ms) },
	{ "number", "told as it is", BROOD_OPTION_NUMBER, offsetof(struct values, number) },
	{ "text", "told as it is", BROOD_OPTION_STRING, offsetof(struct values, text) },
	{ 0 },
};

static const struct brood_option outside[] = {
	{ "far", "beyond the end", BROOD_OPTION_NUMBER, 4096 },
	{ 0 },
};

/* The process that serves, as the command line wanted it. */
static int tell(struct brood_conn *conn, void *app)
{
	const struct values *values = app;
	const char *variable = getenv("OPTIONS_TEST");
	mode_t mask = umask(0);
	char directory[256], question[64];

	umask(mask);
	while (brood_read(conn, question, sizeof question) > 0)
		;
	return brood_printf(conn, "loud=%d pause=%d number=%d text=%s dir=%s umask=%03o variable=%s\n", values->loud,
		values->pause_ms, values->number, values->text ? values->text : "-",
		getcwd(directory, sizeof directory) ? directory : "?", (unsigned int)mask, variable ? variable : "-");
}

const struct brood_handler brood_handler = {
	.handle = tell,
	.summary = "tells its options",
	.options = table,
	.options_size = sizeof(struct values),
};
const struct brood_handler out_of_bounds = { .handle = tell, .options = outside, .options_size = 8 };
const struct brood_handler idle_hands = { .summary = "does nothing" };
const char too_small[16] = "no handler";

int is_a_function(void);

int is_a_function(void)
{
	return 0;
}
