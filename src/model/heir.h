/* SPDX-License-Identifier: MIT */
/* brood_fork where a worker is a process: the child it leaves the connection to, and for which it waits. In the worker. */
#ifndef MODEL_HEIR_H
#define MODEL_HEIR_H

struct brood_conn;

/* 0 in the child, which ends should the worker be killed; 1 in the worker; -errno. */
int heir_fork(struct brood_conn *conn);

/* In the worker, after its own life: it is over only when the child is. Its own slot, bound and kill ladder hold for both. */
void heir_join(struct brood_conn *conn);

#endif
