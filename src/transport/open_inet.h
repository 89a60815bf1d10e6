/* SPDX-License-Identifier: MIT */
/* Opening tcp:// and udp://. */
#ifndef TRANSPORT_OPEN_INET_H
#define TRANSPORT_OPEN_INET_H

#include <sys/socket.h>

#include "contract/conn.h"
#include "transport/open_job.h"

/* May ask the resolver when the host is a name. 0 or -errno with a sentence; the caller undoes. */
int open_inet(struct open_job *job);

/* Let a UDP socket report how many packets were lost, and, unless it is or will be bound to one address (bound; NULL: unknown),
 * where each was sent to. Best effort. */
void open_inet_report(int fd, sa_family_t domain, const union conn_address *bound);

#endif
