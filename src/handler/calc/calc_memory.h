/* SPDX-License-Identifier: MIT */
/*
 * Memory of one expression. GMP has no way to say that there is none and would abort, and with it every client of the
 * process: so its failure ends the expression instead, and gives back all that the expression took.
 */
#ifndef HANDLER_CALC_CALC_MEMORY_H
#define HANDLER_CALC_CALC_MEMORY_H

#include <stddef.h>

/* Calls work(arg) and returns what it returns; or -ENOMEM, in the middle of it, when GMP found no memory. Whatever work
 * took and did not give is then free again; what it wrote elsewhere stays. Does not nest. */
int calc_memory_guard(int (*work)(void *arg), void *arg);

/* Inside of work. Zeroed; NULL: none left. */
void *calc_memory_take(size_t count, size_t size);
void calc_memory_give(void *memory); /* NULL is fine */

#endif
