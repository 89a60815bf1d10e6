/* SPDX-License-Identifier: MIT */
/* Expressions on standard input, one a line; answers on standard output. calc_differential.py runs it. */
#include <stdio.h>
#include <stdlib.h>

#include "handler/calc/calc_eval.h"

int main(void)
{
	struct calc_answer answer;
	char *line = NULL;
	size_t room = 0;
	ssize_t size;

	while ((size = getline(&line, &room, stdin)) > 0) {
		if (calc_eval(line, (size_t)size, &answer) < 0)
			return EXIT_FAILURE;
		fwrite(answer.text, 1, answer.size, stdout);
		putchar('\n');
		calc_answer_fini(&answer);
	}
	free(line);
	return fflush(stdout) == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
