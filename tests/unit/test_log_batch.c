/* SPDX-License-Identifier: MIT */
/* Lines that leave several in one write: whole, in order, counted when they are lost. */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "observe/log.h"

static const char *own_path(void)
{
	static char path[64];

	snprintf(path, sizeof path, "/tmp/brood-log-batch-%d", (int)getpid());
	return path;
}

static void open_log(struct log *log, const char *path)
{
	struct sentence why = { "" };

	log_init(log);
	if (log_open(log, path, &why) < 0)
		fail_msg("%s", why.text);
}

static const char *read_path(const char *path)
{
	static char text[65536];
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n = read(fd, text, sizeof text - 1);

	assert_true(fd >= 0);
	close(fd);
	text[n < 0 ? 0 : n] = '\0';
	return text;
}

static unsigned int count_lines(const char *text)
{
	unsigned int count = 0;

	for (; *text; text++)
		count += *text == '\n';
	return count;
}

#define BATCHED 100

static void say_batched(struct log *log, struct log_batch *batch, const char *message)
{
	log_write(log, &(struct log_record){ .level = BROOD_INFO, .message = message, .batch = batch });
}

static void batched_lines_are_whole_and_few_writes(void **state)
{
	static struct log_batch batch;
	const char *path = own_path();
	struct log log;
	const char *text;

	(void)state;
	batch.pid = getpid();
	open_log(&log, path);
	for (int i = 0; i < BATCHED; i++)
		say_batched(&log, &batch, "one of many");
	text = read_path(path);
	assert_true(count_lines(text) < BATCHED); /* the last ones wait */
	assert_int_equal(text[strlen(text) - 1], '\n');
	log_batch_flush(&log, &batch);
	assert_int_equal(count_lines(read_path(path)), BATCHED);
	log_batch_flush(&log, &batch);
	assert_int_equal(count_lines(read_path(path)), BATCHED);
	log_fini(&log);
	unlink(path);
}

static void a_lost_batch_is_counted_line_by_line(void **state)
{
	static struct log_batch batch;
	const char *path = own_path();
	struct log log;

	(void)state;
	batch.pid = getpid();
	open_log(&log, "/dev/full");
	say_batched(&log, &batch, "first");
	say_batched(&log, &batch, "second");
	say_batched(&log, &batch, "third");
	assert_int_equal(log.lost_ever, 0);
	log_batch_flush(&log, &batch);
	assert_int_equal(log.lost_ever, 3);
	log.path = path;
	assert_int_equal(log_reopen(&log, &(struct sentence){ "" }), 0);
	say_batched(&log, &batch, "fourth");
	log_batch_flush(&log, &batch);
	assert_non_null(strstr(read_path(path), "3 lines lost"));
	assert_non_null(strstr(read_path(path), "fourth"));
	log_fini(&log);
	unlink(path);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(batched_lines_are_whole_and_few_writes),
		cmocka_unit_test(a_lost_batch_is_counted_line_by_line),
	};

	return cmocka_run_group_tests_name("log batch", tests, NULL, NULL);
}
