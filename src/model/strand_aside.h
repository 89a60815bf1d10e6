/* SPDX-License-Identifier: MIT */
/*
 * What a strand waits for beside its client: a function that blocks, a descriptor of its handler's own. In the fiber
 * of conn; members of struct model_ops (contract/model.h).
 */
#ifndef MODEL_STRAND_ASIDE_H
#define MODEL_STRAND_ASIDE_H

#include <stdint.h>

struct brood_conn;

int strand_aside_offload(struct brood_conn *conn, void (*fn)(void *arg), void *arg, int64_t deadline_ns);
int strand_aside_wait_fd(struct brood_conn *conn, int fd, short events, int64_t deadline_ns);

#endif
