/* SPDX-License-Identifier: MIT */
/*
 * Decides how decimals, integers and ratios become doubles and doubles become text. All goes through one exact ratio
 * and one rounding: nothing is ever rounded twice.
 */
#include "calc/calc_number.h"

#include "calc/calc_digits.h"

#include <ctype.h>
#include <math.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MANTISSA_BITS   53
#define LOWEST_EXPONENT (-1074) /* of the last bit of a subnormal */

/* A ratio of 2^1025 or more is infinite; one below 2^-1080 is zero. */
#define HIGHEST_RATIO_BITS 1025
#define LOWEST_RATIO_BITS  (-1080)

/* No decimal needs more digits to be told from its neighbours; a digit that stands for all others follows. */
#define DECIMAL_DIGITS           800
#define HIGHEST_DECIMAL_EXPONENT 310
#define LOWEST_DECIMAL_EXPONENT  (-330)

/* An exponent's absolute value saturates here, beyond what digits make up for. */
#define EXPONENT_CEILING 1000000

/* repr() writes 0.DIGITS · 10^point with an exponent unless LOWEST_PLAIN_POINT <= point <= HIGHEST_PLAIN_POINT. */
#define LOWEST_PLAIN_POINT  (-3)
#define HIGHEST_PLAIN_POINT 16

/* Round (bits + a little, if sticky) · 2^exponent. A sticky quotient has at least two bits more than a mantissa. */
static double round_scaled(uint64_t bits, bool sticky, long exponent)
{
	long excess = 64 - __builtin_clzl(bits) - MANTISSA_BITS;
	long drop = LOWEST_EXPONENT - exponent > excess ? LOWEST_EXPONENT - exponent : excess;
	uint64_t half, rest;

	if (drop <= 0)
		return ldexp((double)bits, (int)exponent);
	if (drop >= 64)
		return 0.0;
	half = (uint64_t)1 << (drop - 1);
	rest = bits & (2 * half - 1);
	bits >>= drop;
	if (rest > half || (rest == half && (sticky || (bits & 1) != 0)))
		bits++;
	return ldexp((double)bits, (int)(exponent + drop));
}

double calc_number_ratio(const mpz_t numerator, const mpz_t denominator)
{
	long bits = (long)mpz_sizeinbase(numerator, 2) - (long)mpz_sizeinbase(denominator, 2);
	long shift = bits - MANTISSA_BITS - 2;
	double sign = (mpz_sgn(numerator) < 0) != (mpz_sgn(denominator) < 0) ? -1.0 : 1.0;
	double result;
	mpz_t quotient, divisor;
	bool sticky;

	if (mpz_sgn(numerator) == 0 || bits < LOWEST_RATIO_BITS)
		return sign * 0.0;
	if (bits > HIGHEST_RATIO_BITS)
		return sign * INFINITY;
	mpz_init(quotient);
	mpz_init(divisor);
	mpz_abs(quotient, numerator);
	mpz_abs(divisor, denominator);
	if (shift < 0)
		mpz_mul_2exp(quotient, quotient, (mp_bitcnt_t)-shift);
	else
		mpz_mul_2exp(divisor, divisor, (mp_bitcnt_t)shift);
	mpz_tdiv_qr(quotient, divisor, quotient, divisor);
	sticky = mpz_sgn(divisor) != 0;
	result = round_scaled(mpz_get_ui(quotient), sticky, shift);
	mpz_clear(divisor);
	mpz_clear(quotient);
	return sign * result;
}

double calc_number_from_integer(const mpz_t integer)
{
	mpz_t one;
	double result;

	if (mpz_sgn(integer) == 0)
		return 0.0;
	mpz_init_set_ui(one, 1);
	result = calc_number_ratio(integer, one);
	mpz_clear(one);
	return result;
}

/* A decimal literal taken apart: 0.DIGITS · 10^exponent, without leading zeros. */
struct decimal {
	char digits[DECIMAL_DIGITS + 2];
	size_t count;
	long exponent;
};

static void add_digit(struct decimal *decimal, char digit)
{
	if (decimal->count < DECIMAL_DIGITS)
		decimal->digits[decimal->count++] = digit;
	else if (digit != '0')
		decimal->digits[DECIMAL_DIGITS] = '1';
}

static long read_exponent(const char *text, size_t size)
{
	bool negative = size > 0 && text[0] == '-';
	long exponent = 0;

	for (size_t i = 0; i < size && exponent < EXPONENT_CEILING; i++)
		if (isdigit((unsigned char)text[i]))
			exponent = exponent * 10 + (text[i] - '0');
	return negative ? -exponent : exponent;
}

static void read_decimal(struct decimal *ret, const char *text, size_t size)
{
	bool fraction = false;

	*ret = (struct decimal){ 0 };
	for (size_t i = 0; i < size; i++) {
		if (text[i] == '.') {
			fraction = true;
		} else if (text[i] == 'e' || text[i] == 'E') {
			ret->exponent += read_exponent(text + i + 1, size - i - 1);
			break;
		} else if (ret->count == 0 && text[i] == '0') {
			ret->exponent -= fraction;
		} else if (text[i] != '_') {
			add_digit(ret, text[i]);
			ret->exponent += !fraction;
		}
	}
	if (ret->digits[DECIMAL_DIGITS] != '\0')
		ret->count++;
}

double calc_number_from_decimal(const char *literal, size_t size)
{
	struct decimal decimal;
	mpz_t numerator, denominator;
	double result;
	long scale;

	read_decimal(&decimal, literal, size);
	if (decimal.count == 0 || decimal.exponent < LOWEST_DECIMAL_EXPONENT)
		return 0.0;
	if (decimal.exponent > HIGHEST_DECIMAL_EXPONENT)
		return INFINITY;
	mpz_init_set_str(numerator, decimal.digits, 10);
	mpz_init_set_ui(denominator, 1);
	scale = decimal.exponent - (long)decimal.count;
	mpz_ui_pow_ui(denominator, 10, (unsigned long)labs(scale));
	if (scale > 0) {
		mpz_mul(numerator, numerator, denominator);
		mpz_set_ui(denominator, 1);
	}
	result = calc_number_ratio(numerator, denominator);
	mpz_clear(denominator);
	mpz_clear(numerator);
	return result;
}

void calc_number_round_ratio(mpz_t ret, const mpz_t numerator, const mpz_t denominator)
{
	mpz_t rest;
	int side;

	mpz_init(rest);
	mpz_fdiv_qr(ret, rest, numerator, denominator);
	mpz_mul_2exp(rest, rest, 1);
	side = mpz_cmp(rest, denominator);
	if (side > 0 || (side == 0 && mpz_odd_p(ret)))
		mpz_add_ui(ret, ret, 1);
	mpz_clear(rest);
}

double calc_number_round(double number, long digits)
{
	mpz_t numerator, denominator, power;
	double result;
	int exponent;

	mpz_init(numerator);
	mpz_init_set_ui(denominator, 1);
	mpz_init(power);
	mpz_set_d(numerator, ldexp(frexp(fabs(number), &exponent), MANTISSA_BITS));
	exponent -= MANTISSA_BITS;
	if (exponent < 0)
		mpz_mul_2exp(denominator, denominator, (mp_bitcnt_t)-exponent);
	else
		mpz_mul_2exp(numerator, numerator, (mp_bitcnt_t)exponent);
	mpz_ui_pow_ui(power, 10, (unsigned long)labs(digits));
	if (digits < 0)
		mpz_mul(denominator, denominator, power);
	else
		mpz_mul(numerator, numerator, power);
	calc_number_round_ratio(numerator, numerator, denominator);
	if (digits < 0) {
		mpz_mul(numerator, numerator, power);
		result = calc_number_from_integer(numerator);
	} else {
		result = calc_number_ratio(numerator, power);
	}
	mpz_clear(power);
	mpz_clear(denominator);
	mpz_clear(numerator);
	return copysign(result, number);
}

static void lay_out(const struct calc_digits *digits, const char *sign, char *text, size_t size)
{
	int point = digits->point, count = digits->count;

	if (point < LOWEST_PLAIN_POINT || point > HIGHEST_PLAIN_POINT)
		snprintf(text, size, "%s%c%s%se%c%02d", sign, digits->text[0], count > 1 ? "." : "", digits->text + 1,
			point > 0 ? '+' : '-', abs(point - 1));
	else if (point <= 0)
		snprintf(text, size, "%s0.%.*s%s", sign, -point, "000", digits->text);
	else if (point >= count)
		snprintf(text, size, "%s%s%.*s.0", sign, digits->text, point - count, "000000000000000");
	else
		snprintf(text, size, "%s%.*s.%s", sign, point, digits->text, digits->text + point);
}

void calc_number_show(double number, char text[CALC_NUMBER_TEXT_SIZE])
{
	const char *sign = signbit(number) && !isnan(number) ? "-" : "";
	struct calc_digits digits = { .text = "0", .count = 1, .point = 1 };

	if (isnan(number) || isinf(number)) {
		snprintf(text, CALC_NUMBER_TEXT_SIZE, "%s%s", sign, isnan(number) ? "nan" : "inf");
		return;
	}
	if (number != 0.0)
		calc_digits_shortest(fabs(number), &digits);
	lay_out(&digits, sign, text, CALC_NUMBER_TEXT_SIZE);
}
