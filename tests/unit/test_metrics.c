/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "observe/metrics.h"

#define TEXT_SIZE 65536
#define COUNT(a)  (sizeof(a) / sizeof *(a))

static const struct metrics_program program = { .version = "1.2.3", .started_ms = 1700000000042, .lost_lines = 4 };

/* The caller frees it. */
static char *write_services(const struct metrics_service *services, size_t count)
{
	char *memory = malloc(TEXT_SIZE);
	struct buf text;

	assert_non_null(memory);
	buf_init(&text, memory, TEXT_SIZE);
	metrics_write(&text, &program, services, count);
	assert_false(text.truncated);
	return memory;
}

/* Whether the text has exactly this line. */
static bool has_line(const char *text, const char *line)
{
	size_t size = strlen(line);

	for (const char *at = strstr(text, line); at; at = strstr(at + 1, line))
		if ((at == text || at[-1] == '\n') && at[size] == '\n')
			return true;
	return false;
}

static unsigned int occurrences(const char *text, const char *part)
{
	unsigned int count = 0;

	for (const char *at = strstr(text, part); at; at = strstr(at + 1, part))
		count++;
	return count;
}

static void counters_and_gauges_are_told(void **state)
{
	struct metrics_service service = { .name = "calc", .model = "fork", .ready = true, .starts = 2 };
	char *text;

	(void)state;
	service.figures.accepted = 41;
	service.figures.out = 3;
	service.figures.capacity = 40;
	service.figures.ended_by[END_HANDLER_CRASHED] = 5;
	text = write_services(&service, 1);
	assert_true(has_line(text, "brood_build_info{version=\"1.2.3\"} 1"));
	assert_true(has_line(text, "brood_start_time_seconds 1700000000.042"));
	assert_true(has_line(text, "brood_supervisor_lost_lines_total 4"));
	assert_true(has_line(text, "brood_service_ready{service=\"calc\",model=\"fork\"} 1"));
	assert_true(has_line(text, "brood_service_starts_total{service=\"calc\",model=\"fork\"} 2"));
	assert_true(has_line(text, "brood_accepted_total{service=\"calc\",model=\"fork\"} 41"));
	assert_true(has_line(text, "brood_connections{service=\"calc\",model=\"fork\"} 3"));
	assert_true(has_line(text, "brood_capacity{service=\"calc\",model=\"fork\"} 40"));
	assert_true(has_line(text, "brood_ends_total{service=\"calc\",model=\"fork\",reason=\"handler-crashed\"} 5"));
	assert_true(has_line(text, "brood_ends_total{service=\"calc\",model=\"fork\",reason=\"finished\"} 0"));
	free(text);
}

static void samples_of_a_metric_stand_together_whatever_the_services(void **state)
{
	const struct metrics_service services[] = { { .name = "a", .model = "fork" },
		{ .name = "b", .model = "thread" } };
	char *text = write_services(services, COUNT(services));
	char family[128] = "", mark[160], seen[TEXT_SIZE] = "", *rest = NULL;

	(void)state;
	assert_int_equal(occurrences(text, "# TYPE "), occurrences(text, "# HELP "));
	for (char *line = strtok_r(text, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest)) {
		if (sscanf(line, "# HELP %127s", family) == 1) {
			snprintf(mark, sizeof mark, "<%s>", family);
			if (strstr(seen, mark))
				fail_msg("%s comes twice", family);
			strcat(seen, mark);
		} else if (line[0] != '#') {
			assert_int_equal(strncmp(line, family, strlen(family)), 0);
		}
	}
	free(text);
}

static void what_a_name_holds_cannot_end_its_label(void **state)
{
	const struct metrics_service service = { .name = "a\"b\\c\nd\xff", .model = "fork" };
	char *text = write_services(&service, 1);

	(void)state;
	assert_true(has_line(text, "brood_connections{service=\"a\\\"b\\\\c\\\\x0ad\\\\xff\",model=\"fork\"} 0"));
	free(text);
}

static void add_to(struct histogram_counts *counts, uint64_t us, unsigned int times)
{
	counts->bucket[histogram_index(us)] += times;
	counts->count += times;
	counts->sum_us += us * times;
}

static void buckets_of_a_histogram_are_cumulative(void **state)
{
	static const char bucket[] = "brood_duration_seconds_bucket{service=\"s\",model=\"fork\",le=\"";
	struct metrics_service service = { .name = "s", .model = "fork" };
	char *text, *at;
	unsigned long long before = 0, value;
	double bound, bound_before = 0;
	unsigned int bounds = 0;

	(void)state;
	add_to(&service.figures.duration, 127, 1); /* the last below the first bound */
	add_to(&service.figures.duration, 128, 2); /* the first above it */
	add_to(&service.figures.duration, 1000000, 4);
	add_to(&service.figures.duration, 2000000000, 8); /* beyond all bounds */
	text = write_services(&service, 1);
	for (at = strstr(text, bucket); at && sscanf(at + sizeof bucket - 1, "%lf\"} %llu", &bound, &value) == 2;
		at = strstr(at + 1, bucket)) {
		assert_true(bound > bound_before);
		assert_true(value >= before);
		bound_before = bound;
		before = value;
		bounds++;
	}
	assert_int_equal(bounds, 17);
	assert_true(has_line(text, "brood_duration_seconds_bucket{service=\"s\",model=\"fork\",le=\"0.000128\"} 1"));
	assert_true(has_line(text, "brood_duration_seconds_bucket{service=\"s\",model=\"fork\",le=\"0.000256\"} 3"));
	assert_true(has_line(text, "brood_duration_seconds_bucket{service=\"s\",model=\"fork\",le=\"0.262144\"} 3"));
	assert_true(has_line(text, "brood_duration_seconds_bucket{service=\"s\",model=\"fork\",le=\"1.048576\"} 7"));
	assert_true(
		has_line(text, "brood_duration_seconds_bucket{service=\"s\",model=\"fork\",le=\"1073.741824\"} 7"));
	assert_true(has_line(text, "brood_duration_seconds_bucket{service=\"s\",model=\"fork\",le=\"+Inf\"} 15"));
	assert_true(has_line(text, "brood_duration_seconds_count{service=\"s\",model=\"fork\"} 15"));
	assert_true(has_line(text, "brood_duration_seconds_sum{service=\"s\",model=\"fork\"} 16004.000383"));
	free(text);
}

static void generations_are_merged_by_addition(void **state)
{
	struct metrics_service service = { .name = "s", .model = "fork" };
	struct figures retired = { .accepted = 10, .out = 7, .ended_by[END_FINISHED] = 4 };
	char *text;

	(void)state;
	add_to(&retired.duration, 1, 3);
	service.figures = (struct figures){ .accepted = 5, .out = 2, .ended_by[END_FINISHED] = 1 };
	add_to(&service.figures.duration, 1, 2);
	figures_add(&service.figures, &retired);
	text = write_services(&service, 1);
	assert_true(has_line(text, "brood_accepted_total{service=\"s\",model=\"fork\"} 15"));
	assert_true(has_line(text, "brood_ends_total{service=\"s\",model=\"fork\",reason=\"finished\"} 5"));
	assert_true(has_line(text, "brood_duration_seconds_count{service=\"s\",model=\"fork\"} 5"));
	assert_true(
		has_line(text, "brood_connections{service=\"s\",model=\"fork\"} 2")); /* who is gone holds nobody */
	free(text);
}

static void only_queues_that_the_kernel_tells_have_samples(void **state)
{
	const struct metrics_listener listeners[] = {
		{ .url = "tcp://127.0.0.1:80", .queue = { .known = true, .waiting = 6, .limit = 128 } },
		{ .url = "udp://127.0.0.1:80" },
	};
	const struct metrics_service service = {
		.name = "s", .model = "fork", .listeners = listeners, .listener_count = COUNT(listeners)
	};
	char *text = write_services(&service, 1);

	(void)state;
	assert_true(has_line(
		text, "brood_queue_clients{service=\"s\",model=\"fork\",listener=\"tcp://127.0.0.1:80\"} 6"));
	assert_true(has_line(
		text, "brood_queue_limit{service=\"s\",model=\"fork\",listener=\"tcp://127.0.0.1:80\"} 128"));
	assert_null(strstr(text, "udp://"));
	free(text);
}

static void sockets_of_one_address_are_one_series(void **state)
{
	const struct metrics_listener listeners[] = {
		{ .url = "tcp://127.0.0.1:80" },
		{ .url = "tcp://127.0.0.1:80", .queue = { .known = true, .waiting = 6, .limit = 128 } },
		{ .url = "tcp://127.0.0.1:81", .queue = { .known = true, .waiting = 9, .limit = 10 } },
		{ .url = "tcp://127.0.0.1:80", .queue = { .known = true, .waiting = 4000000000, .limit = 64 } },
		{ .url = "tcp://127.0.0.1:80", .queue = { .known = true, .waiting = 4000000000, .limit = 64 } },
	};
	const struct metrics_service services[] = {
		{ .name = "s", .model = "fork", .listeners = listeners, .listener_count = COUNT(listeners) },
		{ .name = "t", .model = "fork", .listeners = listeners, .listener_count = 2 },
	};
	char *text = write_services(services, COUNT(services));

	(void)state;
	assert_true(has_line(text,
		"brood_queue_clients{service=\"s\",model=\"fork\",listener=\"tcp://127.0.0.1:80\"} 8000000006"));
	assert_true(has_line(
		text, "brood_queue_limit{service=\"s\",model=\"fork\",listener=\"tcp://127.0.0.1:80\"} 256"));
	assert_true(has_line(
		text, "brood_queue_clients{service=\"s\",model=\"fork\",listener=\"tcp://127.0.0.1:81\"} 9"));
	assert_true(has_line(
		text, "brood_queue_clients{service=\"t\",model=\"fork\",listener=\"tcp://127.0.0.1:80\"} 6"));
	assert_int_equal(occurrences(text, "brood_queue_clients{"), 3);
	assert_int_equal(occurrences(text, "brood_queue_limit{"), 3);
	free(text);
}

static void workers_are_counted_by_state(void **state)
{
	const struct figures_worker workers[] = {
		{ .standing = true, .state = "idle" },
		{ .standing = true, .state = "idle" },
		{ .standing = true, .state = "busy", .busy = true },
		{ .standing = true, .state = "leaving" },
		{ .standing = true, .state = "unknown" },
		{ .state = "handle", .busy = true },
	};
	struct metrics_service service = { .name = "s", .model = "prefork" };
	char *text;

	(void)state;
	for (size_t i = 0; i < COUNT(workers); i++)
		metrics_count_worker(&service, &workers[i]);
	text = write_services(&service, 1);
	assert_true(has_line(text, "brood_workers{service=\"s\",model=\"prefork\",state=\"starting\"} 0"));
	assert_true(has_line(text, "brood_workers{service=\"s\",model=\"prefork\",state=\"idle\"} 2"));
	assert_true(has_line(text, "brood_workers{service=\"s\",model=\"prefork\",state=\"busy\"} 2"));
	assert_true(has_line(text, "brood_workers{service=\"s\",model=\"prefork\",state=\"leaving\"} 1"));
	free(text);
}

static void too_little_room_is_told(void **state)
{
	const struct metrics_service service = { .name = "s", .model = "fork" };
	char memory[1000];
	struct buf text;

	(void)state;
	buf_init(&text, memory, sizeof memory);
	metrics_write(&text, &program, &service, 1);
	assert_true(text.truncated);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(counters_and_gauges_are_told),
		cmocka_unit_test(samples_of_a_metric_stand_together_whatever_the_services),
		cmocka_unit_test(what_a_name_holds_cannot_end_its_label),
		cmocka_unit_test(buckets_of_a_histogram_are_cumulative),
		cmocka_unit_test(generations_are_merged_by_addition),
		cmocka_unit_test(only_queues_that_the_kernel_tells_have_samples),
		cmocka_unit_test(sockets_of_one_address_are_one_series),
		cmocka_unit_test(workers_are_counted_by_state),
		cmocka_unit_test(too_little_room_is_told),
	};

	return cmocka_run_group_tests_name("metrics", tests, NULL, NULL);
}
