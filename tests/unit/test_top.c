/* SPDX-License-Identifier: MIT */
/* What brood-top makes of an answer: without a terminal, and without the brood that gave it. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "top/draw.h"
#include "top/options.h"
#include "top/picture.h"

#define LINES_MAX 64
#define LINE_SIZE 256
#define COUNT(a)  (sizeof(a) / sizeof *(a))

static const char status_text[] =
	"{\"version\":\"9.8.7\",\"pid\":100,\"up_ms\":90000,\"lost_lines\":3,\"services\":["
	"{\"name\":\"calc\",\"model\":\"fork\",\"generation\":2,\"state\":\"ready\",\"state_ms\":5000,"
	"\"process\":{\"pid\":101,\"cpu_ms\":1},\"clients\":{\"now\":2,\"bound\":40,\"paused\":false},"
	"\"counters\":{\"refused\":13,\"worker_deaths\":1},"
	"\"ended_by\":{\"finished\":7,\"refused-rate\":1,\"refused-full\":12},"
	"\"per_second\":{\"accepted\":{\"1s\":1234.5},\"requests\":{\"1s\":99.6},\"bytes_in\":{\"1s\":2048},"
	"\"bytes_out\":{\"1s\":0.0}},\"duration_us\":{\"count\":7,\"p50\":1200,\"p99\":340000}},"
	"{\"name\":\"pool\",\"model\":\"prefork\",\"state\":\"starting\",\"process\":{\"pid\":102},"
	"\"clients\":{\"now\":8,\"bound\":8,\"paused\":true}}]}";

static const char workers_text[] =
	"{\"services\":[{\"name\":\"calc\",\"process\":101,\"workers\":["
	"{\"slot\":0,\"pid\":111,\"state\":\"serving\",\"state_ms\":1500,\"peer\":\"127.0.0.1:4000\","
	"\"requests\":null},"
	"{\"slot\":1,\"pid\":112,\"state\":\"serving\",\"state_ms\":20,\"peer\":\"unix:/a\\u001b[2J\"}]},"
	"{\"name\":\"pool\",\"process\":102,\"workers\":["
	"{\"slot\":0,\"pid\":121,\"state\":\"idle\",\"state_ms\":1000,\"peer\":null,\"requests\":5,\"bytes_in\":4096,"
	"\"bytes_out\":10}]},"
	"{\"name\":\"old\",\"process\":99,\"workers\":[{\"slot\":0,\"state\":\"busy\"}]}]}";

static const struct picture_process processes[] = {
	{ .pid = 100, .parent = 1, .name = "brood", .resident_bytes = 2048, .cpu_percent = 0.25 },
	{ .pid = 101, .parent = 100, .name = "brood", .cpu_percent = 50 },
	{ .pid = 102, .parent = 100, .name = "brood", .cpu_percent = PICTURE_UNKNOWN },
	{ .pid = 103, .parent = 100, .name = "brood-status", .cpu_percent = PICTURE_UNKNOWN },
	{ .pid = 111, .parent = 101, .name = "brood", .cpu_percent = PICTURE_UNKNOWN },
	{ .pid = 112, .parent = 101, .name = "brood", .cpu_percent = PICTURE_UNKNOWN },
	{ .pid = 113, .parent = 111, .name = "sh", .cpu_percent = PICTURE_UNKNOWN },
	{ .pid = 120, .parent = 102, .name = "brood", .cpu_percent = PICTURE_UNKNOWN },
	{ .pid = 121, .parent = 102, .name = "brood", .cpu_percent = PICTURE_UNKNOWN },
};

struct drawn {
	size_t count;
	char line[LINES_MAX][LINE_SIZE];
};

static struct picture read_sample(void)
{
	struct picture picture;

	assert_int_equal(picture_read(&picture, status_text, workers_text, NULL), 0);
	return picture;
}

static void add_processes(struct picture *picture)
{
	picture->processes = malloc(sizeof processes);
	assert_non_null(picture->processes);
	memcpy(picture->processes, processes, sizeof processes);
	picture->process_count = COUNT(processes);
}

static void draw_lines(struct drawn *drawn, const struct picture *picture, size_t width)
{
	struct canvas canvas;

	canvas_init(&canvas, width);
	draw(&canvas, picture, &canvas_ascii);
	assert_false(canvas.failed);
	assert_true(canvas.height <= LINES_MAX && width < LINE_SIZE);
	drawn->count = canvas.height;
	for (size_t i = 0; i < canvas.height; i++) {
		size_t size = width;

		for (size_t j = 0; j < width; j++) {
			wchar_t letter = canvas_line(&canvas, i)[j].letter;

			assert_true(letter >= L' ' && letter <= L'~');
			drawn->line[i][j] = (char)letter;
		}
		while (size > 0 && drawn->line[i][size - 1] == ' ')
			size--;
		drawn->line[i][size] = '\0';
	}
	canvas_fini(&canvas);
}

static void check_line(const struct drawn *drawn, const char *line)
{
	for (size_t i = 0; i < drawn->count; i++)
		if (strcmp(drawn->line[i], line) == 0)
			return;
	for (size_t i = 0; i < drawn->count; i++)
		print_message("%s\n", drawn->line[i]);
	fail_msg("there is no line: %s", line);
}

static void an_answer_becomes_a_picture(void **state)
{
	struct picture picture = read_sample();

	(void)state;
	assert_string_equal(picture.version, "9.8.7");
	assert_int_equal(picture.pid, 100);
	assert_int_equal(picture.service_count, 2);
	assert_int_equal(picture.services[0].clients, 2);
	assert_int_equal(picture.services[0].p99_us, 340000);
	assert_int_equal(picture.services[0].refused, 13);
	assert_string_equal(picture.services[0].reasons[0].name, "refused-full"); /* the most frequent one first */
	assert_int_equal(picture.services[0].reason_count, 2);
	assert_true(picture.services[1].paused);
	assert_int_equal(picture.worker_count, 3); /* nobody knows a service with process 99 */
	assert_int_equal(picture.workers[0].requests, PICTURE_UNKNOWN);
	assert_int_equal(picture.workers[2].requests, 5);
	picture_free(&picture);
}

static void what_is_no_json_is_refused_with_a_sentence(void **state)
{
	struct sentence why = { "" };
	struct picture picture;

	(void)state;
	assert_int_equal(picture_read(&picture, "{\"version\":", workers_text, &why), -EBADMSG);
	assert_non_null(strstr(why.text, "no JSON"));
	assert_int_equal(picture_read(&picture, status_text, "", &why), -EBADMSG);
}

static void json_of_another_shape_is_an_empty_picture(void **state)
{
	static const char *const shapes[] = { "{}", "[]", "{\"services\":7}", "{\"services\":[7,null,{}]}",
		"{\"pid\":\"x\",\"services\":[{\"name\":7,\"process\":[],\"clients\":3,\"ended_by\":[1]}]}" };
	struct drawn drawn;

	(void)state;
	for (size_t i = 0; i < COUNT(shapes); i++) {
		struct picture picture;

		assert_int_equal(picture_read(&picture, shapes[i], shapes[i], NULL), 0);
		draw_lines(&drawn, &picture, DRAW_WIDTH);
		picture_free(&picture);
	}
}

static void services_stand_in_a_table_of_eighty_columns(void **state)
{
	struct picture picture = read_sample();
	struct drawn drawn;

	(void)state;
	draw_lines(&drawn, &picture, DRAW_WIDTH);
	check_line(&drawn, "brood 9.8.7  pid 100  up 1m30s  1 of 2 services ready  3 lines of log lost");
	check_line(&drawn, "10 clients  1235 accepted/s  100 requests/s  in 2.0k/s  out 0/s");
	check_line(&drawn, "SERVICE     MODEL     STATE       CLIENTS  ACC/s REQ/s   P50   P99 QUEUE REFUSED");
	check_line(&drawn, "calc        fork      ready          2/40   1235   100 1.2ms 340ms     -      13");
	check_line(&drawn, "pool        prefork   starting       8/8!      0     0     -     -     -       0");
	check_line(&drawn, "  calc: refused 12 full, 1 rate; 1 worker died");
	picture_free(&picture);
}

static void processes_hang_below_their_parents(void **state)
{
	struct picture picture = read_sample();
	struct drawn drawn;

	(void)state;
	add_processes(&picture);
	draw_lines(&drawn, &picture, DRAW_WIDTH);
	check_line(&drawn, "    PID PROCESS              STATE     SINCE  REQS CPU%   MEM CLIENT");
	check_line(&drawn, "    100 supervisor                                  0.2  2.0k");
	check_line(&drawn, "    101 |- calc (fork)       ready      5.0s         50     0");
	check_line(&drawn, "    111 |  |- worker         serving    1.5s                0 127.0.0.1:4000");
	check_line(&drawn, "    113 |  |  `- sh                                         0");
	check_line(&drawn, "    112 |  `- worker         serving    20ms                0 unix:/a?[2J");
	check_line(&drawn, "    102 |- pool (prefork)    starting    0us                0");
	check_line(&drawn, "    121 |  |- worker         idle       1.0s     5          0");
	check_line(&drawn, "        |  `- 1 keeper");
	check_line(&drawn, "    103 `- status                                           0");
	picture_free(&picture);
}

static void without_proc_workers_hang_below_their_service(void **state)
{
	struct picture picture = read_sample();
	struct drawn drawn;

	(void)state;
	draw_lines(&drawn, &picture, DRAW_WIDTH);
	check_line(&drawn, "    100 supervisor");
	check_line(&drawn, "    101 |- calc (fork)       ready      5.0s");
	check_line(&drawn, "    111 |  |- worker         serving    1.5s                  127.0.0.1:4000");
	check_line(&drawn, "    102 `- pool (prefork)    starting    0us");
	check_line(&drawn, "    121    `- worker         idle       1.0s     5");
	picture_free(&picture);
}

static void a_wide_screen_shows_bytes_too(void **state)
{
	struct picture picture = read_sample();
	struct drawn drawn;

	(void)state;
	draw_lines(&drawn, &picture, 120);
	check_line(&drawn, "    121    `- worker         idle       1.0s     5              4.0k     10");
	picture_free(&picture);
}

static void any_width_is_drawn_within_its_edge(void **state)
{
	struct picture picture = read_sample();
	struct drawn drawn;

	(void)state;
	add_processes(&picture);
	for (size_t width = 1; width < LINE_SIZE; width++)
		draw_lines(&drawn, &picture, width);
	picture_free(&picture);
}

static void options_are_read_and_wrong_ones_told(void **state)
{
	static const struct {
		char *words[4];
		const char *sentence; /* NULL: right */
	} rows[] = {
		{ { "--once", "--control=/a" }, NULL },
		{ { "--control", "/a", "--interval=500ms" }, NULL },
		{ { "--control" }, "--control needs a value" },
		{ { "--interval=" }, "--interval needs a value" },
		{ { "--interval", "5" }, "--interval: " },
		{ { "--interval", "1ms" }, "100ms to 1h" },
		{ { "--interval", "off" }, "100ms to 1h" },
		{ { "--onec" }, "did you mean --once?" },
		{ { "calc" }, "takes no words" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		char *words[COUNT(rows[i].words) + 1] = { NULL };
		struct sentence why = { "" };
		struct options options;

		memcpy(words, rows[i].words, sizeof rows[i].words);
		assert_int_equal(options_read(words, &options, &why), rows[i].sentence ? 64 : 0);
		if (rows[i].sentence)
			assert_non_null(strstr(why.text, rows[i].sentence));
		else
			assert_string_equal(options.control, "/a");
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_answer_becomes_a_picture),
		cmocka_unit_test(what_is_no_json_is_refused_with_a_sentence),
		cmocka_unit_test(json_of_another_shape_is_an_empty_picture),
		cmocka_unit_test(services_stand_in_a_table_of_eighty_columns),
		cmocka_unit_test(processes_hang_below_their_parents),
		cmocka_unit_test(without_proc_workers_hang_below_their_service),
		cmocka_unit_test(a_wide_screen_shows_bytes_too),
		cmocka_unit_test(any_width_is_drawn_within_its_edge),
		cmocka_unit_test(options_are_read_and_wrong_ones_told),
	};

	return cmocka_run_group_tests_name("top", tests, NULL, NULL);
}
