/* SPDX-License-Identifier: MIT */
/*
 * What the supervisor tells its status process: a piece of shared memory with one writer, the supervisor; the other side has it
 * read-only. A reader copies it, and copies again if it was written meanwhile.
 */
#ifndef SUPERVISE_STATUS_SHARED_H
#define SUPERVISE_STATUS_SHARED_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "contract/listener.h"
#include "core/engine.h"
#include "observe/figures.h"

#define STATUS_ROWS       128 /* names of services: twice what a file may have, since a reload may rename them all */
#define STATUS_ROW_BOARDS 32  /* processes of one name at once: one serves, the others finish what they started */
#define STATUS_NAME_SIZE  128
#define STATUS_WORD_SIZE  16

struct status_listener {
	uint32_t inode;
	char url[LISTENER_URL_SIZE];
};

/* One name of a service, in however many generations. */
struct status_row {
	char name[STATUS_NAME_SIZE]; /* "": nobody's */
	char model[STATUS_WORD_SIZE];
	char state[STATUS_WORD_SIZE];
	bool in_office; /* it is part of the configuration in force */
	bool ready;
	uint64_t starts;
	uint32_t listener_count;
	struct status_listener listeners[ENGINE_LISTENERS];
	uint32_t boards[STATUS_ROW_BOARDS]; /* their numbers; 0: none. They have been sent before */
	struct figures past;                /* counters of the boards that are gone */
};

struct status_shared {
	_Atomic uint32_t version;     /* odd: being written */
	uint32_t size;                /* of all of this: the next image may have another idea of it */
	char brood[STATUS_WORD_SIZE]; /* whose it is */
	uint32_t last_board;          /* the highest number given so far */
	uint32_t row_count;           /* rows in use are among the first so many */
	int64_t started_ms;           /* realtime: the supervisor */
	uint64_t lost_lines;          /* of the log, by the supervisor */
	uint64_t starts;              /* of the status process */
	struct status_row rows[STATUS_ROWS];
};

/* The supervisor's side: zeroed; not inherited by a fork, and nobody else can ever write it. 0 or -errno. */
int status_shared_open(struct status_shared **ret_shared, int *ret_fd);
void status_shared_close(struct status_shared *shared, int fd); /* NULL is fine */

void status_shared_begin(struct status_shared *shared);
void status_shared_end(struct status_shared *shared);

/* The other side: a status process, or the next image of the supervisor. 0; -EPROTO: it is of another version of brood. */
int status_shared_map(int fd, const struct status_shared **ret_shared);
void status_shared_unmap(const struct status_shared *shared);

/* Rows in use alone are copied. 0, or -EAGAIN when its writer does not get to an end. */
int status_shared_copy(struct status_shared *copy, const struct status_shared *shared);

#endif
