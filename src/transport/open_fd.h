/* SPDX-License-Identifier: MIT */
/* Opening fd://: sockets that somebody else opened and handed to this process. */
#ifndef TRANSPORT_OPEN_FD_H
#define TRANSPORT_OPEN_FD_H

#include "transport/open_job.h"

/* 0 or -errno with a sentence; then the descriptors stay open, as they were given. */
int open_fd(struct open_job *job);

#endif
