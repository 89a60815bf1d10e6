/* SPDX-License-Identifier: MIT */
/* What an image leaves to the next: told and understood word for word, or not at all. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "supervise/upgrade/baton.h"

/* A reader of what was written so far. Its descriptor is closed by baton_open. */
static void read_back(struct baton_writer *writer, struct baton_reader *ret_reader)
{
	struct sentence why;
	int fd;

	assert_int_equal(baton_end(writer), 0);
	fd = fcntl(writer->fd, F_DUPFD_CLOEXEC, 0);
	assert_int_equal(baton_open(fd, ret_reader, &why), 0);
}

static void what_is_written_is_read(void **state)
{
	static const char *const texts[] = { "plain", "", " a b ", "line\nline\t\\", "\x01\xff\xc3\xa4", "\\",
		"\\x41" };
	struct baton_writer writer;
	struct baton_reader reader;

	(void)state;
	assert_int_equal(baton_begin(&writer), 0);
	for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
		baton_record(&writer, "row");
		baton_text(&writer, texts[i]);
		baton_number(&writer, (int64_t)i - 3);
	}
	baton_record(&writer, "limits");
	baton_number(&writer, INT64_MIN);
	baton_number(&writer, INT64_MAX);
	baton_text(&writer, NULL);
	read_back(&writer, &reader);
	for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
		assert_string_equal(baton_next(&reader), "row");
		assert_string_equal(baton_take_text(&reader), texts[i]);
		assert_int_equal(baton_take_number(&reader, -3, 10), (int64_t)i - 3);
	}
	assert_string_equal(baton_next(&reader), "limits");
	assert_true(baton_take_number(&reader, INT64_MIN, 0) == INT64_MIN);
	assert_true(baton_take_number(&reader, 0, INT64_MAX) == INT64_MAX);
	assert_string_equal(baton_take_text(&reader), "");
	assert_null(baton_next(&reader));
	assert_false(reader.failed);
	baton_close(&reader);
	baton_discard(&writer);
}

static void what_is_not_there_is_no_word(void **state)
{
	struct baton_writer writer;
	struct baton_reader reader;

	(void)state;
	assert_int_equal(baton_begin(&writer), 0);
	baton_record(&writer, "short");
	read_back(&writer, &reader);
	assert_string_equal(baton_next(&reader), "short");
	assert_string_equal(baton_take_text(&reader), "");
	assert_true(reader.failed);
	baton_close(&reader);
	baton_discard(&writer);
}

static void numbers_keep_to_their_range_and_their_digits(void **state)
{
	static const char *const wrong[] = { "7x", "x", "--1", "99999999999999999999", "", " 1", "0x10", "1.5" };

	(void)state;
	for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
		struct baton_writer writer;
		struct baton_reader reader;

		assert_int_equal(baton_begin(&writer), 0);
		baton_record(&writer, "row");
		baton_text(&writer, wrong[i]);
		read_back(&writer, &reader);
		baton_next(&reader);
		baton_take_number(&reader, 0, 100);
		assert_true(reader.failed);
		baton_close(&reader);
		baton_discard(&writer);
	}
}

static void a_number_out_of_range_is_none(void **state)
{
	struct baton_writer writer;
	struct baton_reader reader;

	(void)state;
	assert_int_equal(baton_begin(&writer), 0);
	baton_record(&writer, "row");
	baton_number(&writer, 101);
	read_back(&writer, &reader);
	baton_next(&reader);
	assert_int_equal(baton_take_number(&reader, 5, 100), 5);
	assert_true(reader.failed);
	baton_close(&reader);
	baton_discard(&writer);
}

/* One descriptor, told and taken as this kind. */
static bool is_taken(int fd, enum baton_kind kind)
{
	struct baton_writer writer;
	struct baton_reader reader;
	bool taken;

	assert_int_equal(baton_begin(&writer), 0);
	baton_record(&writer, "row");
	baton_fd(&writer, fd);
	baton_hold(&writer, true);
	read_back(&writer, &reader);
	baton_next(&reader);
	taken = baton_take_fd(&reader, kind) == fd && !reader.failed;
	baton_close(&reader);
	baton_discard(&writer);
	return taken;
}

static void a_descriptor_is_of_the_kind_that_was_asked_for(void **state)
{
	int pipes[2], socket_fd = socket(AF_UNIX, SOCK_STREAM, 0), memory = memfd_create("test", MFD_ALLOW_SEALING);
	int directory = open("/", O_RDONLY);

	(void)state;
	assert_int_equal(pipe(pipes), 0);
	assert_true(is_taken(socket_fd, BATON_SOCKET));
	assert_true(is_taken(pipes[0], BATON_PIPE));
	assert_true(is_taken(memory, BATON_MEMORY));
	assert_true(is_taken(directory, BATON_ANY));
	assert_true(is_taken(-1, BATON_SOCKET));
	assert_false(is_taken(socket_fd, BATON_PIPE));
	assert_false(is_taken(pipes[0], BATON_SOCKET));
	assert_false(is_taken(directory, BATON_MEMORY));
	assert_false(is_taken(socket_fd, BATON_PIDFD));
	assert_false(is_taken(socket_fd, BATON_FILE));
	assert_false(is_taken(1000, BATON_ANY));
	assert_false(is_taken(STDERR_FILENO, BATON_ANY));
	close(socket_fd);
	close(memory);
	close(directory);
	close(pipes[0]);
	close(pipes[1]);
}

static void a_descriptor_is_taken_once(void **state)
{
	struct baton_writer writer;
	struct baton_reader reader;
	int fd = open("/", O_RDONLY);

	(void)state;
	assert_int_equal(baton_begin(&writer), 0);
	baton_record(&writer, "row");
	baton_fd(&writer, fd);
	baton_fd(&writer, fd);
	baton_hold(&writer, true);
	read_back(&writer, &reader);
	baton_next(&reader);
	assert_int_equal(baton_take_fd(&reader, BATON_ANY), fd);
	assert_int_equal(fcntl(fd, F_GETFD), FD_CLOEXEC);
	assert_int_equal(baton_take_fd(&reader, BATON_ANY), -1);
	assert_true(reader.failed);
	baton_close(&reader);
	baton_discard(&writer);
	close(fd);
}

static void an_exec_that_fails_leaves_every_descriptor_close_on_exec(void **state)
{
	struct baton_writer writer;
	int fd = open("/", O_RDONLY | O_CLOEXEC);

	(void)state;
	assert_int_equal(baton_begin(&writer), 0);
	baton_record(&writer, "row");
	baton_fd(&writer, fd);
	assert_int_equal(baton_end(&writer), 0);
	baton_hold(&writer, true);
	assert_int_equal(fcntl(fd, F_GETFD), 0);
	assert_int_equal(fcntl(writer.fd, F_GETFD), 0);
	baton_hold(&writer, false);
	assert_int_equal(fcntl(fd, F_GETFD), FD_CLOEXEC);
	assert_int_equal(fcntl(writer.fd, F_GETFD), FD_CLOEXEC);
	baton_discard(&writer);
	close(fd);
}

static void what_was_taken_can_be_passed_on(void **state)
{
	struct baton_writer writer, next;
	struct baton_reader reader;
	int fd = open("/", O_RDONLY), other = open("/", O_RDONLY | O_CLOEXEC);

	(void)state;
	assert_int_equal(baton_begin(&writer), 0);
	baton_record(&writer, "row");
	baton_fd(&writer, fd);
	baton_hold(&writer, true);
	read_back(&writer, &reader);
	baton_next(&reader);
	assert_int_equal(baton_take_fd(&reader, BATON_ANY), fd);
	assert_int_equal(baton_begin(&next), 0);
	baton_pass_on(&next, &reader);
	assert_true(baton_keeps(&next, fd));
	assert_false(baton_keeps(&next, other));
	baton_hold(&next, true);
	assert_int_equal(fcntl(fd, F_GETFD), 0);
	assert_int_equal(fcntl(other, F_GETFD), FD_CLOEXEC);
	baton_discard(&next);
	baton_close(&reader);
	baton_discard(&writer);
	close(fd);
	close(other);
}

static int memory_of(const char *text, bool sealed)
{
	int fd = memfd_create("test", MFD_CLOEXEC | MFD_ALLOW_SEALING);

	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	if (sealed)
		assert_int_equal(fcntl(fd, F_ADD_SEALS, F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE), 0);
	return fd;
}

static void nothing_but_a_sealed_baton_of_this_version_is_one(void **state)
{
	static const struct {
		const char *text;
		bool sealed;
	} wrong[] = {
		{ "brood-baton 2\n", false },
		{ "brood-baton 1\n", true },
		{ "brood-baton\n", true },
		{ "something 2\n", true },
		{ "\n", true },
		{ "", true },
		{ "brood-baton 2x", true },
	};
	struct baton_reader reader;
	struct sentence why;

	(void)state;
	for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
		why.text[0] = '\0';
		assert_true(baton_open(memory_of(wrong[i].text, wrong[i].sealed), &reader, &why) < 0);
		assert_true(why.text[0]);
	}
	assert_true(baton_open(open("/", O_RDONLY), &reader, &why) < 0);
	assert_true(baton_open(1000, &reader, &why) < 0);
	assert_int_equal(baton_open(memory_of("brood-baton 2\n", true), &reader, &why), 0);
	baton_close(&reader);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_written_is_read),
		cmocka_unit_test(what_is_not_there_is_no_word),
		cmocka_unit_test(numbers_keep_to_their_range_and_their_digits),
		cmocka_unit_test(a_number_out_of_range_is_none),
		cmocka_unit_test(a_descriptor_is_of_the_kind_that_was_asked_for),
		cmocka_unit_test(a_descriptor_is_taken_once),
		cmocka_unit_test(an_exec_that_fails_leaves_every_descriptor_close_on_exec),
		cmocka_unit_test(what_was_taken_can_be_passed_on),
		cmocka_unit_test(nothing_but_a_sealed_baton_of_this_version_is_one),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
