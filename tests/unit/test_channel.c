/* SPDX-License-Identifier: MIT */
/* Messages between supervisor and service process: what is no message is refused, and leaves no descriptor behind. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "supervise/channel.h"

#define FDS_MOST 100

struct pair {
	int supervisor, service;
	int open_before;
};

static int count_open(void)
{
	DIR *directory = opendir("/proc/self/fd");
	int count = 0;

	assert_non_null(directory);
	while (readdir(directory))
		count++;
	closedir(directory);
	return count;
}

static int set_up(void **state)
{
	static struct pair pair;

	assert_int_equal(channel_open(&pair.supervisor, &pair.service), 0);
	pair.open_before = count_open();
	*state = &pair;
	return 0;
}

static int tear_down(void **state)
{
	struct pair *pair = *state;

	close(pair->supervisor);
	close(pair->service);
	return 0;
}

static struct channel_message message_of(enum channel_type type, int value)
{
	return (struct channel_message){
		.version = CHANNEL_VERSION,
		.size = sizeof(struct channel_message),
		.type = type,
		.value = value,
	};
}

/* What channel.c would never send: any bytes, any number of descriptors. */
static void send_raw(int fd, const void *bytes, size_t size, size_t fd_count)
{
	struct iovec data = { .iov_base = (void *)(uintptr_t)bytes, .iov_len = size };
	union {
		struct cmsghdr align;
		char bytes[CMSG_SPACE(FDS_MOST * sizeof(int))];
	} control = { 0 };
	struct msghdr header = { .msg_iov = &data, .msg_iovlen = 1 };

	if (fd_count > 0) {
		struct cmsghdr *rights;

		header.msg_control = control.bytes;
		header.msg_controllen = CMSG_SPACE(fd_count * sizeof(int));
		rights = CMSG_FIRSTHDR(&header);
		rights->cmsg_level = SOL_SOCKET;
		rights->cmsg_type = SCM_RIGHTS;
		rights->cmsg_len = CMSG_LEN(fd_count * sizeof(int));
		for (size_t i = 0; i < fd_count; i++) {
			int zero = 0;

			memcpy(CMSG_DATA(rights) + i * sizeof zero, &zero, sizeof zero);
		}
	}
	assert_int_equal(sendmsg(fd, &header, 0), (ssize_t)size);
}

static void assert_refused(struct pair *pair)
{
	struct channel_message received = message_of(CHANNEL_READY, 4711);

	assert_int_equal(channel_receive(pair->supervisor, &received), -EBADMSG);
	assert_int_equal(received.value, 4711);
	assert_int_equal(count_open(), pair->open_before);
}

static void a_message_arrives_whole(void **state)
{
	struct pair *pair = *state;
	struct channel_message received;

	assert_int_equal(channel_send(pair->service, CHANNEL_FAILED, 66, "no such file"), 0);
	assert_int_equal(channel_receive(pair->supervisor, &received), 0);
	assert_int_equal(received.type, CHANNEL_FAILED);
	assert_int_equal(received.value, 66);
	assert_string_equal(received.text, "no such file");
	assert_int_equal(channel_receive(pair->supervisor, &received), -EAGAIN);
}

static void a_text_that_is_too_long_is_cut(void **state)
{
	struct pair *pair = *state;
	struct channel_message received;
	char text[2 * SENTENCE_SIZE];

	memset(text, 'x', sizeof text - 1);
	text[sizeof text - 1] = '\0';
	assert_int_equal(channel_send(pair->service, CHANNEL_FAILED, 0, text), 0);
	assert_int_equal(channel_receive(pair->supervisor, &received), 0);
	assert_int_equal(strlen(received.text), SENTENCE_SIZE - 1);
}

static void a_text_without_end_is_ended(void **state)
{
	struct pair *pair = *state;
	struct channel_message sent = message_of(CHANNEL_FAILED, 0), received;

	memset(sent.text, 'x', sizeof sent.text);
	send_raw(pair->service, &sent, sizeof sent, 0);
	assert_int_equal(channel_receive(pair->supervisor, &received), 0);
	assert_int_equal(strlen(received.text), SENTENCE_SIZE - 1);
}

static void listeners_arrive_close_on_exec(void **state)
{
	struct pair *pair = *state;
	int sent[2], received[CHANNEL_FDS_MAX];
	size_t count;
	struct stat a, b;

	assert_int_equal(pipe(sent), 0);
	assert_int_equal(channel_send_listeners(pair->supervisor, sent, 2), 0);
	assert_int_equal(channel_receive_listeners(pair->service, received, &count), 0);
	assert_int_equal(count, 2);
	for (size_t i = 0; i < 2; i++) {
		assert_int_equal(fstat(sent[i], &a), 0);
		assert_int_equal(fstat(received[i], &b), 0);
		assert_true(a.st_ino == b.st_ino);
		assert_true(fcntl(received[i], F_GETFD) & FD_CLOEXEC);
		close(sent[i]);
		close(received[i]);
	}
}

static void as_many_listeners_as_fit_arrive_and_more_are_not_sent(void **state)
{
	struct pair *pair = *state;
	int sent[CHANNEL_FDS_MAX + 1] = { 0 }, received[CHANNEL_FDS_MAX];
	size_t count;

	assert_int_equal(channel_send_listeners(pair->supervisor, sent, CHANNEL_FDS_MAX + 1), -EMSGSIZE);
	assert_int_equal(channel_send_listeners(pair->supervisor, sent, CHANNEL_FDS_MAX), 0);
	assert_int_equal(channel_receive_listeners(pair->service, received, &count), 0);
	assert_int_equal(count, CHANNEL_FDS_MAX);
	for (size_t i = 0; i < count; i++)
		close(received[i]);
}

static void another_message_is_no_listeners(void **state)
{
	struct pair *pair = *state;
	int received[CHANNEL_FDS_MAX];
	size_t count;

	assert_int_equal(channel_send(pair->supervisor, CHANNEL_DRAIN, 0, NULL), 0);
	assert_int_equal(channel_receive_listeners(pair->service, received, &count), -EBADMSG);
}

static void a_short_message_is_refused(void **state)
{
	struct pair *pair = *state;
	struct channel_message sent = message_of(CHANNEL_READY, 0);

	for (size_t size = 1; size < sizeof sent; size += 100) {
		send_raw(pair->service, &sent, size, 1);
		assert_refused(pair);
	}
}

static void a_long_message_is_refused(void **state)
{
	struct pair *pair = *state;
	struct channel_message sent[2] = { message_of(CHANNEL_READY, 0), message_of(CHANNEL_READY, 0) };

	send_raw(pair->service, sent, sizeof *sent + 1, 0);
	assert_refused(pair);
}

static void another_version_size_or_type_is_refused(void **state)
{
	struct pair *pair = *state;
	struct channel_message sent = message_of(CHANNEL_READY, 0);

	sent.version++;
	send_raw(pair->service, &sent, sizeof sent, 0);
	assert_refused(pair);
	sent = message_of(CHANNEL_READY, 0);
	sent.size--;
	send_raw(pair->service, &sent, sizeof sent, 0);
	assert_refused(pair);
	sent = message_of(0, 0);
	send_raw(pair->service, &sent, sizeof sent, 0);
	assert_refused(pair);
	sent = message_of(CHANNEL_TYPES, 0);
	send_raw(pair->service, &sent, sizeof sent, 0);
	assert_refused(pair);
}

static void descriptors_that_were_not_announced_are_refused_and_closed(void **state)
{
	static const size_t counts[] = { 1, CHANNEL_FDS_MAX, CHANNEL_FDS_MAX + 1, FDS_MOST };
	struct pair *pair = *state;
	struct channel_message ready = message_of(CHANNEL_READY, 0);
	struct channel_message fewer = message_of(CHANNEL_LISTENERS, CHANNEL_FDS_MAX - 1);
	struct channel_message negative = message_of(CHANNEL_LISTENERS, -1);

	for (size_t i = 0; i < sizeof counts / sizeof *counts; i++) {
		send_raw(pair->service, &ready, sizeof ready, counts[i]);
		assert_refused(pair);
		send_raw(pair->service, &fewer, sizeof fewer, counts[i]);
		assert_refused(pair);
		send_raw(pair->service, &negative, sizeof negative, counts[i]);
		assert_refused(pair);
	}
}

static void listeners_sent_to_the_supervisor_are_refused_and_closed(void **state)
{
	struct pair *pair = *state;
	int sent[3] = { 0, 1, 2 };

	assert_int_equal(channel_send_listeners(pair->service, sent, 3), 0);
	assert_refused(pair);
}

static void a_log_reaches_a_service_process_and_nobody_else(void **state)
{
	struct pair *pair = *state;
	struct channel_message received;
	struct stat sent, arrived;
	int log_fd = -2;

	assert_int_equal(channel_send_log(pair->supervisor, STDIN_FILENO), 0);
	assert_int_equal(channel_receive_order(pair->service, &received, &log_fd), 0);
	assert_int_equal(received.type, CHANNEL_REOPEN);
	assert_true(fstat(STDIN_FILENO, &sent) == 0 && fstat(log_fd, &arrived) == 0);
	assert_true(sent.st_dev == arrived.st_dev && sent.st_ino == arrived.st_ino);
	assert_int_equal(fcntl(log_fd, F_GETFD), FD_CLOEXEC);
	close(log_fd);
	assert_int_equal(channel_send(pair->supervisor, CHANNEL_DRAIN, 0, NULL), 0);
	assert_int_equal(channel_receive_order(pair->service, &received, &log_fd), 0);
	assert_int_equal(received.type, CHANNEL_DRAIN);
	assert_int_equal(log_fd, -1);

	assert_int_equal(channel_send_log(pair->service, STDIN_FILENO), 0);
	assert_int_equal(channel_receive(pair->supervisor, &received), -EBADMSG);
	assert_int_equal(channel_send_listeners(pair->supervisor, (int[]){ 0, 1 }, 2), 0);
	assert_int_equal(channel_receive_order(pair->service, &received, &log_fd), -EBADMSG);
	assert_int_equal(count_open(), pair->open_before);
}

static void a_closed_channel_says_so(void **state)
{
	struct pair *pair = *state;
	struct channel_message received;

	channel_send(pair->service, CHANNEL_READY, 0, NULL);
	close(pair->service);
	pair->service = -1;
	assert_int_equal(channel_receive(pair->supervisor, &received), 0);
	assert_int_equal(channel_receive(pair->supervisor, &received), -EPIPE);
	assert_int_equal(channel_send(pair->supervisor, CHANNEL_DRAIN, 0, NULL), -EPIPE);
}

static void a_reader_who_sleeps_does_not_block_the_sender(void **state)
{
	struct pair *pair = *state;
	int r = 0;

	for (int i = 0; i < 100000 && r == 0; i++)
		r = channel_send(pair->supervisor, CHANNEL_REOPEN, 0, NULL);
	assert_int_equal(r, -EAGAIN);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_message_arrives_whole),
		TEST(a_text_that_is_too_long_is_cut),
		TEST(a_text_without_end_is_ended),
		TEST(listeners_arrive_close_on_exec),
		TEST(as_many_listeners_as_fit_arrive_and_more_are_not_sent),
		TEST(another_message_is_no_listeners),
		TEST(a_short_message_is_refused),
		TEST(a_long_message_is_refused),
		TEST(another_version_size_or_type_is_refused),
		TEST(descriptors_that_were_not_announced_are_refused_and_closed),
		TEST(listeners_sent_to_the_supervisor_are_refused_and_closed),
		TEST(a_log_reaches_a_service_process_and_nobody_else),
		TEST(a_closed_channel_says_so),
		TEST(a_reader_who_sleeps_does_not_block_the_sender),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
