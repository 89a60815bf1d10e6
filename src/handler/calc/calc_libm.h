/* SPDX-License-Identifier: MIT */
/*
 * The functions of libm that calc cannot do without, bound when calc is loaded: linked into the command, libm would
 * cost every fork of every other service its five mappings (3 to 5 %: docs/decisions/fork-cost.md).
 */
#ifndef HANDLER_CALC_CALC_LIBM_H
#define HANDLER_CALC_CALC_LIBM_H

struct calc_libm {
	double (*floor)(double number); /* gcc writes it out, clang calls it */
	double (*fmod)(double dividend, double divisor);
	double (*nearbyint)(double number);
	double (*pow)(double base, double exponent);
};

/* The first call binds. 0, or -ENOENT: no libm on this machine. */
int calc_libm_open(void);

extern struct calc_libm calc_libm;

#endif
