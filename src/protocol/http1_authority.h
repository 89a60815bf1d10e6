/* SPDX-License-Identifier: MIT */
/* The grammar of an authority without user information: a host, and maybe a port (RFC 3986, 3.2). For http1*.c. */
#ifndef PROTOCOL_HTTP1_AUTHORITY_H
#define PROTOCOL_HTTP1_AUTHORITY_H

#include <stdbool.h>
#include <stddef.h>

/* "example.org", "127.0.0.1:80", "[::1]:80", and "example.org:" (RFC 3986 lets a port be empty). Never an empty
 * host. */
bool http1_authority_fits(const char *at, size_t size);

/* The same, with a port between 1 and 65535: what CONNECT names. */
bool http1_authority_has_port(const char *at, size_t size);

#endif
