/* SPDX-License-Identifier: MIT */
#include "contract/slot.h"

const char *slot_phase_name(unsigned int phase)
{
	static const char *const names[] = {
		[PHASE_PLACED] = "placed",
		[PHASE_VERIFY] = "verify",
		[PHASE_SETUP] = "setup",
		[PHASE_HANDLE] = "handle",
		[PHASE_PARKED] = "parked",
		[PHASE_FINISH] = "finish",
		[PHASE_LINGER] = "linger",
		[PHASE_OVER] = "over",
	};

	return phase < sizeof names / sizeof *names ? names[phase] : "unknown";
}
