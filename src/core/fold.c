/* SPDX-License-Identifier: MIT */
#include "core/fold.h"

#include "base/clock.h"
#include "contract/transport.h"
#include "core/engine_private.h"

/* Nothing of it would be in the log, and nothing else is to follow from it. */
static bool is_ordinary(const struct brood_conn *conn, enum end_reason reason)
{
	const struct service *service = conn->service;

	return conn->transport->datagram && reason == END_FINISHED && !service->admission &&
	       service->engine->log->max < BROOD_DEBUG && !conn->slot->note[0] && !conn->slot->blame[0];
}

bool fold_end(struct folded *folded, const struct brood_conn *conn, enum end_reason reason)
{
	const struct slot *slot = conn->slot;
	int64_t lived_ns;

	if (!is_ordinary(conn, reason))
		return false;
	lived_ns = conn->service->engine->loop->now_ns - conn->accepted_ns;
	slot_add(&folded->requests, atomic_load_explicit(&slot->requests, memory_order_relaxed));
	slot_add(&folded->bytes_in, atomic_load_explicit(&slot->bytes_in, memory_order_relaxed));
	slot_add(&folded->bytes_out, atomic_load_explicit(&slot->bytes_out, memory_order_relaxed));
	histogram_add(&folded->duration, lived_ns > 0 ? (uint64_t)lived_ns / NS_PER_US : 0);
	slot_add(&folded->count, 1);
	return true;
}

/* What was added since we looked last; no worker can take anything away. */
static uint64_t more(const _Atomic uint64_t *theirs, _Atomic uint64_t *seen)
{
	uint64_t now = atomic_load_explicit(theirs, memory_order_relaxed);
	uint64_t before = atomic_load_explicit(seen, memory_order_relaxed);

	if (now <= before)
		return 0;
	atomic_store_explicit(seen, now, memory_order_relaxed);
	return now - before;
}

bool fold_harvest(struct tally *tally, const struct folded *folded, struct folded *seen)
{
	uint64_t count = more(&folded->count, &seen->count);

	if (count == 0)
		return false;
	tally_add(&tally->ended, count);
	tally_add(&tally->ended_by[END_FINISHED], count);
	tally_add(&tally->requests, more(&folded->requests, &seen->requests));
	tally_add(&tally->bytes_in, more(&folded->bytes_in, &seen->bytes_in));
	tally_add(&tally->bytes_out, more(&folded->bytes_out, &seen->bytes_out));
	tally_add(&tally->duration.sum_us, more(&folded->duration.sum_us, &seen->duration.sum_us));
	for (size_t i = 0; i < HISTOGRAM_BUCKETS; i++)
		tally_add(&tally->duration.bucket[i], more(&folded->duration.bucket[i], &seen->duration.bucket[i]));
	return true;
}
