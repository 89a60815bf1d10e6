/* SPDX-License-Identifier: MIT */
/* The line of answers that says Date, made once per second where one process serves many of them. Private to src/http. */
#ifndef HTTP_CLOCK_H
#define HTTP_CLOCK_H

#include "base/buf.h"

struct brood_conn;

void http_clock_put(struct brood_conn *conn, struct buf *buf);

#endif
