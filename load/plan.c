/* SPDX-License-Identifier: MIT */
/* Decides the message, how an answer to it ends, and how many processes carry the clients. */
#include "load/plan.h"

#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "load/room.h"
#include "protocol/escapes.h"

#define REQUEST_SIZE           (TARGET_PATH_SIZE + TARGET_HOST_SIZE + 256)
#define CLIENTS_OF_ONE_PROCESS 20000
#define OWN_DESCRIPTORS        16 /* of a process, besides its clients' */

/* A line that whatever answers lines answers: echo with itself, calc with "2". */
static const char usual_message[] = "1 + 1\\n";

static int check_datagrams(const struct options *options, struct sentence *why)
{
	const char *other = options->hold            ? "--hold: there are no connections to keep"
			    : options->slow_ms       ? "--slow: a datagram is sent at once"
			    : options->abort_percent ? "--abort: there are no connections to reset"
						     : NULL;

	if (other)
		return sentence_set(why, EX_USAGE, "'%.100s' takes datagrams; leave out %s", options->url, other);
	if (options->answer != REPLY_AUTO && options->answer != REPLY_NONE)
		return sentence_set(why, EX_USAGE,
			"'%.100s' takes datagrams: one is an answer; --answer may only say none", options->url);
	return 0;
}

static int check(const struct plan *plan, struct sentence *why)
{
	if (plan->target.type == SOCK_DGRAM)
		return check_datagrams(&plan->options, why);
	if (plan->target.http && plan->options.answer != REPLY_AUTO && plan->options.answer != REPLY_NONE)
		return sentence_set(why, EX_USAGE,
			"--answer: HTTP says by itself where an answer ends; with tcp:// and --message it may be "
			"anything");
	if (plan->rule.kind == REPLY_CLOSE && plan->keeps)
		return sentence_set(why, EX_USAGE,
			"an answer that ends with the connection is the only one: leave out --keep-alive and "
			"--requests");
	return 0;
}

static int make_message(struct plan *plan, struct sentence *why)
{
	const char *text = plan->options.message ? plan->options.message : usual_message;
	struct sentence reason;
	struct buf request;

	plan->message = malloc(strlen(text) + 1 + REQUEST_SIZE);
	if (!plan->message)
		return sentence_set(why, EX_OSERR, "no memory for the message");
	if (plan->target.http && !plan->options.message) {
		buf_init(&request, plan->message, REQUEST_SIZE);
		target_put_request(&plan->target, plan->keeps, &request);
		plan->message_size = request.size;
	} else if (escapes_decode(text, plan->message, &plan->message_size, &reason) < 0) {
		return sentence_set(why, EX_USAGE, "--message: %s", reason.text);
	}
	return 0;
}

static enum reply_kind kind_of(const struct plan *plan)
{
	if (plan->options.answer != REPLY_AUTO)
		return plan->options.answer;
	if (plan->target.type == SOCK_DGRAM)
		return REPLY_PACKET;
	return plan->target.http ? REPLY_HTTP : REPLY_AUTO;
}

static int find_room(struct plan *plan, struct sentence *why)
{
	int given = plan->options.processes, needed = (plan->clients - 1) / CLIENTS_OF_ONE_PROCESS + 1;
	int room = room_make(plan->clients + OWN_DESCRIPTORS) - OWN_DESCRIPTORS, each;

	/* As few as the limit allows, if nobody said how many. */
	if (!given && room > 0 && needed < (plan->clients - 1) / room + 1)
		needed = (plan->clients - 1) / room + 1;
	plan->processes = given ? given : needed;
	each = (plan->clients - 1) / plan->processes + 1;
	if (each > room || plan->processes > OPTIONS_PROCESSES_MAX)
		return sentence_set(why, EX_USAGE,
			"%d clients in %d processes need %d descriptors each, and the limit is %d: raise it with "
			"ulimit -Hn, "
			"or use more --processes",
			plan->clients, plan->processes, each + OWN_DESCRIPTORS, room + OWN_DESCRIPTORS);
	return 0;
}

int plan_init(struct plan *plan, const struct options *options, struct sentence *why)
{
	int status;

	*plan = (struct plan){ .options = *options, .keeps = options->requests != 1 && !options->hold };
	plan->clients = options->clients * (options->hold && options->conns ? options->conns : 1);
	plan->says = !options->hold || options->message;
	status = target_find(options->url, &plan->target, why);
	if (!plan->options.timeout_ms)
		plan->options.timeout_ms =
			plan->target.type == SOCK_DGRAM ? PLAN_TIMEOUT_DATAGRAM_MS : PLAN_TIMEOUT_MS;
	if (status == 0)
		status = make_message(plan, why);
	if (status == 0) {
		plan->rule =
			reply_rule(kind_of(plan), (uint64_t)options->answer_size, plan->message, plan->message_size);
		status = check(plan, why);
	}
	if (status == 0)
		status = find_room(plan, why);
	if (status != 0)
		plan_fini(plan);
	return status;
}

void plan_fini(struct plan *plan)
{
	free(plan->message);
	plan->message = NULL;
}

int plan_clients_of(const struct plan *plan, int process)
{
	return plan->clients / plan->processes + (process < plan->clients % plan->processes);
}
