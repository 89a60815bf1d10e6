/* SPDX-License-Identifier: MIT */
/* Claims about children past their time, told by real ones: stopped, deaf, endless. core is played by this file. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "contract/conn.h"
#include "contract/model.h"
#include "loop/loop.h"
#include "model/held.h"
#include "process/zone.h"

#define ZONE_SIZE     65536
#define PATIENCE_MS   10000
#define TURN_MS       5
#define KILL_AFTER_MS 100
#define STALL_MS      300

struct fixture {
	struct loop loop;
	struct zone zone;
	struct model model;
	struct slot slot;
	struct brood_conn conn;

	enum end_reason reason; /* END_NONE: it lives */
	int signal;
	int64_t expired_ns, ended_ns;
};

static struct fixture fixture;

static int host_enter_child(struct brood_conn *conn, pid_t parent)
{
	(void)conn;
	return child_die_with_parent(parent, SIGKILL);
}

static void host_ended(struct brood_conn *conn, enum end_reason reason, const struct child_exit *ended)
{
	(void)conn;
	fixture.reason = reason;
	fixture.signal = ended->code == CLD_EXITED ? 0 : ended->status;
	fixture.ended_ns = clock_now_ns();
}

static void host_expire(struct brood_conn *conn)
{
	(void)conn;
	if (fixture.expired_ns == 0)
		fixture.expired_ns = clock_now_ns();
}

static void host_log(struct service *service, enum brood_level level, enum host_cause cause, const char *format, ...)
{
	(void)service;
	(void)level;
	(void)cause;
	(void)format;
}

static const struct brood_host_ops host = {
	.enter_child = host_enter_child,
	.ended = host_ended,
	.expire = host_expire,
	.log = host_log,
};

static int set_up(void **state)
{
	(void)state;
	memset(&fixture, 0, sizeof fixture);
	assert_int_equal(loop_init(&fixture.loop), 0);
	assert_int_equal(zone_open(&fixture.zone, ZONE_SIZE), 0);
	fixture.model =
		(struct model){ .host = &host, .loop = &fixture.loop, .zone = &fixture.zone, .pid = getpid() };
	fixture.model.config.kill_after_ms = KILL_AFTER_MS;
	fixture.model.config.stall_cpu_ms = STALL_MS;
	fixture.model.state = held_new(&fixture.model, 1);
	assert_non_null(fixture.model.state);
	fixture.conn = (struct brood_conn){ .model = &fixture.model, .slot = &fixture.slot, .fd = -1 };
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	held_free(fixture.model.state);
	zone_close(&fixture.zone);
	loop_fini(&fixture.loop);
	return 0;
}

static void turn(void)
{
	assert_int_equal(loop_turn(&fixture.loop, TURN_MS), 0);
	held_sweep(fixture.model.state, clock_now_ns());
}

/* Until it has ended, or for so long. */
static void go_on(int ms)
{
	int64_t until_ns = clock_now_ns() + ms * NS_PER_MS;

	while (fixture.reason == END_NONE && clock_now_ns() < until_ns)
		turn();
}

static void spin(void)
{
	for (volatile int forever = 1; forever;)
		continue;
}

static void spin_deaf(void)
{
	signal(SIGTERM, SIG_IGN);
	spin();
}

static void stop(void)
{
	raise(SIGSTOP);
	spin();
}

static void begin(void (*what)(void), int promise_ms)
{
	int r;

	if (promise_ms > 0)
		fixture.slot.must_end_ns = clock_now_ns() + promise_ms * NS_PER_MS;
	r = held_spawn(fixture.model.state, &fixture.conn, &fixture.conn);
	if (r == 0) {
		what();
		held_exit(1);
	}
	assert_int_equal(r, 1);
}

static void its_client_is_let_go_at_the_deadline_and_it_ends_kill_after_later(void **state)
{
	int64_t promised_ns;

	(void)state;
	begin(spin, 200);
	promised_ns = fixture.slot.must_end_ns;
	go_on(PATIENCE_MS);
	assert_int_equal(fixture.reason, END_WORKER_KILLED);
	assert_int_equal(fixture.signal, SIGTERM);
	assert_true(fixture.expired_ns >= promised_ns);
	assert_true(fixture.ended_ns >= promised_ns + KILL_AFTER_MS * NS_PER_MS);
}

static void one_that_is_stopped_hears_of_its_end_as_well(void **state)
{
	(void)state;
	begin(stop, 100);
	go_on(PATIENCE_MS);
	assert_int_equal(fixture.reason, END_WORKER_KILLED);
	assert_int_equal(fixture.signal, SIGTERM);
}

static void one_that_is_deaf_is_killed(void **state)
{
	(void)state;
	begin(spin_deaf, 100);
	go_on(PATIENCE_MS);
	assert_int_equal(fixture.reason, END_WORKER_KILLED);
	assert_int_equal(fixture.signal, SIGKILL);
	assert_true(fixture.ended_ns - fixture.slot.must_end_ns >= (KILL_AFTER_MS + LADDER_GRACE_MS) * NS_PER_MS);
}

static void one_that_only_computes_is_stuck_without_any_deadline(void **state)
{
	(void)state;
	begin(spin, 0);
	go_on(PATIENCE_MS);
	assert_int_equal(fixture.reason, END_WORKER_STUCK);
	assert_int_equal(fixture.signal, SIGTERM);
	/* Nobody answers for it while it might answer itself. */
	assert_int_equal(fixture.expired_ns, 0);
}

static void one_that_publishes_its_progress_is_not_stuck(void **state)
{
	int64_t until_ns = clock_now_ns() + 5 * STALL_MS * NS_PER_MS;

	(void)state;
	begin(spin, 0);
	while (clock_now_ns() < until_ns) {
		fixture.slot.bytes_in++;
		turn();
	}
	assert_int_equal(fixture.reason, END_NONE);
	held_kill(fixture.model.state);
	go_on(PATIENCE_MS);
	assert_int_equal(fixture.signal, SIGKILL);
}

static void without_kill_after_nobody_is_ended(void **state)
{
	(void)state;
	fixture.model.config.kill_after_ms = BROOD_OFF;
	begin(spin, 50);
	go_on(3 * STALL_MS);
	assert_int_equal(fixture.reason, END_NONE);
	assert_true(fixture.expired_ns > 0);
	held_kill(fixture.model.state);
	go_on(PATIENCE_MS);
	assert_int_equal(fixture.signal, SIGKILL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
			its_client_is_let_go_at_the_deadline_and_it_ends_kill_after_later, set_up, tear_down),
		cmocka_unit_test_setup_teardown(one_that_is_stopped_hears_of_its_end_as_well, set_up, tear_down),
		cmocka_unit_test_setup_teardown(one_that_is_deaf_is_killed, set_up, tear_down),
		cmocka_unit_test_setup_teardown(
			one_that_only_computes_is_stuck_without_any_deadline, set_up, tear_down),
		cmocka_unit_test_setup_teardown(one_that_publishes_its_progress_is_not_stuck, set_up, tear_down),
		cmocka_unit_test_setup_teardown(without_kill_after_nobody_is_ended, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
