/* SPDX-License-Identifier: MIT */
/* What a service process tells its supervisor. */
#ifndef SUPERVISE_NOTICE_H
#define SUPERVISE_NOTICE_H

#include <stdint.h>

struct loop_source;
struct supervised;
struct supervisor;

/* Its channel is readable. */
void notice_ready(struct loop_source *source, uint32_t events);

/* Its generation is in office: it may accept from now on. */
void notice_take_office(struct supervised *service);

/* To whoever started us, and once to the command: every service in office is ready. If they are. */
void notice_say_ready(struct supervisor *supervisor);

/* Everything that waits in the channel. */
void notice_read(struct supervised *service);

#endif
