/* SPDX-License-Identifier: MIT */
/*
 * Decides what counts as a number, a duration, a size. Invariant: every multiplication is checked, so no text becomes
 * a smaller value than it says. Called for option values, keys of a file, settings of a URL.
 */
#include "protocol/units.h"

#include <errno.h>
#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>

struct unit {
	const char *name;
	uint64_t factor;
};

static const struct unit time_units[] = { { "ms", 1 }, { "s", 1000 }, { "m", 60 * 1000 }, { "h", 60 * 60 * 1000 },
	{ NULL, 0 } };

static const struct unit size_units[] = { { "", 1 }, { "k", 1 << 10 }, { "K", 1 << 10 }, { "M", 1 << 20 },
	{ "G", 1 << 30 }, { NULL, 0 } };

/* The digits at the beginning of text and what follows them. false: there are none, or text is too long. */
static bool leading_digits(const char *text, uint64_t *ret_value, const char **ret_rest, bool *ret_overflow)
{
	const char *at = text;
	uint64_t value = 0;
	bool overflow = false;

	if (strnlen(text, UNITS_TEXT_MAX + 1) > UNITS_TEXT_MAX)
		return false;
	for (; *at >= '0' && *at <= '9'; at++)
		overflow |= __builtin_mul_overflow(value, 10, &value) ||
			    __builtin_add_overflow(value, (uint64_t)(*at - '0'), &value);
	*ret_value = value;
	*ret_rest = at;
	*ret_overflow = overflow;
	return at > text;
}

static const struct unit *find_unit(const struct unit *units, const char *name)
{
	for (; units->name; units++)
		if (strcmp(units->name, name) == 0)
			return units;
	return NULL;
}

int units_int(const char *text, int min, int max, int *ret_value, struct sentence *why)
{
	bool negative = text[0] == '-';
	uint64_t value;
	const char *rest;
	bool overflow;
	const uint64_t beyond = (uint64_t)INT_MAX + 2; /* out of every range, with either sign */
	int64_t with_sign;

	if (!leading_digits(text + negative, &value, &rest, &overflow) || *rest)
		return sentence_set(
			why, -EINVAL, "'%.40s' is not a whole number: write one from %d to %d", text, min, max);
	with_sign = overflow || value > beyond ? (int64_t)beyond : (int64_t)value;
	if (negative)
		with_sign = -with_sign;
	if (with_sign < min || with_sign > max)
		return sentence_set(why, -ERANGE, "%s is out of range: write a number from %d to %d", text, min, max);
	*ret_value = (int)with_sign;
	return 0;
}

int units_duration(const char *text, int *ret_ms, struct sentence *why)
{
	const struct unit *unit;
	uint64_t value;
	const char *rest;
	bool overflow;

	if (strcmp(text, "off") == 0) {
		*ret_ms = UNITS_OFF;
		return 0;
	}
	if (!leading_digits(text, &value, &rest, &overflow))
		return sentence_set(
			why, -EINVAL, "'%.40s' is not a time: write one like 500ms, 30s, 5m, 1h or off", text);
	if (!*rest && value == 0 && !overflow) {
		*ret_ms = 0;
		return 0;
	}
	if (!*rest)
		return sentence_set(why, -EINVAL, "'%s' has no unit: write %ss for seconds, or ms, m, h", text, text);
	unit = find_unit(time_units, rest);
	if (!unit && (*rest == '.' || *rest == ','))
		return sentence_set(why, -EINVAL,
			"'%s' has a fraction: write a whole number of a smaller unit, as in 1500ms", text);
	if (!unit)
		return sentence_set(
			why, -EINVAL, "'%s' has the unit '%s': write ms, s, m or h, as in 500ms or 30s", text, rest);
	if (overflow || __builtin_mul_overflow(value, unit->factor, &value) || value > INT_MAX)
		return sentence_set(why, -ERANGE, "'%s' is too long: write at most 596h, or off", text);
	*ret_ms = (int)value;
	return 0;
}

int units_size(const char *text, uint64_t *ret_bytes, struct sentence *why)
{
	const struct unit *unit = NULL;
	uint64_t value;
	const char *rest;
	bool overflow;

	if (leading_digits(text, &value, &rest, &overflow))
		unit = find_unit(size_units, rest);
	if (!unit)
		return sentence_set(why, -EINVAL, "'%.40s' is not a size: write one like 1500, 64k or 10M", text);
	if (overflow || __builtin_mul_overflow(value, unit->factor, &value))
		return sentence_set(why, -ERANGE, "'%s' is larger than any size", text);
	*ret_bytes = value;
	return 0;
}

int units_mode(const char *text, unsigned int *ret_mode, struct sentence *why)
{
	unsigned int mode = 0;
	const char *at = text;

	for (; *at >= '0' && *at <= '7' && mode <= 0777; at++)
		mode = mode * 8 + (unsigned int)(*at - '0');
	if (at == text || *at || mode > 0777)
		return sentence_set(
			why, -EINVAL, "'%.40s' is no set of permissions: write it in octal, as in 0660", text);
	*ret_mode = mode;
	return 0;
}
