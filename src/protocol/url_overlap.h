/* SPDX-License-Identifier: MIT */
/* Whether two listen URLs want the same address: no sockets, no name resolution. */
#ifndef PROTOCOL_URL_OVERLAP_H
#define PROTOCOL_URL_OVERLAP_H

#include "protocol/url.h"

/* True: the kernel would refuse the second. False also where only a resolver could tell (two names of one machine;
 * of names, "localhost" alone is known), and for port 0, which is another one each time. */
bool url_overlap(const struct url *a, const struct url *b);

#endif
