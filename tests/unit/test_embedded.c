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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_thousand_clients_under_iterative_leave_nothing_behind),
		cmocka_unit_test(a_thousand_clients_under_thread_leave_nothing_behind),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
