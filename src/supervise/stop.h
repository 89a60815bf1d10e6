/* SPDX-License-Identifier: MIT */
/* Stopping: patiently, quickly, at once. */
#ifndef SUPERVISE_STOP_H
#define SUPERVISE_STOP_H

struct supervised;
struct supervisor;
enum stop;

/* Stop everything at least this hard. What was asked before is never softened. */
void stop_raise(struct supervisor *supervisor, enum stop stop);

/* SIGKILL for a service process and all of its group. why: for the log; lives for ever. */
void stop_kill_service(struct supervised *service, const char *why);

#endif
