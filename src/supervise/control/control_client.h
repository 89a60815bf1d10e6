/* SPDX-License-Identifier: MIT */
/* One client of the control socket, from its first byte to the last one of the answer. Private to control*.c. */
#ifndef SUPERVISE_CONTROL_CLIENT_H
#define SUPERVISE_CONTROL_CLIENT_H

#include <stdbool.h>
#include <sys/types.h>

#include "base/list.h"
#include "loop/loop.h"
#include "protocol/words.h"
#include "supervise/control/control.h"
#include "supervise/control/control_verbs.h"
#include "supervise/control/show.h"
#include "supervise/verbs.h"

#define CONTROL_ANSWER_ROOM (2 * SHOW_PART_MAX)

/*
 *   READING ── a line ──▶ WAITING ── done ──▶ WRITING ── all sent ──▶ gone
 *      └─ a line that asks to be shown something, or is wrong ─▲
 */
enum control_phase {
	CONTROL_READING,
	CONTROL_WAITING, /* for the supervisor: as long as it takes */
	CONTROL_WRITING,
};

struct control_client {
	struct list link; /* in control's list */
	struct supervisor *supervisor;
	void (*gone)(struct control_client *client); /* it is closed, and can be freed */
	enum control_phase phase;
	struct loop_source source;
	struct loop_timer timer; /* its patience, see CONTROL_PATIENCE_MS; not while it waits for us */
	uid_t uid;
	pid_t pid;

	char request[CONTROL_REQUEST_MAX + 1]; /* a byte more than may be, to see that there is more */
	size_t request_size;
	struct words words; /* of the request */
	struct control_request asked;
	struct verb_reply reply;

	show_fn *show; /* more parts are to come; or NULL */
	struct show showing;
	struct buf answer;
	size_t sent; /* of answer */
	char room[CONTROL_ANSWER_ROOM];
};

/* Takes fd, which does not block. NULL: no memory; fd is closed. gone is called for everybody else, once. */
struct control_client *control_client_new(
	struct supervisor *supervisor, int fd, void (*gone)(struct control_client *client));

/* It asks nothing (any more): this is its answer. */
void control_client_refuse(struct control_client *client, const char *why);

/* It asked the supervisor's former image, and waits. */
void control_client_wait(struct control_client *client);

/* Sends what it can of an answer; half a request is refused. */
void control_client_flush(struct control_client *client);

/* We end: whoever waits is told so, and what fits is sent. */
void control_client_part(struct control_client *client);

#endif
