/* SPDX-License-Identifier: MIT */
/* What the status process sees: a copy of what its supervisor says, and the boards of all service processes, read-only. */
#ifndef SUPERVISE_STATUS_VIEW_H
#define SUPERVISE_STATUS_VIEW_H

#include <stdbool.h>

#include "base/buf.h"

struct status_view;

/* channel_fd: where boards come from; taken. 0 or -errno. */
int status_view_new(int shared_fd, int channel_fd, struct status_view **ret_view);
void status_view_free(struct status_view *view); /* NULL is fine */

/* What came through the channel. 0, or -EPIPE when the supervisor has closed it. */
int status_view_receive(struct status_view *view);

/* Before a page is written. 0, or -EAGAIN: nobody knows at the moment. */
int status_view_refresh(struct status_view *view);

/* Whether every service is ready; and the page that says so, or which ones are not. */
bool status_view_readyz(const struct status_view *view, struct buf *page);

/* text->truncated if there is not enough room. */
void status_view_metrics(struct status_view *view, struct buf *page);

#endif
