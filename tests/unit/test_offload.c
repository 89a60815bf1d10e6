/* SPDX-License-Identifier: MIT */
/* Functions run beside a loop: in their order, a bounded number at once, given back in batches, taken back in time. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/clock.h"
#include "model/offload.h"

#define JOBS        (3 * OFFLOAD_THREADS)
#define PATIENCE_MS 10000
#define STACK_SIZE  (64 * 1024)

struct fixture {
	struct loop loop;
	struct offload offload;
	_Atomic int go; /* functions may be waiting for it */
	_Atomic int called, at_once, most_at_once;
	int done;
};

struct job {
	struct offload_job job;
	struct fixture *fixture;
	int number; /* as which it was called, from 1 on */
	int done;
};

static void count_and_wait(void *arg)
{
	struct job *job = arg;
	struct fixture *fixture = job->fixture;
	int now = ++fixture->at_once, most = fixture->most_at_once;

	job->number = ++fixture->called;
	while (now > most && !atomic_compare_exchange_weak(&fixture->most_at_once, &most, now))
		continue;
	while (!fixture->go)
		usleep(1000);
	fixture->at_once--;
}

static void note_done(struct offload_job *job)
{
	struct job *mine = container_of(job, struct job, job);

	mine->done++;
	mine->fixture->done++;
}

static void begin(struct fixture *fixture, struct job *job)
{
	*job = (struct job){ .job = { .fn = count_and_wait, .arg = job, .done = note_done }, .fixture = fixture };
	assert_int_equal(offload_begin(&fixture->offload, &job->job), 0);
}

static void turn_until_done(struct fixture *fixture, int done)
{
	int64_t until_ns = clock_now_ns() + PATIENCE_MS * NS_PER_MS;

	while (fixture->done < done) {
		assert_true(clock_now_ns() < until_ns);
		assert_int_equal(loop_turn(&fixture->loop, PATIENCE_MS), 0);
	}
}

static void wait_until_called(const struct fixture *fixture, int called)
{
	int64_t until_ns = clock_now_ns() + PATIENCE_MS * NS_PER_MS;

	while (fixture->called < called) {
		assert_true(clock_now_ns() < until_ns);
		usleep(1000);
	}
}

static int setup(void **state)
{
	static struct fixture fixture;

	fixture = (struct fixture){ .go = 0 };
	*state = &fixture;
	return loop_init(&fixture.loop) < 0 || offload_init(&fixture.offload, &fixture.loop, STACK_SIZE) < 0;
}

static int teardown(void **state)
{
	struct fixture *fixture = *state;
	bool ended = offload_fini(&fixture->offload);

	loop_fini(&fixture->loop);
	return !ended;
}

static void all_are_called_once_and_so_many_at_a_time(void **state)
{
	struct fixture *fixture = *state;
	struct job jobs[JOBS];

	for (int i = 0; i < JOBS; i++)
		begin(fixture, &jobs[i]);
	wait_until_called(fixture, OFFLOAD_THREADS);
	assert_int_equal(fixture->offload.started, OFFLOAD_THREADS);
	fixture->go = 1;
	turn_until_done(fixture, JOBS);
	for (int i = 0; i < JOBS; i++)
		assert_int_equal(jobs[i].done, 1);
	assert_int_equal(fixture->called, JOBS);
	assert_int_equal(fixture->most_at_once, OFFLOAD_THREADS);
	assert_int_equal(fixture->offload.out, 0);
}

/* Its thread has told of the job, and may not have come to rest. */
static void wait_until_idle(struct offload *offload)
{
	unsigned int idle = 0;

	for (int ms = 0; ms < PATIENCE_MS && idle == 0; ms++) {
		pthread_mutex_lock(&offload->lock);
		idle = offload->idle;
		pthread_mutex_unlock(&offload->lock);
		usleep(1000);
	}
	assert_int_equal(idle, 1);
}

static void a_thread_that_is_idle_is_used_again(void **state)
{
	struct fixture *fixture = *state;
	struct job job;

	fixture->go = 1;
	for (int i = 1; i <= JOBS; i++) {
		begin(fixture, &job);
		turn_until_done(fixture, i);
		wait_until_idle(&fixture->offload);
	}
	assert_int_equal(fixture->offload.started, 1);
}

static void what_is_withdrawn_is_not_called_and_what_began_is_not_withdrawn(void **state)
{
	struct fixture *fixture = *state;
	struct job jobs[OFFLOAD_THREADS], late, later;

	for (int i = 0; i < OFFLOAD_THREADS; i++)
		begin(fixture, &jobs[i]);
	wait_until_called(fixture, OFFLOAD_THREADS);
	begin(fixture, &late);
	begin(fixture, &later);
	assert_true(offload_withdraw(&fixture->offload, &late.job));
	assert_false(offload_withdraw(&fixture->offload, &jobs[0].job));
	fixture->go = 1;
	turn_until_done(fixture, OFFLOAD_THREADS + 1);
	assert_false(offload_withdraw(&fixture->offload, &later.job));
	assert_int_equal(late.number, 0);
	assert_int_equal(late.done, 0);
	assert_int_equal(later.done, 1);
}

/* Seen by the loop in one turn, since it was told but once. */
static void those_done_between_two_turns_come_back_together(void **state)
{
	struct fixture *fixture = *state;
	struct job jobs[OFFLOAD_THREADS];

	for (int i = 0; i < OFFLOAD_THREADS; i++)
		begin(fixture, &jobs[i]);
	fixture->go = 1;
	wait_until_called(fixture, OFFLOAD_THREADS);
	for (int ms = 0; ms < PATIENCE_MS; ms++) {
		int count = 0;

		pthread_mutex_lock(&fixture->offload.lock);
		list_each(pos, next, &fixture->offload.done)
			count++;
		pthread_mutex_unlock(&fixture->offload.lock);
		if (count == OFFLOAD_THREADS)
			break;
		usleep(1000);
	}
	assert_int_equal(loop_turn(&fixture->loop, PATIENCE_MS), 0);
	assert_int_equal(fixture->done, OFFLOAD_THREADS);
}

static void without_a_thread_nothing_is_begun(void **state)
{
	struct fixture *fixture = *state;
	struct job job = { .job = { .fn = count_and_wait, .done = note_done }, .fixture = fixture };

	/* More stack than there are addresses. */
	fixture->offload.stack_size = (size_t)1 << 60;
	assert_int_equal(offload_begin(&fixture->offload, &job.job), -EAGAIN);
	assert_int_equal(fixture->offload.out, 0);
	assert_int_equal(fixture->offload.queued, 0);
	assert_true(list_empty(&fixture->offload.queue));
}

static void what_never_returns_is_told_at_the_end(void **state)
{
	struct fixture *fixture = *state;
	struct job job;

	begin(fixture, &job);
	assert_false(offload_fini(&fixture->offload));
	fixture->go = 1;
	assert_int_equal(loop_add(&fixture->loop, &fixture->offload.done_source, EPOLLIN), 0);
	turn_until_done(fixture, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(all_are_called_once_and_so_many_at_a_time, setup, teardown),
		cmocka_unit_test_setup_teardown(a_thread_that_is_idle_is_used_again, setup, teardown),
		cmocka_unit_test_setup_teardown(
			what_is_withdrawn_is_not_called_and_what_began_is_not_withdrawn, setup, teardown),
		cmocka_unit_test_setup_teardown(those_done_between_two_turns_come_back_together, setup, teardown),
		cmocka_unit_test_setup_teardown(without_a_thread_nothing_is_begun, setup, teardown),
		cmocka_unit_test_setup_teardown(what_never_returns_is_told_at_the_end, setup, teardown),
	};

	return cmocka_run_group_tests_name("offload", tests, NULL, NULL);
}
