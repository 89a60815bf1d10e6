/* SPDX-License-Identifier: MIT */
/*
 * A stack machine. The values on its stack are the only ones that outlive an instruction, so that its depth
 * bounds memory; time is asked for before each instruction, by the size of its operands.
 */
#include "calc/calc_machine.h"

#include "calc/calc_arith.h"
#include "calc/calc_call.h"
#include "calc/calc_compare.h"
#include "calc/calc_limits.h"
#include "calc/calc_memory.h"
#include "calc/calc_number.h"

#include <errno.h>

struct machine {
	struct calc_job *job;
	const char *text;
	struct calc_value *stack;
	size_t depth;
};

static struct calc_value *top(struct machine *machine, size_t below)
{
	return &machine->stack[machine->depth - 1 - below];
}

/* Takes the value. */
static int push(struct machine *machine, struct calc_value value)
{
	if (machine->depth == CALC_OPERANDS) {
		calc_value_clear(&value);
		return calc_job_raise(
			machine->job, "MemoryError", "too many operands: at most %d at a time", CALC_OPERANDS);
	}
	machine->stack[machine->depth++] = value;
	return 0;
}

static void drop(struct machine *machine)
{
	calc_value_clear(top(machine, 0));
	machine->depth--;
}

/* Digits of any base, without prefix and underscores. */
static int read_digits(const char *literal, size_t size, int base, mpz_t ret)
{
	char *digits = calc_memory_take(size + 1, 1);
	size_t count = 0;

	if (!digits)
		return -ENOMEM;
	for (size_t i = 0; i < size; i++)
		if (literal[i] != '_')
			digits[count++] = literal[i];
	digits[count] = '\0';
	mpz_set_str(ret, digits, base);
	calc_memory_give(digits);
	return 0;
}

static int read_integer(struct calc_job *job, const char *literal, size_t size, struct calc_value *ret)
{
	char marker = size > 1 ? (char)(literal[1] | 0x20) : '0';
	int base = marker == 'x' ? 16 : marker == 'o' ? 8 : marker == 'b' ? 2 : 10;
	int bits_per_digit = base == 16 ? 4 : base == 8 ? 3 : 1;
	size_t prefix = base == 10 ? 0 : 2;
	int r;

	while (prefix + 1 < size && (literal[prefix] == '0' || literal[prefix] == '_'))
		prefix++;
	/* Underscores count, so that the bound may come a little early; decimals have one of their own. */
	if (base != 10 && (size - prefix) * (size_t)bits_per_digit > CALC_INTEGER_BITS)
		return calc_job_raise_too_large(job);
	*ret = calc_value_int();
	if ((r = read_digits(literal + prefix, size - prefix, base, ret->integer)) < 0)
		calc_value_clear(ret);
	return r;
}

static int push_integer(struct machine *machine, const struct calc_instruction *instruction)
{
	struct calc_value value;
	int r = read_integer(machine->job, machine->text + instruction->offset, instruction->size, &value);

	return r < 0 ? r : push(machine, value);
}

static int push_name(struct machine *machine, const struct calc_instruction *instruction)
{
	const char *name = machine->text + instruction->offset;
	struct calc_value value = { .kind = CALC_FUNCTION };

	value.function = calc_call_find(name, instruction->size);
	if (!value.function)
		return calc_job_raise(
			machine->job, "NameError", "name '%.*s' is not defined", (int)instruction->size, name);
	return push(machine, value);
}

static int run_binary(struct machine *machine, enum calc_operator operation)
{
	int r;

	if ((r = calc_arith_binary(machine->job, operation, top(machine, 1), top(machine, 0))) < 0)
		return r;
	drop(machine);
	return 0;
}

static int run_compare(struct machine *machine, enum calc_operator operation)
{
	bool holds;
	int r;

	if ((r = calc_compare(machine->job, operation, top(machine, 1), top(machine, 0), &holds)) < 0)
		return r;
	drop(machine);
	drop(machine);
	return push(machine, calc_value_bool(holds));
}

static int run_chain(struct machine *machine, const struct calc_instruction *instruction, size_t *ret_next)
{
	struct calc_value left;
	bool holds;
	int r;

	r = calc_compare(machine->job, instruction->operation, top(machine, 1), top(machine, 0), &holds);
	if (r < 0)
		return r;
	if (!holds) {
		drop(machine);
		drop(machine);
		*ret_next = instruction->offset;
		return push(machine, calc_value_bool(false));
	}
	left = *top(machine, 1);
	*top(machine, 1) = *top(machine, 0);
	*top(machine, 0) = left;
	drop(machine);
	return 0;
}

static void run_jump(struct machine *machine, const struct calc_instruction *instruction, size_t *ret_next)
{
	if (calc_value_truth(top(machine, 0)) == (instruction->opcode == CALC_CODE_OR))
		*ret_next = instruction->offset;
	else
		drop(machine);
}

static int run_call(struct machine *machine, size_t count)
{
	struct calc_value result = calc_value_bool(false);
	int r;

	r = calc_call(machine->job, top(machine, count), machine->stack + machine->depth - count, count, &result);
	for (size_t i = 0; i <= count; i++)
		drop(machine);
	return r < 0 ? r : push(machine, result);
}

static int run_instruction(struct machine *machine, const struct calc_instruction *instruction, size_t *ret_next)
{
	const char *literal = machine->text + instruction->offset;

	switch (instruction->opcode) {
	case CALC_CODE_INTEGER:
		return push_integer(machine, instruction);
	case CALC_CODE_FLOAT:
		return push(machine, calc_value_float(calc_number_from_decimal(literal, instruction->size)));
	case CALC_CODE_NAME:
		return push_name(machine, instruction);
	case CALC_CODE_BOOL:
		return push(machine, calc_value_bool(instruction->size != 0));
	case CALC_CODE_UNARY:
		return calc_arith_unary(machine->job, instruction->operation, top(machine, 0));
	case CALC_CODE_BINARY:
		return run_binary(machine, instruction->operation);
	case CALC_CODE_COMPARE:
		return run_compare(machine, instruction->operation);
	case CALC_CODE_CHAIN:
		return run_chain(machine, instruction, ret_next);
	case CALC_CODE_AND:
	case CALC_CODE_OR:
		run_jump(machine, instruction, ret_next);
		return 0;
	case CALC_CODE_CALL:
		return run_call(machine, instruction->size);
	}
	return 0;
}

/* Two operands at most are looked at, but the arguments of a call all together. */
static size_t estimate_work(struct machine *machine, const struct calc_instruction *instruction)
{
	size_t work = 1 + (instruction->opcode == CALC_CODE_CALL ? instruction->size : 0);

	for (size_t i = 0; i < 2 && i < machine->depth; i++)
		work += calc_value_limbs(top(machine, i));
	return work;
}

static int run(struct machine *machine, const struct calc_instruction *code, size_t code_size)
{
	size_t next = 0;
	int r = 0;

	while (r == 0 && next < code_size) {
		const struct calc_instruction *instruction = &code[next++];

		r = calc_job_spend(machine->job, estimate_work(machine, instruction));
		if (r == 0)
			r = run_instruction(machine, instruction, &next);
	}
	return r;
}

int calc_machine_run(struct calc_job *job, const char *text, const struct calc_instruction *code, size_t code_size,
	struct calc_value *ret_value)
{
	struct machine machine = { .job = job, .text = text };
	int r;

	machine.stack =
		calc_memory_take(code_size < CALC_OPERANDS ? code_size : CALC_OPERANDS, sizeof *machine.stack);
	if (!machine.stack)
		return -ENOMEM;
	r = run(&machine, code, code_size);
	if (r == 0)
		*ret_value = machine.stack[--machine.depth];
	while (machine.depth > 0)
		drop(&machine);
	calc_memory_give(machine.stack);
	return r;
}
