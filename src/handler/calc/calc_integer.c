/* SPDX-License-Identifier: MIT */
/*
 * Decides how large an integer may become. Invariant: no integer on the machine's stack has more than
 * CALC_INTEGER_BITS, but for the one bit that rounding or inverting may add; GMP is never asked for more than twice.
 */
#include "calc/calc_integer.h"

#include "calc/calc_limits.h"
#include "calc/calc_number.h"

#include <math.h>
#include <stdbool.h>

size_t calc_integer_bits(const mpz_t integer)
{
	return mpz_sgn(integer) == 0 ? 0 : mpz_sizeinbase(integer, 2);
}

static size_t larger(size_t a, size_t b)
{
	return a > b ? a : b;
}

static int check_bits(struct calc_job *job, size_t bits)
{
	return bits <= CALC_INTEGER_BITS ? 0 : calc_job_raise_too_large(job);
}

static int raise_division(struct calc_job *job, const char *text)
{
	return calc_job_raise(job, "ZeroDivisionError", "%s", text);
}

static int shift_left(struct calc_job *job, mpz_t left, const mpz_t count)
{
	int r;

	if (mpz_sgn(count) < 0)
		return calc_job_raise(job, "ValueError", "negative shift count");
	if (mpz_sgn(left) == 0)
		return 0;
	if (mpz_cmp_ui(count, CALC_INTEGER_BITS) > 0)
		return calc_job_raise_too_large(job);
	if ((r = check_bits(job, calc_integer_bits(left) + mpz_get_ui(count))) < 0)
		return r;
	mpz_mul_2exp(left, left, mpz_get_ui(count));
	return 0;
}

static int shift_right(struct calc_job *job, mpz_t left, const mpz_t count)
{
	if (mpz_sgn(count) < 0)
		return calc_job_raise(job, "ValueError", "negative shift count");
	if (mpz_cmp_ui(count, CALC_INTEGER_BITS) > 0)
		mpz_set_si(left, mpz_sgn(left) < 0 ? -1 : 0);
	else
		mpz_fdiv_q_2exp(left, left, mpz_get_ui(count));
	return 0;
}

/* A power of two has exactly so many bits, any other base at most so many. */
static int power(struct calc_job *job, mpz_t base, const mpz_t exponent)
{
	size_t bits = calc_integer_bits(base);
	bool power_of_two = bits > 0 && mpz_scan1(base, 0) == bits - 1;
	unsigned long count;
	int r;

	if (mpz_cmpabs_ui(base, 1) <= 0) {
		if (mpz_sgn(exponent) == 0 || (mpz_sgn(base) < 0 && mpz_even_p(exponent)))
			mpz_set_ui(base, 1);
		return 0;
	}
	if (mpz_cmp_ui(exponent, CALC_INTEGER_BITS) > 0)
		return calc_job_raise_too_large(job);
	count = mpz_get_ui(exponent);
	if ((r = check_bits(job, power_of_two ? (bits - 1) * count + 1 : bits * count)) < 0)
		return r;
	mpz_pow_ui(base, base, count);
	return 0;
}

static int sum_or_product(struct calc_job *job, enum calc_operator operation, mpz_t left, const mpz_t right)
{
	size_t left_bits = calc_integer_bits(left), right_bits = calc_integer_bits(right);
	int r;

	if (operation == CALC_MULTIPLY && (left_bits == 0 || right_bits == 0)) {
		mpz_set_ui(left, 0);
		return 0;
	}
	r = check_bits(job, operation == CALC_MULTIPLY ? left_bits + right_bits : larger(left_bits, right_bits) + 1);
	if (r < 0)
		return r;
	if (operation == CALC_MULTIPLY)
		mpz_mul(left, left, right);
	else if (operation == CALC_ADD)
		mpz_add(left, left, right);
	else
		mpz_sub(left, left, right);
	return 0;
}

int calc_integer_binary(struct calc_job *job, enum calc_operator operation, mpz_t left, const mpz_t right)
{
	switch (operation) {
	case CALC_FLOOR_DIVIDE:
		if (mpz_sgn(right) == 0)
			return raise_division(job, "integer division or modulo by zero");
		mpz_fdiv_q(left, left, right);
		return 0;
	case CALC_MODULO:
		if (mpz_sgn(right) == 0)
			return raise_division(job, "integer modulo by zero");
		mpz_fdiv_r(left, left, right);
		return 0;
	case CALC_POWER:
		return power(job, left, right);
	case CALC_SHIFT_LEFT:
		return shift_left(job, left, right);
	case CALC_SHIFT_RIGHT:
		return shift_right(job, left, right);
	case CALC_AND:
		mpz_and(left, left, right);
		return 0;
	case CALC_OR:
		mpz_ior(left, left, right);
		return 0;
	case CALC_XOR:
		mpz_xor(left, left, right);
		return 0;
	default:
		return sum_or_product(job, operation, left, right);
	}
}

int calc_integer_divmod(struct calc_job *job, mpz_t left, mpz_t right)
{
	if (mpz_sgn(right) == 0)
		return raise_division(job, "integer division or modulo by zero");
	mpz_fdiv_qr(left, right, left, right);
	return 0;
}

int calc_integer_divide(struct calc_job *job, const mpz_t left, const mpz_t right, double *ret)
{
	double ratio;

	if (mpz_sgn(right) == 0)
		return raise_division(job, "division by zero");
	/* Python's zero has no sign of its own, but its quotient does. */
	ratio = calc_number_ratio(left, right);
	if (isinf(ratio))
		return calc_job_raise(job, "OverflowError", "integer division result too large for a float");
	*ret = ratio;
	return 0;
}

/* The inverse of base modulo a modulus > 1, by Euclid's steps, each of which can run out of time. */
static int invert(struct calc_job *job, mpz_t base, const mpz_t modulus)
{
	mpz_t rest, factor, next_factor, quotient;
	int r = 0;

	mpz_init_set(rest, modulus);
	mpz_init_set_ui(factor, 1);
	mpz_init(next_factor);
	mpz_init(quotient);
	/* base ≡ factor · original, rest ≡ next_factor · original. */
	mpz_fdiv_r(base, base, modulus);
	while (r == 0 && mpz_sgn(rest) != 0) {
		mpz_tdiv_qr(quotient, base, base, rest);
		mpz_submul(factor, quotient, next_factor);
		mpz_swap(base, rest);
		mpz_swap(factor, next_factor);
		r = calc_job_spend(job, mpz_size(modulus));
	}
	if (r == 0 && mpz_cmp_ui(base, 1) != 0)
		r = calc_job_raise(job, "ValueError", "base is not invertible for the given modulus");
	mpz_fdiv_r(base, factor, modulus);
	mpz_clears(rest, factor, next_factor, quotient, NULL);
	return r;
}

/* Bit by bit from the top. mpz_powm would be faster, but neither its time nor its use of the stack is bounded. */
static int raise_modulo(struct calc_job *job, mpz_t base, const mpz_t exponent, const mpz_t modulus)
{
	mpz_t result;
	int r = 0;

	mpz_init_set_ui(result, 1);
	mpz_fdiv_r(base, base, modulus);
	for (size_t bit = calc_integer_bits(exponent); r == 0 && bit > 0; bit--) {
		mpz_mul(result, result, result);
		mpz_fdiv_r(result, result, modulus);
		if (mpz_tstbit(exponent, bit - 1)) {
			mpz_mul(result, result, base);
			mpz_fdiv_r(result, result, modulus);
		}
		r = calc_job_spend(job, 1 + mpz_size(modulus));
	}
	mpz_swap(base, result);
	mpz_clear(result);
	return r;
}

int calc_integer_power_modulo(struct calc_job *job, mpz_t base, const mpz_t exponent, const mpz_t modulus)
{
	mpz_t count, size;
	int r = 0;

	if (mpz_sgn(modulus) == 0)
		return calc_job_raise(job, "ValueError", "pow() 3rd argument cannot be 0");
	if ((r = check_bits(job, 2 * calc_integer_bits(modulus))) < 0)
		return r;
	if (mpz_cmpabs_ui(modulus, 1) == 0) {
		mpz_set_ui(base, 0);
		return 0;
	}
	mpz_init(count);
	mpz_init(size);
	mpz_abs(count, exponent);
	mpz_abs(size, modulus);
	if (mpz_sgn(exponent) < 0)
		r = invert(job, base, size);
	if (r == 0)
		r = raise_modulo(job, base, count, size);
	if (r == 0 && mpz_sgn(modulus) < 0 && mpz_sgn(base) > 0)
		mpz_add(base, base, modulus);
	mpz_clears(count, size, NULL);
	return r;
}

void calc_integer_round(mpz_t integer, const mpz_t digits)
{
	size_t most_digits = calc_integer_bits(integer) / 3 + 2; /* more than it has */
	mpz_t unit;

	if (mpz_sgn(digits) >= 0)
		return;
	if (mpz_cmpabs_ui(digits, most_digits) > 0) {
		mpz_set_ui(integer, 0);
		return;
	}
	mpz_init(unit);
	mpz_ui_pow_ui(unit, 10, mpz_get_ui(digits)); /* which gives the absolute value */
	calc_number_round_ratio(integer, integer, unit);
	mpz_mul(integer, integer, unit);
	mpz_clear(unit);
}
