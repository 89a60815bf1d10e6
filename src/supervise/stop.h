/* SPDX-License-Identifier: MIT */
/* Stopping: patiently, quickly, at once. */
#ifndef SUPERVISE_STOP_H
#define SUPERVISE_STOP_H

#include <stdint.h>

struct supervised;
struct supervisor;
enum stop;

/* Stop everything at least this hard. What was asked before is never softened. */
void stop_raise(struct supervisor *supervisor, enum stop stop);

/* Every service drains and stops, the supervisor does not. */
void stop_drain_services(struct supervisor *supervisor);

/* Somebody else told its process to end. If that was not meant for all of us, it is replaced by a fresh one, to which it leaves
 * the queues. */
void stop_asked(struct supervised *service);

/* It is not in office any more: what was passed on it leaves alone, everything else drains. */
void stop_retire(struct supervised *service);

/* It never came into office, and is to leave no trace. */
void stop_discard(struct supervised *service);

/* It drains already, until then. */
void stop_wait(struct supervised *service, int64_t at_ns);

/* SIGKILL for a service process and all of its group. why: for the log; lives for ever. */
void stop_kill_service(struct supervised *service, const char *why);

#endif
