/* SPDX-License-Identifier: MIT */
/*
 * Decides who begins when, and when all is over. One turn: whoever is ready and may begin does; then what epoll
 * says; then whose time has come. Closed loop: a client begins when it is ready. Open loop: when a request is due,
 * and a client is ready for it.
 */
#include "load/drive.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "load/client.h"
#include "load/wire.h"

#define EVENTS          256
#define OPENING_AT_ONCE 1024 /* with --hold: tens of thousands at once would only wait for their second SYN */

/* ---- Who begins ---- */

static bool may_begin(const struct drive *drive, int64_t now_ns)
{
	const struct options *options = &drive->plan->options;

	if (list_empty(&drive->ready))
		return false;
	if (options->hold && drive->opening >= OPENING_AT_ONCE)
		return false;
	if (options->rate)
		return drive->asked < drive->due && schedule_due_ns(&drive->schedule, drive->asked) <= now_ns;
	return now_ns < drive->end_ns;
}

/* Each at most once: who waits for no answer is ready again at once. */
static void begin_ready(struct drive *drive)
{
	int64_t now_ns = clock_now_ns();

	for (size_t i = 0; i < drive->count && may_begin(drive, now_ns); i++) {
		struct client *client = container_of(drive->ready.next, struct client, turn);
		int64_t asked_ns = now_ns;

		if (drive->plan->options.rate)
			asked_ns = schedule_due_ns(&drive->schedule, drive->asked);
		drive->asked++;
		client_begin(drive, client, asked_ns, now_ns);
		now_ns = clock_now_ns();
	}
}

/* ---- Times ---- */

static struct client *first(const struct list *line)
{
	return list_empty(line) ? NULL : container_of(line->next, struct client, turn);
}

static void take_turns(struct drive *drive, struct list *line, int64_t now_ns)
{
	struct client *client;

	while ((client = first(line)) && client->turn_ns <= now_ns)
		client_turn(drive, client, now_ns);
}

static void expire(struct drive *drive, int64_t now_ns)
{
	while (!list_empty(&drive->deadlines)) {
		struct client *client = container_of(drive->deadlines.next, struct client, deadline);

		if (client->deadline_ns > now_ns)
			return;
		client_expire(drive, client);
	}
}

static int64_t earlier(int64_t a_ns, int64_t b_ns)
{
	return a_ns < b_ns ? a_ns : b_ns;
}

static int64_t wake_ns(const struct drive *drive, int64_t now_ns)
{
	const struct list *lines[] = { &drive->trickling, &drive->pausing, &drive->knocking };
	int64_t then_ns = now_ns < drive->end_ns ? drive->end_ns : drive->limit_ns;

	for (size_t i = 0; i < sizeof lines / sizeof *lines; i++)
		if (first(lines[i]))
			then_ns = earlier(then_ns, first(lines[i])->turn_ns);
	if (!list_empty(&drive->deadlines))
		then_ns = earlier(then_ns, container_of(drive->deadlines.next, struct client, deadline)->deadline_ns);
	if (may_begin(drive, now_ns))
		return now_ns;
	if (drive->plan->options.rate && drive->asked < drive->due && !list_empty(&drive->ready))
		then_ns = earlier(then_ns, schedule_due_ns(&drive->schedule, drive->asked));
	return then_ns;
}

/* To the nanosecond: a request that is due in a tenth of a millisecond shall not wait for a whole one. */
static int wait_for_events(struct drive *drive, struct epoll_event *events)
{
	int64_t now_ns = clock_now_ns(), then_ns = wake_ns(drive, now_ns);
	int64_t left_ns = then_ns > now_ns ? then_ns - now_ns : 0;
	struct timespec left = { .tv_sec = left_ns / NS_PER_SEC, .tv_nsec = left_ns % NS_PER_SEC };
	int n = epoll_pwait2(drive->epoll, events, EVENTS, then_ns == INT64_MAX ? NULL : &left, NULL);

	if (n < 0 && errno == ENOSYS)
		n = epoll_wait(drive->epoll, events, EVENTS, clock_ms_until(then_ns, now_ns));
	return n;
}

/* ---- The end ---- */

static bool is_over(const struct drive *drive, int64_t now_ns)
{
	if (now_ns >= drive->limit_ns || drive->done == drive->count)
		return true;
	if (drive->busy > 0)
		return false;
	return drive->plan->options.rate ? drive->asked == drive->due : now_ns >= drive->end_ns;
}

static void conclude(struct drive *drive, bool stopped, int64_t now_ns)
{
	struct outcome *outcome = drive->outcome;
	uint64_t left = drive->busy;

	if (drive->plan->options.rate && drive->done < drive->count)
		left += drive->due - drive->asked;
	/* Of a schedule's requests, each was due before the time was over: it waited for all of the timeout, asked
	 * or not. */
	if (drive->plan->options.rate && !stopped)
		outcome_add(&outcome->errors[OUTCOME_TIMEOUT], left);
	else
		outcome_add(&outcome->unfinished, left);
	outcome->ended_ns = earlier(now_ns, drive->end_ns);
}

/* True: somebody said so. */
static bool turn_until_over(struct drive *drive)
{
	struct epoll_event events[EVENTS];
	int64_t now_ns;
	int n;

	for (begin_ready(drive); !is_over(drive, clock_now_ns()); begin_ready(drive)) {
		n = wait_for_events(drive, events);
		for (int i = 0; i < n; i++) {
			if (!events[i].data.ptr)
				return true;
			client_event(drive, events[i].data.ptr, events[i].events);
		}
		now_ns = clock_now_ns();
		take_turns(drive, &drive->trickling, now_ns);
		take_turns(drive, &drive->pausing, now_ns);
		take_turns(drive, &drive->knocking, now_ns);
		expire(drive, now_ns);
	}
	return false;
}

/* ---- The beginning ---- */

static void set_times(struct drive *drive, int process, int64_t start_ns)
{
	const struct options *options = &drive->plan->options;

	drive->end_ns = drive->limit_ns = INT64_MAX;
	if (options->duration_ms) {
		drive->end_ns = start_ns + options->duration_ms * NS_PER_MS;
		/* What trickles or is held has no end of its own. */
		drive->limit_ns =
			drive->end_ns + (options->hold || options->slow_ms ? 0 : options->timeout_ms * NS_PER_MS);
	}
	drive->schedule = (struct schedule){ .start_ns = start_ns,
		.rate = (uint64_t)options->rate,
		.processes = (uint64_t)drive->plan->processes,
		.process = (uint64_t)process };
	if (options->rate)
		drive->due = schedule_due_before(&drive->schedule, drive->end_ns);
}

static void init_lists(struct drive *drive)
{
	list_init(&drive->ready);
	list_init(&drive->deadlines);
	list_init(&drive->trickling);
	list_init(&drive->pausing);
	list_init(&drive->knocking);
}

static int open_loop(struct drive *drive, int stop)
{
	struct epoll_event event = { .events = EPOLLIN };

	drive->buffer = malloc(WIRE_BUFFER);
	drive->clients = calloc(drive->count, sizeof *drive->clients);
	drive->epoll = epoll_create1(EPOLL_CLOEXEC);
	if (!drive->buffer || !drive->clients)
		return -ENOMEM;
	if (drive->epoll < 0 || epoll_ctl(drive->epoll, EPOLL_CTL_ADD, stop, &event) < 0)
		return -errno;
	for (size_t i = 0; i < drive->count; i++)
		client_init(drive, &drive->clients[i]);
	return 0;
}

void drive_run(const struct plan *plan, int process, int64_t start_ns, int stop, struct outcome *outcome)
{
	struct drive drive = { .plan = plan, .outcome = outcome, .count = (size_t)plan_clients_of(plan, process) };
	bool stopped;
	int r;

	drive.origin = (struct origin){ .processes = (uint64_t)plan->processes, .process = (uint64_t)process };
	/* Each process begins elsewhere, so that together they abort as evenly as one. */
	drive.abort_debt = (unsigned int)(100 * process / plan->processes);
	init_lists(&drive);
	set_times(&drive, process, start_ns);
	/* Else the kernel may let whoever waits sleep 50 us longer, to save power. */
	prctl(PR_SET_TIMERSLACK, 1UL);
	r = open_loop(&drive, stop);
	if (r < 0) {
		sentence_set(&outcome->trouble, r, "a process of the load cannot begin: %s", strerror(-r));
	} else {
		stopped = turn_until_over(&drive);
		conclude(&drive, stopped, clock_now_ns());
	}
	free(drive.clients);
	free(drive.buffer);
	if (drive.epoll >= 0)
		close(drive.epoll);
}
