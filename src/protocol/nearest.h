/* SPDX-License-Identifier: MIT */
/*
 * "Did you mean …?": offer every right spelling, then ask which was near enough to be meant. Pure; a word longer than
 * NEAREST_WORD_MAX is near nothing.
 *
 *   nearest_begin(&nearest, word); for each name: nearest_offer(&nearest, name); … nearest_found(&nearest)
 */
#ifndef PROTOCOL_NEAREST_H
#define PROTOCOL_NEAREST_H

#define NEAREST_WORD_MAX 40

struct nearest {
	const char *word;     /* borrowed */
	const char *name;     /* borrowed: the best so far within the bound */
	unsigned int edits;   /* of name; the bound + 1 while there is none */
	const char *extended; /* borrowed: the one name that continues word */
	unsigned int extensions;
};

void nearest_begin(struct nearest *nearest, const char *word);
void nearest_offer(struct nearest *nearest, const char *name);

/* The nearest of the names offered, the earlier one of equals; NULL if none is near. */
const char *nearest_found(const struct nearest *nearest);

/* Insertions, deletions, replacements and swaps of neighbours between two words of at most NEAREST_WORD_MAX bytes;
 * a larger number than any word has bytes if one is longer. */
unsigned int nearest_edits(const char *a, const char *b);

#endif
