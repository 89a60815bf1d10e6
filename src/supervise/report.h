/* SPDX-License-Identifier: MIT */
/* How the supervisor speaks: events go to the log, what somebody at the terminal must read goes to stderr. */
#ifndef SUPERVISE_REPORT_H
#define SUPERVISE_REPORT_H

#include <brood/brood.h>

#include "contract/log.h"

struct supervised;
struct supervisor;

/* One record about a service. */
void report_event(const struct supervised *service, enum brood_level level, const char *message,
	const struct log_field *fields, size_t count);

/* One record about the supervisor itself. */
void report_own(const struct supervisor *supervisor, enum brood_level level, const char *message,
	const struct log_field *fields, size_t count);

/* One line on stderr, whatever the log level; lost rather than waited for. The newline is added. */
void report_line(const char *format, ...) BROOD_PRINTF(1, 2);

/* Why we end with this exit status: once on stderr, and in the log if that is somewhere else. The first status stays. */
void report_fatal(struct supervisor *supervisor, int exit_status, const char *format, ...) BROOD_PRINTF(3, 4);

#endif
