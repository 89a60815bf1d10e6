/* SPDX-License-Identifier: MIT */
/*
 * Free-format printing after Steele and White. With value = r/s, and m_low/s and m_high/s the distances to the
 * midpoints between the value and its neighbours, digits are produced until what is left lies within one of
 * the distances: then any reader comes back to the same double. Midpoints belong to an even mantissa.
 */
#include "calc/calc_digits.h"

#include <gmp.h>
#include <math.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#define FRACTION_BITS 52
#define EXPONENT_BIAS 1075
#define EXPONENT_MASK 0x7ff

#define LOG10_2       0.30102999566398120

/* The estimate may be off by this much: too low by one it is put right, too high it would not be. */
#define LOG10_ERROR 1e-10

struct scaled {
	mpz_t r, s, m_low, m_high;
	bool even;
};

static void set_scaled(struct scaled *scaled, double number)
{
	uint64_t bits, fraction;
	int biased, exponent;
	bool narrow_below;

	memcpy(&bits, &number, sizeof bits);
	fraction = bits & (((uint64_t)1 << FRACTION_BITS) - 1);
	biased = (int)(bits >> FRACTION_BITS) & EXPONENT_MASK;
	exponent = (biased > 0 ? biased : 1) - EXPONENT_BIAS;
	narrow_below = biased > 1 && fraction == 0; /* a power of two: the neighbour below is twice as near */
	scaled->even = (fraction & 1) == 0;
	if (biased > 0)
		fraction |= (uint64_t)1 << FRACTION_BITS;

	mpz_init_set_ui(scaled->r, fraction);
	mpz_init_set_ui(scaled->s, 1);
	mpz_init_set_ui(scaled->m_low, 1);
	mpz_init(scaled->m_high);
	mpz_mul_2exp(scaled->r, scaled->r, narrow_below ? 2 : 1);
	mpz_mul_2exp(scaled->s, scaled->s, narrow_below ? 2 : 1);
	if (exponent < 0) {
		mpz_mul_2exp(scaled->s, scaled->s, (mp_bitcnt_t)-exponent);
	} else {
		mpz_mul_2exp(scaled->r, scaled->r, (mp_bitcnt_t)exponent);
		mpz_mul_2exp(scaled->m_low, scaled->m_low, (mp_bitcnt_t)exponent);
	}
	mpz_mul_2exp(scaled->m_high, scaled->m_low, narrow_below ? 1 : 0);
}

static void clear_scaled(struct scaled *scaled)
{
	mpz_clears(scaled->r, scaled->s, scaled->m_low, scaled->m_high, NULL);
}

static void multiply_value(struct scaled *scaled, const mpz_t factor)
{
	mpz_mul(scaled->r, scaled->r, factor);
	mpz_mul(scaled->m_low, scaled->m_low, factor);
	mpz_mul(scaled->m_high, scaled->m_high, factor);
}

static bool rounds_down(const struct scaled *scaled)
{
	int order = mpz_cmp(scaled->r, scaled->m_low);

	return order < 0 || (order == 0 && scaled->even);
}

static bool rounds_up(const struct scaled *scaled)
{
	mpz_t sum;
	int order;

	mpz_init(sum);
	mpz_add(sum, scaled->r, scaled->m_high);
	order = mpz_cmp(sum, scaled->s);
	mpz_clear(sum);
	return order > 0 || (order == 0 && scaled->even);
}

/* Both ends are in reach of the last digit: take the nearer one, of equally near ones the even one. */
static bool nearer_up(struct scaled *scaled, unsigned long digit)
{
	int order;

	mpz_mul_2exp(scaled->r, scaled->r, 1);
	order = mpz_cmp(scaled->r, scaled->s);
	return order > 0 || (order == 0 && (digit & 1) != 0);
}

/* Scale so that 0.1 <= value < 1, counting what would round up to 1 as 1. */
static int set_point(struct scaled *scaled, double number)
{
	double estimate;
	int point, exponent;
	mpz_t power;

	/* number >= 2**(exponent - 1): right, or one too small, which is what rounds_up finds out. */
	frexp(number, &exponent);
	estimate = (exponent - 1) * LOG10_2 - LOG10_ERROR;
	point = (int)estimate;
	point += point < estimate;
	mpz_init(power);
	mpz_ui_pow_ui(power, 10, (unsigned long)(point < 0 ? -point : point));
	if (point < 0)
		multiply_value(scaled, power);
	else
		mpz_mul(scaled->s, scaled->s, power);
	mpz_clear(power);
	if (!rounds_up(scaled))
		return point;
	mpz_mul_ui(scaled->s, scaled->s, 10);
	return point + 1;
}

void calc_digits_shortest(double number, struct calc_digits *ret)
{
	struct scaled scaled;
	bool down = false, up = false;
	mpz_t ten, quotient;

	set_scaled(&scaled, number);
	mpz_init_set_ui(ten, 10);
	mpz_init(quotient);
	ret->point = set_point(&scaled, number);
	for (ret->count = 0; !down && !up && ret->count < CALC_DIGITS_MAX; ret->count++) {
		unsigned long digit;

		multiply_value(&scaled, ten);
		mpz_tdiv_qr(quotient, scaled.r, scaled.r, scaled.s);
		digit = mpz_get_ui(quotient);
		down = rounds_down(&scaled);
		up = rounds_up(&scaled);
		if (up && (!down || nearer_up(&scaled, digit)))
			digit++;
		ret->text[ret->count] = (char)('0' + digit);
	}
	ret->text[ret->count] = '\0';
	mpz_clears(ten, quotient, NULL);
	clear_scaled(&scaled);
}
