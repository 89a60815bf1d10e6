/* SPDX-License-Identifier: MIT */
/* Decides what a rate is: growth between two samples by the time between them, as measured and not as planned. */
#include "supervise/rates.h"

#define SAMPLES (RATES_LONG + 1)
#define MOST    (UINT64_MAX / 10000) /* of a lie; keeps the product in its type */

void rates_take(struct rates *rates, const struct figures *figures, int64_t now_ns)
{
	rates->ring[rates->count++ % SAMPLES] = (struct rates_sample){
		.at_ns = now_ns,
		.value = {
			[RATES_ACCEPTED] = figures->accepted,
			[RATES_REQUESTS] = figures->requests,
			[RATES_BYTES_IN] = figures->bytes_in,
			[RATES_BYTES_OUT] = figures->bytes_out,
		},
	};
}

/* 0: the latest. */
static const struct rates_sample *sample(const struct rates *rates, unsigned int back)
{
	return &rates->ring[(rates->count - 1 - back) % SAMPLES];
}

uint64_t rates_tenths(const struct rates *rates, enum rates_of of, unsigned int periods)
{
	const struct rates_sample *last, *first;
	unsigned int kept = rates->count < SAMPLES ? rates->count : SAMPLES;
	uint64_t grown;

	if (kept < 2)
		return 0;
	last = sample(rates, 0);
	first = sample(rates, periods < kept ? periods : kept - 1);
	/* A counter that fell was a lie, or has overflown. */
	if (last->at_ns < first->at_ns + NS_PER_MS || last->value[of] < first->value[of])
		return 0;
	grown = last->value[of] - first->value[of];
	if (grown > MOST)
		grown = MOST;
	return grown * 10000 / (uint64_t)((last->at_ns - first->at_ns) / NS_PER_MS);
}
