/* SPDX-License-Identifier: MIT */
/* What an expression can be worth. A value owns what it points to; moving one is copying the struct. */
#ifndef HANDLER_CALC_CALC_VALUE_H
#define HANDLER_CALC_CALC_VALUE_H

#include "calc/calc_job.h"

#include <gmp.h>
#include <stdbool.h>
#include <stddef.h>

enum calc_kind {
	CALC_BOOL, /* zero: an empty value needs no init */
	CALC_INT,
	CALC_FLOAT,
	CALC_PAIR, /* what divmod returns */
	CALC_FUNCTION,
};

struct calc_value {
	enum calc_kind kind;
	union {
		bool truth;
		mpz_t integer;
		double number;
		struct calc_value *pair; /* two */
		const struct calc_function *function;
	};
};

struct calc_value calc_value_bool(bool truth);
struct calc_value calc_value_float(double number);
struct calc_value calc_value_int(void);                                                         /* zero */
int calc_value_pair(struct calc_value *ret, struct calc_value first, struct calc_value second); /* takes both */
void calc_value_clear(struct calc_value *value);                                                /* leaves False */

/* Clear *value, then move `by` there. */
void calc_value_replace(struct calc_value *value, struct calc_value by);

bool calc_value_is_number(const struct calc_value *value);
bool calc_value_is_integral(const struct calc_value *value); /* an int or a bool */
bool calc_value_truth(const struct calc_value *value);
size_t calc_value_limbs(const struct calc_value *value); /* as a measure of work */

/* Of numbers, in place. A bool is an int wherever it is calculated with. */
void calc_value_to_int(struct calc_value *value);                        /* integral ones */
int calc_value_to_float(struct calc_job *job, struct calc_value *value); /* OverflowError */

/* As type(value).__name__ and str(value) would be. */
const char *calc_value_type(const struct calc_value *value);
int calc_value_show(struct calc_job *job, const struct calc_value *value, struct calc_text *text);

#endif
