/* SPDX-License-Identifier: MIT */
/* Claims about the place of one standing worker, told by real processes, where something fails. core is played by this file. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "contract/model.h"
#include "loop/loop.h"
#include "model/station.h"

#define PATIENCE_MS   10000
#define TURN_MS       5
#define SWEEP_MS      250
#define KILL_AFTER_MS 100

struct fixture {
	struct loop loop;
	struct model model;
	struct station_owner owner;
	struct station station;
	struct standing *area;

	enum standing_state begins_as; /* a worker */

	int freed, error; /* what the owner heard */
	int gone;         /* what core heard */
	enum end_reason reason;
};

static struct fixture fixture;

static int host_enter(struct service *service, unsigned int index, int kept_fd)
{
	(void)service, (void)index, (void)kept_fd;
	return 0;
}

static int host_restore(struct service *service)
{
	(void)service;
	return 0;
}

/* A worker that serves for ever and comes back from SIGTERM. */
static int host_stand(struct service *service, unsigned int index, pid_t parent)
{
	(void)service, (void)index;
	if (signal(SIGTERM, SIG_IGN) == SIG_ERR || child_die_with_parent(parent, SIGKILL) < 0)
		return -1;
	atomic_store(&fixture.area->state, fixture.begins_as);
	for (;;)
		pause();
}

static struct standing *host_area(const struct service *service, unsigned int index)
{
	(void)service, (void)index;
	return fixture.area;
}

static const struct seat *host_in_hand(const struct service *service, unsigned int index)
{
	(void)service, (void)index;
	return &fixture.area->seat;
}

static int host_lend(struct service *service, unsigned int index)
{
	(void)service, (void)index;
	memset(fixture.area, 0, sizeof *fixture.area);
	atomic_store(&fixture.area->state, STANDING_STARTING);
	return 0;
}

static bool host_harvest(struct service *service, unsigned int index, pid_t worker)
{
	(void)service, (void)index, (void)worker;
	return false;
}

static void host_gone(struct service *service, unsigned int index, pid_t worker, enum end_reason reason,
	const struct child_exit *ended, int table_pidfd)
{
	(void)service, (void)index, (void)worker, (void)ended, (void)table_pidfd;
	fixture.gone++;
	fixture.reason = reason;
}

static void host_expire(struct service *service, unsigned int index, int table_pidfd)
{
	(void)service, (void)index, (void)table_pidfd;
}

static void owner_freed(struct station_owner *owner, struct station *station, int error)
{
	(void)owner, (void)station;
	fixture.freed++;
	fixture.error = error;
}

static const struct standing_host_ops standing = {
	.enter = host_enter,
	.restore = host_restore,
	.stand = host_stand,
	.area = host_area,
	.in_hand = host_in_hand,
	.lend = host_lend,
	.harvest = host_harvest,
	.gone = host_gone,
	.expire = host_expire,
};

static const struct brood_host_ops host = { .standing = &standing };

static int set_up(bool keeps)
{
	memset(&fixture, 0, sizeof fixture);
	fixture.area = mmap(NULL, sizeof *fixture.area, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	assert_true(fixture.area != MAP_FAILED);
	assert_int_equal(loop_init(&fixture.loop), 0);
	fixture.model =
		(struct model){ .ops = &model_prefork, .host = &host, .loop = &fixture.loop, .pid = getpid() };
	fixture.model.config.kill_after_ms = KILL_AFTER_MS;
	fixture.owner = (struct station_owner){ .model = &fixture.model, .keeps = keeps, .freed = owner_freed };
	fixture.begins_as = STANDING_IDLE;
	station_init(&fixture.station, &fixture.owner, 0);
	return 0;
}

static int with_keeper(void **state)
{
	(void)state;
	return set_up(true);
}

static int without_keeper(void **state)
{
	(void)state;
	return set_up(false);
}

static int tear_down(void **state)
{
	(void)state;
	station_fini(&fixture.station);
	loop_fini(&fixture.loop);
	munmap(fixture.area, sizeof *fixture.area);
	return 0;
}

/* None that lives, and none that nobody reaped. */
static void assert_no_children(void)
{
	siginfo_t left;

	assert_int_equal(waitid(P_ALL, 0, &left, WEXITED | WNOHANG | WNOWAIT | __WALL), -1);
	assert_int_equal(errno, ECHILD);
}

static void wait_for_state(enum standing_state state)
{
	int64_t until_ns = clock_now_ns() + PATIENCE_MS * NS_PER_MS;

	while (atomic_load(&fixture.area->state) != state && clock_now_ns() < until_ns)
		usleep(TURN_MS * 1000);
	assert_int_equal(fixture.area->state, state);
}

/* Until it has answered, which nobody has read yet, and its worker is at work. */
static void ask_keeper(void)
{
	struct pollfd answer = { .events = POLLIN };

	assert_int_equal(station_start(&fixture.station, 0, STANDING_STAY), 0);
	answer.fd = fixture.station.keeper.channel;
	assert_int_equal(poll(&answer, 1, PATIENCE_MS), 1);
	wait_for_state(fixture.begins_as);
}

static void stand(void)
{
	int64_t until_ns = clock_now_ns() + PATIENCE_MS * NS_PER_MS;

	assert_int_equal(station_start(&fixture.station, 0, STANDING_STAY), 0);
	while (station_state(&fixture.station) != STANDING_IDLE && clock_now_ns() < until_ns)
		assert_int_equal(loop_turn(&fixture.loop, TURN_MS), 0);
	assert_int_equal(station_state(&fixture.station), STANDING_IDLE);
}

/* ---- Workers that cannot be held ---- */

static void assert_given_up(int error)
{
	assert_int_equal(fixture.freed, 1);
	assert_int_equal(fixture.error, error);
	assert_true(station_is_free(&fixture.station));
	keeper_end(&fixture.station.keeper);
	assert_no_children();
}

static void take_without_descriptors(void)
{
	struct rlimit before, none;

	ask_keeper();
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
	none = (struct rlimit){ .rlim_cur = 0, .rlim_max = before.rlim_max };
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &none), 0);
	fixture.station.channel_source.ready(&fixture.station.channel_source, POLLIN);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
}

static void a_worker_that_cannot_be_held_does_not_live_on(void **state)
{
	(void)state;
	take_without_descriptors();
	assert_given_up(-EMFILE);
	assert_int_equal(fixture.gone, 0);
}

static void its_client_is_told_of_should_it_have_one(void **state)
{
	(void)state;
	fixture.begins_as = STANDING_BUSY;
	take_without_descriptors();
	assert_given_up(-EMFILE);
	assert_int_equal(fixture.gone, 1);
	assert_int_equal(fixture.reason, END_WORKER_KILLED);
}

static void a_worker_that_cannot_be_watched_does_not_live_on(void **state)
{
	int epoll_fd = fixture.loop.epoll_fd;

	(void)state;
	ask_keeper();
	fixture.loop.epoll_fd = STDIN_FILENO;
	fixture.station.channel_source.ready(&fixture.station.channel_source, POLLIN);
	fixture.loop.epoll_fd = epoll_fd;
	assert_given_up(-EINVAL);
}

static void a_forked_worker_that_cannot_be_watched_does_not_live_on(void **state)
{
	int epoll_fd = fixture.loop.epoll_fd;

	(void)state;
	fixture.loop.epoll_fd = STDIN_FILENO;
	assert_int_equal(station_start(&fixture.station, 0, STANDING_STAY), -EINVAL);
	fixture.loop.epoll_fd = epoll_fd;
	assert_true(station_is_free(&fixture.station));
	assert_int_equal(fixture.freed, 0);
	assert_no_children();
}

/* ---- The end of all ---- */

static void a_worker_whose_name_was_not_read_yet_ends_with_its_station(void **state)
{
	(void)state;
	ask_keeper();
	station_fini(&fixture.station);
	assert_no_children();
}

static void a_worker_in_the_making_ends_with_its_station(void **state)
{
	(void)state;
	for (int i = 0; i < 50; i++) {
		assert_int_equal(station_start(&fixture.station, 0, STANDING_STAY), 0);
		usleep((unsigned int)i * 20);
		station_fini(&fixture.station);
		assert_no_children();
	}
}

/* ---- Past its time ---- */

static void serve_until(int64_t must_end_ns)
{
	atomic_store(&fixture.area->seat.slot.must_end_ns, must_end_ns);
	atomic_fetch_add(&fixture.area->served, 1);
	atomic_store(&fixture.area->state, STANDING_BUSY);
}

static bool has_ended(void)
{
	struct pollfd ended = { .fd = fixture.station.worker.pidfd, .events = POLLIN };

	return poll(&ended, 1, SWEEP_MS) == 1;
}

static void who_ignores_sigterm_is_killed(void **state)
{
	int64_t now_ns = clock_now_ns();

	(void)state;
	stand();
	serve_until(now_ns);
	now_ns += KILL_AFTER_MS * NS_PER_MS;
	station_sweep(&fixture.station, false, now_ns);
	assert_false(has_ended());
	station_sweep(&fixture.station, false, now_ns + LADDER_GRACE_MS * NS_PER_MS);
	assert_true(has_ended());
	assert_true(station_check(&fixture.station));
	assert_int_equal(fixture.reason, END_WORKER_KILLED);
}

static void who_came_back_is_not_killed_for_it_with_the_next_client(void **state)
{
	int64_t now_ns = clock_now_ns();

	(void)state;
	stand();
	serve_until(now_ns);
	now_ns += KILL_AFTER_MS * NS_PER_MS;
	station_sweep(&fixture.station, false, now_ns);
	serve_until(INT64_MAX);
	now_ns += LADDER_GRACE_MS * NS_PER_MS;
	station_sweep(&fixture.station, false, now_ns);
	assert_false(has_ended());
	/* And that one has all the steps of its own. */
	serve_until(now_ns - KILL_AFTER_MS * NS_PER_MS);
	station_sweep(&fixture.station, false, now_ns);
	assert_false(has_ended());
	station_sweep(&fixture.station, false, now_ns + LADDER_GRACE_MS * NS_PER_MS);
	assert_true(has_ended());
}

static void what_was_held_against_it_says_nothing_of_the_next_clients_end(void **state)
{
	int64_t now_ns = clock_now_ns();

	(void)state;
	stand();
	serve_until(now_ns);
	station_sweep(&fixture.station, false, now_ns + KILL_AFTER_MS * NS_PER_MS);
	serve_until(INT64_MAX);
	assert_int_equal(child_signal(&fixture.station.worker, SIGSEGV), 0);
	assert_true(has_ended());
	assert_true(station_check(&fixture.station));
	assert_int_equal(fixture.reason, END_HANDLER_CRASHED);
}

#define CLAIM(set_up, claim) cmocka_unit_test_setup_teardown(claim, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CLAIM(with_keeper, a_worker_that_cannot_be_held_does_not_live_on),
		CLAIM(with_keeper, its_client_is_told_of_should_it_have_one),
		CLAIM(with_keeper, a_worker_that_cannot_be_watched_does_not_live_on),
		CLAIM(without_keeper, a_forked_worker_that_cannot_be_watched_does_not_live_on),
		CLAIM(with_keeper, a_worker_whose_name_was_not_read_yet_ends_with_its_station),
		CLAIM(with_keeper, a_worker_in_the_making_ends_with_its_station),
		CLAIM(without_keeper, who_ignores_sigterm_is_killed),
		CLAIM(without_keeper, who_came_back_is_not_killed_for_it_with_the_next_client),
		CLAIM(without_keeper, what_was_held_against_it_says_nothing_of_the_next_clients_end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
