/* SPDX-License-Identifier: MIT */
/* The binary on disk is asked, as a child, whether it could go on in our place. */
#ifndef SUPERVISE_CANDIDATE_H
#define SUPERVISE_CANDIDATE_H

#include <stddef.h>

#include "loop/loop.h"
#include "process/child.h"

struct supervisor;

/* Behind `serve`. CHECK: read everything, open nothing, candidate_say_ready, exit 0. FROM: the next word is the descriptor
 * of a legacy. */
#define CANDIDATE_CHECK_WORD  "--upgrade-check"
#define CANDIDATE_FROM_WORD   "--upgrade-from"

#define CANDIDATE_OUTPUT_SIZE 4096
#define CANDIDATE_WORDS_MAX   4096

struct candidate {
	struct child child;
	struct loop_source exit_source, output_source;
	struct loop_timer timer;
	char output[CANDIDATE_OUTPUT_SIZE]; /* the end of what it says, standard output and error together */
	size_t output_size;
};

void candidate_init(struct candidate *candidate);

/* Ends in upgrade_checked. 0 or -errno: then there is no child. */
int candidate_start(struct supervisor *supervisor);
void candidate_give_up(struct supervisor *supervisor);

/* In the child. */
void candidate_say_ready(void);

/* argv with words of ours behind `serve`; those that were there from an upgrade before are not. */
void candidate_words(char *const *argv, char *const *ours, char *ret_words[CANDIDATE_WORDS_MAX]);

#endif
