/* SPDX-License-Identifier: MIT */
/*
 * Which file the log is by now: written by the process that opens it anew, read before each line by all that were forked
 * since, workers in the middle of a connection included. Nobody has to tell them.
 */
#ifndef OBSERVE_LOG_ROTATION_H
#define OBSERVE_LOG_ROTATION_H

#include <stdatomic.h>
#include <stdint.h>

/* In memory that is shared with every child. */
struct log_rotation {
	_Atomic uint32_t count;
	_Atomic uint64_t dev, ino; /* of the file; set before count */
};

struct log_rotation *log_rotation_new(void); /* NULL: no memory; then nobody is told */
void log_rotation_free(struct log_rotation *rotation);

/* fd is open on the new file. */
void log_rotation_note(struct log_rotation *rotation, int fd);

/* Whether there were more than *seen; it is set. */
static inline int log_rotation_is_new(const struct log_rotation *rotation, _Atomic uint32_t *seen)
{
	uint32_t now = rotation ? atomic_load_explicit(&rotation->count, memory_order_acquire) : 0;

	return rotation && atomic_load_explicit(seen, memory_order_relaxed) != now &&
	       atomic_exchange_explicit(seen, now, memory_order_relaxed) != now;
}

/* A descriptor of that very file, or -errno: whoever may not open it, or sees another file there, goes on as before. */
int log_rotation_open(const struct log_rotation *rotation, const char *path);

#endif
