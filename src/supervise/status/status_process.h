/* SPDX-License-Identifier: MIT */
/* Life on the other side of the fork: the process that answers at --status-listen. */
#ifndef SUPERVISE_STATUS_PROCESS_H
#define SUPERVISE_STATUS_PROCESS_H

struct status_server;

/* It could not become nobody: to be started again with the rights it has. */
#define STATUS_EXIT_KEEPS_RIGHTS 3

/* In the child. Takes channel_fd. */
_Noreturn void status_process_run(struct status_server *server, int channel_fd);

#endif
