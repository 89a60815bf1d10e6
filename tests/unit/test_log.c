/* SPDX-License-Identifier: MIT */
/* Where lines go: targets that are slow, full, torn, gone or swapped. */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/clock.h"
#include "observe/log.h"

static char directory[] = "/tmp/brood-log-XXXXXX";

static const char *in_directory(const char *name)
{
	static char text[8][100];
	static unsigned int turn;
	char *place = text[turn++ % 8];

	snprintf(place, sizeof text[0], "%s/%s", directory, name);
	return place;
}

static void open_log(struct log *log, const char *path)
{
	struct sentence why = { "" };

	log_init(log);
	if (log_open(log, path, &why) < 0)
		fail_msg("%s", why.text);
}

static void say(struct log *log, const char *message)
{
	log_write(log, &(struct log_record){ .level = BROOD_INFO, .message = message });
}

static const char *read_all(int fd)
{
	static char text[65536];
	ssize_t n = read(fd, text, sizeof text - 1);

	text[n < 0 ? 0 : n] = '\0';
	return text;
}

static const char *read_path(const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	const char *text;

	assert_true(fd >= 0);
	text = read_all(fd);
	close(fd);
	return text;
}

static unsigned int count_lines(const char *text)
{
	unsigned int count = 0;

	for (; *text; text++)
		count += *text == '\n';
	return count;
}

/* The descriptor becomes stderr for log_open; returns the old one for put_back. */
static int as_stderr(int fd)
{
	int saved = dup(STDERR_FILENO);

	dup2(fd, STDERR_FILENO);
	return saved;
}

static void put_back(int saved)
{
	dup2(saved, STDERR_FILENO);
	close(saved);
}

static void a_file_is_appended_to_close_on_exec_mode_0640(void **state)
{
	const char *path = in_directory("log");
	mode_t before = umask(0);
	struct stat status;
	struct log log;

	(void)state;
	open_log(&log, path);
	say(&log, "one");
	log_fini(&log);
	open_log(&log, path);
	say(&log, "two");
	assert_int_equal(fcntl(log.fd, F_GETFD), FD_CLOEXEC);
	assert_int_equal(count_lines(read_path(path)), 2);
	assert_int_equal(stat(path, &status), 0);
	assert_int_equal(status.st_mode & 0777, 0640);
	log_fini(&log);
	unlink(path);
	umask(before);
}

static void a_link_is_not_followed_and_a_directory_is_no_log(void **state)
{
	const char *path = in_directory("log");
	struct sentence why;
	struct log log;

	(void)state;
	log_init(&log);
	assert_int_equal(symlink("/dev/null", path), 0);
	assert_int_equal(log_open(&log, path, &why), -ELOOP);
	assert_non_null(strstr(why.text, "symbolic link"));
	assert_int_equal(log_open(&log, directory, &why), -EISDIR);
	assert_int_equal(log.fd, -1);
	unlink(path);
}

static void records_above_the_level_are_not_written(void **state)
{
	const char *path = in_directory("log");
	struct log log;

	(void)state;
	open_log(&log, path);
	log_write(&log, &(struct log_record){ .level = BROOD_DEBUG, .message = "no" });
	assert_string_equal(read_path(path), "");
	log_fini(&log);
	unlink(path);
}

static void rotation_moves_lines_to_the_new_file_and_keeps_the_number(void **state)
{
	const char *path = in_directory("log"), *old = in_directory("log.1");
	struct sentence why;
	struct log log;
	int fd;

	(void)state;
	open_log(&log, path);
	fd = log.fd;
	assert_int_equal(rename(path, old), 0);
	say(&log, "to the old one");
	assert_int_equal(log_reopen(&log, &why), 0);
	say(&log, "to the new one");
	assert_int_equal(log.fd, fd);
	assert_int_equal(fcntl(fd, F_GETFD), FD_CLOEXEC);
	assert_non_null(strstr(read_path(old), "to the old one"));
	assert_non_null(strstr(read_path(path), "to the new one"));
	unlink(path);
	assert_int_equal(symlink("/dev/null", path), 0);
	assert_int_equal(log_reopen(&log, &why), -ELOOP);
	say(&log, "still somewhere");
	assert_int_equal(log.lost, 0);
	log_fini(&log);
	unlink(path);
	unlink(old);
}

static void a_full_device_loses_lines_and_counts_them(void **state)
{
	struct log log;

	(void)state;
	open_log(&log, "/dev/full");
	for (int i = 0; i < 5; i++)
		say(&log, "x");
	assert_int_equal(log.lost, 5);
	log_fini(&log);
}

/* RLIMIT_FSIZE stands for a full disk: the last write is a short one. */
static void a_torn_line_does_not_glue_to_the_next(void **state)
{
	const char *path = in_directory("log");
	struct rlimit before, small;
	struct log log;

	(void)state;
	signal(SIGXFSZ, SIG_IGN);
	getrlimit(RLIMIT_FSIZE, &before);
	small = before;
	small.rlim_cur = 60;
	open_log(&log, path);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
	say(&log, "first, whole"); /* 55 bytes or so: of the second a part fits */
	say(&log, "second, torn");
	say(&log, "third, lost");
	assert_int_equal(log.lost, 2);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
	say(&log, "fourth");
	assert_int_equal(log.lost, 0);
	assert_int_equal(count_lines(read_path(path)), 4);
	assert_non_null(strstr(read_path(path), "] 2 lines lost\n"));
	assert_non_null(strstr(read_path(path), "] fourth\n"));
	log_fini(&log);
	unlink(path);
}

static void a_full_pipe_loses_lines_says_so_and_stays_blocking_for_others(void **state)
{
	struct log log;
	int ends[2], saved, written = 0;
	const char *text;

	(void)state;
	assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
	saved = as_stderr(ends[1]);
	open_log(&log, NULL);
	put_back(saved);
	assert_int_equal(fcntl(ends[1], F_GETFL) & O_NONBLOCK, 0);
	assert_int_equal(log.target, LOG_TARGET_PIPE);
	while (log.lost == 0 && written++ < 100000)
		say(&log, "filling");
	say(&log, "lost too");
	assert_int_equal(log.lost, 2);
	fcntl(ends[0], F_SETFL, O_NONBLOCK);
	while (count_lines(read_all(ends[0])) > 0)
		continue;
	say(&log, "works again");
	assert_int_equal(log.lost, 0);
	text = read_all(ends[0]);
	assert_non_null(strstr(text, "[WARN]"));
	assert_non_null(strstr(text, "2 lines lost\n"));
	assert_non_null(strstr(text, "works again\n"));
	log_fini(&log);
	close(ends[0]);
	close(ends[1]);
}

static void a_pipe_without_reader_raises_no_signal_and_leaves_none_pending(void **state)
{
	struct log log;
	sigset_t pending, mask;
	int ends[2], saved;

	(void)state;
	signal(SIGPIPE, SIG_DFL);
	assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
	saved = as_stderr(ends[1]);
	open_log(&log, NULL);
	put_back(saved);
	close(ends[0]);
	say(&log, "x");
	assert_int_equal(log.lost, 1);
	sigpending(&pending);
	assert_int_equal(sigismember(&pending, SIGPIPE), 0);
	pthread_sigmask(SIG_BLOCK, NULL, &mask);
	assert_int_equal(sigismember(&mask, SIGPIPE), 0);
	log_fini(&log);
	close(ends[1]);
}

static void a_pending_sigpipe_of_somebody_elses_stays(void **state)
{
	struct log log;
	sigset_t broken_pipe, before, pending;
	int ends[2], saved;

	(void)state;
	sigemptyset(&broken_pipe);
	sigaddset(&broken_pipe, SIGPIPE);
	pthread_sigmask(SIG_BLOCK, &broken_pipe, &before);
	pthread_kill(pthread_self(), SIGPIPE);
	assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
	saved = as_stderr(ends[1]);
	open_log(&log, NULL);
	put_back(saved);
	close(ends[0]);
	say(&log, "x");
	sigpending(&pending);
	assert_int_equal(sigismember(&pending, SIGPIPE), 1);
	sigtimedwait(&broken_pipe, NULL, &(struct timespec){ 0 });
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	log_fini(&log);
	close(ends[1]);
}

static void a_socket_is_written_without_waiting_or_signal(void **state)
{
	struct log log;
	int ends[2], saved, written = 0;

	(void)state;
	signal(SIGPIPE, SIG_DFL);
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
	saved = as_stderr(ends[1]);
	open_log(&log, NULL);
	put_back(saved);
	say(&log, "hello");
	assert_non_null(strstr(read_all(ends[0]), "hello\n"));
	while (log.lost == 0 && written++ < 100000)
		say(&log, "filling");
	assert_int_equal(log.lost, 1);
	assert_int_equal(fcntl(ends[1], F_GETFL) & O_NONBLOCK, 0);
	close(ends[0]);
	say(&log, "nobody");
	assert_int_equal(log.lost, 2);
	log_fini(&log);
	close(ends[1]);
}

static void a_fifo_gets_lines_once_it_has_a_reader_tried_once_a_second(void **state)
{
	const char *path = in_directory("fifo");
	struct log log;
	int reader;

	(void)state;
	assert_int_equal(mkfifo(path, 0600), 0);
	open_log(&log, path);
	say(&log, "lost");
	assert_int_equal(log.lost, 1);
	reader = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	say(&log, "lost, the second is not over");
	assert_int_equal(log.lost, 2);
	log.retry_ns = 0; /* a second later */
	say(&log, "heard");
	assert_int_equal(log.lost, 0);
	assert_non_null(strstr(read_all(reader), "2 lines lost\n"));
	close(reader);
	say(&log, "reader gone");
	assert_int_equal(log.lost, 1);
	reader = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	say(&log, "back");
	assert_non_null(strstr(read_all(reader), "1 line lost\n"));
	close(reader);
	log_fini(&log);
	unlink(path);
}

static void a_closed_stderr_is_no_error(void **state)
{
	int saved = dup(STDERR_FILENO);
	struct sentence why;
	struct log log;

	(void)state;
	log_init(&log);
	close(STDERR_FILENO);
	assert_int_equal(log_open(&log, NULL, &why), 0);
	put_back(saved);
	say(&log, "to nobody");
	assert_int_equal(log.fd, -1);
	log_fini(&log);
}

static void a_forked_child_does_not_report_what_its_parent_lost(void **state)
{
	const char *path = in_directory("log");
	struct log log;
	int status;
	pid_t pid;

	(void)state;
	open_log(&log, path);
	log.lost = 7;
	log.lost_by = getpid();
	pid = fork();
	if (pid == 0) {
		say(&log, "child");
		_exit(0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_null(strstr(read_path(path), "lost"));
	say(&log, "parent");
	assert_non_null(strstr(read_path(path), "7 lines lost\n"));
	log_fini(&log);
	unlink(path);
}

struct heard {
	int lines;
	enum brood_level level;
	char line[LOG_LINE_MAX];
};

static void hear(void *arg, enum brood_level level, const char *line, size_t size)
{
	struct heard *heard = arg;

	heard->lines++;
	heard->level = level;
	memcpy(heard->line, line, size);
	heard->line[size] = '\0';
}

static void a_function_gets_whole_lines_with_their_level(void **state)
{
	struct heard heard = { .lines = 0 };
	struct log log;

	(void)state;
	log_init(&log);
	log.fn = hear;
	log.fn_arg = &heard;
	say(&log, "hello");
	assert_int_equal(heard.lines, 1);
	assert_int_equal(heard.level, BROOD_INFO);
	assert_non_null(strstr(heard.line, "[INFO]"));
	assert_non_null(strstr(heard.line, "hello\n"));
	log_fini(&log);
}

static void *say_often(void *arg)
{
	for (int i = 0; i < 1000; i++)
		say(arg, "from one of many");
	return NULL;
}

static void lines_of_many_threads_stay_whole(void **state)
{
	const char *path = in_directory("log");
	pthread_t threads[4];
	char line[256];
	struct log log;
	int count = 0;
	FILE *file;

	(void)state;
	open_log(&log, path);
	for (int i = 0; i < 4; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, say_often, &log), 0);
	for (int i = 0; i < 4; i++)
		pthread_join(threads[i], NULL);
	file = fopen(path, "r");
	for (; fgets(line, sizeof line, file); count++)
		assert_non_null(strstr(line, "] from one of many\n"));
	assert_int_equal(count, 4000);
	fclose(file);
	log_fini(&log);
	unlink(path);
}

static int make_directory(void **state)
{
	(void)state;
	setenv("TZ", "UTC0", 1);
	return mkdtemp(directory) ? 0 : -1;
}

static int remove_directory(void **state)
{
	(void)state;
	return rmdir(directory); /* fails if a test left anything behind */
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_file_is_appended_to_close_on_exec_mode_0640),
		cmocka_unit_test(a_link_is_not_followed_and_a_directory_is_no_log),
		cmocka_unit_test(records_above_the_level_are_not_written),
		cmocka_unit_test(rotation_moves_lines_to_the_new_file_and_keeps_the_number),
		cmocka_unit_test(a_full_device_loses_lines_and_counts_them),
		cmocka_unit_test(a_torn_line_does_not_glue_to_the_next),
		cmocka_unit_test(a_full_pipe_loses_lines_says_so_and_stays_blocking_for_others),
		cmocka_unit_test(a_pipe_without_reader_raises_no_signal_and_leaves_none_pending),
		cmocka_unit_test(a_pending_sigpipe_of_somebody_elses_stays),
		cmocka_unit_test(a_socket_is_written_without_waiting_or_signal),
		cmocka_unit_test(a_fifo_gets_lines_once_it_has_a_reader_tried_once_a_second),
		cmocka_unit_test(a_closed_stderr_is_no_error),
		cmocka_unit_test(a_forked_child_does_not_report_what_its_parent_lost),
		cmocka_unit_test(a_function_gets_whole_lines_with_their_level),
		cmocka_unit_test(lines_of_many_threads_stay_whole),
	};

	return cmocka_run_group_tests_name("log", tests, make_directory, remove_directory);
}
