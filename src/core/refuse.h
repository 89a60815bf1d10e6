/* SPDX-License-Identifier: MIT */
/* A client that was accepted and is not served: it is told so, recorded, and its socket kept until that can be read. */
#ifndef CORE_REFUSE_H
#define CORE_REFUSE_H

#include "contract/end_reason.h"

struct brood_conn;
struct service;

/* In the service process. Takes conn: .refusal, an end record, and the descriptor goes to the parked ones. */
void refuse_conn(struct brood_conn *conn, enum end_reason reason, int error);

/* In any process: .refusal, then the end of the stream. */
void refuse_say(struct brood_conn *conn);

/* In the service process: takes fd, of a client that was told its last word, to the parked ones. */
void refuse_park(struct service *service, int fd);

void refuse_stop(struct service *service); /* closes who is parked. Idempotent */

#endif
