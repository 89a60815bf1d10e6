/* SPDX-License-Identifier: MIT */
/* A number is within its range, or refused with a sentence that leaves the result alone. */
#include <limits.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "protocol/units.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(int r, const struct sentence *why)
{
	if ((r < 0) != (why->text[0] != '\0'))
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct sentence why[4] = { { "" } };
	char text[64];
	int value = 5, ms = -7;
	uint64_t bytes;
	unsigned int mode = 0;

	if (size >= sizeof text)
		return 0;
	memcpy(text, data, size);
	text[size] = '\0';
	check(units_int(text, -10, 1000, &value, &why[0]), &why[0]);
	check(units_duration(text, &ms, &why[1]), &why[1]);
	check(units_size(text, &bytes, &why[2]), &why[2]);
	check(units_mode(text, &mode, &why[3]), &why[3]);
	if (value < -10 || value > 1000 || (ms < UNITS_OFF && ms != -7) || mode > 0777)
		abort();
	return 0;
}
