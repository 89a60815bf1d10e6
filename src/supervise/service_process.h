/* SPDX-License-Identifier: MIT */
/* Life on the other side of the fork: one engine, one service, until it is over. */
#ifndef SUPERVISE_SERVICE_PROCESS_H
#define SUPERVISE_SERVICE_PROCESS_H

struct supervised;

/* In the child, which holds what start.c left it. Takes both descriptors. */
_Noreturn void service_process_run(struct supervised *service, int channel_fd, int lifeline_fd);

#endif
