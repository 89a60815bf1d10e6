/* SPDX-License-Identifier: MIT */
/* What a service process tells its supervisor. */
#ifndef SUPERVISE_NOTICE_H
#define SUPERVISE_NOTICE_H

#include <stdint.h>

struct loop_source;
struct supervised;

/* Its channel is readable. */
void notice_ready(struct loop_source *source, uint32_t events);

/* Everything that waits in the channel. */
void notice_read(struct supervised *service);

#endif
