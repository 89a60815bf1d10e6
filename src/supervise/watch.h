/* SPDX-License-Identifier: MIT */
/* What no service process can see about itself: that it hangs. */
#ifndef SUPERVISE_WATCH_H
#define SUPERVISE_WATCH_H

struct supervisor;

/* 0 or -errno. Costs nothing where no service is iterative. */
int watch_start(struct supervisor *supervisor);

#endif
