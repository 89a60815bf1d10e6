/* SPDX-License-Identifier: MIT */
/* Everything a client of calc could drive up, and how far it gets. docs/reference/calc.md has the same table. */
#ifndef HANDLER_CALC_CALC_LIMITS_H
#define HANDLER_CALC_CALC_LIMITS_H

/* Bytes of one expression, its newline included. */
#define CALC_LINE_SIZE 65536

/* Open parentheses at a time: Python's own bound. */
#define CALC_NESTING 200

/* Bits of an integer: the product of any two that can be printed fits. GMP keeps its temporaries on the stack, and
 * for operands twice as long they would come near the BROOD_STACK_KIB that a handler may use. */
#define CALC_INTEGER_BITS 32768

/* Decimal digits of an integer read or printed: Python's default since 3.11. */
#define CALC_TEXT_DIGITS 4300

/* Processor time of one expression. */
#define CALC_CPU_MS 1000

/* Operands waiting for their operator or function at a time: with the largest integers, 16 MiB. */
#define CALC_OPERANDS 2048

#endif
