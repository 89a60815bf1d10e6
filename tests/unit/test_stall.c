/* SPDX-License-Identifier: MIT */
/* Claims about processes that compute without waiting, told by real children: what is a wait, and whose. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "process/stall.h"

#define LIMIT_NS   (200 * NS_PER_MS)
#define PATIENT_NS (20 * NS_PER_SEC)

static void spin_ns(int64_t ns)
{
	struct timespec cpu;
	int64_t end_ns = 0;

	do {
		clock_gettime(CLOCK_THREAD_CPUTIME_ID, &cpu);
		if (end_ns == 0)
			end_ns = cpu.tv_sec * NS_PER_SEC + cpu.tv_nsec + ns;
	} while (cpu.tv_sec * NS_PER_SEC + cpu.tv_nsec < end_ns);
}

static void spin_forever(void)
{
	for (;;)
		spin_ns(NS_PER_SEC);
}

/* Nine parts of computing and a short wait, which is no reason to be killed. */
static void spin_and_wait(void)
{
	for (;;) {
		spin_ns(20 * NS_PER_MS);
		poll(NULL, 0, 2);
	}
}

static void *spin_in_a_thread(void *arg)
{
	(void)arg;
	spin_forever();
	return NULL;
}

/* The first thread waits for others that compute. */
static void let_threads_spin(void)
{
	pthread_t thread;

	if (pthread_create(&thread, NULL, spin_in_a_thread, NULL) == 0)
		pthread_join(thread, NULL);
}

static void sleep_on(void)
{
	for (;;)
		pause();
}

static pid_t begin(void (*what)(void))
{
	pid_t parent = getpid(), pid = fork();

	assert_true(pid >= 0);
	if (pid > 0)
		return pid;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() == parent)
		what();
	_exit(1);
}

static void end(pid_t pid)
{
	kill(pid, SIGKILL);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
}

static int64_t cpu_ns_of(pid_t pid)
{
	struct timespec cpu;
	clockid_t clock;

	assert_int_equal(clock_getcpuclockid(pid, &clock), 0);
	assert_int_equal(clock_gettime(clock, &cpu), 0);
	return cpu.tv_sec * NS_PER_SEC + cpu.tv_nsec;
}

/* Looks at it until it has used so much CPU. Whether it was ever stuck; with its CPU by then. */
static bool watch(pid_t pid, int64_t until_cpu_ns, bool makes_progress, int64_t *ret_cpu_ns)
{
	struct stall stall = { 0 };
	int64_t give_up_ns = clock_now_ns() + PATIENT_NS;
	uint64_t progress = 0;
	int r = 0;

	while (r == 0 && cpu_ns_of(pid) < until_cpu_ns) {
		assert_true(clock_now_ns() < give_up_ns);
		usleep(2000);
		progress += makes_progress;
		r = stall_look(&stall, pid, progress, LIMIT_NS);
	}
	assert_true(r >= 0);
	*ret_cpu_ns = cpu_ns_of(pid);
	return r > 0;
}

static void whoever_only_computes_is_stuck_at_the_limit(void **state)
{
	pid_t pid = begin(spin_forever);
	int64_t cpu_ns;

	(void)state;
	assert_true(watch(pid, 4 * LIMIT_NS, false, &cpu_ns));
	assert_true(cpu_ns >= LIMIT_NS);
	assert_true(cpu_ns < 2 * LIMIT_NS);
	end(pid);
}

static void whoever_waits_now_and_then_is_not(void **state)
{
	pid_t pid = begin(spin_and_wait);
	int64_t cpu_ns;

	(void)state;
	assert_false(watch(pid, 4 * LIMIT_NS, false, &cpu_ns));
	end(pid);
}

static void whoever_gets_on_with_its_work_is_not(void **state)
{
	pid_t pid = begin(spin_forever);
	int64_t cpu_ns;

	(void)state;
	assert_false(watch(pid, 4 * LIMIT_NS, true, &cpu_ns));
	end(pid);
}

static void threads_that_compute_for_one_that_waits_are_not(void **state)
{
	pid_t pid = begin(let_threads_spin);
	int64_t cpu_ns;

	(void)state;
	assert_false(watch(pid, 4 * LIMIT_NS, false, &cpu_ns));
	end(pid);
}

static void whoever_sleeps_is_not(void **state)
{
	pid_t pid = begin(sleep_on);
	struct stall stall = { 0 };

	(void)state;
	for (int i = 0; i < 20; i++) {
		usleep(1000);
		assert_int_equal(stall_look(&stall, pid, 0, NS_PER_MS), 0);
	}
	end(pid);
}

static void a_dead_process_is_nobody_and_its_successor_begins_anew(void **state)
{
	pid_t pid = begin(spin_forever);
	struct stall stall = { 0 };

	(void)state;
	while (stall.looked_ns == 0)
		assert_int_equal(stall_look(&stall, pid, 0, LIMIT_NS), 0);
	end(pid);
	assert_true(stall_look(&stall, pid, 0, LIMIT_NS) < 0);
	pid = begin(sleep_on);
	assert_int_equal(stall_look(&stall, pid, 0, LIMIT_NS), 0);
	assert_int_equal(stall.looked_ns, 0);
	end(pid);
}

static void somebody_elses_child_is_not_judged(void **state)
{
	pid_t pid = begin(sleep_on), judge;
	int status;

	(void)state;
	/* Its /proc says that it is ours; to the judge that is a number of another namespace. */
	judge = fork();
	if (judge == 0) {
		struct stall stall = { 0 };

		_exit(stall_look(&stall, pid, 0, 0) == -ENOENT ? 0 : 1);
	}
	assert_int_equal(waitpid(judge, &status, 0), judge);
	assert_int_equal(status, 0);
	end(pid);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(whoever_only_computes_is_stuck_at_the_limit),
		cmocka_unit_test(whoever_waits_now_and_then_is_not),
		cmocka_unit_test(whoever_gets_on_with_its_work_is_not),
		cmocka_unit_test(threads_that_compute_for_one_that_waits_are_not),
		cmocka_unit_test(whoever_sleeps_is_not),
		cmocka_unit_test(a_dead_process_is_nobody_and_its_successor_begins_anew),
		cmocka_unit_test(somebody_elses_child_is_not_judged),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
