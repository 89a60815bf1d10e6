/* SPDX-License-Identifier: MIT */
/* Arithmetic on integers of bounded size. GMP aborts the process when memory ends, so that every size is known
 * before it is asked for anything. */
#ifndef HANDLER_CALC_CALC_INTEGER_H
#define HANDLER_CALC_CALC_INTEGER_H

#include "calc/calc_job.h"
#include "calc/calc_operator.h"

#include <gmp.h>
#include <stddef.h>

size_t calc_integer_bits(const mpz_t integer); /* 0 for 0 */

/* Any binary operation with an integer result, in place; CALC_POWER with an exponent >= 0. */
int calc_integer_binary(struct calc_job *job, enum calc_operator operation, mpz_t left, const mpz_t right);

int calc_integer_divmod(struct calc_job *job, mpz_t left, mpz_t right); /* the results replace both */
int calc_integer_divide(struct calc_job *job, const mpz_t left, const mpz_t right, double *ret);

/* base = base ** exponent % modulus; of a negative exponent by the inverse. */
int calc_integer_power_modulo(struct calc_job *job, mpz_t base, const mpz_t exponent, const mpz_t modulus);

/* To a multiple of 10 ** -digits, half to even. */
void calc_integer_round(mpz_t integer, const mpz_t digits);

#endif
