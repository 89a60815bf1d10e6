/* SPDX-License-Identifier: MIT */
/*
 * An engine inside a program, by the public face alone: a thousand clients, one after another, from the same thread
 * that runs the engine. Run under valgrind and AddressSanitizer too, where it is the proof that nothing leaks.
 */
#include <arpa/inet.h>
#include <brood/brood.h>
#include <dirent.h>
#include <errno.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#define CLIENTS 1000

static int echo(struct brood_conn *conn, void *app)
{
	char buf[64];
	ssize_t n;
	int r;

	(void)app;
	if (!brood_conn_state(conn))
		return -ENOMEM;
	while ((n = brood_read(conn, buf, sizeof buf)) > 0)
		if ((r = brood_write(conn, buf, (size_t)n)) < 0)
			return r;
	return (int)n;
}

static int connect_to(const char *url)
{
	struct sockaddr_in address = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	address.sin_port = htons((uint16_t)atoi(strrchr(url, ':') + 1));
	assert_true(fd >= 0);
	assert_return_code(connect(fd, (struct sockaddr *)&address, sizeof address), errno);
	return fd;
}

/* The client says all it has to say before the engine runs: iterative needs no second thread to be served. */
static void be_served(struct brood *engine)
{
	int fd = connect_to(brood_listening(engine, 0));
	char answer[8] = "";
	ssize_t n = -1;

	assert_int_equal(write(fd, "client\n", 7), 7);
	assert_return_code(shutdown(fd, SHUT_WR), errno);
	for (int turns = 0; n < 0 && turns < 1000; turns++) {
		assert_true(brood_run_once(engine, 10) == 1);
		n = recv(fd, answer, sizeof answer, MSG_DONTWAIT);
	}
	assert_int_equal(n, 7);
	assert_string_equal(answer, "client\n");
	close(fd);
}

static int open_descriptors(void)
{
	DIR *dir = opendir("/proc/self/fd");
	int count = 0;

	assert_non_null(dir);
	while (readdir(dir))
		count++;
	closedir(dir);
	return count;
}

static void serve_a_thousand(enum brood_model model)
{
	int before = open_descriptors();
	struct brood *engine = brood_new();
	int r;

	assert_non_null(engine);
	r = brood_add(engine, &(struct brood_service){ .name = "echo",
				      .listen = "tcp://127.0.0.1:0",
				      .model = model,
				      .threads = 4,
				      .state_size = 32,
				      .handler = { .handle = echo } });
	assert_int_equal(r, 0);
	assert_int_equal(brood_start(engine), 0);
	for (int client = 0; client < CLIENTS; client++)
		be_served(engine);

	brood_stop(engine);
	assert_int_equal(brood_run(engine), 0);
	brood_free(engine);
	assert_int_equal(open_descriptors(), before);
}

static void a_thousand_clients_under_iterative_leave_nothing_behind(void **state)
{
	(void)state;
	serve_a_thousand(BROOD_ITERATIVE);
}

static void a_thousand_clients_under_thread_leave_nothing_behind(void **state)
{
	(void)state;
	serve_a_thousand(BROOD_THREAD);
}

/* load, which fails the first time and leaves its mark both times. */
static int load_at_the_second_try(void **app)
{
	int *tries = *app;

	*app = NULL;
	return (*tries)++ == 0 ? -EIO : 0;
}

static void a_start_that_failed_may_be_tried_again(void **state)
{
	struct brood *engine = brood_new();
	int tries = 0, r;

	(void)state;
	assert_non_null(engine);
	r = brood_add(engine, &(struct brood_service){ .listen = "tcp://127.0.0.1:0 tcp://127.0.0.1:0",
				      .app = &tries,
				      .model = BROOD_ITERATIVE,
				      .state_size = 1,
				      .handler = { .load = load_at_the_second_try, .handle = echo } });
	assert_int_equal(r, 0);
	assert_int_equal(brood_start(engine), -EIO);
	assert_int_equal(brood_start(engine), 0);
	assert_int_equal(tries, 2);
	assert_non_null(brood_listening(engine, 1));
	assert_null(brood_listening(engine, 2));
	be_served(engine);
	brood_free(engine);
}

/* A whole life within one turn of the loop. */
static int take_a_while(struct brood_conn *conn, void *app)
{
	(void)conn;
	(void)app;
	usleep(20000);
	return 0;
}

static void what_changes_the_process_is_refused_by_name(void **state)
{
	const struct brood_service refused[] = {
		{ .user = "nobody" },
		{ .chroot = "/" },
		{ .rlimits = "core=0" },
		{ .no_new_privs = BROOD_OFF },
		{ .oom_score_adj = 1 },
		{ .lame_duck_ms = 1 },
	};
	static const char *const names[] = { "user", "chroot", "rlimits", "no_new_privs", "oom_score_adj",
		"lame_duck_ms" };

	(void)state;
	for (size_t i = 0; i < sizeof refused / sizeof *refused; i++) {
		struct brood_service service = refused[i];
		struct brood *engine = brood_new();

		service.listen = "tcp://127.0.0.1:0";
		service.handler.handle = echo;
		assert_int_equal(brood_add(engine, &service), 0);
		assert_int_equal(brood_start(engine), -EINVAL);
		assert_non_null(strstr(brood_error(engine), names[i]));
		brood_free(engine);
	}
}

static void note_duration(void *arg, enum brood_level level, const char *line, size_t size)
{
	const char *ms = memmem(line, size, " ms=", 4);
	int *shortest_ms = arg;

	(void)level;
	if (ms && atoi(ms + 4) < *shortest_ms)
		*shortest_ms = atoi(ms + 4);
}

static void the_record_tells_how_long_each_client_was_served(void **state)
{
	struct brood *engine = brood_new();
	int shortest_ms = INT32_MAX, r, fds[2];

	(void)state;
	assert_non_null(engine);
	brood_log_to(engine, BROOD_INFO, note_duration, &shortest_ms);
	r = brood_add(engine, &(struct brood_service){ .listen = "tcp://127.0.0.1:0",
				      .model = BROOD_ITERATIVE,
				      .handler = { .handle = take_a_while } });
	assert_int_equal(r, 0);
	assert_int_equal(brood_start(engine), 0);
	for (int i = 0; i < 2; i++)
		fds[i] = connect_to(brood_listening(engine, 0));
	brood_stop(engine);
	assert_int_equal(brood_run(engine), 0);
	assert_true(shortest_ms >= 20 && shortest_ms < INT32_MAX);
	for (int i = 0; i < 2; i++)
		close(fds[i]);
	brood_free(engine);
}

/* An answer that waits in stdio's buffer when handle is done. */
static int answer_by_stdio(struct brood_conn *conn, void *app)
{
	char line[16];
	ssize_t n = brood_readline(conn, line, sizeof line);

	(void)app;
	if (n <= 0)
		return (int)n;
	fputs(line, brood_file(conn));
	return BROOD_AGAIN;
}

static void what_waits_in_stdio_leaves_before_the_next_request(void **state)
{
	struct brood *engine = brood_new();
	char answer[8] = "";
	ssize_t n = -1;
	int fd;

	(void)state;
	assert_non_null(engine);
	assert_int_equal(brood_add(engine, &(struct brood_service){ .listen = "tcp://127.0.0.1:0",
						   .model = BROOD_THREAD,
						   .handler = { .handle = answer_by_stdio } }),
		0);
	assert_int_equal(brood_start(engine), 0);
	fd = connect_to(brood_listening(engine, 0));
	assert_int_equal(write(fd, "one\n", 4), 4);
	for (int turns = 0; n < 0 && turns < 1000; turns++) {
		assert_true(brood_run_once(engine, 1) == 1);
		n = recv(fd, answer, sizeof answer, MSG_DONTWAIT);
	}
	assert_int_equal(n, 4);
	close(fd);
	brood_free(engine);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_thousand_clients_under_iterative_leave_nothing_behind),
		cmocka_unit_test(a_thousand_clients_under_thread_leave_nothing_behind),
		cmocka_unit_test(what_changes_the_process_is_refused_by_name),
		cmocka_unit_test(a_start_that_failed_may_be_tried_again),
		cmocka_unit_test(the_record_tells_how_long_each_client_was_served),
		cmocka_unit_test(what_waits_in_stdio_leaves_before_the_next_request),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
