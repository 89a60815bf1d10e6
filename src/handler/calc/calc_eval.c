/* SPDX-License-Identifier: MIT */
/*
 * Decides the way of an expression: tokens, code, value, text. Invariant: all that it takes is given back before it
 * returns, except the answer.
 */
#include "calc/calc_eval.h"

#include "calc/calc_libm.h"
#include "calc/calc_limits.h"
#include "calc/calc_machine.h"
#include "calc/calc_memory.h"
#include "calc/calc_parse.h"
#include "calc/calc_token.h"

#include <errno.h>
#include <stdlib.h>

static size_t count_tokens(const struct calc_token *tokens)
{
	size_t count = 1;

	while (tokens[count - 1].kind != CALC_TOKEN_END)
		count++;
	return count;
}

/* Values print as str() does, which for all that calc knows is repr(). */
static int run_code(struct calc_job *job, const char *text, const struct calc_instruction *code, size_t code_size,
	struct calc_text *ret_shown)
{
	struct calc_value value;
	int r;

	if ((r = calc_machine_run(job, text, code, code_size, &value)) < 0)
		return r;
	r = calc_value_show(job, &value, ret_shown);
	calc_value_clear(&value);
	return r;
}

static int run_tokens(
	struct calc_job *job, const char *text, const struct calc_token *tokens, struct calc_text *ret_shown)
{
	size_t count = count_tokens(tokens), code_size;
	struct calc_instruction *code = calc_memory_take(count, sizeof *code);
	int r;

	if (!code)
		return -ENOMEM;
	r = calc_parse(job, text, tokens, count, code, &code_size);
	if (r == 0)
		r = run_code(job, text, code, code_size, ret_shown);
	calc_memory_give(code);
	return r;
}

static int run_text(struct calc_job *job, const char *text, size_t size, struct calc_text *ret_shown)
{
	struct calc_token *tokens;
	int r;

	if (size > CALC_LINE_SIZE)
		return calc_job_raise(job, "ValueError", "expression too long: at most %d bytes", CALC_LINE_SIZE);
	tokens = calc_memory_take(size + 1, sizeof *tokens);
	if (!tokens)
		return -ENOMEM;
	r = calc_token_split(job, text, size, tokens);
	if (r == 0)
		r = run_tokens(job, text, tokens, ret_shown);
	calc_memory_give(tokens);
	return r;
}

/* What lives longer than the guard: an interrupted expression leaves it as it is. */
struct run {
	const char *text;
	size_t size;
	struct calc_job job;
	struct calc_text shown;
};

static int run_guarded(void *arg)
{
	struct run *run = arg;

	return run_text(&run->job, run->text, run->size, &run->shown);
}

int calc_eval(const char *text, size_t size, struct calc_answer *ret_answer)
{
	static const char room[CALC_ANSWER_ROOM - 1]; /* calc_text adds a NUL of its own */
	struct run run = { .text = text, .size = size };
	int r = calc_libm_open();

	if (r < 0)
		return r;
	r = calc_memory_guard(run_guarded, &run);
	if (r == -EDOM) {
		calc_text_fini(&run.shown); /* half a pair may be there */
		calc_job_explain(&run.job, &run.shown);
	}
	calc_text_put(&run.shown, room, sizeof room);
	calc_job_fini(&run.job);
	if (r == -ENOMEM || run.shown.failed) {
		calc_text_fini(&run.shown);
		return -ENOMEM;
	}
	*ret_answer = (struct calc_answer){
		.text = run.shown.data,
		.size = run.shown.size - sizeof room,
		.failed = r < 0,
	};
	return 0;
}

void calc_answer_fini(struct calc_answer *answer)
{
	free(answer->text);
	*answer = (struct calc_answer){ 0 };
}
