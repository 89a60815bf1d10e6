/* SPDX-License-Identifier: MIT */
/* What the supervisor writes for its status process: a row for each name of a service. */
#ifndef SUPERVISE_STATUS_ROWS_H
#define SUPERVISE_STATUS_ROWS_H

struct status_server;
struct supervised;

/* Sends boards that the status process does not know yet, and describes everything as it is now. 0, or -errno of sending. */
int status_rows_refresh(struct status_server *server);

/* To a status process that was just started: all boards that live. 0 or -errno. */
int status_rows_send(struct status_server *server);

/* What the image before us told by, in the memory behind fd (-1: nothing): what is past there is past here. Of another version
 * of brood, nothing is taken. Takes fd. Before the first refresh. */
void status_rows_inherit(struct status_server *server, int fd);

/* Its board is about to be closed: adds its counters to what is past, in the same moment in which it stops to count. */
void status_rows_board_gone(struct status_server *server, struct supervised *service);

#endif
