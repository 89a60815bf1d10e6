/* SPDX-License-Identifier: MIT */
/* A copy of a file where every user may read it: brood beside a faulty server is another user than root, who started us. */
#ifndef LAB_LOAN_H
#define LAB_LOAN_H

#define LOAN_PATH 96

struct loan {
	char directory[LOAN_PATH / 2]; /* "": there is none */
	char path[LOAN_PATH];
};

/* 0 or -errno; then there is nothing to return. */
int loan_make(const char *source, struct loan *ret_loan);
void loan_return(struct loan *loan); /* idempotent */

#endif
