/* SPDX-License-Identifier: MIT */
/*
 * Decides when the load begins, when a server is looked at, and when its time is up. Both servers of an experiment pass through
 * the same code. Invariant: when stage_play returns, no process, client or descriptor of it is left. Called by course.c.
 */
#include "lab/stage.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "lab/history.h"

#define START_MS 5000 /* until it listens */
#define CALM_MS  150  /* from there to the load: pools fill, and it is known what is usual */
#define LOOK_MS  100

struct play {
	const struct stage *stage;
	struct server server;
	struct speech speech;
	struct clients clients;
	struct sampler sampler;
	struct history history;
	int64_t begun_ns, settled_ns; /* 0: not yet */
};

static bool is_interrupted(const struct play *play)
{
	return play->stage->interrupted(play->stage->interrupted_arg);
}

/* ---- What it says ---- */

static void hear(struct play *play)
{
	char text[4096];
	ssize_t n;

	while ((n = read(play->server.output, text, sizeof text)) > 0)
		speech_hear(&play->speech, text, (size_t)n);
}

static int wait_for_port(struct play *play, struct sentence *why)
{
	int64_t deadline_ns = clock_now_ns() + START_MS * NS_PER_MS;

	while (play->speech.port == 0 && clock_now_ns() < deadline_ns) {
		struct pollfd polled = { .fd = play->server.output, .events = POLLIN };

		if (is_interrupted(play))
			return sentence_set(why, -EINTR, "interrupted");
		poll(&polled, 1, LOOK_MS);
		hear(play);
		if (play->speech.port == 0 && server_has_ended(&play->server))
			return sentence_set(why, -ECHILD, "it ended at once; its last words: %s", play->speech.last);
	}
	if (play->speech.port == 0)
		return sentence_set(why, -ETIMEDOUT, "it did not begin to listen within %d s", START_MS / 1000);
	return 0;
}

/* ---- One look ---- */

static void look(struct play *play, struct stage_moment *moment)
{
	int64_t now_ns = clock_now_ns();
	char how[64];

	hear(play);
	*moment = (struct stage_moment){ .elapsed_ms = (now_ns - play->begun_ns) / NS_PER_MS };
	moment->ended = server_has_ended(&play->server);
	sample_take(&play->sampler, &moment->sample);
	clients_tell(&play->clients, now_ns, &moment->clients);
	history_add(&play->history, play->stage->experiment, moment);
	if (moment->ended)
		snprintf(moment->says, sizeof moment->says, "%.150s [%s]", play->speech.last,
			child_exit_text(&play->server.how, how, sizeof how));
	else
		memcpy(moment->says, play->speech.last, sizeof moment->says);
}

static bool is_over(struct play *play)
{
	const struct experiment *experiment = play->stage->experiment;
	int64_t now_ns = clock_now_ns();

	if (play->settled_ns == 0 && clients_settled(&play->clients))
		play->settled_ns = now_ns;
	if (play->settled_ns != 0 && now_ns - play->settled_ns >= experiment->settle_ms * NS_PER_MS)
		return true;
	return now_ns - play->begun_ns >= experiment->watch_ms * NS_PER_MS;
}

/* Until until_ns, or until a client is due, or something happens. */
static void turn(struct play *play, int64_t until_ns)
{
	struct pollfd polled[CLIENTS_MAX + 1];
	int64_t now_ns = clock_now_ns(), due_ns = clients_start(&play->clients, now_ns);
	size_t count = clients_fill(&play->clients, polled);

	polled[count] = (struct pollfd){ .fd = play->server.output, .events = POLLIN };
	if (server_has_ended(&play->server))
		polled[count].fd = -1;
	if (poll(polled, count + 1, clock_ms_until(due_ns < until_ns ? due_ns : until_ns, now_ns)) <= 0)
		return;
	hear(play);
	clients_look(&play->clients, polled, count, clock_now_ns());
}

static void watch(struct play *play, struct stage_moment *moment)
{
	int64_t next_ns = play->begun_ns;

	while (!is_interrupted(play)) {
		if (clock_now_ns() >= next_ns) {
			look(play, moment);
			play->stage->show(play->stage->arg, play->stage, moment);
			next_ns += LOOK_MS * NS_PER_MS;
		}
		if (is_over(play))
			break;
		turn(play, next_ns);
	}
	look(play, moment);
	moment->over = true;
	play->stage->show(play->stage->arg, play->stage, moment);
}

/* ---- From the start to the end ---- */

static int load_and_watch(struct play *play, struct stage_outcome *outcome)
{
	int r;

	play->sampler = (struct sampler){
		.server = play->server.child.pid,
		.port = (uint16_t)play->speech.port,
		.descriptors_limit = outcome->bounds.known ? (int64_t)outcome->bounds.descriptors.rlim_cur : 0,
	};
	poll(NULL, 0, CALM_MS);
	history_begin(&play->history, &play->sampler);
	play->begun_ns = clock_now_ns();
	r = clients_init(&play->clients, play->stage->experiment, play->sampler.port, play->begun_ns);
	if (r < 0)
		return sentence_set(&outcome->why, r, "no memory for the clients");
	watch(play, &outcome->last);
	history_tell(&play->history, &outcome->last, outcome->figure);
	outcome->figure[FIGURE_SAID_TWICE] = play->speech.twice;
	clients_fini(&play->clients);
	return is_interrupted(play) ? sentence_set(&outcome->why, -EINTR, "interrupted") : 0;
}

void stage_play(const struct stage *stage, struct stage_outcome *ret_outcome)
{
	struct play play = { .stage = stage };
	int r;

	*ret_outcome = (struct stage_outcome){ .played = false };
	speech_init(&play.speech);
	if (server_start(&stage->plan, &play.server, &ret_outcome->why) < 0)
		return;
	r = wait_for_port(&play, &ret_outcome->why);
	bounds_find(&ret_outcome->bounds);
	if (r == 0)
		r = load_and_watch(&play, ret_outcome);
	ret_outcome->played = r == 0;
	server_stop(&play.server, stage->cast == STAGE_BROOD);
}
