/* SPDX-License-Identifier: MIT */
/* Socket addresses: IPv4-mapped ones made plain, and their text. */
#ifndef TRANSPORT_ADDRESS_H
#define TRANSPORT_ADDRESS_H

#include "contract/conn.h"

/* ::ffff:a.b.c.d becomes a.b.c.d; everything else stays. */
void address_normalise(union conn_address *address, socklen_t *size);

/* "127.0.0.1:5000", "[::1]:5000", "[fe80::1%2]:5000", "unix:/path", "unix:@name", "unix:", "vsock:3:5000", or
 * "unknown". Control bytes become \xHH: who connects chooses a Unix name. Cut to fit; always NUL-terminated. */
void address_text(const struct sockaddr *address, socklen_t address_size, char *text, size_t text_size);

#endif
