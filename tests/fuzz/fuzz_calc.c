/* SPDX-License-Identifier: MIT */
/* Whatever a line is: it has an answer, an exception if and only if it failed, of one line, and within bounds. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "handler/calc/calc_eval.h"
#include "handler/calc/calc_limits.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct calc_answer answer;

	if (calc_eval((const char *)data, size, &answer) < 0)
		abort();
	if (strlen(answer.text) != answer.size || answer.size == 0 || strpbrk(answer.text, "\r\n"))
		abort();
	if (answer.failed != (strstr(answer.text, "Error(") != NULL && answer.text[answer.size - 1] == ')'))
		abort();
	if (!answer.failed && answer.size > 2 * CALC_TEXT_DIGITS + sizeof "(-, -)")
		abort();
	memset(answer.text + answer.size, 'x', CALC_ANSWER_ROOM);
	calc_answer_fini(&answer);
	return 0;
}
