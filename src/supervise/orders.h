/* SPDX-License-Identifier: MIT */
/* What a signal to the supervisor means. */
#ifndef SUPERVISE_ORDERS_H
#define SUPERVISE_ORDERS_H

struct supervisor;

/* From now on signals come through the loop. 0 or -errno. */
int orders_open(struct supervisor *supervisor);
void orders_close(struct supervisor *supervisor);

#endif
