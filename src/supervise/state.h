/* SPDX-License-Identifier: MIT */
/* The states of a service, as its supervisor sees it. (Phases of a connection are another enum: contract/slot.h.) */
#ifndef SUPERVISE_STATE_H
#define SUPERVISE_STATE_H

#include <stdbool.h>

/*
 *      ┌────── died: back-off ──────┐
 *      ▼                            │
 *   STARTING ──── READY message ──▶ READY
 *    │  │ ▲                          │ │
 *    │  │ └ died: back-off           │ └─ its only client is served ─┐
 *    │  │                            │                               │
 *    │  └──────── told to stop ──────┴──▶ DRAINING ─── ended ────────┴──▶ STOPPED
 *    │
 *    └─ gave up ▶ FAILED
 *
 * STARTING has a process or waits for one. Why we stop, and how patiently, is not in here: struct supervisor, stop.
 */
enum service_state {
	SERVICE_STARTING, /* being started, or waiting to be started again */
	SERVICE_READY,    /* takes clients */
	SERVICE_DRAINING, /* told to end */
	SERVICE_STOPPED,  /* ended, and nothing is left of it */
	SERVICE_FAILED,   /* gave up before it was ever ready */
};

struct supervised;

/* The one writer. Says the change at debug level. */
void state_set(struct supervised *service, enum service_state state);

bool state_is_final(enum service_state state);
const char *state_name(enum service_state state);

#endif
