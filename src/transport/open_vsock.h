/* SPDX-License-Identifier: MIT */
/* Opening vsock://: between a virtual machine and its host. */
#ifndef TRANSPORT_OPEN_VSOCK_H
#define TRANSPORT_OPEN_VSOCK_H

#include "transport/open_job.h"

/* 0 or -errno with a sentence. */
int open_vsock(struct open_job *job);

#endif
