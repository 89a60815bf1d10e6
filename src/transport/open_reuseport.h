/* SPDX-License-Identifier: MIT */
/* Several sockets with one address, over which the kernel spreads clients (SO_REUSEPORT). */
#ifndef TRANSPORT_OPEN_REUSEPORT_H
#define TRANSPORT_OPEN_REUSEPORT_H

/* Others of ours may have its address, too; before or after it is bound. 0 or -errno. */
int open_reuseport_allow(int fd);

/* One of the sockets that were bound to its address so far: among these, and no others, clients are spread evenly from now on.
 * 0 or -errno. */
int open_reuseport_keep(int fd, unsigned int sockets);

#endif
