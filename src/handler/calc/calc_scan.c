/* SPDX-License-Identifier: MIT */
/*
 * Decides which numbers are well-formed and what is said of those that are not, in Python's words and order: the
 * leftmost fault of the innermost part first. Never reads beyond `end`. Called by calc_token.
 */
#include "calc/calc_scan.h"

#include <string.h>

static char peek(const struct calc_scan *scan, size_t ahead)
{
	return ahead < (size_t)(scan->end - scan->at) ? scan->at[ahead] : '\0';
}

/* <ctype.h> would ask the locale. */
static bool is_digit(char c, int base)
{
	int lower = c | 0x20;

	return (c >= '0' && c <= '9' && c - '0' < base) || (base == 16 && lower >= 'a' && lower <= 'f');
}

bool calc_scan_is_name(char c)
{
	int lower = c | 0x20;

	return (lower >= 'a' && lower <= 'z') || (c >= '0' && c <= '9') || c == '_' || (c & 0x80) != 0;
}

static bool looks_at(const struct calc_scan *scan, const char *word)
{
	size_t size = strlen(word);

	return (size_t)(scan->end - scan->at) >= size && memcmp(scan->at, word, size) == 0;
}

static int reject_literal(struct calc_job *job, const char *base)
{
	return calc_job_raise(job, "SyntaxError", "invalid %s literal", base);
}

/* `1or 2` is Python, `1x` is not: a keyword that can follow an operand may touch a number. Python looks only at
 * two letters of those with an i. */
static int end_number(struct calc_job *job, const struct calc_scan *scan, const char *base)
{
	static const char *const followers[] = { "and", "else", "for", "if", "in", "is", "not", "or" };

	for (size_t i = 0; i < sizeof followers / sizeof *followers; i++)
		if (looks_at(scan, followers[i]) &&
			(followers[i][0] == 'i' || !calc_scan_is_name(peek(scan, strlen(followers[i])))))
			return 0;
	return calc_scan_is_name(peek(scan, 0)) ? reject_literal(job, base) : 0;
}

/* Digits with single underscores between them. */
static int skip_decimals(struct calc_job *job, struct calc_scan *scan)
{
	for (;;) {
		while (is_digit(peek(scan, 0), 10))
			scan->at++;
		if (peek(scan, 0) != '_')
			return 0;
		scan->at++;
		if (!is_digit(peek(scan, 0), 10))
			return reject_literal(job, "decimal");
	}
}

/* Behind 0x, 0o or 0b. */
static int scan_based(struct calc_job *job, struct calc_scan *scan, int base, const char *name)
{
	bool complete;

	do {
		if (peek(scan, 0) == '_')
			scan->at++;
		complete = is_digit(peek(scan, 0), base);
		while (is_digit(peek(scan, 0), base))
			scan->at++;
	} while (complete && peek(scan, 0) == '_');

	if (is_digit(peek(scan, 0), 10))
		return calc_job_raise(job, "SyntaxError", "invalid digit '%c' in %s literal", peek(scan, 0), name);
	return complete ? end_number(job, scan, name) : reject_literal(job, name);
}

/* Behind the digits of a decimal number: a fraction, an exponent, an imaginary unit? */
static int scan_tail(struct calc_job *job, struct calc_scan *scan, enum calc_token_kind *ret_kind)
{
	int r;

	*ret_kind = CALC_TOKEN_INTEGER;
	if (peek(scan, 0) == '.') {
		*ret_kind = CALC_TOKEN_FLOAT;
		scan->at++;
		if (is_digit(peek(scan, 0), 10) && (r = skip_decimals(job, scan)) < 0)
			return r;
	}
	if ((peek(scan, 0) | 0x20) == 'e' && !looks_at(scan, "else")) {
		*ret_kind = CALC_TOKEN_FLOAT;
		scan->at++;
		if (peek(scan, 0) == '+' || peek(scan, 0) == '-')
			scan->at++;
		if (!is_digit(peek(scan, 0), 10))
			return reject_literal(job, "decimal");
		if ((r = skip_decimals(job, scan)) < 0)
			return r;
	}
	if ((peek(scan, 0) | 0x20) == 'j') {
		*ret_kind = CALC_TOKEN_FOREIGN;
		scan->at++;
		return end_number(job, scan, "imaginary");
	}
	return end_number(job, scan, "decimal");
}

/* A decimal integer may start with a zero only if it is zero; a float may. */
static int scan_zero(struct calc_job *job, struct calc_scan *scan, enum calc_token_kind *ret_kind)
{
	const char *start = scan->at;
	bool is_zero = true;
	int r;

	if ((r = skip_decimals(job, scan)) < 0)
		return r;
	for (const char *c = start; c < scan->at; c++)
		is_zero = is_zero && (*c == '0' || *c == '_');
	if (is_zero || (peek(scan, 0) != '\0' && strchr(".eEjJ", peek(scan, 0))))
		return scan_tail(job, scan, ret_kind);
	return calc_job_raise(job, "SyntaxError",
		"leading zeros in decimal integer literals are not permitted; use an 0o prefix for octal integers");
}

int calc_scan_number(struct calc_job *job, struct calc_scan *scan, enum calc_token_kind *ret_kind)
{
	char marker = (char)(peek(scan, 1) | 0x20);
	int r;

	*ret_kind = CALC_TOKEN_INTEGER;
	if (peek(scan, 0) != '0') {
		r = skip_decimals(job, scan);
		return r < 0 ? r : scan_tail(job, scan, ret_kind);
	}
	if (marker != 'x' && marker != 'o' && marker != 'b')
		return scan_zero(job, scan, ret_kind);
	scan->at += 2;
	if (marker == 'x')
		return scan_based(job, scan, 16, "hexadecimal");
	return marker == 'o' ? scan_based(job, scan, 8, "octal") : scan_based(job, scan, 2, "binary");
}

/* The code point that starts here and its size, or 0 for bytes that are not UTF-8. */
static size_t decode(const struct calc_scan *scan, uint32_t *ret_point)
{
	static const uint32_t lowest[] = { 0, 0, 0x80, 0x800, 0x10000 };
	unsigned char first = (unsigned char)*scan->at;
	size_t size = first < 0x80   ? 1
		      : first < 0xc2 ? 0
		      : first < 0xe0 ? 2
		      : first < 0xf0 ? 3
		      : first < 0xf5 ? 4
				     : 0;
	uint32_t point = size < 2 ? first : first & (0x7fu >> size);

	for (size_t i = 1; i < size; i++) {
		if ((peek(scan, i) & 0xc0) != 0x80)
			return 0;
		point = point << 6 | (uint32_t)(peek(scan, i) & 0x3f);
	}
	if (size > 0 && (point < lowest[size] || (point >= 0xd800 && point < 0xe000) || point > 0x10ffff))
		return 0;
	*ret_point = point;
	return size;
}

/* Not all that Unicode knows, but what editors and web pages leave in a line, and all controls. */
static bool is_printable(uint32_t point)
{
	static const uint32_t ranges[][2] = {
		{ 0x00, 0x1f },
		{ 0x7f, 0xa0 },
		{ 0xad, 0xad },
		{ 0x1680, 0x1680 },
		{ 0x2000, 0x200f },
		{ 0x2028, 0x202f },
		{ 0x205f, 0x206f },
		{ 0x3000, 0x3000 },
		{ 0xe000, 0xf8ff },
		{ 0xfeff, 0xfeff },
		{ 0xfff0, 0xfffb },
		{ 0xfffe, 0xffff },
		{ 0xe0000, 0x10ffff },
	};

	for (size_t i = 0; i < sizeof ranges / sizeof *ranges; i++)
		if (point >= ranges[i][0] && point <= ranges[i][1])
			return false;
	return true;
}

int calc_scan_reject(struct calc_job *job, const struct calc_scan *scan)
{
	uint32_t point = 0;
	size_t size = decode(scan, &point);

	if (size == 0)
		return calc_job_raise(job, "SyntaxError", "(unicode error) 'utf-8' codec can't decode byte 0x%02x",
			(unsigned char)*scan->at);
	if (!is_printable(point))
		return calc_job_raise(job, "SyntaxError", "invalid non-printable character U+%04X", point);
	return calc_job_raise(job, "SyntaxError", "invalid character '%.*s' (U+%04X)", (int)size, scan->at, point);
}
