/* SPDX-License-Identifier: MIT */
/*
 * What is done for the client of a worker that died, and what is told about that worker (the black box: fields of its
 * client's end record). In the service process, which holds a duplicate of the client's socket, or was given one.
 */
#ifndef CORE_DEAD_H
#define CORE_DEAD_H

#include <stdbool.h>
#include <stddef.h>

#define DEAD_FIELDS    8
#define DEAD_TEXT_SIZE 32

struct brood_service;
struct child_exit;
struct end_record;
struct log_field;
struct service;
struct slot;

/* .last_words (or .killed_words, as ended tells), if slot says that a request is in hand of whose answer no byte has left; then
 * the end of the stream, whoever else holds the socket. Borrows fd. True: the words were sent. */
bool dead_answer(struct service *service, int fd, const struct slot *slot, const struct child_exit *ended);

/* The same (.late_words) for a worker that lives, and hears of it; only when what it promised in slot is past (see io_send). */
bool dead_expire(struct service *service, int fd, const struct slot *slot);

/* The status of what is said then, if it is HTTP: of one that lives for ended NULL. 0: of none. */
unsigned int dead_status(const struct brood_service *config, const struct child_exit *ended);

/* What slot and exit (NULL: the worker is no process) tell about the end of a worker: died, phase, overdue. */
void dead_examine(struct end_record *record, const struct slot *slot, const struct child_exit *ended);

/* How a worker's process ended, for its line; of one that died the black box. text is for the values, fields has
 * room for DEAD_FIELDS. How many it wrote. */
size_t dead_fields(const struct end_record *record, const struct child_exit *ended, char text[DEAD_TEXT_SIZE],
	struct log_field *fields);

/* struct brood_host_ops.died. */
void dead_worker(struct service *service, struct end_record *record, const struct slot *slot, int fd,
	const struct child_exit *ended);

#endif
