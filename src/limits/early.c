/* SPDX-License-Identifier: MIT */
#include "limits/early.h"

bool early_drops(const struct early *early, unsigned int clients, uint32_t random)
{
	uint64_t span, into, share, chance = random >> 16;

	if (early->from == 0 || clients < early->from)
		return false;
	if (clients >= early->full || early->percent >= 100)
		return true;
	span = early->full - early->from;
	into = clients - early->from;
	share = early->percent * span + (100 - early->percent) * into; /* of 100 * span */
	return chance * 100 * span < share << 16;
}
