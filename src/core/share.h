/* SPDX-License-Identifier: MIT */
/*
 * Fairness between two requests: a client that keeps its worker (BROOD_AGAIN) while others wait for one gives way, once
 * it has had it for some time. A client in the middle of a request never does.
 */
#ifndef CORE_SHARE_H
#define CORE_SHARE_H

#include <stdbool.h>

struct brood_conn;
struct service;

/* How long a client may keep its worker in any case. Where as many wait as are served, whoever comes behind them waits
 * for two such times: less than a second. */
#define SHARE_MS 400

/* How often a parked connection looks whether somebody waits. */
#define SHARE_LOOK_MS 250

/* In the worker: is it time to give way? Costs nothing before SHARE_MS. */
bool share_is_over(const struct brood_conn *conn);

/* The two halves of that: it was served for long enough; somebody waits. */
bool share_was_had(const struct brood_conn *conn);
bool share_is_wanted(const struct brood_conn *conn);

/* In the service process, now and then while connections are out, for models whose workers do not accept. */
void share_look_for_waiting(struct service *service);

#endif
