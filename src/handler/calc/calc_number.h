/* SPDX-License-Identifier: MIT */
/*
 * Between integers, decimals and binary floating point, every conversion exact and then rounded once, half to
 * even. Nothing of libc's that looks at the locale is used.
 */
#ifndef HANDLER_CALC_CALC_NUMBER_H
#define HANDLER_CALC_CALC_NUMBER_H

#include <gmp.h>
#include <stddef.h>

/* "-1.7976931348623157e+308" and a NUL. */
#define CALC_NUMBER_TEXT_SIZE 32

/* What does not fit is an infinity. */
double calc_number_ratio(const mpz_t numerator, const mpz_t denominator); /* denominator != 0 */
double calc_number_from_integer(const mpz_t integer);

/* A literal: digits, underscores, at most one point, an exponent, nothing else. */
double calc_number_from_decimal(const char *literal, size_t size);

/* Rounded to this many digits after the point; negative: before it. Infinite if the result is too large. */
double calc_number_round(double number, long digits);

/* ret = numerator / denominator to the nearest integer, half to even. denominator > 0. */
void calc_number_round_ratio(mpz_t ret, const mpz_t numerator, const mpz_t denominator);

/* The shortest decimal that reads back as the same number, laid out as Python's repr() does. */
void calc_number_show(double number, char text[CALC_NUMBER_TEXT_SIZE]);

#endif
