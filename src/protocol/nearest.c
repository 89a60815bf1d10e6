/* SPDX-License-Identifier: MIT */
/*
 * Decides which name a mistyped word was meant to be: at most a third of its letters (and never more than three) may
 * be wrong, or it is the beginning of exactly one name ("idle" for "idle-timeout").
 */
#include "protocol/nearest.h"

#include <string.h>

#define EDITS_MAX      3
#define EXTENDABLE_MIN 3 /* shorter beginnings say too little */

static unsigned int min2(unsigned int a, unsigned int b)
{
	return a < b ? a : b;
}

static unsigned int bound(size_t size)
{
	return size < 3 ? 1 : min2(EDITS_MAX, (unsigned int)(size + 2) / 3);
}

unsigned int nearest_edits(const char *a, const char *b)
{
	/* Three rows of the usual table: swaps look two rows back. */
	unsigned int rows[3][NEAREST_WORD_MAX + 1];
	unsigned int *before = rows[0], *last = rows[1], *row = rows[2];
	size_t a_size = strnlen(a, NEAREST_WORD_MAX + 1), b_size = strnlen(b, NEAREST_WORD_MAX + 1);

	if (a_size > NEAREST_WORD_MAX || b_size > NEAREST_WORD_MAX)
		return NEAREST_WORD_MAX + 1;
	for (size_t j = 0; j <= b_size; j++)
		last[j] = (unsigned int)j;
	for (size_t i = 1; i <= a_size; i++) {
		unsigned int *oldest = before;

		row[0] = (unsigned int)i;
		for (size_t j = 1; j <= b_size; j++) {
			row[j] = min2(min2(last[j], row[j - 1]) + 1, last[j - 1] + (a[i - 1] != b[j - 1]));
			if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
				row[j] = min2(row[j], before[j - 2] + 1);
		}
		before = last;
		last = row;
		row = oldest;
	}
	return last[b_size];
}

void nearest_begin(struct nearest *nearest, const char *word)
{
	*nearest = (struct nearest){ .word = word, .edits = bound(strnlen(word, NEAREST_WORD_MAX)) + 1 };
}

void nearest_offer(struct nearest *nearest, const char *name)
{
	size_t size = strlen(nearest->word);
	unsigned int edits = nearest_edits(nearest->word, name);

	if (edits < nearest->edits && edits < strlen(name)) {
		nearest->edits = edits;
		nearest->name = name;
	}
	if (size >= EXTENDABLE_MIN && strncmp(nearest->word, name, size) == 0) {
		nearest->extended = name;
		nearest->extensions++;
	}
}

const char *nearest_found(const struct nearest *nearest)
{
	if (nearest->name)
		return nearest->name;
	return nearest->extensions == 1 ? nearest->extended : NULL;
}
