/* SPDX-License-Identifier: MIT */
/* The one sentence that explains a failure: filled in by whoever knows, carried up, said once. */
#ifndef BASE_SENTENCE_H
#define BASE_SENTENCE_H

#define SENTENCE_SIZE 512

struct sentence {
	char text[SENTENCE_SIZE];
};

/* Always returns error, so that a failing function can `return sentence_set(why, -EINVAL, …)`. why may be NULL. */
__attribute__((format(printf, 3, 4))) int sentence_set(struct sentence *why, int error, const char *format, ...);

#endif
