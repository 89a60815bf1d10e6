/* SPDX-License-Identifier: MIT */
/* Two engines and one listener: hold, go, yield, leave. At no time do both accept, and whoever is in the queue stays. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "core/engine.h"
#include "observe/board.h"
#include "observe/log.h"
#include "transport/open.h"

#define LISTENERS 2
#define PASSES    20

struct side {
	struct board board;
	struct log log;
	struct listener listeners[LISTENERS];
	struct brood *engine;
};

/* Says whose it is. */
static int answer(struct brood_conn *conn, void *app)
{
	return brood_write(conn, app, 1);
}

static void open_side(struct side *side, const char *name, const struct listener *listeners)
{
	struct brood_service service = { .name = name, .model = BROOD_THREAD, .threads = 4, .linger_ms = BROOD_OFF };
	struct engine_supervised supervised = {
		.listeners = side->listeners, .listener_count = LISTENERS, .hold = true
	};
	struct brood_service effective;

	service.handler.handle = answer;
	service.app = (void *)(uintptr_t)name;
	assert_int_equal(engine_effective(&service, sizeof service, &effective, NULL), 0);
	assert_int_equal(board_open(&side->board, engine_slots(&effective), engine_area_size(&effective)), 0);
	log_init(&side->log);
	for (size_t i = 0; i < LISTENERS; i++) {
		side->listeners[i] = listeners[i];
		side->listeners[i].fd = fcntl(listeners[i].fd, F_DUPFD_CLOEXEC, 0);
		side->listeners[i].lock_fd = -1;
	}
	supervised.board = &side->board;
	supervised.log = &side->log;
	side->engine = brood_new();
	assert_non_null(side->engine);
	assert_int_equal(brood_add(side->engine, &service), 0);
	assert_int_equal(engine_supervise(side->engine, &supervised), 0);
	assert_int_equal(brood_start(side->engine), 0);
}

static void close_side(struct side *side)
{
	brood_free(side->engine);
	board_close(&side->board);
}

struct pair {
	struct listener listeners[LISTENERS];
	struct side a, b;
};

static int set_up(void **state)
{
	static struct pair pair;
	size_t count;

	memset(&pair, 0, sizeof pair);
	for (size_t i = 0; i < LISTENERS; i++)
		assert_int_equal(open_listeners("tcp://127.0.0.1:0", NULL, &pair.listeners[i], 1, &count, NULL), 0);
	open_side(&pair.a, "a", pair.listeners);
	open_side(&pair.b, "b", pair.listeners);
	*state = &pair;
	return 0;
}

static int tear_down(void **state)
{
	struct pair *pair = *state;

	close_side(&pair->a);
	close_side(&pair->b);
	for (size_t i = 0; i < LISTENERS; i++)
		open_close(&pair->listeners[i], true);
	return 0;
}

static int connect_to(const struct listener *listener)
{
	struct sockaddr_in address;
	socklen_t size = sizeof address;
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	assert_int_equal(getsockname(listener->fd, (struct sockaddr *)&address, &size), 0);
	assert_int_equal(connect(fd, (struct sockaddr *)&address, size), 0);
	return fd;
}

/* Both turn, as two processes would; the answer, or 0 if there was none. */
static char hear(struct pair *pair, int client)
{
	struct pollfd readable = { .fd = client, .events = POLLIN };
	char letter = 0;

	for (int i = 0; i < PASSES; i++) {
		brood_run_once(pair->a.engine, 0);
		brood_run_once(pair->b.engine, 0);
		if (poll(&readable, 1, 5) > 0)
			break;
	}
	if (readable.revents)
		assert_int_equal(read(client, &letter, 1), 1);
	return letter;
}

static void nobody_is_accepted_before_go(void **state)
{
	struct pair *pair = *state;
	int client = connect_to(&pair->listeners[0]);

	assert_int_equal(hear(pair, client), 0);
	engine_go(pair->a.engine);
	assert_int_equal(hear(pair, client), 'a');
	close(client);
}

static void after_yield_the_queue_is_left_to_the_other(void **state)
{
	struct pair *pair = *state;
	int client;

	engine_go(pair->a.engine);
	engine_yield(pair->a.engine);
	client = connect_to(&pair->listeners[0]);
	assert_int_equal(hear(pair, client), 0);
	engine_go(pair->b.engine);
	assert_int_equal(hear(pair, client), 'b');
	close(client);
}

static void whoever_leaves_does_not_touch_a_queue_that_was_passed_on(void **state)
{
	struct pair *pair = *state;
	int passed_on, dropped;

	engine_go(pair->a.engine);
	engine_yield(pair->a.engine);
	passed_on = connect_to(&pair->listeners[0]);
	dropped = connect_to(&pair->listeners[1]);
	engine_leave(pair->a.engine, UINT32_C(1) << 0);
	assert_int_equal(hear(pair, dropped), 'a');
	assert_int_equal(hear(pair, passed_on), 0);
	assert_int_equal(brood_run_once(pair->a.engine, 0), 0); /* nothing is left for it to do */
	engine_go(pair->b.engine);
	assert_int_equal(hear(pair, passed_on), 'b');
	close(passed_on);
	close(dropped);
}

static void a_drain_of_one_that_never_went_serves_the_queue(void **state)
{
	struct pair *pair = *state;
	int client = connect_to(&pair->listeners[0]);

	engine_drain(pair->b.engine);
	assert_int_equal(hear(pair, client), 'b');
	close(client);
}

static void a_client_at_the_bound_is_served_by_the_next_one(void **state)
{
	struct pair *pair = *state;
	struct sentence why;
	int client;

	assert_int_equal(engine_resize(pair->a.engine, 1000, &why), -E2BIG);
	assert_non_null(strstr(why.text, "1000"));
	engine_go(pair->a.engine);
	assert_int_equal(engine_resize(pair->a.engine, 1, &why), 0);
	engine_yield(pair->a.engine);
	engine_go(pair->b.engine);
	client = connect_to(&pair->listeners[0]);
	assert_int_equal(hear(pair, client), 'b');
	close(client);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(nobody_is_accepted_before_go, set_up, tear_down),
		cmocka_unit_test_setup_teardown(after_yield_the_queue_is_left_to_the_other, set_up, tear_down),
		cmocka_unit_test_setup_teardown(
			whoever_leaves_does_not_touch_a_queue_that_was_passed_on, set_up, tear_down),
		cmocka_unit_test_setup_teardown(a_drain_of_one_that_never_went_serves_the_queue, set_up, tear_down),
		cmocka_unit_test_setup_teardown(a_client_at_the_bound_is_served_by_the_next_one, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
