/* SPDX-License-Identifier: MIT */
/*
 * Operator precedence with a stack of its own: neither nesting nor a row of signs costs any of the C stack.
 * Reading alternates between two moods, "an operand must follow" and "an operator may follow"; operators wait on
 * the stack until one that binds less arrives, marks for open parentheses until theirs closes.
 */
#include "calc/calc_parse.h"

#include "calc/calc_limits.h"
#include "calc/calc_memory.h"

#include <errno.h>
#include <stdbool.h>

/* A link in a list of jumps without target: the place of the instruction plus one; 0 ends it. */
#define NO_JUMP 0

enum waiting_kind {
	WAITING_OPERATOR,
	WAITING_GROUP,
	WAITING_CALL,
};

struct waiting {
	enum waiting_kind kind;
	enum calc_operator operation;
	uint32_t jumps;     /* of an and, an or, a chain: to be aimed at what follows its operand */
	uint32_t arguments; /* of a call, so far */
};

enum outcome {
	COMPLETE,
	UNEXPECTED, /* the token at `position` */
	RAISED,
};

struct parser {
	struct calc_job *job;
	const char *text;
	const struct calc_token *tokens;
	size_t position;
	bool operand_next;
	bool after_comma; /* with operand_next: a call may close here */
	bool found;       /* an operand that is complete and not within parentheses */
	struct waiting *stack;
	size_t depth, bottom; /* what lies below the bottom is no business of a trial's */
	size_t open;          /* marks above the bottom */
	size_t surrounding;   /* marks below it */
	struct calc_instruction *code;
	size_t code_size;
};

static struct calc_instruction *emit(struct parser *parser, enum calc_opcode opcode)
{
	struct calc_instruction *instruction = &parser->code[parser->code_size++];

	*instruction = (struct calc_instruction){ .opcode = opcode };
	return instruction;
}

static void emit_jump(struct parser *parser, struct waiting *waiting, enum calc_opcode opcode)
{
	struct calc_instruction *jump = emit(parser, opcode);

	jump->operation = waiting->operation;
	jump->offset = waiting->jumps;
	waiting->jumps = (uint32_t)parser->code_size;
}

static void aim_jumps(struct parser *parser, uint32_t jumps)
{
	while (jumps != NO_JUMP) {
		struct calc_instruction *jump = &parser->code[jumps - 1];

		jumps = jump->offset;
		jump->offset = (uint32_t)parser->code_size;
	}
}

static struct waiting *top(const struct parser *parser)
{
	return parser->depth > parser->bottom ? &parser->stack[parser->depth - 1] : NULL;
}

static struct waiting *push(struct parser *parser, enum waiting_kind kind, enum calc_operator operation)
{
	struct waiting *waiting = &parser->stack[parser->depth++];

	*waiting = (struct waiting){ .kind = kind, .operation = operation };
	parser->open += kind != WAITING_OPERATOR;
	return waiting;
}

/* The operands of an operator are complete. */
static void settle(struct parser *parser, const struct waiting *waiting)
{
	switch (calc_operator_precedence(waiting->operation)) {
	case CALC_PRECEDENCE_OR:
	case CALC_PRECEDENCE_AND:
		break;
	case CALC_PRECEDENCE_NOT:
	case CALC_PRECEDENCE_SIGN:
		emit(parser, CALC_CODE_UNARY)->operation = waiting->operation;
		break;
	case CALC_PRECEDENCE_COMPARE:
		emit(parser, CALC_CODE_COMPARE)->operation = waiting->operation;
		break;
	default:
		emit(parser, CALC_CODE_BINARY)->operation = waiting->operation;
		break;
	}
	aim_jumps(parser, waiting->jumps);
}

/* Settle what binds at least as tightly as `least`, down to the nearest mark. */
static void settle_from(struct parser *parser, enum calc_precedence least)
{
	struct waiting *waiting;

	while ((waiting = top(parser)) && waiting->kind == WAITING_OPERATOR &&
		calc_operator_precedence(waiting->operation) >= least) {
		parser->depth--;
		settle(parser, waiting);
	}
}

static bool is_pending(const struct parser *parser, enum calc_precedence precedence)
{
	struct waiting *waiting = top(parser);

	return waiting && waiting->kind == WAITING_OPERATOR &&
	       calc_operator_precedence(waiting->operation) == precedence;
}

static void read_binary(struct parser *parser, enum calc_operator operation)
{
	enum calc_precedence precedence = calc_operator_precedence(operation);

	parser->operand_next = true;
	if (precedence == CALC_PRECEDENCE_COMPARE) {
		settle_from(parser, CALC_PRECEDENCE_COMPARE + 1);
		if (is_pending(parser, CALC_PRECEDENCE_COMPARE)) {
			emit_jump(parser, top(parser), CALC_CODE_CHAIN);
			top(parser)->operation = operation;
			return;
		}
	} else if (precedence != CALC_PRECEDENCE_POWER) { /* which alone groups to the right */
		settle_from(parser, precedence);
	}
	push(parser, WAITING_OPERATOR, operation);
	if (operation == CALC_LOGICAL_AND)
		emit_jump(parser, top(parser), CALC_CODE_AND);
	else if (operation == CALC_LOGICAL_OR)
		emit_jump(parser, top(parser), CALC_CODE_OR);
}

static bool read_unary(struct parser *parser, enum calc_operator operation)
{
	struct waiting *waiting = top(parser);

	switch (operation) {
	case CALC_ADD:
		push(parser, WAITING_OPERATOR, CALC_PLUS);
		return true;
	case CALC_SUBTRACT:
		push(parser, WAITING_OPERATOR, CALC_NEGATE);
		return true;
	case CALC_INVERT:
		push(parser, WAITING_OPERATOR, CALC_INVERT);
		return true;
	case CALC_LOGICAL_NOT: /* is no operand of anything that binds tighter: 1 + not 2 */
		if (waiting && waiting->kind == WAITING_OPERATOR &&
			calc_operator_precedence(waiting->operation) > CALC_PRECEDENCE_NOT)
			return false;
		push(parser, WAITING_OPERATOR, CALC_LOGICAL_NOT);
		return true;
	default:
		return false;
	}
}

/* Close a parenthesis, which may be a call without arguments or with a comma too many. */
static bool read_close(struct parser *parser)
{
	struct waiting *waiting;

	if (!parser->operand_next)
		settle_from(parser, CALC_PRECEDENCE_OR);
	waiting = top(parser);
	if (!waiting || waiting->kind == WAITING_OPERATOR)
		return false;
	if (parser->operand_next &&
		(waiting->kind != WAITING_CALL || (waiting->arguments > 0) != parser->after_comma))
		return false;
	if (waiting->kind == WAITING_CALL)
		emit(parser, CALC_CODE_CALL)->size = waiting->arguments + !parser->operand_next;
	parser->depth--;
	parser->open--;
	parser->operand_next = false;
	return true;
}

static bool read_comma(struct parser *parser)
{
	struct waiting *waiting;

	settle_from(parser, CALC_PRECEDENCE_OR);
	waiting = top(parser);
	if (!waiting || waiting->kind != WAITING_CALL)
		return false;
	waiting->arguments++;
	parser->operand_next = true;
	return true;
}

/* Python refuses decimal literals whose conversion would take quadratic time, as a matter of syntax. */
static int check_digits(struct calc_job *job, const char *literal, size_t size)
{
	size_t digits = 0;

	if (literal[0] == '0')
		return 0;
	for (size_t i = 0; i < size; i++)
		digits += literal[i] != '_';
	if (digits <= CALC_TEXT_DIGITS)
		return 0;
	return calc_job_raise(job, "SyntaxError",
		"Exceeds the limit (%d digits) for integer string conversion: value has %zu digits; use "
		"sys.set_int_max_str_digits() to increase the limit - Consider hexadecimal for huge integer literals "
		"to avoid decimal conversion limits.",
		CALC_TEXT_DIGITS, digits);
}

static enum outcome read_literal(struct parser *parser, const struct calc_token *token, enum calc_opcode opcode)
{
	struct calc_instruction *instruction;

	if (opcode == CALC_CODE_INTEGER && check_digits(parser->job, parser->text + token->offset, token->size) < 0)
		return RAISED;
	instruction = emit(parser, opcode);
	instruction->offset = token->offset;
	instruction->size = token->size;
	parser->operand_next = false;
	return COMPLETE;
}

static enum outcome read_bool(struct parser *parser, bool truth)
{
	emit(parser, CALC_CODE_BOOL)->size = truth;
	parser->operand_next = false;
	return COMPLETE;
}

static enum outcome read_operand(struct parser *parser, const struct calc_token *token)
{
	bool expected;

	switch (token->kind) {
	case CALC_TOKEN_INTEGER:
		return read_literal(parser, token, CALC_CODE_INTEGER);
	case CALC_TOKEN_FLOAT:
		return read_literal(parser, token, CALC_CODE_FLOAT);
	case CALC_TOKEN_NAME:
		return read_literal(parser, token, CALC_CODE_NAME);
	case CALC_TOKEN_TRUE:
	case CALC_TOKEN_FALSE:
		return read_bool(parser, token->kind == CALC_TOKEN_TRUE);
	case CALC_TOKEN_OPERATOR:
		expected = read_unary(parser, token->operation);
		break;
	case CALC_TOKEN_OPEN:
		expected = push(parser, WAITING_GROUP, 0);
		break;
	case CALC_TOKEN_CLOSE:
		expected = read_close(parser);
		break;
	default:
		expected = false;
		break;
	}
	return expected ? COMPLETE : UNEXPECTED;
}

static enum outcome read_operator(struct parser *parser, const struct calc_token *token)
{
	bool expected = true;

	switch (token->kind) {
	case CALC_TOKEN_OPERATOR:
		expected = token->operation != CALC_INVERT && token->operation != CALC_LOGICAL_NOT;
		if (expected)
			read_binary(parser, token->operation);
		break;
	case CALC_TOKEN_OPEN:
		push(parser, WAITING_CALL, 0);
		parser->operand_next = true;
		break;
	case CALC_TOKEN_CLOSE:
		expected = read_close(parser);
		break;
	case CALC_TOKEN_COMMA:
		expected = read_comma(parser);
		break;
	default:
		expected = false;
		break;
	}
	return expected ? COMPLETE : UNEXPECTED;
}

static bool is_end(enum calc_token_kind kind)
{
	return kind == CALC_TOKEN_END || kind == CALC_TOKEN_CUT || kind == CALC_TOKEN_BROKEN;
}

static enum outcome read_end(struct parser *parser, enum calc_token_kind kind)
{
	const char *message = "unexpected character after line continuation character";

	if (kind != CALC_TOKEN_BROKEN && parser->open + parser->surrounding > 0)
		message = "'(' was never closed";
	else if (kind == CALC_TOKEN_CUT)
		message = "unexpected EOF while parsing";
	else if (kind == CALC_TOKEN_END)
		return parser->operand_next ? UNEXPECTED : COMPLETE;
	calc_job_raise(parser->job, "SyntaxError", "%s", message);
	return RAISED;
}

static enum outcome parse(struct parser *parser)
{
	for (;; parser->position++) {
		const struct calc_token *token = &parser->tokens[parser->position];
		enum outcome outcome;

		if (is_end(token->kind))
			return read_end(parser, token->kind);
		outcome = parser->operand_next ? read_operand(parser, token) : read_operator(parser, token);
		if (outcome != COMPLETE)
			return outcome;
		parser->after_comma = token->kind == CALC_TOKEN_COMMA;
		parser->found = parser->found || (!parser->operand_next && parser->open == 0);
	}
}

/* Python suggests a comma where, within parentheses, one expression follows another. To find out whether one
 * does it reads on, and may come upon something worse in doing so. */
static int explain_unexpected(struct parser *parser)
{
	struct parser trial = *parser;

	trial.operand_next = true;
	trial.after_comma = trial.found = false;
	trial.bottom = parser->depth;
	trial.surrounding = parser->open;
	trial.open = 0;
	if (!parser->operand_next && parse(&trial) == RAISED)
		return -EDOM;
	return calc_job_raise(parser->job, "SyntaxError", "%s",
		trial.found && trial.surrounding > 0 ? "invalid syntax. Perhaps you forgot a comma?"
						     : "invalid syntax");
}

int calc_parse(struct calc_job *job, const char *text, const struct calc_token *tokens, size_t token_count,
	struct calc_instruction *code, size_t *ret_size)
{
	struct parser parser = { .job = job, .text = text, .tokens = tokens, .operand_next = true, .code = code };
	int r = 0;

	parser.stack = calc_memory_take(token_count, sizeof *parser.stack);
	if (!parser.stack)
		return -ENOMEM;
	switch (parse(&parser)) {
	case COMPLETE:
		settle_from(&parser, CALC_PRECEDENCE_OR);
		*ret_size = parser.code_size;
		break;
	case UNEXPECTED:
		r = explain_unexpected(&parser);
		break;
	case RAISED:
		r = -EDOM;
		break;
	}
	calc_memory_give(parser.stack);
	return r;
}
