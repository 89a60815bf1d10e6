/* SPDX-License-Identifier: MIT */
/*
 * What is told about a connection once it is over: the one source of the log line, the counters, the penalties and the
 * black box. Made by whoever knows: the service process, or a standing worker in its own page (contract/standing.h), where
 * it is not to be trusted: texts are cut at their arrays, numbers are only ever shown and added.
 */
#ifndef CONTRACT_RECORD_H
#define CONTRACT_RECORD_H

#include <stdbool.h>
#include <stdint.h>

#include "contract/conn.h"

/* What most ends say comes first, in two lines of the cache with an IP address: a ring of these does not stay in there. */
struct end_record {
	uint32_t reason;    /* enum end_reason */
	int32_t error;      /* negative errno behind it, or 0 */
	int32_t worker;     /* pid, or 0: no process of its own */
	int32_t queue_us;   /* waited to be accepted; -1: nobody knows */
	bool queue_at_most; /* … or less */
	bool arrival;       /* no end at all: a client of tag came at accepted_ns, and takes a token (core/admit.h) */
	bool counted;       /* bytes and requests are known */
	bool datagram;
	bool has_texts;        /* blame or note; else they are not written */
	bool bystander;        /* another record tells of the same death already */
	bool died;             /* its worker did, and not in good order; then: */
	bool answered;         /* the client got .last_words */
	bool answered_late;    /* … while its worker lived: .late_words */
	uint32_t phase;        /* enum conn_phase that it died in */
	int32_t overdue_ms;    /* so long after it had promised to be over; 0: in time, or no promise */
	uint64_t tag;          /* … its source (core/admit.h), or 0 */
	uint32_t uid;          /* of a standing worker's Unix client, for penalties (core/admit.h) */
	uint32_t listener;     /* of a standing worker's client: its number … */
	uint32_t dropped;      /* … and its count of datagrams that the kernel had no room for */
	uint32_t would_refuse; /* enum end_reason: a dry run of the limits let it in; END_NONE: nothing to tell */
	int64_t accepted_ns, ended_ns;
	uint64_t bytes_in, bytes_out, requests;
	int64_t asked_ns; /* a request without a line in the access log (contract/slot.h), or 0; then: */
	uint32_t peer_size;
	union conn_address peer;
	char blame[SLOT_BLAME_SIZE];
	char note[SLOT_NOTE_SIZE];
	uint32_t status; /* of its answer, if that may have left; else 0 */
};

#endif
