/* SPDX-License-Identifier: MIT */
/*
 * What `brood ctl` is shown, as text in 80 columns or as JSON (docs/reference/control.md). Made in parts, so that an answer of
 * any length needs a buffer of one size, and the loop is never held up for long: each call appends one part.
 */
#ifndef SUPERVISE_SHOW_H
#define SUPERVISE_SHOW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "observe/human.h"
#include "observe/json.h"

struct sentence;
struct supervised;
struct supervisor;

#define SHOW_PART_MAX 16384 /* no part is longer */

struct show {
	struct supervisor *supervisor;
	struct buf *out; /* with room for a part */
	struct json json;
	bool as_json;
	const char *only; /* the one service that is asked for, or NULL. Borrowed */
	int64_t now_ns;

	bool begun;
	size_t service; /* number of the next one, or of the one in hand */
	size_t row;     /* of the one in hand */
	bool in_service;
};

/* Appends a part. False: it was the last one. */
typedef bool show_fn(struct show *show);

show_fn show_status;
show_fn show_workers;
show_fn show_limits;
show_fn show_deaths;

/* Over the services that are asked for, from number *at on; NULL behind the last. */
struct supervised *show_next_service(const struct show *show, size_t *at);

/* The one of this name, or NULL with a sentence that has the nearest right spelling. */
const struct supervised *show_find_service(
	const struct supervisor *supervisor, const char *name, struct sentence *why);

/* Which load of the configuration it belongs to. */
unsigned int show_generation(const struct supervised *service);

/* Its state, or "lame duck". */
const char *show_state(const struct supervised *service);

/* Workers, or threads: fewer than slots on the board, where workers overlap or children of handlers have some. */
int show_size(const struct supervised *service);

/* Clients at once. */
int show_bound(const struct supervised *service);

/* What is less than the kernel's clock ticks is not nothing. */
const char *show_cpu(int64_t cpu_ms, char text[HUMAN_SIZE]);

/* Text of others' making, in no more than max bytes; text: without control bytes. */
void show_foreign(struct buf *out, const char *text, size_t max);

#endif
