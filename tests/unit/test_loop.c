/* SPDX-License-Identifier: MIT */
/* The loop: timers in their order, sources that vanish while their event is in hand, turns within turns. */
#include <errno.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/clock.h"
#include "base/list.h"
#include "loop/loop.h"

#define TIMERS  200
#define SOURCES (LOOP_BATCH + 10)

static struct loop loop;

static int setup(void **state)
{
	(void)state;
	return loop_init(&loop);
}

static int teardown(void **state)
{
	(void)state;
	loop_fini(&loop);
	return 0;
}

/* ---- Timers ---- */

struct alarm {
	struct loop_timer timer;
	int fired;
};

static int64_t last_at_ns;
static int fired;

static void note_order(struct loop_timer *timer)
{
	assert_true(timer->at_ns >= last_at_ns);
	last_at_ns = timer->at_ns;
	container_of(timer, struct alarm, timer)->fired++;
	fired++;
}

static void timers_fire_in_their_order_and_once(void **state)
{
	struct alarm alarms[TIMERS] = { 0 };
	int64_t now_ns = clock_now_ns();
	unsigned int seed = 1;

	(void)state;
	last_at_ns = fired = 0;
	for (int i = 0; i < TIMERS; i++) {
		alarms[i].timer.fire = note_order;
		assert_int_equal(loop_arm(&loop, &alarms[i].timer, now_ns - 1 - rand_r(&seed) % 1000), 0);
	}
	/* Some again, at another time, and some not at all: from all over the heap. */
	for (int i = 0; i < TIMERS; i += 3)
		assert_int_equal(loop_arm(&loop, &alarms[i].timer, now_ns - 1 - rand_r(&seed) % 1000), 0);
	for (int i = 0; i < TIMERS; i += 5) {
		loop_disarm(&loop, &alarms[i].timer);
		loop_disarm(&loop, &alarms[i].timer);
	}
	assert_int_equal(loop_turn(&loop, 0), 0);
	for (int i = 0; i < TIMERS; i++)
		assert_int_equal(alarms[i].fired, i % 5 != 0);
	assert_int_equal(loop_turn(&loop, 0), 0);
	assert_int_equal(fired, TIMERS - TIMERS / 5);
}

static void a_turn_waits_for_the_first_timer_and_no_longer(void **state)
{
	struct alarm alarm = { .timer.fire = note_order };
	int64_t begin_ns = clock_now_ns();

	(void)state;
	fired = 0;
	loop_arm(&loop, &alarm.timer, begin_ns + 30 * NS_PER_MS);
	assert_true(loop_timeout_ms(&loop, -1) <= 30);
	assert_int_equal(loop_timeout_ms(&loop, 0), 0);
	assert_int_equal(loop_timeout_ms(&loop, 1), 1);
	while (fired == 0)
		assert_int_equal(loop_turn(&loop, -1), 0);
	assert_true(clock_now_ns() - begin_ns >= 30 * NS_PER_MS);
	assert_int_equal(loop_timeout_ms(&loop, -1), -1);
}

static void arm_again(struct loop_timer *timer)
{
	/* For ever due: if that kept the loop here, we would see more than one call in a turn. */
	if (container_of(timer, struct alarm, timer)->fired++ < TIMERS)
		loop_arm(&loop, timer, 0);
}

static void a_timer_that_arms_itself_leaves_room_for_others(void **state)
{
	struct alarm again = { .timer.fire = arm_again };

	(void)state;
	loop_arm(&loop, &again.timer, 0);
	for (int turn = 1; turn <= 3; turn++) {
		loop_turn(&loop, 0);
		assert_int_equal(again.fired, turn);
	}
	loop_disarm(&loop, &again.timer);
}

/* ---- Sources ---- */

struct bell {
	struct loop_source source;
	int rung;
	struct bell *silences; /* another one, or NULL */
};

static void silence(struct bell *bell)
{
	loop_del(&loop, &bell->source);
	if (bell->source.fd >= 0)
		close(bell->source.fd);
	bell->source.fd = -1;
}

static void ring(struct loop_source *source, uint32_t events)
{
	struct bell *bell = container_of(source, struct bell, source);
	uint64_t count;

	assert_int_equal(events, EPOLLIN);
	assert_true(source->fd >= 0); /* a deleted one is never called */
	assert_int_equal(read(source->fd, &count, sizeof count), sizeof count);
	bell->rung++;
	if (bell->silences)
		silence(bell->silences);
}

static void hang_up(struct bell *bell)
{
	*bell = (struct bell){ .source = { .fd = eventfd(1, EFD_NONBLOCK | EFD_CLOEXEC), .ready = ring } };
	assert_true(bell->source.fd >= 0);
	assert_int_equal(loop_add(&loop, &bell->source, EPOLLIN), 0);
}

static void every_ready_source_is_called_even_beyond_a_batch(void **state)
{
	struct bell bells[SOURCES];
	int rung = 0;

	(void)state;
	for (int i = 0; i < SOURCES; i++)
		hang_up(&bells[i]);
	for (int turn = 0; turn < 3; turn++)
		assert_int_equal(loop_turn(&loop, 0), 0);
	for (int i = 0; i < SOURCES; i++) {
		rung += bells[i].rung;
		silence(&bells[i]);
	}
	assert_int_equal(rung, SOURCES);
}

static void a_source_deleted_while_its_event_is_in_hand_is_not_called(void **state)
{
	struct bell bells[2];

	(void)state;
	hang_up(&bells[0]);
	hang_up(&bells[1]);
	bells[0].silences = &bells[1];
	bells[1].silences = &bells[0];
	assert_int_equal(loop_turn(&loop, 0), 0);
	assert_int_equal(bells[0].rung + bells[1].rung, 1);
	silence(&bells[0]);
	silence(&bells[1]);
}

static int nested_rung;
static struct bell *inner;

static void turn_within(struct loop_source *source, uint32_t events)
{
	uint64_t count;

	(void)events;
	assert_int_equal(read(source->fd, &count, sizeof count), sizeof count);
	nested_rung++;
	/* What the outer turn has in hand comes in the inner one. */
	assert_int_equal(loop_turn(&loop, 0), 0);
	if (inner->source.fd >= 0)
		assert_int_equal(inner->rung, 1);
	silence(inner);
}

static void a_turn_within_a_turn_loses_no_event_and_calls_none_twice(void **state)
{
	struct bell outer, within;

	(void)state;
	nested_rung = 0;
	inner = &within;
	hang_up(&outer);
	outer.source.ready = turn_within;
	hang_up(&within);
	for (int turn = 0; turn < 3; turn++)
		assert_int_equal(loop_turn(&loop, 0), 0);
	assert_int_equal(nested_rung, 1);
	assert_int_equal(within.rung, 1);
	silence(&outer);
}

/* ---- In a foreign loop ---- */

static int readable(int fd, int timeout_ms)
{
	struct pollfd polled = { .fd = fd, .events = POLLIN };

	return poll(&polled, 1, timeout_ms);
}

static void timers_make_the_descriptor_readable(void **state)
{
	struct alarm alarm = { .timer.fire = note_order };
	int fd;

	(void)state;
	fired = 0;
	loop_arm(&loop, &alarm.timer, clock_now_ns() + 20 * NS_PER_MS);
	fd = loop_fd(&loop);
	assert_true(fd >= 0);
	assert_int_equal(loop_fd(&loop), fd);
	for (int round = 1; round <= 2; round++) {
		assert_int_equal(readable(fd, 5000), 1);
		while (fired < round)
			assert_int_equal(loop_turn(&loop, 0), 0);
		assert_int_equal(readable(fd, 0), 0); /* and not for ever */
		/* The second one is armed when nobody but the next turn looks at it. */
		loop_arm(&loop, &alarm.timer, clock_now_ns() + 20 * NS_PER_MS);
		assert_int_equal(loop_turn(&loop, 0), 0);
	}
	loop_disarm(&loop, &alarm.timer);
	assert_int_equal(loop_turn(&loop, 0), 0);
	assert_int_equal(readable(fd, 40), 0);
}

/* ---- Pauses ---- */

struct rest {
	struct loop_pause pause;
	int count;
};

static void note_rest(struct loop_pause *pause)
{
	container_of(pause, struct rest, pause)->count++;
}

struct visitor {
	struct loop_source source;
	struct rest *rest;
	int rests_seen;
};

static void visit(struct loop_source *source, uint32_t events)
{
	struct visitor *visitor = container_of(source, struct visitor, source);
	uint64_t count;

	(void)events;
	assert_int_equal(read(source->fd, &count, sizeof count), sizeof count);
	visitor->rests_seen = visitor->rest->count;
	loop_before_sleep(&loop, &visitor->rest->pause);
}

static void what_waits_for_a_pause_is_done_before_the_loop_sleeps_and_not_sooner(void **state)
{
	struct rest rest = { .pause.about_to = note_rest };
	struct visitor visitor = { .source = { .fd = eventfd(1, EFD_CLOEXEC), .ready = visit }, .rest = &rest };
	uint64_t one = 1;

	(void)state;
	loop.stays = true;
	assert_int_equal(loop_add(&loop, &visitor.source, EPOLLIN), 0);
	assert_int_equal(loop_turn(&loop, -1), 0);
	assert_int_equal(rest.count, 0);
	assert_int_equal(write(visitor.source.fd, &one, sizeof one), sizeof one);
	assert_int_equal(loop_turn(&loop, -1), 0); /* somebody came: no pause */
	assert_int_equal(visitor.rests_seen, 0);
	assert_int_equal(rest.count, 0);
	assert_int_equal(loop_turn(&loop, 10), 0);
	assert_int_equal(rest.count, 1);
	assert_int_equal(loop_turn(&loop, 10), 0); /* once */
	assert_int_equal(rest.count, 1);
	loop_del(&loop, &visitor.source);
	close(visitor.source.fd);
}

static void in_a_loop_that_others_turn_each_turn_ends_with_a_pause(void **state)
{
	struct rest first = { .pause.about_to = note_rest }, second = first, gone = first;

	(void)state;
	loop_before_sleep(&loop, &first.pause);
	loop_before_sleep(&loop, &gone.pause);
	loop_before_sleep(&loop, &second.pause);
	loop_before_sleep(&loop, &second.pause);
	loop_not_before_sleep(&loop, &gone.pause);
	loop_not_before_sleep(&loop, &gone.pause);
	assert_int_equal(loop_turn(&loop, 0), 0);
	assert_int_equal(first.count, 1);
	assert_int_equal(second.count, 1);
	assert_int_equal(gone.count, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(timers_fire_in_their_order_and_once, setup, teardown),
		cmocka_unit_test_setup_teardown(a_turn_waits_for_the_first_timer_and_no_longer, setup, teardown),
		cmocka_unit_test_setup_teardown(a_timer_that_arms_itself_leaves_room_for_others, setup, teardown),
		cmocka_unit_test_setup_teardown(every_ready_source_is_called_even_beyond_a_batch, setup, teardown),
		cmocka_unit_test_setup_teardown(
			a_source_deleted_while_its_event_is_in_hand_is_not_called, setup, teardown),
		cmocka_unit_test_setup_teardown(
			a_turn_within_a_turn_loses_no_event_and_calls_none_twice, setup, teardown),
		cmocka_unit_test_setup_teardown(timers_make_the_descriptor_readable, setup, teardown),
		cmocka_unit_test_setup_teardown(
			what_waits_for_a_pause_is_done_before_the_loop_sleeps_and_not_sooner, setup, teardown),
		cmocka_unit_test_setup_teardown(
			in_a_loop_that_others_turn_each_turn_ends_with_a_pause, setup, teardown),
	};

	return cmocka_run_group_tests_name("loop", tests, NULL, NULL);
}
