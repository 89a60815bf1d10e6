/* SPDX-License-Identifier: MIT */
/*
 * Lines of the access log that a standing worker has written and the service process has not harvested yet: at the end of the
 * worker's area, if its service has such a log. One writer of each word; the reader trusts none of it but its own tail.
 */
#ifndef CONTRACT_LINE_RING_H
#define CONTRACT_LINE_RING_H

#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

#include "contract/slot.h"

/* A power of two, so that positions may run over. Some thousands of lines: what a worker writes while the service process is not on a core for some dozens of milliseconds. */
#define LINE_RING_BYTES ((size_t)256 * 1024)

struct line_ring {
	_Atomic uint64_t head;                    /* bytes ever written: whole lines */
	_Atomic uint64_t lost;                    /* lines for which there was no room */
	_Atomic uint64_t tail;                    /* written by the service process: bytes ever read */
	_Alignas(64) char bytes[LINE_RING_BYTES]; /* number n is at n % LINE_RING_BYTES */
};

/* Whole pages. */
#define LINE_RING_SIZE ((sizeof(struct line_ring) + SLOT_SIZE - 1) / SLOT_SIZE * SLOT_SIZE)

#endif
