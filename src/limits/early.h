/* SPDX-License-Identifier: MIT */
/*
 * Random early drop: a service that fills up begins to refuse some clients before it must refuse all, so that a flood
 * is refused in proportion to its share and others still get in. From `from` clients on, `percent` of a hundred; from
 * there in a straight line to all of them at `full`. Pure: chance is a parameter.
 */
#ifndef LIMITS_EARLY_H
#define LIMITS_EARLY_H

#include <stdbool.h>
#include <stdint.h>

struct early {
	unsigned int from; /* 0: never */
	unsigned int percent;
	unsigned int full; /* > from */
};

/* clients: in hand already. random: any value is as likely as any other. */
bool early_drops(const struct early *early, unsigned int clients, uint32_t random);

#endif
